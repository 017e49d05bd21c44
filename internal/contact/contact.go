// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

// Package contact says why a connection to a cluster fails, by one of a fixed set of reasons of the condition Reachable
// (package v1alpha1), and one sentence for each. Why a reference leads to no connection is said by package hub. Nothing that a cluster or a proxy sends gets into either, so both
// are fit for a status, a metric or a log.
//
// contact.go has the reasons of errors and their sentences; nethttp.go reads the errors of net/http, for some of which their
// text is all there is.
package contact

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"slices"

	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"github.com/d2iq-labs/support-policy-operator/api/v1alpha1"
	"github.com/d2iq-labs/support-policy-operator/internal/facts"
)

// Message is the sentence of a reason: what is wrong, and what to do.
func Message(reason string) string {
	switch reason {
	case v1alpha1.ReasonSecretNotAllowed:
		return "kubeconfigs are not read from that namespace: add it to --kubeconfig-namespaces of the operator"
	case v1alpha1.ReasonSecretMissing:
		return "there is no Secret with a kubeconfig: create it, or refer to another one"
	case v1alpha1.ReasonSecretUnreadable:
		return "the Secret with the kubeconfig cannot be read: grant the operator get on it"
	case v1alpha1.ReasonKubeconfigMissing:
		return "the Secret has no kubeconfig under the keys where one may be: add it there"
	case v1alpha1.ReasonInsecureKubeconfig:
		return "the kubeconfig has what is not accepted from others: make one with a token or a client certificate"
	case v1alpha1.ReasonInvalidKubeconfig:
		return "the kubeconfig cannot be used: make a new one"
	case v1alpha1.ReasonUnresolvable:
		return "there is no address for the host in the kubeconfig: check its name, and the name service"
	case v1alpha1.ReasonAddressNotAllowed:
		return "the host in the kubeconfig has an address that is not accepted, such as a link-local one: use another"
	case v1alpha1.ReasonConnectionRefused:
		return "nobody accepts connections at the address of the API server: check that it runs, and the port"
	case v1alpha1.ReasonProxyFailed:
		return "the proxy makes no connection to the API server: check the proxy, and the tunnel if there is one"
	case v1alpha1.ReasonHandshakeFailed:
		return "no encrypted connection to the API server comes about: check that it accepts TLS 1.2 or newer and the " +
			"client certificate"
	case v1alpha1.ReasonCertificateInvalid:
		return "the certificate of the API server cannot be verified: check the certificate authority and the host name " +
			"in the kubeconfig"
	case v1alpha1.ReasonRedirected:
		return "the API server redirects to another address, which is not followed: put the final address into the " +
			"kubeconfig"
	case v1alpha1.ReasonUnauthorized:
		return "the API server refuses the operator's credentials: renew them"
	case v1alpha1.ReasonFailing:
		return "the API server answers with errors: check its health"
	case v1alpha1.ReasonGarbage:
		return "what answers is not an API server: check the address in the kubeconfig"
	}
	return "the API server does not answer: check that it runs and that the network lets the operator reach it"
}

// Failure is a request that failed. Its text is the sentence of its reason, whatever the API server has sent.
type Failure struct {
	// Reason is one of the reasons of the condition Reachable.
	Reason string
	// Cause is what happened; nil where the reason says all. Its text may come from the cluster, and must not be shown.
	Cause error
}

// Error says what is wrong and what to do.
func (f *Failure) Error() string { return Message(f.Reason) }

// Unwrap returns what happened.
func (f *Failure) Unwrap() error { return f.Cause }

// ContactReason is the reason of the failure.
func (f *Failure) ContactReason() string { return f.Reason }

// ProblemOf is the problem that an error stands for; nil for nil. An error with a reason and a text of its own, such as a
// refused kubeconfig, keeps both.
func ProblemOf(err error) *facts.Problem {
	if err == nil {
		return nil
	}
	reason := ReasonOf(err)
	var own interface {
		ContactReason() string
		error
	}
	if errors.As(err, &own) {
		return &facts.Problem{Reason: reason, Message: own.Error()}
	}
	return &facts.Problem{Reason: reason, Message: Message(reason)}
}

// CannotList is the problem of an API server that answers, but not to a list or watch of one resource.
func CannotList(resource string) *facts.Problem {
	return &facts.Problem{Reason: v1alpha1.ReasonFailing, Message: "the API server cannot list or watch " + resource +
		": check its health, and the conversion webhook of the CustomResourceDefinition if it has one"}
}

// ReasonOf is the reason of an error: its own where it has one (ContactReason), else one by the kind of error that the
// client has returned. It is empty for nil.
func ReasonOf(err error) string {
	var (
		own       interface{ ContactReason() string }
		status    apierrors.APIStatus
		transport *url.Error
	)
	switch {
	case err == nil:
		return ""
	case errors.As(err, &own):
		return own.ContactReason()
	case apierrors.IsUnauthorized(err):
		return v1alpha1.ReasonUnauthorized
	case errors.As(err, &status):
		return v1alpha1.ReasonFailing
	case errors.As(err, &transport):
		return reasonOfTransport(transport.Err)
	case IsTimeout(err), errors.Is(err, context.Canceled), errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return v1alpha1.ReasonUnreachable
	}
	// There was an answer that cannot be read.
	return v1alpha1.ReasonGarbage
}

// comparedErrors are those that client-go compares with what it gets. Their texts are fixed.
var comparedErrors = []error{
	io.EOF, io.ErrUnexpectedEOF, context.Canceled, context.DeadlineExceeded, http.ErrBodyReadAfterClose,
}

// FailureOf replaces an error of net/http by a Failure, which does not have its text. Errors that client-go compares with
// stay as they are.
func FailureOf(err error) error {
	var failure *Failure
	switch {
	case slices.Contains(comparedErrors, err):
		return err
	case errors.As(err, &failure):
		return failure
	}
	return &Failure{Reason: reasonOfTransport(err), Cause: err}
}
