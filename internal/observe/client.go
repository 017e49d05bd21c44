// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package observe

import (
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"

	utilnet "k8s.io/apimachinery/pkg/util/net"
	"k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"
)

// The bounds of answers, after decompression. The addons of a cluster are about 1 MiB, the metadata of all its
// CustomResourceDefinitions a few MiB, what an API server says about an error less than 1 KiB.
const (
	maxAnswerBytes = 64 << 20
	maxErrorBytes  = 1 << 20
)

// apiClient makes requests to one cluster, and reads answers as they arrive. It needs no typed or dynamic clients, each of
// which would take memory for each cluster.
type apiClient struct {
	http *http.Client
	rest rest.Interface
}

func newAPIClient(config *rest.Config) (apiClient, error) {
	config = rest.CopyConfig(config)
	// It would end watches, too. All other requests have a timeout of their own.
	config.Timeout = 0
	config.ContentType, config.AcceptContentTypes = acceptJSON, acceptJSON
	config.NegotiatedSerializer = scheme.Codecs.WithoutConversion()
	// By default client-go logs the warnings of the API server, such as that a version is deprecated.
	if config.WarningHandler == nil && config.WarningHandlerWithContext == nil {
		config.WarningHandler = rest.NoWarnings{}
	}
	config.Wrap(func(next http.RoundTripper) http.RoundTripper { return boundedTransport{next} })

	fail := func(err error) (apiClient, error) {
		return apiClient{}, fmt.Errorf("the connection to the cluster is not usable, mend its configuration: %w", err)
	}
	httpClient, err := rest.HTTPClientFor(config)
	if err != nil {
		return fail(err)
	}
	restClient, err := rest.UnversionedRESTClientForConfigAndClient(config, httpClient)
	if err != nil {
		return fail(err)
	}
	return apiClient{httpClient, restClient}, nil
}

// closeIdleConnections closes connections without a request.
func (c apiClient) closeIdleConnections() { utilnet.CloseIdleConnectionsFor(c.http.Transport) }

// boundedTransport ends answers that are larger than any of a cluster in good order. A watch has no end; its events have a
// bound each.
type boundedTransport struct{ next http.RoundTripper }

// RoundTrip makes the request, and bounds the body of the answer.
func (b boundedTransport) RoundTrip(request *http.Request) (*http.Response, error) {
	response, err := b.next.RoundTrip(request)
	if err != nil {
		return nil, err
	}
	switch {
	case response.StatusCode != http.StatusOK:
		response.Body = boundedBody{&limitedReader{response.Body, maxErrorBytes}, response.Body}
	case !isWatch(request.URL):
		response.Body = boundedBody{&limitedReader{response.Body, maxAnswerBytes}, response.Body}
	}
	return response, nil
}

// WrappedRoundTripper is how CloseIdleConnectionsFor finds the transport.
func (b boundedTransport) WrappedRoundTripper() http.RoundTripper { return b.next }

func isWatch(address *url.URL) bool {
	watch, err := strconv.ParseBool(address.Query().Get("watch"))
	return err == nil && watch
}

type boundedBody struct {
	*limitedReader
	io.Closer
}
