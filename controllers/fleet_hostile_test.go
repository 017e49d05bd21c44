// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"bytes"
	"cmp"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/client-go/tools/clientcmd/api"

	"github.com/d2iq-labs/support-policy-operator/api/v1alpha1"
)

// remoteText is in all that hostile clusters send.
const remoteText = "REMOTE-3b77"

// hostileAnswers are servers that behave in their own ways, with the reason that is given for them; empty for those that
// take longer to be given up than a test does.
var hostileAnswers = []struct {
	name, reason string
	answer       http.HandlerFunc
	change       func(*httptest.Server)
}{
	{name: "never-answers", answer: func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }},
	{name: "drips", answer: func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, `{"gitVersion": "`+remoteText)
		_ = http.NewResponseController(w).Flush()
		<-r.Context().Done()
	}},
	{name: "fails", reason: v1alpha1.ReasonFailing, answer: status(http.StatusInternalServerError)},
	{name: "refuses", reason: v1alpha1.ReasonUnauthorized, answer: status(http.StatusUnauthorized)},
	{name: "redirects", reason: v1alpha1.ReasonRedirected, answer: func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Location", "https://"+remoteText+".example")
		w.WriteHeader(http.StatusFound)
	}},
	{name: "talks", reason: v1alpha1.ReasonGarbage, answer: func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, remoteText) }},
	{name: "speaks-no-http", reason: v1alpha1.ReasonGarbage, answer: func(w http.ResponseWriter, _ *http.Request) {
		conn, _, err := http.NewResponseController(w).Hijack()
		if err == nil {
			fmt.Fprint(conn, remoteText+" nonsense\r\n\r\n")
			_ = conn.Close()
		}
	}, change: func(s *httptest.Server) { s.EnableHTTP2 = false }},
}

// status answers with a code and with words of its own wherever words may be.
func status(code int) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Warning", `299 - "`+remoteText+`"`)
		w.Header().Set("Audit-Id", remoteText)
		w.WriteHeader(code)
		_ = json.NewEncoder(w).Encode(metav1.Status{
			TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "Status"}, Status: metav1.StatusFailure, Code: int32(code),
			Reason: metav1.StatusReason(remoteText), Message: remoteText,
			Details: &metav1.StatusDetails{Name: remoteText, Causes: []metav1.StatusCause{{Message: remoteText}}},
		})
	}
}

// attachHostile attaches all of them, one with a certificate that does not fit the kubeconfig, and one that accepts
// connections and says nothing. The function that it returns checks what their statuses say.
func attachHostile(w *world) func(*testing.T) {
	serve := func(name string, answer http.HandlerFunc, change func(*httptest.Server), authority *x509.Certificate) *x509.Certificate {
		server := httptest.NewUnstartedServer(answer)
		server.EnableHTTP2 = true
		server.Config.ErrorLog = log.New(io.Discard, "", 0)
		if change != nil {
			change(server)
		}
		server.StartTLS()
		w.test.Cleanup(func() { server.CloseClientConnections(); server.Close() })
		w.attachHostile(name, server.URL, cmp.Or(authority, server.Certificate()))
		return server.Certificate()
	}
	var authority *x509.Certificate
	for _, row := range hostileAnswers {
		authority = serve(row.name, row.answer, row.change, nil)
	}
	serve("impostor", status(http.StatusOK), func(s *httptest.Server) {
		s.TLS = &tls.Config{Certificates: []tls.Certificate{impostor(w.t)}, MinVersion: tls.VersionTLS12}
	}, authority)
	var listen net.ListenConfig
	silent, err := listen.Listen(w.test.Context(), "tcp", "127.0.0.1:0")
	must(w.t, err)
	// The machine accepts connections that the program does not.
	w.test.Cleanup(func() { _ = silent.Close() })
	w.attachHostile("silent", "https://"+silent.Addr().String(), authority)
	return func(*testing.T) {
		for _, row := range hostileAnswers {
			if row.reason != "" {
				w.await(row.name, v1alpha1.ConditionReachable, metav1.ConditionFalse, row.reason)
			}
		}
		w.await("impostor", v1alpha1.ConditionReachable, metav1.ConditionFalse, v1alpha1.ReasonCertificateInvalid)
	}
}

func (w *world) attachHostile(name, server string, authority *x509.Certificate) {
	w.t.Helper()
	config := api.NewConfig()
	config.Clusters["c"] = &api.Cluster{
		Server: server, CertificateAuthorityData: pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: authority.Raw}),
	}
	config.AuthInfos["u"] = &api.AuthInfo{Token: secretText}
	config.Contexts["x"] = &api.Context{Cluster: "c", AuthInfo: "u"}
	config.CurrentContext = "x"
	kubeconfig, err := clientcmd.Write(*config)
	must(w.t, err)
	w.store(in(name), map[string][]byte{"kubeconfig": kubeconfig})
	w.apply(byHand(workspace, name, "{kubeconfigSecret: {name: "+name+"}}"))
}

// fragments show that a secret was printed: a piece of its longest line as it is, and all ways in which that can
// be part of base64.
func fragments(secret []byte) []string {
	const length = 48
	line := slices.MaxFunc(bytes.Split(secret, []byte("\n")), func(a, b []byte) int { return len(a) - len(b) })
	piece := line[(len(line)-length)/2:][:length]
	all := []string{string(piece)}
	for offset := range 3 {
		all = append(all, base64.StdEncoding.EncodeToString(piece[offset:])[:length-4])
	}
	return all
}

// impostor is a self-signed certificate for names of its own.
func impostor(t *testing.T) tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: remoteText, Organization: []string{remoteText}},
		DNSNames: []string{remoteText + ".example"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	must(t, err)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

// expectNotLeaked checks that none of these is in what the operator has asked the API server to write, in what is stored
// there, or in a log.
func (w *world) expectNotLeaked(texts []string) {
	w.t.Helper()
	stored := w.kubectl("get", "supportpolicies,clustersupports,events", "-A", "-o", "yaml")
	// Each has what shows that it is the right thing to search.
	for _, output := range []struct{ where, text, has string }{
		{"the API server", stored, v1alpha1.ReasonRedirected},
		{"a request", w.wire.wrote(), v1alpha1.ReasonInsecureKubeconfig},
		{"the log", w.log.text(), "The kubeconfig is refused"},
		{"a log of others", otherLogs.text(), ""},
	} {
		if !strings.Contains(output.text, output.has) {
			w.t.Errorf("%s has nothing of %s", output.where, output.has)
		}
		for _, text := range texts {
			if at := strings.Index(output.text, text); at >= 0 {
				w.t.Errorf("%s shows %q: %s", output.where, text, output.text[max(0, at-200):min(len(output.text), at+100)])
			}
		}
	}
	if slices.ContainsFunc(texts, func(text string) bool { return len(text) < len(remoteText) }) {
		w.t.Errorf("too short to be searched for: %q", texts)
	}
}
