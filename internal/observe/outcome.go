// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package observe

import (
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// outcome is what the result of a request says about the resource.
type outcome int

const (
	// outcomeOK: the resource was read.
	outcomeOK outcome = iota
	// outcomeForbidden: the operator may not read it (403).
	outcomeForbidden
	// outcomeNotFound: the API server does not serve it (404).
	outcomeNotFound
	// outcomeExpired: the resource version, or the rest of a list, is gone (410). The API server is healthy; a new list helps.
	outcomeExpired
	// outcomeFailed: any other answer, or none.
	outcomeFailed
)

// noSuchPath is what API servers of all versions answer, in place of a Status, to a path that they do not serve, such as
// that of an unknown group.
const noSuchPath = "404 page not found"

// outcomeOf accepts 403, 404 and 410 only from an API server. What has come into its place, such as a load balancer, knows
// nothing of its resources.
func outcomeOf(err error) outcome {
	if text, is := unexpectedResponse(err); is && (!apierrors.IsNotFound(err) || text != noSuchPath) {
		return outcomeFailed
	}
	switch {
	case err == nil:
		return outcomeOK
	case apierrors.IsForbidden(err):
		return outcomeForbidden
	case apierrors.IsNotFound(err):
		return outcomeNotFound
	case apierrors.IsResourceExpired(err), apierrors.IsGone(err):
		return outcomeExpired
	}
	return outcomeFailed
}

// unexpectedResponse tells whether the answer was an error without a Status, and returns its text; empty if it had none.
// client-go makes a Status of such an answer.
func unexpectedResponse(err error) (text string, is bool) {
	cause, is := apierrors.StatusCause(err, metav1.CauseTypeUnexpectedServerResponse)
	return cause.Message, is
}
