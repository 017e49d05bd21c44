// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package observe

import (
	"errors"
	"io"
	"net/http"
	"path"
	"sync"

	"k8s.io/client-go/rest"
)

var errCut = errors.New("the cable is cut")

// cable is between an observer and its cluster, and can be cut: open watches end and further requests fail.
type cable struct {
	mu     sync.Mutex
	cut    bool
	bodies map[*tapped]bool
	// instead answers requests in place of the cluster; nil as a response lets them through.
	instead func(*http.Request) *http.Response
}

// connect puts the cable into the configuration of a client.
func (c *cable) connect(config *rest.Config) *rest.Config {
	c.bodies = map[*tapped]bool{}
	config = rest.CopyConfig(config)
	config.Wrap(func(next http.RoundTripper) http.RoundTripper {
		return &socket{cable: c, next: next}
	})
	return config
}

// socket is where a client's transport is plugged into the cable.
type socket struct {
	cable *cable
	next  http.RoundTripper
}

func (s *socket) RoundTrip(request *http.Request) (*http.Response, error) {
	return s.cable.roundTrip(s.next, request)
}

func (s *socket) WrappedRoundTripper() http.RoundTripper { return s.next }

func (c *cable) roundTrip(next http.RoundTripper, request *http.Request) (*http.Response, error) {
	c.mu.Lock()
	cut, instead := c.cut, c.instead
	c.mu.Unlock()
	if cut {
		return nil, errCut
	}
	if instead != nil {
		if response := instead(request); response != nil {
			return response, nil
		}
	}
	response, err := next.RoundTrip(request)
	if err != nil {
		return nil, err
	}
	body := &tapped{ReadCloser: response.Body, cable: c}
	if query := request.URL.Query(); query.Has("watch") {
		body.watched = path.Base(request.URL.Path)
	}
	c.mu.Lock()
	c.bodies[body] = true
	c.mu.Unlock()
	response.Body = body
	return response, nil
}

// breakAll ends what is open, as an API server does that restarts at once.
func (c *cable) breakAll() {
	c.mu.Lock()
	open := c.bodies
	c.bodies = map[*tapped]bool{}
	c.mu.Unlock()
	for body := range open {
		_ = body.ReadCloser.Close()
	}
}

// open is the number of answers that have not come to their end, such as watches.
func (c *cable) open() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.bodies)
}

// watches tells which of the resources are not watched: they are listed first.
func (c *cable) watches(resources ...string) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	open := map[string]bool{}
	for body := range c.bodies {
		open[body.watched] = true
	}
	for _, resource := range resources {
		if !open[resource] {
			return errors.New("no watch of " + resource)
		}
	}
	return nil
}

func (c *cable) setCut(cut bool) {
	c.mu.Lock()
	c.cut = cut
	c.mu.Unlock()
	if cut {
		c.breakAll()
	}
}

func (c *cable) setInstead(instead func(*http.Request) *http.Response) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.instead = instead
}

type tapped struct {
	io.ReadCloser

	cable *cable
	// watched is the resource, if the answer is a watch.
	watched string
}

func (t *tapped) Close() error {
	t.cable.mu.Lock()
	delete(t.cable.bodies, t)
	t.cable.mu.Unlock()
	return t.ReadCloser.Close()
}
