// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package fleet

import (
	"bytes"
	"crypto/tls"
	"encoding/base64"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd/api"
)

func TestScreenRefuses(t *testing.T) {
	certificate, key := keyPair(t)
	_, otherKey := keyPair(t)
	for _, row := range []struct {
		name    string
		change  func(*api.Cluster, *api.AuthInfo)
		options Options
		refusal Refusal
		reason  string
	}{
		{"exec", func(_ *api.Cluster, u *api.AuthInfo) {
			u.Exec = &api.ExecConfig{Command: "aws", APIVersion: "client.authentication.k8s.io/v1", InteractiveMode: "Never"}
		}, Options{}, refusedExec, "it would run a program in the operator's container"},
		{"exec beside a token", func(_ *api.Cluster, u *api.AuthInfo) { u.Exec = &api.ExecConfig{} }, Options{},
			refusedExec, "even an empty one is run by client-go"},
		{"auth-provider", func(_ *api.Cluster, u *api.AuthInfo) {
			u.AuthProvider = &api.AuthProviderConfig{Name: "gcp", Config: map[string]string{"access-token": secretToken}}
		}, Options{}, refusedProvider, "a plugin may do anything"},
		{"insecure", func(c *api.Cluster, _ *api.AuthInfo) { c.InsecureSkipTLSVerify = true }, Options{}, refusedInsecure,
			"anybody between could take the token"},
		{"CA file", func(c *api.Cluster, _ *api.AuthInfo) { c.CertificateAuthority = "/etc/passwd" }, Options{},
			refusedCAFile, "it is the operator's file"},
		{"certificate file", func(_ *api.Cluster, u *api.AuthInfo) { u.ClientCertificate = "/c" }, Options{},
			refusedCertFile, "it is the operator's file"},
		{"key file", func(_ *api.Cluster, u *api.AuthInfo) { u.ClientKey = "/k" }, Options{}, refusedKeyFile,
			"it is the operator's file"},
		{"token file", func(_ *api.Cluster, u *api.AuthInfo) {
			u.Token, u.TokenFile = "", "/var/run/secrets/kubernetes.io/serviceaccount/token"
		}, Options{}, refusedTokenFile, "the operator's own token would go to a foreign server"},
		{"token and token file", func(_ *api.Cluster, u *api.AuthInfo) { u.TokenFile = "/t" }, Options{},
			refusedTokenFile, "client-go prefers the file"},
		{"as", func(_ *api.Cluster, u *api.AuthInfo) { u.Impersonate = "admin" }, Options{}, refusedAs, "impersonation"},
		{"as-uid", func(_ *api.Cluster, u *api.AuthInfo) { u.ImpersonateUID = "1" }, Options{}, refusedAsUID,
			"impersonation"},
		{"as-groups", func(_ *api.Cluster, u *api.AuthInfo) { u.ImpersonateGroups = []string{"system:masters"} },
			Options{}, refusedAsGroups, "impersonation"},
		{"as-user-extra", func(_ *api.Cluster, u *api.AuthInfo) {
			u.ImpersonateUserExtra = map[string][]string{"a": {"b"}}
		}, Options{}, refusedAsExtra, "impersonation"},
		{"proxy", func(c *api.Cluster, _ *api.AuthInfo) { c.ProxyURL = "http://proxy:3128" }, Options{}, refusedProxy,
			"it would look up names behind our back"},
		{"proxy of another kind", func(c *api.Cluster, _ *api.AuthInfo) { c.ProxyURL = "ftp://proxy" },
			Options{AllowProxy: true}, refusedProxyURL, "net/http has no such"},
		{"proxy without host", func(c *api.Cluster, _ *api.AuthInfo) { c.ProxyURL = "http://:3128" },
			Options{AllowProxy: true}, refusedProxyURL, "it would be this machine"},
		{"proxy with query", func(c *api.Cluster, _ *api.AuthInfo) { c.ProxyURL = "http://proxy?x=y" },
			Options{AllowProxy: true}, refusedProxyURL, "no proxy has one"},
		{"proxy without scheme", func(c *api.Cluster, _ *api.AuthInfo) { c.ProxyURL = "proxy:3128" },
			Options{AllowProxy: true}, refusedProxyURL, "what it is for is not clear"},

		{"plain HTTP", func(c *api.Cluster, _ *api.AuthInfo) { c.Server = "http://c:8080" }, Options{}, refusedServer,
			"the token would be readable"},
		{"no server", func(c *api.Cluster, _ *api.AuthInfo) { c.Server = "" }, Options{}, refusedServer,
			"client-go takes it for localhost"},
		{"server without scheme", func(c *api.Cluster, _ *api.AuthInfo) { c.Server = "c:6443" }, Options{},
			refusedServer, "client-go would try plain HTTP"},
		{"server without host", func(c *api.Cluster, _ *api.AuthInfo) { c.Server = "https://:6443" }, Options{},
			refusedServer, "it would be this machine"},
		{"opaque server", func(c *api.Cluster, _ *api.AuthInfo) { c.Server = "https:c" }, Options{}, refusedServer,
			"it has no host"},
		{"unix socket", func(c *api.Cluster, _ *api.AuthInfo) { c.Server = "unix:///run/x.sock" }, Options{},
			refusedServer, "it is no HTTPS"},
		{"port out of range", func(c *api.Cluster, _ *api.AuthInfo) { c.Server = "https://c:65536" }, Options{},
			refusedServer, "there is no such port"},
		{"port 0", func(c *api.Cluster, _ *api.AuthInfo) { c.Server = "https://c:0" }, Options{}, refusedServer,
			"there is no such port"},
		{"userinfo", func(c *api.Cluster, _ *api.AuthInfo) { c.Server = "https://u:" + secretPassword + "@c" },
			Options{}, refusedAddress, "net/http would send it, and errors show URLs"},
		{"query", func(c *api.Cluster, _ *api.AuthInfo) { c.Server = "https://c?a=b" }, Options{}, refusedAddress,
			"it would be lost or sent along"},
		{"empty query", func(c *api.Cluster, _ *api.AuthInfo) { c.Server = "https://c?" }, Options{}, refusedAddress,
			"it would be lost or sent along"},
		{"fragment", func(c *api.Cluster, _ *api.AuthInfo) { c.Server = "https://c/#a" }, Options{}, refusedAddress,
			"nothing is sent of it"},
		{"empty fragment", func(c *api.Cluster, _ *api.AuthInfo) { c.Server = "https://c#" }, Options{}, refusedAddress,
			"nothing is sent of it"},

		{"CA without PEM", func(c *api.Cluster, _ *api.AuthInfo) { c.CertificateAuthorityData = []byte("x") }, Options{},
			refusedCA, "then the machine's authorities would be trusted"},
		{"CA that is a key", func(c *api.Cluster, _ *api.AuthInfo) { c.CertificateAuthorityData = key }, Options{},
			refusedCA, "it has no certificate"},
		{"CA with garbage for a certificate", func(c *api.Cluster, _ *api.AuthInfo) {
			c.CertificateAuthorityData = certificatePEM([]byte("garbage"))
		}, Options{}, refusedCA, "it has no certificate"},
		{"certificate without key", func(_ *api.Cluster, u *api.AuthInfo) { u.ClientCertificateData = certificate },
			Options{}, refusedKeyPair, "it is of no use"},
		{"key without certificate", func(_ *api.Cluster, u *api.AuthInfo) { u.ClientKeyData = key }, Options{},
			refusedKeyPair, "it is of no use"},
		{"key of another certificate", func(_ *api.Cluster, u *api.AuthInfo) {
			u.ClientCertificateData, u.ClientKeyData = certificate, otherKey
		}, Options{}, refusedKeyPair, "they do not belong together"},
		{"broken key", func(_ *api.Cluster, u *api.AuthInfo) {
			u.ClientCertificateData, u.ClientKeyData = certificate, []byte("-----BEGIN KEY-----")
		}, Options{}, refusedKeyPair, "it is no PEM"},
		{"long key", func(_ *api.Cluster, u *api.AuthInfo) {
			u.ClientCertificateData, u.ClientKeyData = certificate, bytes.Repeat([]byte("k"), maxKeyBytes+1)
		}, Options{}, refusedKeySize, "the time to check it has no bound"},
		{"token of two lines", func(_ *api.Cluster, u *api.AuthInfo) { u.Token = "a\r\nX-Remote-User: admin" },
			Options{}, refusedToken, "it would be a header of its own"},
		{"token and password", func(_ *api.Cluster, u *api.AuthInfo) { u.Password = secretPassword }, Options{},
			refusedBoth, "client-go fails with it"},
	} {
		t.Run(row.name, func(t *testing.T) {
			config, refusal := Screen(kubeconfig(t, "https://c.example:6443", row.change), row.options)
			if refusal == nil {
				t.Fatalf("accepted as %v: %s", config.Host, row.reason)
			}
			if *refusal != row.refusal {
				t.Errorf("refused because %v; want %v: %s", refusal, &row.refusal, row.reason)
			}
			if config != nil {
				t.Error("there is a configuration all the same")
			}
		})
	}
}

