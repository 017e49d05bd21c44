// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package observe

import (
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// answer is how the API server reacted to a request.
type answer int

const (
	// granted: with what was asked for.
	granted answer = iota
	// denied: it does not let us look (403).
	denied
	// missing: it does not know the resource (404).
	missing
	// outdated: what the request refers to is gone (410). The server is well, and is asked anew.
	outdated
	// failed: in any other way, or not at all.
	failed
)

// noSuchPath is what API servers of all versions say, in place of a Status, of a path that they do not serve, such as that
// of an unknown group.
const noSuchPath = "404 page not found"

// answerOf takes 403, 404 and 410 for what they mean only in the words of an API server: what has come into its place,
// such as the page of a load balancer, knows nothing of what is there.
func answerOf(err error) answer {
	if text, is := strange(err); is && (!apierrors.IsNotFound(err) || text != noSuchPath) {
		return failed
	}
	switch {
	case err == nil:
		return granted
	case apierrors.IsForbidden(err):
		return denied
	case apierrors.IsNotFound(err):
		return missing
	case apierrors.IsResourceExpired(err), apierrors.IsGone(err):
		return outdated
	}
	return failed
}

// strange tells whether the answer was an error without a Status, which client-go has made one of, and what it said; empty
// if that was no text.
func strange(err error) (text string, is bool) {
	cause, is := apierrors.StatusCause(err, metav1.CauseTypeUnexpectedServerResponse)
	return cause.Message, is
}
