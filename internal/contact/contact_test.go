// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package contact

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"testing"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/d2iq-labs/support-policy-operator/api/v1alpha1"
)

func TestReasonOf(t *testing.T) {
	var syntax *json.SyntaxError
	if err := json.Unmarshal([]byte("<html>"), &struct{}{}); !errors.As(err, &syntax) {
		t.Fatal(err)
	}
	for _, row := range []struct {
		name   string
		err    error
		want   string
		reason string
	}{
		{"nothing", nil, "", "all is well"},
		{"failure", fmt.Errorf("wrapped: %w", &Failure{Reason: v1alpha1.ReasonRedirected}), v1alpha1.ReasonRedirected, "the transport knows"},
		{"failure in what net/http says", &url.Error{Err: &Failure{Reason: v1alpha1.ReasonAddressNotAllowed}}, v1alpha1.ReasonAddressNotAllowed,
			"the transport knows"},
		{"401", apierrors.NewUnauthorized("REMOTE"), v1alpha1.ReasonUnauthorized, "the credentials are not accepted"},
		{"403", apierrors.NewForbidden(schema.GroupResource{}, "", nil), v1alpha1.ReasonFailing, "observe takes it for an answer"},
		{"500", apierrors.NewInternalError(errors.New("REMOTE")), v1alpha1.ReasonFailing, "it is an API server, and not well"},
		{"no JSON", fmt.Errorf("couldn't get version/kind: %w", syntax), v1alpha1.ReasonGarbage, "an API server sends JSON"},
		{"too large", errors.New("the answer of the API server is larger than 64 MiB"), v1alpha1.ReasonGarbage, "no cluster is so large"},
		{"deadline", fmt.Errorf("x: %w", context.DeadlineExceeded), v1alpha1.ReasonUnreachable, "there was no answer in time"},
		{"net/http", &url.Error{Err: io.EOF}, v1alpha1.ReasonUnreachable, "it broke off"},
		{"broke off", io.ErrUnexpectedEOF, v1alpha1.ReasonUnreachable, "it broke off"},
	} {
		t.Run(row.name, func(t *testing.T) {
			if got := ReasonOf(row.err); got != row.want {
				t.Errorf("the reason is %q, want %q: %s", got, row.want, row.reason)
			}
		})
	}
}

func TestMessagesDiffer(t *testing.T) {
	seen := map[string]string{}
	for _, reason := range []string{
		v1alpha1.ReasonSecretNotAllowed, v1alpha1.ReasonSecretMissing, v1alpha1.ReasonSecretUnreadable, v1alpha1.ReasonKubeconfigMissing,
		v1alpha1.ReasonInsecureKubeconfig, v1alpha1.ReasonInvalidKubeconfig, v1alpha1.ReasonUnresolvable, v1alpha1.ReasonAddressNotAllowed, v1alpha1.ReasonConnectionRefused, v1alpha1.ReasonProxyFailed, v1alpha1.ReasonHandshakeFailed,
		v1alpha1.ReasonCertificateInvalid, v1alpha1.ReasonUnreachable, v1alpha1.ReasonRedirected, v1alpha1.ReasonUnauthorized, v1alpha1.ReasonFailing, v1alpha1.ReasonGarbage,
	} {
		sentence := Message(reason)
		if other, again := seen[sentence]; again || sentence == "" {
			t.Errorf("%s says the same as %s, or nothing: %q", reason, other, sentence)
		}
		seen[sentence] = reason
	}
}
