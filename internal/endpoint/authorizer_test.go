// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package endpoint

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-logr/logr"
	"github.com/go-logr/logr/funcr"
	"github.com/google/go-cmp/cmp"
	authenticationv1 "k8s.io/api/authentication/v1"
	authorizationv1 "k8s.io/api/authorization/v1"
	"k8s.io/client-go/rest"
)

// secret is the token of the user eve, who may do everything but delete. No other token is known.
const secret = "secret-token"

// fakeReviewer is an API server that reviews tokens and access.
type fakeReviewer struct {
	// failing is the path that it answers with an error, hanging the one that it does not answer.
	failing, hanging string

	mu    sync.Mutex
	asked int
	// last is the last access that it was asked to review.
	last authorizationv1.SubjectAccessReviewSpec
}

// RoundTrip answers without a network, so that the test's clock is the only one.
func (o *fakeReviewer) RoundTrip(r *http.Request) (*http.Response, error) {
	o.mu.Lock()
	o.asked++
	o.mu.Unlock()
	if o.isAbout(o.hanging, r) {
		<-r.Context().Done()
		return nil, r.Context().Err()
	}
	recorder := httptest.NewRecorder()
	o.ServeHTTP(recorder, r)
	return recorder.Result(), nil
}

func (*fakeReviewer) isAbout(path string, r *http.Request) bool {
	return path != "" && strings.HasSuffix(r.URL.Path, path)
}

func (o *fakeReviewer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	o.mu.Lock()
	defer o.mu.Unlock()
	body, _ := io.ReadAll(r.Body)
	w.Header().Set("Content-Type", "application/json")
	switch {
	case o.isAbout(o.failing, r):
		w.WriteHeader(http.StatusInternalServerError)
		_, _ = w.Write([]byte(`{"kind":"Status","apiVersion":"v1","status":"Failure","message":"token secret-token is not to be told","reason":"InternalError","code":500}`))
	case o.isAbout("/tokenreviews", r):
		var review authenticationv1.TokenReview
		_ = json.Unmarshal(body, &review)
		if review.Spec.Token == secret {
			review.Status = authenticationv1.TokenReviewStatus{Authenticated: true, User: authenticationv1.UserInfo{
				Username: "eve", UID: "u-1", Groups: []string{"g", "h"}, Extra: map[string]authenticationv1.ExtraValue{"scopes.example": {"one", "two"}},
			}}
		}
		_ = json.NewEncoder(w).Encode(review)
	default:
		var review authorizationv1.SubjectAccessReview
		_ = json.Unmarshal(body, &review)
		o.last = review.Spec
		review.Status.Allowed = review.Spec.NonResourceAttributes.Verb != "delete"
		_ = json.NewEncoder(w).Encode(review)
	}
}

func (o *fakeReviewer) reviews() int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.asked
}

// asking are options of an endpoint whose clients the reviewer reviews.
func asking(o *fakeReviewer) Options {
	return Options{
		Config: &rest.Config{Host: "https://oracle.example", ContentConfig: rest.ContentConfig{ContentType: "application/json"}},
		Client: &http.Client{Transport: o}, Log: logr.Discard(),
	}
}

// newTestAuthorizer is an authorizer before a handler. It writes into the log.
func newTestAuthorizer(t *testing.T, o *fakeReviewer, limits limits, log *strings.Builder) http.Handler {
	t.Helper()
	options := asking(o)
	options.Log = funcr.New(func(prefix, args string) { log.WriteString(prefix + args + "\n") }, funcr.Options{Verbosity: 9})
	handler, err := newAuthorizer(options, limits,
		http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "metrics") }))
	if err != nil {
		t.Fatal(err)
	}
	return handler
}

// send has the handler answer a request.
func send(handler http.Handler, request *http.Request, authorization string) *httptest.ResponseRecorder {
	if authorization != "" {
		request.Header.Set("Authorization", authorization)
	}
	recorder := httptest.NewRecorder()
	handler.ServeHTTP(recorder, request)
	return recorder
}