func TestScreenRefusesFiles(t *testing.T) {
	const whole = `{"apiVersion":"v1","kind":"Config","current-context":%s,
		"contexts":[{"name":"x","context":{"cluster":%s,"user":%s}}],
		"clusters":[{"name":"c","cluster":{"server":"https://c"}}],"users":[{"name":"u","user":{"token":"t"}}]}`
	for _, row := range []struct {
		name, content string
		refusal       Refusal
		reason        string
	}{
		{"empty", "", refusedContext, "client-go would take localhost"},
		{"a word", "kubeconfig", refusedFormat, "it is no mapping"},
		{"no YAML", "a: [", refusedFormat, "it cannot be read"},
		{"another kind", `{"apiVersion":"v1","kind":"Pod"}`, refusedFormat, "it is no kubeconfig"},
		{"another version", `{"apiVersion":"v2","kind":"Config"}`, refusedFormat, "what it means is not known"},
		{"no current context", fmt.Sprintf(whole, `""`, `"c"`, `"u"`), refusedContext, "one context is not guessed"},
		{"unknown context", fmt.Sprintf(whole, `"y"`, `"c"`, `"u"`), refusedContext, "it is not there"},
		{"unknown cluster", fmt.Sprintf(whole, `"x"`, `"d"`, `"u"`), refusedCluster, "it is not there"},
		{"no cluster", fmt.Sprintf(whole, `"x"`, `""`, `"u"`), refusedCluster, "it is not there"},
		{"unknown user", fmt.Sprintf(whole, `"x"`, `"c"`, `"v"`), refusedUser, "a typing error is not anonymity"},
		{"no user", fmt.Sprintf(whole, `"x"`, `"c"`, `""`), refusedUser, "kubectl refuses it, too"},
		{"too large", strings.Repeat("#", maxKubeconfigBytes+1), refusedSize, "it is not even looked at"},
		{"aliases", "a: &a x\nb: *a\n", refusedAliases, "they can be gigabytes"},
		{"merged aliases", "a: &a {x: y}\nb: {<<: *a}\n", refusedAliases, "they can be gigabytes"},
		{"aliases of a long text", "a: &a " + strings.Repeat("x", maxKubeconfigBytes/2) + "\nb: [" +
			strings.Repeat("*a,", maxKubeconfigBytes/10) + "]\n", refusedAliases, "it would be 3 GB"},
		{"deep", strings.Repeat("[", maxKubeconfigBytes), refusedFormat, "it would take a stack as deep"},
	} {
		t.Run(row.name, func(t *testing.T) {
			_, refusal := Screen([]byte(row.content), Options{})
			if refusal == nil || *refusal != row.refusal {
				t.Errorf("refused because %v; want %v: %s", refusal, &row.refusal, row.reason)
			}
		})
	}
}

