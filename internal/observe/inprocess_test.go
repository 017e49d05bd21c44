// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package observe

import (
	"context"
	"io"
	"net/http"
	"sync"
)

// inProcess answers requests by a handler, without a network, for tests whose time is not the machine's.
type inProcess struct{ http.Handler }

func (p inProcess) RoundTrip(request *http.Request) (*http.Response, error) {
	body, text := io.Pipe()
	answer := &inProcessAnswer{text: text, code: http.StatusOK, header: http.Header{}, began: make(chan struct{})}
	context.AfterFunc(request.Context(), func() { _ = text.CloseWithError(request.Context().Err()) })
	go func() {
		p.ServeHTTP(answer, request)
		answer.Flush()
		_ = text.Close()
	}()
	select {
	case <-answer.began:
		return &http.Response{StatusCode: answer.code, Header: answer.header, Body: body, Request: request}, nil
	case <-request.Context().Done():
		return nil, request.Context().Err()
	}
}

// inProcessAnswer is read while it is written.
type inProcessAnswer struct {
	text   *io.PipeWriter
	code   int
	header http.Header
	began  chan struct{}
	once   sync.Once
}

func (a *inProcessAnswer) Header() http.Header { return a.header }

func (a *inProcessAnswer) WriteHeader(code int) {
	a.code = code
	a.Flush()
}

func (a *inProcessAnswer) Write(text []byte) (int, error) {
	a.Flush()
	return a.text.Write(text)
}

func (a *inProcessAnswer) Flush() { a.once.Do(func() { close(a.began) }) }
