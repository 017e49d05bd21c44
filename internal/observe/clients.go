package observe

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"

	utilnet "k8s.io/apimachinery/pkg/util/net"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/metadata"
	"k8s.io/client-go/rest"
)

// maxAnswerBytes bounds every answer but that of a watch, after decompression. The addons of a cluster are about 1 MiB,
// the metadata of all its CustomResourceDefinitions a few MiB.
const maxAnswerBytes = 64 << 20

// clients talk to one cluster over the same connections.
type clients struct {
	http      *http.Client
	dynamic   dynamic.Interface
	metadata  metadata.Interface
	discovery *discovery.DiscoveryClient
}

func newClients(config *rest.Config) (clients, error) {
	config = rest.CopyConfig(config)
	// It would end watches, too; each other request has a timeout of its own.
	config.Timeout = 0
	// By default what the API server wants to be told, such as that a version is deprecated, gets into the log.
	if config.WarningHandler == nil && config.WarningHandlerWithContext == nil {
		config.WarningHandler = rest.NoWarnings{}
	}
	config.Wrap(func(next http.RoundTripper) http.RoundTripper { return bounded{next} })

	fail := func(err error) (clients, error) {
		return clients{}, fmt.Errorf("the connection to the cluster is not usable, mend its configuration: %w", err)
	}
	var (
		made clients
		err  error
	)
	if made.http, err = rest.HTTPClientFor(config); err != nil {
		return fail(err)
	}
	if made.dynamic, err = dynamic.NewForConfigAndClient(config, made.http); err != nil {
		return fail(err)
	}
	if made.metadata, err = metadata.NewForConfigAndClient(config, made.http); err != nil {
		return fail(err)
	}
	if made.discovery, err = discovery.NewDiscoveryClientForConfigAndClient(config, made.http); err != nil {
		return fail(err)
	}
	return made, nil
}

// close lets go of connections that nobody uses any more.
func (c clients) close() { utilnet.CloseIdleConnectionsFor(c.http.Transport) }

// bounded ends answers that are larger than any that a cluster in good order gives. A watch has no end, but decodes its
// events one by one, with a bound on each.
type bounded struct{ next http.RoundTripper }

// RoundTrip makes the request.
func (b bounded) RoundTrip(request *http.Request) (*http.Response, error) {
	response, err := b.next.RoundTrip(request)
	if err == nil && !isWatch(request.URL) {
		response.Body = &boundedBody{ReadCloser: response.Body, left: maxAnswerBytes}
	}
	return response, err
}

// WrappedRoundTripper lets connections be closed.
func (b bounded) WrappedRoundTripper() http.RoundTripper { return b.next }

func isWatch(address *url.URL) bool {
	watch, err := strconv.ParseBool(address.Query().Get("watch"))
	return err == nil && watch
}

var errTooLarge = errors.New("the answer of the API server is larger than 64 MiB")

type boundedBody struct {
	io.ReadCloser

	left int
}

// Read reads up to the bound.
func (b *boundedBody) Read(p []byte) (int, error) {
	if b.left <= 0 {
		return 0, errTooLarge
	}
	n, err := b.ReadCloser.Read(p[:min(len(p), b.left)])
	b.left -= n
	return n, err
}