func TestScreenAccepts(t *testing.T) {
	certificate, key := keyPair(t)
	for _, row := range []struct {
		name, server string
		change       func(*api.Cluster, *api.AuthInfo)
		options      Options
		host         string
		reason       string
	}{
		{"token", "https://c:6443", nil, Options{}, "https://c:6443", "what Kommander 1.x writes"},
		{"path", "https://rancher/k8s/clusters/c-1", nil, Options{}, "https://rancher/k8s/clusters/c-1",
			"API servers can be below a path"},
		{"IPv6", "https://[2001:db8::1]:6443", nil, Options{}, "https://[2001:db8::1]:6443", "it is an address like others"},
		{"client certificate", "https://c", func(c *api.Cluster, u *api.AuthInfo) {
			c.CertificateAuthorityData, u.Token = certificate, ""
			u.ClientCertificateData, u.ClientKeyData = certificate, key
		}, Options{}, "https://c", "what kubeadm and Cluster API write"},
		{"password", "https://c", func(_ *api.Cluster, u *api.AuthInfo) {
			u.Token, u.Username, u.Password = "", "admin", secretPassword
		}, Options{}, "https://c", "API servers before 1.19 know passwords"},
		{"anonymous", "https://c", func(_ *api.Cluster, u *api.AuthInfo) { u.Token = "" }, Options{}, "https://c",
			"it lends nothing"},
		{"server name", "https://c", func(c *api.Cluster, _ *api.AuthInfo) { c.TLSServerName = "kubernetes" },
			Options{}, "https://c", "the certificate is checked all the same"},
		{"proxy", "https://c", func(c *api.Cluster, _ *api.AuthInfo) { c.ProxyURL = "http://u:p@tunnel:3128/" },
			Options{AllowProxy: true}, "https://c", "Kommander 1.4's tunnels need it"},
	} {
		t.Run(row.name, func(t *testing.T) {
			config := screen(t, kubeconfig(t, row.server, row.change), row.options)
			if config.Host != row.host {
				t.Errorf("the host is %s, want %s", config.Host, row.host)
			}
			if _, err := rest.HTTPClientFor(config); err != nil {
				t.Errorf("no client can be made: %v: %s", err, row.reason)
			}
		})
	}
}

