// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package fleet

import (
	"context"
	"io"
	"net/http"
	"sync"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"

	"github.com/d2iq-labs/support-policy-operator/api/v1alpha1"
	"github.com/d2iq-labs/support-policy-operator/internal/contact"
	"github.com/d2iq-labs/support-policy-operator/internal/observe"
)

// What client-go makes of answers, and what observe makes of that, still has its reason.
func TestReasonsThroughClients(t *testing.T) {
	for _, row := range []struct {
		name   string
		answer http.HandlerFunc
		want   string
	}{
		{"401", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusUnauthorized) }, v1alpha1.ReasonUnauthorized},
		{"500", func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "REMOTE", 500) }, v1alpha1.ReasonFailing},
		{"HTML", func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "<html>REMOTE") }, v1alpha1.ReasonGarbage},
		{"redirect", func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "https://REMOTE.example", http.StatusFound)
		}, v1alpha1.ReasonRedirected},
		{"silence", hang, v1alpha1.ReasonUnreachable},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			server := serve(t, row.answer)
			options := permissive()
			if row.want == v1alpha1.ReasonUnreachable {
				options = hasty()
			}
			config := screen(t, trusted(t, server, server.URL), options)

			typed := rest.CopyConfig(config)
			typed.GroupVersion, typed.NegotiatedSerializer = &schema.GroupVersion{Version: "v1"}, scheme.Codecs
			typed.APIPath = "/api"
			client, err := rest.RESTClientFor(typed)
			must(t, err)
			_, err = client.Get().Resource("nodes").Do(t.Context()).Get()
			if got := contact.ReasonOf(err); got != row.want {
				t.Errorf("a client's reason is %s, want %s: %v", got, row.want, err)
			}

			observer, err := observe.New(config, observe.Options{GracePeriod: time.Millisecond, VersionInterval: time.Millisecond})
			must(t, err)
			ctx, cancel := context.WithTimeout(t.Context(), patience)
			var running sync.WaitGroup
			running.Go(func() {
				if err := observer.Run(ctx); err != nil {
					t.Error(err)
				}
			})
			for observer.Snapshot().Problem == nil && ctx.Err() == nil {
				time.Sleep(5 * time.Millisecond)
			}
			problem := observer.Snapshot().Problem
			cancel()
			running.Wait()
			if problem == nil || problem.Reason != row.want {
				t.Errorf("the observer's reason is %s, want %s: %v", problem, row.want, err)
			}
		})
	}
}
