// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package fleet

import (
	"bytes"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/client-go/tools/clientcmd/api"
)

const (
	// maxKubeconfigBytes is for the file. One context takes about 6 KiB. The worst file of this size takes a tenth of a
	// second and 64 MiB for a moment.
	maxKubeconfigBytes = 256 << 10
	// maxKeyBytes is for a certificate chain or a key in PEM; a key of maxKeyBits takes about 6 KiB.
	maxKeyBytes = 16 << 10
	// maxKeyBits is for RSA, as in Go's client of TLS. The time to check a key grows with the cube of its size.
	maxKeyBits = 8192

	// An observer lists and watches some 15 resources when it connects, and makes few requests later.
	requestsPerSecond = 10
	requestsAtOnce    = 60
)

// Screen makes a configuration of the current context of a kubeconfig, or refuses it. Nothing is run, no file and no
// environment variable is read for it, and no connection is made.
//
// A user without credentials is accepted: the API server will refuse it or not. Without a certificate authority the API
// server needs a certificate that the operator's machine trusts.
//
// All clients of the configuration share its connections, with no others; Disconnect closes them.
func Screen(kubeconfig []byte, options Options) (*rest.Config, *Refusal) {
	options = options.withDefaults()
	cluster, user, refusal := currentContext(kubeconfig)
	if refusal != nil {
		return nil, refusal
	}
	for _, check := range checks {
		if check.applies(cluster, user, options) {
			return nil, &check.refusal
		}
	}
	server, refusal := serverURL(cluster.Server)
	if refusal != nil {
		return nil, refusal
	}
	proxy, refusal := proxyURL(cluster.ProxyURL)
	if refusal != nil {
		return nil, refusal
	}
	tlsSettings, refusal := tlsConfig(cluster, user)
	if refusal != nil {
		return nil, refusal
	}
	transport := newTransport(server, proxy, tlsSettings, !cluster.DisableCompression, options)
	return &rest.Config{
		Host:        server.String(),
		BearerToken: user.Token,
		Username:    user.Username,
		Password:    user.Password,
		UserAgent:   options.UserAgent,
		// The transport has the certificates, too: client-go's cache of transports would keep them.
		Transport: transport,
		// The transport does both by itself; these are for readers of the configuration.
		Proxy:          transport.http1.Proxy,
		Dial:           transport.http1.DialContext,
		QPS:            requestsPerSecond,
		Burst:          requestsAtOnce,
		WarningHandler: rest.NoWarnings{},
	}, nil
}

// currentContext finds the cluster and the user of the current context. Other contexts are not checked.
func currentContext(kubeconfig []byte) (*api.Cluster, *api.AuthInfo, *Refusal) {
	if len(kubeconfig) > maxKubeconfigBytes {
		return nil, nil, &refusedSize
	}
	// Load writes aliases out as JSON: a few of a long text are gigabytes.
	switch aliases, err := hasAliases(kubeconfig); {
	case err != nil:
		return nil, nil, &refusedFormat
	case aliases:
		return nil, nil, &refusedAliases
	}
	config, err := clientcmd.Load(kubeconfig)
	if err != nil || config == nil {
		return nil, nil, &refusedFormat
	}
	context := config.Contexts[config.CurrentContext]
	if config.CurrentContext == "" || context == nil {
		return nil, nil, &refusedContext
	}
	cluster := config.Clusters[context.Cluster]
	if cluster == nil {
		return nil, nil, &refusedCluster
	}
	user := config.AuthInfos[context.AuthInfo]
	if user == nil {
		return nil, nil, &refusedUser
	}
	return cluster, user, nil
}

func hasAliases(content []byte) (bool, error) {
	var document yaml.Node
	if err := yaml.Unmarshal(content, &document); err != nil {
		return false, err
	}
	return isOrHasAlias(&document), nil
}

// isOrHasAlias goes no deeper than the parser, which has a bound.
func isOrHasAlias(node *yaml.Node) bool {
	return node.Kind == yaml.AliasNode || slices.ContainsFunc(node.Content, isOrHasAlias)
}

