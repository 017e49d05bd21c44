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

// clients talk to one cluster. What they ask for is read as it arrives, so they need none of the typed or dynamic
// clients, each of which would be memory for each cluster.
type clients struct {
	http *http.Client
	rest rest.Interface
}

func newClients(config *rest.Config) (clients, error) {
	config = rest.CopyConfig(config)
	// It would end watches, too; each other request has a timeout of its own.
	config.Timeout = 0
	config.ContentType, config.AcceptContentTypes = allFields, allFields
	config.NegotiatedSerializer = scheme.Codecs.WithoutConversion()
	// By default what the API server wants to be told, such as that a version is deprecated, gets into the log.
	if config.WarningHandler == nil && config.WarningHandlerWithContext == nil {
		config.WarningHandler = rest.NoWarnings{}
	}
	config.Wrap(func(next http.RoundTripper) http.RoundTripper { return bounded{next} })

	fail := func(err error) (clients, error) {
		return clients{}, fmt.Errorf("the connection to the cluster is not usable, mend its configuration: %w", err)
	}
	made, err := rest.HTTPClientFor(config)
	if err != nil {
		return fail(err)
	}
	client, err := rest.UnversionedRESTClientForConfigAndClient(config, made)
	if err != nil {
		return fail(err)
	}
	return clients{made, client}, nil
}

// close lets go of connections that nobody uses any more.
func (c clients) close() { utilnet.CloseIdleConnectionsFor(c.http.Transport) }

// bounded ends answers that are larger than any that a cluster in good order gives. A watch has no end, but its events
// are read one by one, with a bound on each.
type bounded struct{ next http.RoundTripper }

// RoundTrip makes the request.
func (b bounded) RoundTrip(request *http.Request) (*http.Response, error) {
	response, err := b.next.RoundTrip(request)
	if err != nil {
		return nil, err
	}
	switch {
	case response.StatusCode != http.StatusOK:
		response.Body = boundedBody{&portion{response.Body, maxErrorBytes}, response.Body}
	case !isWatch(request.URL):
		response.Body = boundedBody{&portion{response.Body, maxAnswerBytes}, response.Body}
	}
	return response, nil
}

// WrappedRoundTripper lets connections be closed.
func (b bounded) WrappedRoundTripper() http.RoundTripper { return b.next }

func isWatch(address *url.URL) bool {
	watch, err := strconv.ParseBool(address.Query().Get("watch"))
	return err == nil && watch
}

type boundedBody struct {
	*portion
	io.Closer
}