func TestScreenIgnoresOtherContexts(t *testing.T) {
	content := `{"current-context":"x",
		"contexts":[{"name":"x","context":{"cluster":"c","user":"u"}},{"name":"y","context":{"cluster":"d","user":"v"}}],
		"clusters":[{"name":"c","cluster":{"server":"https://c"}},{"name":"d","cluster":{"server":"http://d"}}],
		"users":[{"name":"u","user":{"token":"t"}},{"name":"v","user":{"exec":{"command":"x"},"tokenFile":"/t"}}]}`
	if config := screen(t, []byte(content), Options{}); config.Host != "https://c" || config.BearerToken != "t" {
		t.Errorf("the configuration is not that of the current context: %v", config)
	}
}

func TestConfigurationIsBounded(t *testing.T) {
	config := screen(t, kubeconfig(t, "https://c", nil), Options{})
	for name, bounded := range map[string]bool{
		"rate":       config.QPS > 0 && config.Burst > 0,
		"warnings":   config.WarningHandler == rest.NoWarnings{},
		"user agent": config.UserAgent == "support-policy-operator",
		"dial":       config.Dial != nil,
		"no timeout": config.Timeout == 0, // it would end watches
	} {
		if !bounded {
			t.Errorf("%s is not what it should be", name)
		}
	}
	if proxy, err := config.Proxy(&http.Request{URL: mustParse(t, "https://c")}); proxy != nil || err != nil {
		t.Errorf("there is a proxy: %v, %v", proxy, err)
	}
	trust := own(t, config).http1.TLSClientConfig
	if trust.MinVersion != tls.VersionTLS12 || trust.InsecureSkipVerify {
		t.Error("TLS is weaker than it should be")
	}
}

