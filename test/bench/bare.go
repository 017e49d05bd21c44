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
)

// bareArgument makes the program the bare client.
const bareArgument = "bare"

// order is what the bare client is to ask for.
type order struct {
	CA       []byte
	Token    string
	Clusters []bareCluster
}

type bareCluster struct {
	Address string
	Asked   []asked
}

// bareAtATime is how many clusters are asked at a time.
const bareAtATime = 16

// bare makes the requests of an order, each cluster's over a connection of its own, and drops the answers. It says when
// all watches are open, and keeps them until the input ends.
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
	trust := x509.NewCertPool()
	trust.AppendCertsFromPEM(all.CA)
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	err = inParallel(len(all.Clusters), bareAtATime, func(i int) error {
		return all.Clusters[i].ask(ctx, trust, all.Token)
	})
	if err != nil {
		return err
	}
	fmt.Fprintln(out, "all is watched")
	_, err = io.Copy(io.Discard, input)
	return err
}

func (c *bareCluster) ask(ctx context.Context, trust *x509.CertPool, token string) error {
	transport := &http.Transport{
		TLSClientConfig:   &tls.Config{RootCAs: trust, MinVersion: tls.VersionTLS12},
		ForceAttemptHTTP2: true,
		// A connection keeps a buffer for the largest frame it ever got.
		HTTP2: &http.HTTP2Config{MaxReadFrameSize: 16 << 10},
	}
	versions := map[string]string{}
	for _, asked := range c.Asked {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, c.Address+asked.Path+"?"+asked.Query, nil)
		if err != nil {
			return err
		}
		request.Header.Set("Accept", asked.Accept)
		request.Header.Set("Authorization", "Bearer "+token)
		if !asked.Compressed {
			request.Header.Set("Accept-Encoding", "identity")
		}
		if asked.isWatch() {
			if versions[asked.Path] == "" {
				return fmt.Errorf("nothing tells from when on to watch %s", asked.Path)
			}
			request.URL.RawQuery += "&resourceVersion=" + versions[asked.Path]
		}
		response, err := transport.RoundTrip(request)
		if err != nil {
			return err
		}
		if response.StatusCode != http.StatusOK {
			return fmt.Errorf("%s answers %s", request.URL, response.Status)
		}
		if asked.isWatch() {
			go wait(response.Body)
			continue
		}
		if versions[asked.Path], err = drop(response.Body); err != nil {
			return err
		}
	}
	return nil
}

// wait reads a watch to its end, with less memory than io.Discard takes.
func wait(body io.ReadCloser) {
	defer body.Close()
	for buffer := make([]byte, 512); ; {
		if _, err := body.Read(buffer); err != nil {
			return
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