func TestAuthorizer(t *testing.T) {
	for name, test := range map[string]struct {
		method, authorization, failing string
		want, asked                    int
		reason                         string
	}{
		"known and allowed":       {"GET", "Bearer secret-token", "", http.StatusOK, 2, "the token is reviewed, and then the access"},
		"known and not allowed":   {"DELETE", "Bearer secret-token", "", http.StatusForbidden, 2, "the user may do other things"},
		"not known":               {"GET", "Bearer guessed", "", http.StatusUnauthorized, 1, "no user has that token"},
		"the scheme in lowercase": {"GET", "bearer secret-token", "", http.StatusOK, 2, "schemes have no case"},
		"no token":                {"GET", "", "", http.StatusUnauthorized, 0, "there is none to be reviewed"},
		"another scheme":          {"GET", "Basic secret-token", "", http.StatusUnauthorized, 0, "there is no token to be reviewed"},
		"an empty token":          {"GET", "Bearer ", "", http.StatusUnauthorized, 0, "there is none"},
		"a scheme alone":          {"GET", "Bearer", "", http.StatusUnauthorized, 0, "there is none"},
		"two blanks":              {"GET", "Bearer  secret-token", "", http.StatusUnauthorized, 0, "no token has a blank in it"},
		"something behind it":     {"GET", "Bearer secret-token x", "", http.StatusUnauthorized, 0, "it is not clear what the token is"},
		"a tab behind it":         {"GET", "Bearer secret-token\tx", "", http.StatusUnauthorized, 0, "it is not clear what the token is"},
		"an endless token": {
			"GET", "Bearer " + strings.Repeat("x", maxToken+1), "", http.StatusUnauthorized, 0, "the API server does not have to review it"},
		"tokens cannot be reviewed": {
			"GET", "Bearer secret-token", "/tokenreviews", http.StatusServiceUnavailable, 1, "the client may try again: its token may be good"},
		"access cannot be reviewed": {
			"GET", "Bearer secret-token", "/subjectaccessreviews", http.StatusServiceUnavailable, 2, "without a review there is no access"},
	} {
		t.Run(name, func(t *testing.T) {
			o, log := fakeReviewer{failing: test.failing}, strings.Builder{}
			answer := send(newTestAuthorizer(t, &o, defaultLimits, &log), httptest.NewRequest(test.method, Path, nil), test.authorization)
			if answer.Code != test.want || o.asked != test.asked {
				t.Errorf("%d after %d reviews, want %d after %d: %s", answer.Code, o.asked, test.want, test.asked, test.reason)
			}
			if isServed := answer.Body.String() == "metrics"; isServed != (test.want == http.StatusOK) {
				t.Errorf("the answer is %q", answer.Body)
			}
			if ends := answer.Header().Get("Connection") == "close"; ends == (test.want == http.StatusOK) {
				t.Errorf("the connection ends: %t", ends)
			}
			if challenge := answer.Header().Get("WWW-Authenticate"); (challenge == "Bearer") != (test.want == http.StatusUnauthorized) {
				t.Errorf("it asks for %q", challenge)
			}
			if shown := log.String() + answer.Body.String(); strings.Contains(shown, secret) {
				t.Errorf("the token is in the answer or in the log: %s", shown)
			}
			if logged := log.Len() > 0; logged != (test.want == http.StatusServiceUnavailable) {
				t.Errorf("it logs %s", &log)
			}
		})
	}
}

// The API server reviews all that is known of the user, and the request as it is.
func TestAuthorizerPassesOnTheUser(t *testing.T) {
	o := fakeReviewer{}
	handler := newTestAuthorizer(t, &o, defaultLimits, &strings.Builder{})
	for _, test := range []struct{ method, path, verb string }{{"GET", "/metrics", "get"}, {"POST", "/other", "post"}} {
		send(handler, httptest.NewRequest(test.method, test.path+"?with=query", nil), "Bearer "+secret)
		want := authorizationv1.SubjectAccessReviewSpec{
			User: "eve", UID: "u-1", Groups: []string{"g", "h"}, Extra: map[string]authorizationv1.ExtraValue{"scopes.example": {"one", "two"}},
			NonResourceAttributes: &authorizationv1.NonResourceAttributes{Verb: test.verb, Path: test.path},
		}
		if diff := cmp.Diff(want, o.last); diff != "" {
			t.Errorf("the API server reviews another access (-want +got):\n%s", diff)
		}
	}
}

// A review that the API server does not answer ends after its timeout.
func TestReviewTimesOut(t *testing.T) {
	for _, path := range []string{"/tokenreviews", "/subjectaccessreviews"} {
		synctest.Test(t, func(t *testing.T) {
			o := fakeReviewer{hanging: path}
			handler := newTestAuthorizer(t, &o, defaultLimits, &strings.Builder{})
			ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
			defer cancel()
			started := time.Now()
			answer := send(handler, httptest.NewRequestWithContext(ctx, "GET", Path, nil), "Bearer "+secret)
			if took := time.Since(started); answer.Code != http.StatusServiceUnavailable || took != defaultLimits.review {
				t.Errorf("%s hangs: the answer is %d after %s, want one after %s", path, answer.Code, took, defaultLimits.review)
			}
		})
	}
}

// A client that disconnects is not logged: any client can do that, as often as it likes.
func TestDisconnectedClientsAreNotLogged(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o, log := fakeReviewer{hanging: "/tokenreviews"}, strings.Builder{}
		gone, cancel := context.WithTimeout(t.Context(), defaultLimits.review/2)
		defer cancel()
		send(newTestAuthorizer(t, &o, defaultLimits, &log), httptest.NewRequestWithContext(gone, "GET", Path, nil), "Bearer "+secret)
		if log.Len() > 0 || o.reviews() != 1 {
			t.Errorf("it logs after %d reviews: %s", o.reviews(), &log)
		}
	})
}

// Requests without a token do not count against the rate limit of their address.
func TestRequestsWithoutTokenAreNotLimited(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		limits := defaultLimits
		limits.addressRequests, limits.review = rateLimit{1, 1}, 100*time.Millisecond
		o := fakeReviewer{}
		handler := newTestAuthorizer(t, &o, limits, &strings.Builder{})
		for range 100 {
			send(handler, httptest.NewRequest("GET", Path, nil), "")
		}
		for _, want := range []int{http.StatusOK, http.StatusTooManyRequests} {
			if answer := send(handler, httptest.NewRequest("GET", Path, nil), "Bearer "+secret); answer.Code != want {
				t.Errorf("the answer to one with a token is %d, want %d", answer.Code, want)
			}
		}
	})
}