// Everybody's connections are their own, also where the kubeconfigs are the same.
func TestConfigurationsShareNothing(t *testing.T) {
	content := kubeconfig(t, "https://c", nil)
	one, other := screen(t, content, Options{}), screen(t, content, Options{})
	if one.Transport == other.Transport {
		t.Error("two configurations have the same transport")
	}
	client, err := rest.HTTPClientFor(one)
	must(t, err)
	again, err := rest.HTTPClientFor(rest.CopyConfig(one))
	must(t, err)
	if innermost(client.Transport) != innermost(again.Transport) {
		t.Error("two clients of one configuration have different transports")
	}
}

func innermost(outer http.RoundTripper) http.RoundTripper {
	for {
		wrapper, ok := outer.(interface{ WrappedRoundTripper() http.RoundTripper })
		if !ok {
			return outer
		}
		outer = wrapper.WrappedRoundTripper()
	}
}

func TestNothingIsRun(t *testing.T) {
	proof := filepath.Join(t.TempDir(), "run")
	content := kubeconfig(t, "https://c", func(_ *api.Cluster, u *api.AuthInfo) {
		u.Token = ""
		u.Exec = &api.ExecConfig{
			Command: "/bin/sh", Args: []string{"-c", "touch " + proof}, APIVersion: "client.authentication.k8s.io/v1",
			InteractiveMode: api.NeverExecInteractiveMode,
		}
	})
	if _, refusal := Screen(content, Options{AllowProxy: true, AllowLoopback: true}); refusal == nil {
		t.Error("exec is accepted")
	}
	if _, err := os.Stat(proof); err == nil {
		t.Error("the program was run")
	}
}

// The operator's own kubeconfig, which the environment names, does not take the place of an empty one.
func TestEnvironmentIsNotRead(t *testing.T) {
	file := filepath.Join(t.TempDir(), "kubeconfig")
	must(t, os.WriteFile(file, kubeconfig(t, "https://own", nil), 0o600))
	t.Setenv("KUBECONFIG", file)
	if config, refusal := Screen(nil, Options{}); refusal == nil {
		t.Errorf("accepted as %v", config)
	}
}

// seeds are kubeconfigs as they are found, each with secrets.
func seeds(t testing.TB) [][]byte {
	certificate, key := keyPair(t)
	encode := base64.StdEncoding.EncodeToString
	of := func(cluster, user string) []byte {
		return []byte("apiVersion: v1\nkind: Config\npreferences: {}\ncurrent-context: x\ncontexts:\n- name: x\n" +
			"  context: {cluster: c, user: u, namespace: default}\nclusters:\n- name: c\n  cluster:\n" + cluster +
			"users:\n- name: u\n  user:\n" + user)
	}
	ca := "    certificate-authority-data: " + encode(certificate) + "\n"
	return [][]byte{
		of(ca+"    server: https://127.0.0.1:34567\n", // kind
			"    client-certificate-data: "+encode(certificate)+"\n    client-key-data: "+encode(key)+"\n"),
		of(ca+"    server: https://ABC.gr7.us-west-2.eks.amazonaws.com\n", // EKS
			"    exec:\n      apiVersion: client.authentication.k8s.io/v1beta1\n      command: aws\n"+
				"      args: [eks, get-token, --cluster-name, "+secretPassword+"]\n"+
				"      env: [{name: AWS_PROFILE, value: "+secretToken+"}]\n"),
		of(ca+"    server: https://35.1.2.3\n", // GKE
			"    auth-provider:\n      name: gcp\n      config:\n        access-token: "+secretToken+"\n"+
				"        cmd-path: /usr/bin/gcloud\n        cmd-args: config config-helper\n"),
		of(ca+"    server: https://abc.us-west-2.elb.amazonaws.com:6443\n", // Kommander 1.x
			"    token: "+secretToken+"\n"),
		of(ca+"    server: https://10.0.0.1:6443\n    tls-server-name: kubernetes\n"+ // a tunnel of Kommander 1.4
			"    proxy-url: http://u:"+secretPassword+"@tunnel.kommander.svc:8080\n", "    token: "+secretToken+"\n"),
		of(ca+"    server: https://prod-apiserver.example.com:6443\n", // Cluster API
			"    client-certificate-data: "+encode(certificate)+"\n    client-key-data: "+encode(key)+"\n"),
		of("    server: http://localhost:8080\n    insecure-skip-tls-verify: true\n", // an old one
			"    username: admin\n    password: "+secretPassword+"\n    as: "+secretToken+"\n"),
	}
}

