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

	"github.com/d2iq-labs/support-policy-operator/internal/detect"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

func TestAnswers(t *testing.T) {
	refused := &url.Error{Op: "Get", URL: "x", Err: errors.New("connection refused")}
	untrusted := &url.Error{Op: "Get", URL: "x", Err: &tls.CertificateVerificationError{Err: x509.UnknownAuthorityError{}}}
	for _, row := range []struct {
		name   string
		err    error
		answer answer
		reason ContactReason
	}{
		{"none", nil, granted, ""},
		{"403", errForbidden(), denied, ""},
		{"403 within a list", fmt.Errorf("failed to list: %w", errForbidden()), denied, ""},
		{"404", errNotFound(), missing, ""},
		{"410", apierrors.NewResourceExpired("too old"), outdated, ""},
		{"403, a page", page(403, "<html>"), failed, Failing},
		{"404, a page", page(404, "default backend - 404"), failed, Failing},
		{"404 of an unknown path", page(404, "404 page not found"), missing, ""},
		{"410, a page", page(410, "<html>"), failed, Failing},
		{"401", apierrors.NewUnauthorized("expired"), failed, Unauthorized},
		{"500", apierrors.NewInternalError(errors.New("conversion webhook")), failed, Failing},
		{"503", apierrors.NewServiceUnavailable("starting"), failed, Failing},
		{"429", apierrors.NewTooManyRequests("later", 1), failed, Failing},
		{"connection refused", refused, failed, Unanswered},
		{"no answer in time", context.DeadlineExceeded, failed, Unanswered},
		{"unknown authority", untrusted, failed, Untrusted},
		{"garbage", errors.New("invalid character '<'"), failed, Failing},
	} {
		t.Run(row.name, func(t *testing.T) {
			if got := answerOf(row.err); got != row.answer {
				t.Errorf("answer %d, want %d", got, row.answer)
			}
			if row.reason == "" {
				return
			}
			if got := reasonOf(row.err); got != row.reason {
				t.Errorf("reason %s, want %s", got, row.reason)
			}
		})
	}
}

// page is what client-go makes of an error that has no Status.
func page(code int, text string) error {
	return apierrors.NewGenericServerResponse(code, http.MethodGet, schema.GroupResource{}, "", text, 0, true)
}

func TestContactErrorsAreAlike(t *testing.T) {
	refused := &ContactError{Reason: Unanswered, Kind: "ConnectionRefused", cause: errors.New("dial tcp 10.0.0.7:6443")}
	for _, row := range []struct {
		name, reason string
		other        *ContactError
		want         bool
	}{
		{"same, in other words", "the words are not the same each time", &ContactError{Reason: Unanswered, Kind: "ConnectionRefused"}, true},
		{"of another kind", "what there is to do is another thing", &ContactError{Reason: Unanswered, Kind: "Unresolvable"}, false},
		{"of another reason", "so it is here", &ContactError{Reason: Untrusted, Kind: "ConnectionRefused"}, false},
		{"none", "the cluster answers", nil, false},
	} {
		t.Run(row.name, func(t *testing.T) {
			if refused.equal(row.other) != row.want || row.other.equal(refused) != row.want {
				t.Errorf("alike: %t, want %t: %s", !row.want, row.want, row.reason)
			}
		})
	}
}

func TestContactErrorText(t *testing.T) {
	texts := map[string]bool{}
	for _, err := range []*ContactError{
		{Reason: Unanswered}, {Reason: Untrusted}, {Reason: Unauthorized}, {Reason: Failing}, {Reason: Failing, Object: detect.Nodes},
	} {
		err.cause = errors.New("read tcp 10.0.0.7:52341: reset")
		text := err.Error()
		if texts[text] {
			t.Errorf("two errors have the text %q", text)
		}
		texts[text] = true
		if !errors.Is(err, err.cause) {
			t.Errorf("the cause of %q is lost", text)
		}
		err.cause = nil
		if err.Error() != text {
			t.Errorf("the text %q holds the cause, which is another one each time", text)
		}
	}
}
