// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package observe

import (
	"context"
	"crypto/tls"
	"errors"
	"net/url"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// ContactReason tells in which way a cluster does not answer.
type ContactReason string

// The reasons.
const (
	// Unanswered: there is no connection, or no answer in time.
	Unanswered ContactReason = "Unanswered"
	// Untrusted: the certificate of the API server cannot be verified.
	Untrusted ContactReason = "Untrusted"
	// Unauthorized: the API server refuses the credentials (401).
	Unauthorized ContactReason = "Unauthorized"
	// Failing: the API server answers with errors, to everything or to what ContactError.Object says.
	Failing ContactReason = "Failing"
)

// ContactError tells that a cluster does not answer as it should. Its text is the same for the same failure, so that it
// can be part of a status.
type ContactError struct {
	Reason ContactReason
	// Object is the resource that cannot be listed or watched, such as nodes, while the API server answers otherwise;
	// empty when it is the API server as a whole.
	Object string
	// Kind is what Options.Classify calls the failure, when it is of the API server as a whole; empty without it.
	Kind string

	cause error
}

// Error says what is wrong and what to do.
func (e *ContactError) Error() string {
	switch e.Reason {
	case Unanswered:
		return "the API server does not answer: check that it runs and that the network lets the operator reach it"
	case Untrusted:
		return "the certificate of the API server cannot be verified: check the certificate authority and the host name " +
			"in the kubeconfig"
	case Unauthorized:
		return "the API server refuses the operator's credentials: renew them"
	case Failing:
	}
	if e.Object == "" {
		return "the API server answers with errors: check its health"
	}
	return "the API server cannot list or watch " + e.Object + ": check its health, and the conversion webhook of the " +
		"CustomResourceDefinition if it has one"
}

// Unwrap returns the last answer. Its text comes from the cluster and is not the same each time.
func (e *ContactError) Unwrap() error { return e.cause }

func (e *ContactError) equal(other *ContactError) bool {
	if e == nil || other == nil {
		return e == other
	}
	return e.Reason == other.Reason && e.Object == other.Object && e.Kind == other.Kind
}

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

func reasonOf(err error) ContactReason {
	var (
		certificate *tls.CertificateVerificationError
		transport   *url.Error
	)
	switch {
	case apierrors.IsUnauthorized(err):
		return Unauthorized
	case errors.As(err, &certificate):
		return Untrusted
	case errors.As(err, &transport), errors.Is(err, context.DeadlineExceeded):
		return Unanswered
	}
	return Failing
}
