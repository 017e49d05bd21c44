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

func TestAnswers(t *testing.T) {
	refused := &url.Error{Op: "Get", URL: "x", Err: errors.New("connection refused")}
	untrusted := &url.Error{Op: "Get", URL: "x", Err: &tls.CertificateVerificationError{Err: x509.UnknownAuthorityError{}}}
	for _, row := range []struct {
		name   string
		err    error
		answer answer
	}{
		{"none", nil, granted},
		{"403", errForbidden(), denied},
		{"403 within a list", fmt.Errorf("failed to list: %w", errForbidden()), denied},
		{"404", errNotFound(), missing},
		{"410", apierrors.NewResourceExpired("too old"), outdated},
		{"403, a page", page(403, "<html>"), failed},
		{"404, a page", page(404, "default backend - 404"), failed},
		{"404 of an unknown path", page(404, "404 page not found"), missing},
		{"410, a page", page(410, "<html>"), failed},
		{"401", apierrors.NewUnauthorized("expired"), failed},
		{"500", apierrors.NewInternalError(errors.New("conversion webhook")), failed},
		{"503", apierrors.NewServiceUnavailable("starting"), failed},
		{"429", apierrors.NewTooManyRequests("later", 1), failed},
		{"connection refused", refused, failed},
		{"no answer in time", context.DeadlineExceeded, failed},
		{"unknown authority", untrusted, failed},
		{"garbage", errors.New("invalid character '<'"), failed},
	} {
		t.Run(row.name, func(t *testing.T) {
			if got := answerOf(row.err); got != row.answer {
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
