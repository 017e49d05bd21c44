package controllers

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/go-logr/logr/funcr"
	"k8s.io/client-go/rest"
)

// oracle is an API server that is asked about tokens.
type oracle struct {
	asked int
	// failing are the paths to which it answers with an error.
	failing string
}

func (o *oracle) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	o.asked++
	body, _ := io.ReadAll(r.Body)
	w.Header().Set("Content-Type", "application/json")
	switch {
	case o.failing != "" && strings.HasSuffix(r.URL.Path, o.failing):
		w.WriteHeader(http.StatusInternalServerError)
		_, _ = w.Write([]byte(`{"kind":"Status","apiVersion":"v1","status":"Failure","message":"token secret-token is not to be told","reason":"InternalError","code":500}`))
	case strings.HasSuffix(r.URL.Path, "/tokenreviews"):
		_, _ = w.Write([]byte(`{"kind":"TokenReview","apiVersion":"authentication.k8s.io/v1","status":{"authenticated":true,"user":` +
			`{"username":"eve","groups":["g"],"extra":{"scopes.example":["one"]}}}}`))
	case strings.Contains(string(body), `"user":"eve"`) && strings.Contains(string(body), `"groups":["g"]`) &&
		strings.Contains(string(body), `"scopes.example":["one"]`):
		_, _ = w.Write([]byte(`{"kind":"SubjectAccessReview","apiVersion":"authorization.k8s.io/v1","status":{"allowed":true}}`))
	default:
		_, _ = w.Write([]byte(`{"kind":"SubjectAccessReview","apiVersion":"authorization.k8s.io/v1","status":{"allowed":false}}`))
	}
}

// door is a doorkeeper before a handler, and what it logs.
func door(t *testing.T, o *oracle, log *strings.Builder) http.Handler {
	t.Helper()
	server := httptest.NewServer(o)
	t.Cleanup(server.Close)
	filter, err := guarded(&rest.Config{Host: server.URL, QPS: -1, ContentConfig: rest.ContentConfig{ContentType: "application/json"}}, server.Client())
	if err != nil {
		t.Fatal(err)
	}
	handler, err := filter(funcr.New(func(prefix, args string) { log.WriteString(prefix + args + "\n") }, funcr.Options{Verbosity: 9}),
		http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "inside") }))
	if err != nil {
		t.Fatal(err)
	}
	return handler
}

func visit(handler http.Handler, authorization string) *httptest.ResponseRecorder {
	request := httptest.NewRequest(http.MethodGet, "/metrics", nil)
	if authorization != "" {
		request.Header.Set("Authorization", authorization)
	}
	recorder := httptest.NewRecorder()
	handler.ServeHTTP(recorder, request)
	return recorder
}

// What a real API server says of tokens is in TestMetricsAreProtected. This is about what one seldom says.
func TestDoorkeeper(t *testing.T) {
	for name, test := range map[string]struct {
		authorization, failing string
		want, asked            int
		reason                 string
	}{
		"known and allowed":       {"Bearer secret-token", "", http.StatusOK, 2, "who he is, and whether he may, with all that is known of him"},
		"the scheme in lowercase": {"bearer secret-token", "", http.StatusOK, 2, "schemes have no case"},
		"another scheme":          {"Basic secret-token", "", http.StatusUnauthorized, 0, "there is no token to be reviewed"},
		"an empty token":          {"Bearer ", "", http.StatusUnauthorized, 0, "there is none"},
		"an endless token":        {"Bearer " + strings.Repeat("x", maxToken+1), "", http.StatusUnauthorized, 0, "the API server is not bothered with it"},
		"nobody tells who it is":  {"Bearer secret-token", "/tokenreviews", http.StatusServiceUnavailable, 1, "not known is not unknown: it may work again"},
		"nobody tells whether he may": {
			"Bearer secret-token", "/subjectaccessreviews", http.StatusServiceUnavailable, 2, "and it is not allowed meanwhile"},
	} {
		t.Run(name, func(t *testing.T) {
			o, log := oracle{failing: test.failing}, strings.Builder{}
			answer := visit(door(t, &o, &log), test.authorization)
			if answer.Code != test.want || o.asked != test.asked {
				t.Errorf("%d after %d questions, want %d after %d: %s", answer.Code, o.asked, test.want, test.asked, test.reason)
			}
			if isInside := answer.Body.String() == "inside"; isInside != (test.want == http.StatusOK) {
				t.Errorf("the answer is %q", answer.Body)
			}
			if told := log.String() + answer.Body.String(); strings.Contains(told, "secret-token") {
				t.Errorf("the token is told: %s", told)
			}
		})
	}
}

// Who sends many requests makes the API server work only so much.
func TestDoorkeeperIsNotRushed(t *testing.T) {
	o := oracle{}
	handler := door(t, &o, &strings.Builder{})
	refused := 0
	for range 10 * visitsAtOnce {
		if visit(handler, "Bearer x").Code == http.StatusTooManyRequests {
			refused++
		}
	}
	// Some more are let through in the time that this takes.
	if refused < 5*visitsAtOnce || o.asked > 10*visitsAtOnce {
		t.Errorf("%d requests were refused, and the API server was asked %d times", refused, o.asked)
	}
	// Those without a token do not use up what is let through.
	handler = door(t, &o, &strings.Builder{})
	for range 10 * visitsAtOnce {
		visit(handler, "")
	}
	if answer := visit(handler, "Bearer x"); answer.Code != http.StatusOK {
		t.Errorf("after requests without a token the answer to one with it is %d", answer.Code)
	}
}
