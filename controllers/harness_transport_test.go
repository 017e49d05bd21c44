// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"sync"
)

// wire is the operator's connection to the API server: it keeps the answers, and can break.
type wire struct {
	mu      sync.Mutex
	answers []answer
	fault   fault
	// written are the bodies of all requests.
	written bytes.Buffer
}

// fault answers a request in place of the API server, which is next.
type fault func(next http.RoundTripper, request *http.Request) (*http.Response, error)

// answer is what became of one request.
type answer struct {
	method, path string
	code         int
}

func (a answer) String() string { return fmt.Sprintf("%s %s: %d", a.method, a.path, a.code) }

func (w *wire) wrap(next http.RoundTripper) http.RoundTripper {
	return roundTripper(func(request *http.Request) (*http.Response, error) {
		body, err := bodyOf(request)
		if err != nil {
			return nil, err
		}
		w.mu.Lock()
		fault := w.fault
		w.written.Write(body)
		w.mu.Unlock()
		send := next.RoundTrip
		if fault != nil {
			send = func(r *http.Request) (*http.Response, error) { return fault(next, r) }
		}
		response, err := send(request)
		if err == nil {
			w.mu.Lock()
			w.answers = append(w.answers, answer{request.Method, request.URL.Path, response.StatusCode})
			w.mu.Unlock()
		}
		return response, err
	})
}

// bodyOf reads the body of a request and leaves it there.
func bodyOf(request *http.Request) ([]byte, error) {
	if request.GetBody == nil {
		return nil, nil
	}
	body, err := request.GetBody()
	if err != nil {
		return nil, err
	}
	return io.ReadAll(body)
}

// wrote is all that the operator has asked the API server to write.
func (w *wire) wrote() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.written.String()
}

// answered are the answers that fulfil match.
func (w *wire) answered(match func(answer) bool) []answer {
	w.mu.Lock()
	defer w.mu.Unlock()
	var found []answer
	for _, a := range w.answers {
		if match(a) {
			found = append(found, a)
		}
	}
	return found
}

// denies matches the answers that the operator's ServiceAccount has to be given no cause for.
func denies(a answer) bool {
	return a.code == http.StatusForbidden || a.code == http.StatusUnauthorized
}

// breaks makes requests go through a fault; nil mends the wire.
func (w *wire) breaks(fault fault) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.fault = fault
}

type roundTripper func(*http.Request) (*http.Response, error)

func (r roundTripper) RoundTrip(request *http.Request) (*http.Response, error) { return r(request) }
