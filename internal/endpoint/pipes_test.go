// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package endpoint

import (
	"bytes"
	"context"
	"io"
	"net"
	"os"
	"sync"
	"time"
)

// pipes is a network within the process, for tests with a clock of their own. All clients have the same address.
type pipes struct {
	dialled chan net.Conn
	closed  chan struct{}
	once    sync.Once
}

func newPipes() *pipes { return &pipes{dialled: make(chan net.Conn), closed: make(chan struct{})} }

func (p *pipes) DialContext(ctx context.Context, _, _ string) (net.Conn, error) {
	ours, theirs := net.Pipe()
	select {
	case p.dialled <- newBuffered(theirs):
		return newBuffered(ours), nil
	case <-p.closed:
		return nil, net.ErrClosed
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case conn := <-p.dialled:
		return conn, nil
	case <-p.closed:
		return nil, net.ErrClosed
	}
}

func (p *pipes) Close() error {
	p.once.Do(func() { close(p.closed) })
	return nil
}

func (*pipes) Addr() net.Addr { return &net.TCPAddr{} }

// buffered is one end of a pipe on which, as on a socket, a write does not wait for the read.
type buffered struct {
	net.Conn

	mu       sync.Mutex
	written  chan []byte
	closed   bool
	deadline time.Time
}

func newBuffered(pipe net.Conn) *buffered {
	b := &buffered{Conn: pipe, written: make(chan []byte, 1000)}
	go func() {
		defer pipe.Close()
		for text := range b.written {
			_, _ = pipe.Write(text)
		}
	}()
	return b
}

func (b *buffered) Write(text []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch {
	case b.closed:
		return 0, net.ErrClosed
	case !b.deadline.IsZero() && !time.Now().Before(b.deadline):
		return 0, os.ErrDeadlineExceeded
	}
	b.written <- bytes.Clone(text)
	return len(text), nil
}

// Close has the other end read what was written before, and discards what it writes afterwards.
func (b *buffered) Close() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if !b.closed {
		b.closed = true
		close(b.written)
		go func() { _, _ = io.Copy(io.Discard, b.Conn) }()
	}
	return nil
}

func (b *buffered) SetDeadline(at time.Time) error {
	_ = b.SetWriteDeadline(at)
	return b.SetReadDeadline(at)
}

func (b *buffered) SetWriteDeadline(at time.Time) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.deadline = at
	return nil
}