// checks refuse fields that must not be set, or not so.
var checks = []struct {
	applies func(*api.Cluster, *api.AuthInfo, Options) bool
	refusal Refusal
}{
	{func(_ *api.Cluster, u *api.AuthInfo, _ Options) bool { return u.Exec != nil }, refusedExec},
	{func(_ *api.Cluster, u *api.AuthInfo, _ Options) bool { return u.AuthProvider != nil }, refusedProvider},
	{func(c *api.Cluster, _ *api.AuthInfo, _ Options) bool { return c.InsecureSkipTLSVerify }, refusedInsecure},
	{func(c *api.Cluster, _ *api.AuthInfo, _ Options) bool { return c.CertificateAuthority != "" }, refusedCAFile},
	{func(_ *api.Cluster, u *api.AuthInfo, _ Options) bool { return u.ClientCertificate != "" }, refusedCertFile},
	{func(_ *api.Cluster, u *api.AuthInfo, _ Options) bool { return u.ClientKey != "" }, refusedKeyFile},
	{func(_ *api.Cluster, u *api.AuthInfo, _ Options) bool { return u.TokenFile != "" }, refusedTokenFile},
	{func(_ *api.Cluster, u *api.AuthInfo, _ Options) bool { return u.Impersonate != "" }, refusedAs},
	{func(_ *api.Cluster, u *api.AuthInfo, _ Options) bool { return u.ImpersonateUID != "" }, refusedAsUID},
	{func(_ *api.Cluster, u *api.AuthInfo, _ Options) bool { return len(u.ImpersonateGroups) > 0 }, refusedAsGroups},
	{func(_ *api.Cluster, u *api.AuthInfo, _ Options) bool { return len(u.ImpersonateUserExtra) > 0 }, refusedAsExtra},
	{func(c *api.Cluster, _ *api.AuthInfo, o Options) bool { return c.ProxyURL != "" && !o.AllowProxy }, refusedProxy},
	{func(_ *api.Cluster, u *api.AuthInfo, _ Options) bool { return !isHeaderValue(u.Token) }, refusedToken},
	{func(_ *api.Cluster, u *api.AuthInfo, _ Options) bool {
		return u.Token != "" && (u.Username != "" || u.Password != "")
	}, refusedBoth},
}

// isHeaderValue tells whether an HTTP header can carry the text.
func isHeaderValue(text string) bool {
	return !strings.ContainsFunc(text, func(r rune) bool { return r < ' ' || r == 0x7f })
}

func serverURL(text string) (*url.URL, *Refusal) {
	server, err := url.Parse(text)
	if err != nil || server.Scheme != "https" || server.Hostname() == "" || !hasPort(server) {
		return nil, &refusedServer
	}
	if server.User != nil || server.RawQuery != "" || server.ForceQuery || strings.Contains(text, "#") {
		return nil, &refusedAddress
	}
	return server, nil
}

// proxyURL returns nil when there is no proxy. A proxy may have credentials of its own.
func proxyURL(text string) (*url.URL, *Refusal) {
	if text == "" {
		return nil, nil
	}
	proxy, err := url.Parse(text)
	if err != nil || !slices.Contains([]string{"http", "https", "socks5"}, proxy.Scheme) || proxy.Hostname() == "" ||
		!hasPort(proxy) || strings.Trim(proxy.Path, "/") != "" || proxy.RawQuery != "" || strings.Contains(text, "#") {
		return nil, &refusedProxyURL
	}
	return proxy, nil
}

// hasPort tells whether a connection can be made to the port of the URL, which is the scheme's if it has none.
func hasPort(address *url.URL) bool {
	if address.Port() == "" {
		return true
	}
	port, err := strconv.ParseUint(address.Port(), 10, 16)
	return err == nil && port > 0
}

// tlsConfig has the certificate authority and the client certificate.
func tlsConfig(cluster *api.Cluster, user *api.AuthInfo) (*tls.Config, *Refusal) {
	config := &tls.Config{MinVersion: tls.VersionTLS12, ServerName: cluster.TLSServerName}
	if len(cluster.CertificateAuthorityData) > 0 {
		config.RootCAs = x509.NewCertPool()
		if !config.RootCAs.AppendCertsFromPEM(cluster.CertificateAuthorityData) {
			return nil, &refusedCA
		}
	}
	certificate, key := user.ClientCertificateData, user.ClientKeyData
	if len(certificate) == 0 && len(key) == 0 {
		return config, nil
	}
	if len(certificate) > maxKeyBytes || len(key) > maxKeyBytes {
		return nil, &refusedKeySize
	}
	pair, err := tls.X509KeyPair(bytes.TrimSpace(certificate), bytes.TrimSpace(key))
	if err != nil {
		return nil, &refusedKeyPair
	}
	if key, isRSA := pair.PrivateKey.(*rsa.PrivateKey); isRSA && key.N.BitLen() > maxKeyBits {
		return nil, &refusedKeySize
	}
	config.Certificates = []tls.Certificate{pair}
	return config, nil
}

// proxyFunc returns the choice of a proxy for requests to the server, whatever the environment says: the given one, or none
// for nil. It does not read the request: for a connection that is made ahead, that is only an address.
func proxyFunc(server, proxy *url.URL) func(*http.Request) (*url.URL, error) {
	if proxy == nil {
		return func(*http.Request) (*url.URL, error) { return nil, nil }
	}
	err := checkBehindProxy(server.Hostname())
	return func(*http.Request) (*url.URL, error) { return proxy, err }
}
