// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package fleet

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"sync"
	"testing"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"

	"github.com/d2iq-labs/support-policy-operator/internal/observe"
)

func TestReasonOf(t *testing.T) {
	var syntax *json.SyntaxError
	if err := json.Unmarshal([]byte("<html>"), &struct{}{}); !errors.As(err, &syntax) {
		t.Fatal(err)
	}
	for _, row := range []struct {
		name   string
		err    error
		want   Reason
		reason string
	}{
		{"nothing", nil, "", "all is well"},
		{"insecure", &refusedExec, InsecureKubeconfig, "the kubeconfig was never used"},
		{"invalid", &refusedFormat, InvalidKubeconfig, "nobody attacks with it"},
		{"failure", fmt.Errorf("wrapped: %w", &Failure{Reason: Redirected}), Redirected, "the transport knows"},
		{"failure in what net/http says", &url.Error{Err: &Failure{Reason: AddressNotAllowed}}, AddressNotAllowed,
			"the transport knows"},
		{"401", apierrors.NewUnauthorized("REMOTE"), Unauthorized, "the credentials are not accepted"},
		{"403", apierrors.NewForbidden(schema.GroupResource{}, "", nil), Failing, "observe takes it for an answer"},
		{"500", apierrors.NewInternalError(errors.New("REMOTE")), Failing, "it is an API server, and not well"},
		{"no JSON", fmt.Errorf("couldn't get version/kind: %w", syntax), Garbage, "an API server sends JSON"},
		{"too large", errors.New("the answer of the API server is larger than 64 MiB"), Garbage, "no cluster is so large"},
		{"deadline", fmt.Errorf("x: %w", context.DeadlineExceeded), Unanswered, "there was no answer in time"},
		{"net/http", &url.Error{Err: io.EOF}, Unanswered, "it broke off"},
		{"broke off", io.ErrUnexpectedEOF, Unanswered, "it broke off"},
		{"contact", &observe.ContactError{Reason: observe.Untrusted}, CertificateInvalid, "observe says so"},
		{"contact", &observe.ContactError{Reason: observe.Unauthorized}, Unauthorized, "observe says so"},
		{"contact", &observe.ContactError{Reason: observe.Failing, Object: "nodes"}, Failing, "observe says so"},
		{"contact", &observe.ContactError{Reason: observe.Unanswered}, Unanswered, "observe says so"},
	} {
		t.Run(row.name, func(t *testing.T) {
			if got := ReasonOf(row.err); got != row.want {
				t.Errorf("the reason is %q, want %q: %s", got, row.want, row.reason)
			}
		})
	}
}

func TestSentencesDiffer(t *testing.T) {
	seen := map[string]Reason{}
	for _, reason := range []Reason{
		SecretNotAllowed, SecretMissing, SecretUnreadable, KubeconfigMissing,
		InsecureKubeconfig, InvalidKubeconfig, Unresolvable, AddressNotAllowed, ConnectionRefused, ProxyFailed, HandshakeFailed,
		CertificateInvalid, Unanswered, Redirected, Unauthorized, Failing, Garbage,
	} {
		sentence := reason.Sentence()
		if other, again := seen[sentence]; again || sentence == "" {
			t.Errorf("%s says the same as %s, or nothing: %q", reason, other, sentence)
		}
		seen[sentence] = reason
	}
}

// What client-go makes of answers, and what observe makes of that, still has its reason.
func TestReasonsThroughClients(t *testing.T) {
	for _, row := range []struct {
		name   string
		answer http.HandlerFunc
		want   Reason
	}{
		{"401", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusUnauthorized) }, Unauthorized},
		{"500", func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "REMOTE", 500) }, Failing},
		{"HTML", func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "<html>REMOTE") }, Garbage},
		{"redirect", func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "https://REMOTE.example", http.StatusFound)
		}, Redirected},
		{"silence", func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }, Unanswered},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			server := serve(t, row.answer)
			options := permissive()
			options.AnswerTimeout = 200 * time.Millisecond
			config := screen(t, trusted(t, server, server.URL), options)

			typed := rest.CopyConfig(config)
			typed.GroupVersion, typed.NegotiatedSerializer = &schema.GroupVersion{Version: "v1"}, scheme.Codecs
			typed.APIPath = "/api"
			client, err := rest.RESTClientFor(typed)
			if err != nil {
				t.Fatal(err)
			}
			_, err = client.Get().Resource("nodes").Do(t.Context()).Get()
			if got := ReasonOf(err); got != row.want {
				t.Errorf("a client's reason is %s, want %s: %v", got, row.want, err)
			}

			observer, err := observe.New(config, observe.Options{Patience: time.Millisecond, VersionInterval: time.Millisecond})
			if err != nil {
				t.Fatal(err)
			}
			ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
			var running sync.WaitGroup
			running.Go(func() {
				if err := observer.Run(ctx); err != nil {
					t.Error(err)
				}
			})
			for observer.Snapshot().Err == nil && ctx.Err() == nil {
				time.Sleep(5 * time.Millisecond)
			}
			problem := observer.Snapshot().Err
			cancel()
			running.Wait()
			if problem == nil || ReasonOf(problem) != row.want {
				t.Errorf("the observer's reason is %s, want %s: %v", ReasonOf(problem), row.want, problem)
			}
		})
	}
}