func FuzzScreen(f *testing.F) {
	for _, seed := range seeds(f) {
		f.Add(seed, false, false)
		f.Add(seed, true, true)
	}
	known := map[Refusal]bool{}
	for _, refusal := range allRefusals() {
		known[refusal] = true
	}
	f.Fuzz(func(t *testing.T, content []byte, proxy, loopback bool) {
		config, refusal := Screen(content, Options{AllowProxy: proxy, AllowLoopback: loopback})
		if (config == nil) == (refusal == nil) {
			t.Fatal("neither a configuration nor a refusal, or both")
		}
		if refusal != nil {
			if !known[*refusal] {
				t.Fatalf("a refusal that is not one of the fixed ones: %v", refusal)
			}
			return
		}
		defer Disconnect(config)
		want := rest.TLSClientConfig{}
		if config.ExecProvider != nil || config.AuthProvider != nil || config.BearerTokenFile != "" ||
			!cmp.Equal(config.TLSClientConfig, want) || !cmp.Equal(config.Impersonate, rest.ImpersonationConfig{}) {
			t.Fatal("the configuration does more than it should")
		}
		server := mustParse(t, config.Host)
		if server.Scheme != "https" || server.Hostname() == "" || server.User != nil {
			t.Fatal("the API server is not reached by HTTPS")
		}
		transport := own(t, config)
		if transport.http1.TLSClientConfig.InsecureSkipVerify || transport.http1.TLSClientConfig.MinVersion < tls.VersionTLS12 {
			t.Fatal("TLS is weaker than it should be")
		}
		if _, err := rest.HTTPClientFor(config); err != nil {
			t.Fatalf("no client can be made: %T", err)
		}
		if chosen, _ := transport.http1.Proxy(&http.Request{URL: server}); chosen != nil && !proxy {
			t.Fatal("there is a proxy that is not allowed")
		}
	})
}

func allRefusals() []Refusal {
	all := []Refusal{
		refusedSize, refusedAliases, refusedFormat, refusedContext, refusedCluster, refusedUser, refusedServer,
		refusedAddress, refusedCA, refusedProxyURL, refusedKeySize, refusedKeyPair,
	}
	for _, check := range checks {
		all = append(all, check.refusal)
	}
	return all
}

// Whatever is done to a kubeconfig, no error says anything of it but the address.
func TestSecretsStayInside(t *testing.T) {
	for _, seed := range seeds(t) {
		for at := 0; at < len(seed); at += 7 {
			for _, changed := range [][]byte{
				seed[:at],
				append(append(bytes.Clone(seed[:at]), "\x00"...), seed[at:]...),
				append(append(bytes.Clone(seed[:at]), "\n- {"...), seed[at:]...),
				append(append(bytes.Clone(seed[:at]), " &"...), seed[at:]...),
			} {
				config, refusal := Screen(changed, Options{AllowProxy: true})
				texts := []string{}
				if refusal != nil {
					texts = append(texts, refusal.Error(), fmt.Sprintf("%+v", refusal), fmt.Sprintf("%#v", refusal))
				} else {
					_, err := rest.HTTPClientFor(config)
					texts = append(texts, fmt.Sprint(err), config.String(), fmt.Sprintf("%#v", config))
				}
				if strings.Contains(strings.Join(texts, "\n"), "SECRET") {
					t.Fatalf("the text has a secret: %q", texts)
				}
			}
		}
	}
}
