// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"regexp"

	"k8s.io/apimachinery/pkg/types"
)

// bareArgument makes the program the bare client.
const bareArgument = "bare"

// order is what the bare client is to ask for. A line with a patch may follow, for each event to come.
type order struct {
	CA       []byte
	Token    string
	Clusters []bareCluster
}

type bareCluster struct {
	Address string
	Asked   []asked
}

// patch is what the bare client sends to the hub when it has got an event.
type patch struct {
	URL  string
	Body []byte
}

// bareAtATime is how many clusters are asked at a time.
const bareAtATime = 16

// bare makes the requests of an order, each cluster's over a connection of its own, and drops the answers. It says when
// all watches are open, keeps them until the input ends, and sends each patch that it is given when the next event has come.
func bare(ctx context.Context, in io.Reader, out io.Writer) error {
	input := bufio.NewReader(in)
	line, err := input.ReadBytes('\n')
	if err != nil {
		return fmt.Errorf("read the order: %w", err)
	}
	var all order
	if err := json.Unmarshal(line, &all); err != nil {
		return fmt.Errorf("read the order: %w", err)
	}
	trust := trustIn(all.CA)
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	events := make(chan struct{}, 1)
	err = inParallel(len(all.Clusters), bareAtATime, func(i int) error {
		return all.Clusters[i].ask(ctx, newTransport(trust), all.Token, events)
	})
	if err != nil {
		return err
	}
	fmt.Fprintln(out, "all is watched")
	hub := newTransport(trust)
	for {
		switch line, err = input.ReadBytes('\n'); {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return fmt.Errorf("read a patch: %w", err)
		}
		var next patch
		if err := json.Unmarshal(line, &next); err != nil {
			return fmt.Errorf("read a patch: %w", err)
		}
		if err := next.send(ctx, hub, all.Token, events); err != nil {
			return err
		}
	}
}

func trustIn(ca []byte) *x509.CertPool {
	trust := x509.NewCertPool()
	trust.AppendCertsFromPEM(ca)
	return trust
}

func newTransport(trust *x509.CertPool) *http.Transport {
	return &http.Transport{
		TLSClientConfig:   &tls.Config{RootCAs: trust, MinVersion: tls.VersionTLS12},
		ForceAttemptHTTP2: true,
		// A connection keeps a buffer for the largest frame it ever got.
		HTTP2: &http.HTTP2Config{MaxReadFrameSize: 16 << 10},
	}
}

// send sends the patch when an event has come.
func (p *patch) send(ctx context.Context, hub *http.Transport, token string, events <-chan struct{}) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodPatch, p.URL, bytes.NewReader(p.Body))
	if err != nil {
		return err
	}
	request.Header.Set("Accept", "application/json")
	request.Header.Set("Content-Type", string(types.MergePatchType))
	select {
	case <-events:
	case <-ctx.Done():
		return ctx.Err()
	}
	body, err := answerTo(request, hub, token)
	if err != nil {
		return err
	}
	_, err = drop(body)
	return err
}

// answerTo makes a request and returns what is answered, unless that is an error.
func answerTo(request *http.Request, transport *http.Transport, token string) (io.ReadCloser, error) {
	request.Header.Set("Authorization", "Bearer "+token)
	request.Header.Set("User-Agent", bareArgument)
	response, err := transport.RoundTrip(request)
	if err != nil {
		return nil, err
	}
	if response.StatusCode != http.StatusOK {
		_ = response.Body.Close()
		return nil, fmt.Errorf("%s answers %s", request.URL, response.Status)
	}
	return response.Body, nil
}

func (c *bareCluster) ask(ctx context.Context, transport *http.Transport, token string, events chan<- struct{}) error {
	versions := map[string]string{}
	for _, asked := range c.Asked {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, c.Address+asked.Path+"?"+asked.Query, nil)
		if err != nil {
			return err
		}
		request.Header.Set("Accept", asked.Accept)
		if !asked.Compressed {
			request.Header.Set("Accept-Encoding", "identity")
		}
		if asked.isWatch() {
			if versions[asked.Path] == "" {
				return fmt.Errorf("nothing tells from when on to watch %s", asked.Path)
			}
			request.URL.RawQuery += "&resourceVersion=" + versions[asked.Path]
		}
		body, err := answerTo(request, transport, token)
		if err != nil {
			return err
		}
		if asked.isWatch() {
			go wait(ctx, body, events)
			continue
		}
		if versions[asked.Path], err = drop(body); err != nil {
			return err
		}
	}
	return nil
}

// wait reads a watch, with less memory than io.Discard takes, and tells of events, each of which is a line. A watch that
// breaks off ends the process: less would be asked than is said.
func wait(ctx context.Context, body io.ReadCloser, events chan<- struct{}) {
	defer body.Close()
	for buffer := make([]byte, 512); ; {
		n, err := body.Read(buffer)
		if bytes.IndexByte(buffer[:n], '\n') >= 0 {
			select {
			case events <- struct{}{}:
			default: // Nothing waits for it.
			}
		}
		switch {
		case ctx.Err() != nil:
			return
		case err != nil:
			panic("a watch broke off: " + err.Error())
		}
	}
}

var listVersion = regexp.MustCompile(`"resourceVersion":"(\d+)"`)

// ends is how much is looked at of the beginning and of the end of a list.
const ends = 512

// drop reads an answer to its end, and returns what a list is as of: it is said before the items, or after them.
func drop(body io.ReadCloser) (version string, err error) {
	defer body.Close()
	var all, buffer []byte = nil, make([]byte, 4<<10)
	for {
		n, err := body.Read(buffer)
		all = append(all, buffer[:n]...)
		if len(all) > 4*ends {
			all = append(all[:ends], all[len(all)-ends:]...)
		}
		if errors.Is(err, io.EOF) {
			return versionOfList(all), nil
		}
		if err != nil {
			return "", err
		}
	}
}

func versionOfList(text []byte) string {
	head, _, _ := bytes.Cut(text, []byte(`"items"`))
	found := listVersion.FindSubmatch(head)
	if found == nil {
		if all := listVersion.FindAllSubmatch(text, -1); len(all) > 0 {
			found = all[len(all)-1]
		}
	}
	if found == nil {
		return ""
	}
	return string(found[1])
}
