// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package observe

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"testing"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/d2iq-labs/support-policy-operator/internal/contact"
	"github.com/d2iq-labs/support-policy-operator/internal/facts"
)

func TestOutcomes(t *testing.T) {
	refused := &url.Error{Op: "Get", URL: "x", Err: errors.New("connection refused")}
	untrusted := &url.Error{Op: "Get", URL: "x", Err: &tls.CertificateVerificationError{Err: x509.UnknownAuthorityError{}}}
	for _, row := range []struct {
		name   string
		err    error
		answer outcome
	}{
		{"none", nil, outcomeOK},
		{"403", errForbidden(), outcomeForbidden},
		{"403 within a list", fmt.Errorf("failed to list: %w", errForbidden()), outcomeForbidden},
		{"404", errNotFound(), outcomeNotFound},
		{"410", apierrors.NewResourceExpired("too old"), outcomeExpired},
		{"403, a page", page(403, "<html>"), outcomeFailed},
		{"404, a page", page(404, "default backend - 404"), outcomeFailed},
		{"404 of an unknown path", page(404, "404 page not found"), outcomeNotFound},
		{"410, a page", page(410, "<html>"), outcomeFailed},
		{"401", apierrors.NewUnauthorized("expired"), outcomeFailed},
		{"500", apierrors.NewInternalError(errors.New("conversion webhook")), outcomeFailed},
		{"503", apierrors.NewServiceUnavailable("starting"), outcomeFailed},
		{"429", apierrors.NewTooManyRequests("later", 1), outcomeFailed},
		{"connection refused", refused, outcomeFailed},
		{"no answer in time", context.DeadlineExceeded, outcomeFailed},
		{"unknown authority", untrusted, outcomeFailed},
		{"garbage", errors.New("invalid character '<'"), outcomeFailed},
	} {
		t.Run(row.name, func(t *testing.T) {
			if got := outcomeOf(row.err); got != row.answer {
				t.Errorf("answer %d, want %d", got, row.answer)
			}
		})
	}
}

// page is what client-go makes of an error that has no Status.
func page(code int, text string) error {
	return apierrors.NewGenericServerResponse(code, http.MethodGet, schema.GroupResource{}, "", text, 0, true)
}

// problemOf is the problem of an API server as a whole.
func problemOf(reason string) *facts.Problem {
	return contact.ProblemOf(&contact.Failure{Reason: reason})
}
