// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd/api"

	"github.com/d2iq-labs/support-policy-operator/api/v1alpha1"
	"github.com/d2iq-labs/support-policy-operator/controllers"
)

// secretText is in all secrets of the kubeconfigs of these tests.
const secretText = "SECRET-8f1d"

// refusedKubeconfigs are what is refused, with the field, and the beginning of what is said about it.
var refusedKubeconfigs = []struct {
	name           string
	change         func(*api.Cluster, *api.AuthInfo)
	reason, begins string
}{
	{"a program to run", func(_ *api.Cluster, u *api.AuthInfo) {
		u.Exec = &api.ExecConfig{
			APIVersion: "client.authentication.k8s.io/v1", Command: "sh", Args: []string{secretText}, InteractiveMode: api.NeverExecInteractiveMode,
		}
	}, v1alpha1.ReasonInsecureKubeconfig, "exec runs a program"},
	{"a plugin", func(_ *api.Cluster, u *api.AuthInfo) {
		u.AuthProvider = &api.AuthProviderConfig{Name: "gcp", Config: map[string]string{"access-token": secretText}}
	}, v1alpha1.ReasonInsecureKubeconfig, "auth-provider is not accepted"},
	{"a server that is not verified", func(c *api.Cluster, _ *api.AuthInfo) { c.InsecureSkipTLSVerify, c.CertificateAuthorityData = true, nil },
		v1alpha1.ReasonInsecureKubeconfig, "insecure-skip-tls-verify is not accepted"},
	{"an authority in a file", func(c *api.Cluster, _ *api.AuthInfo) { c.CertificateAuthority = "/etc/passwd" },
		v1alpha1.ReasonInsecureKubeconfig, "certificate-authority names a file"},
	{"a certificate in a file", func(_ *api.Cluster, u *api.AuthInfo) { u.ClientCertificate = "/etc/passwd" },
		v1alpha1.ReasonInsecureKubeconfig, "client-certificate names a file"},
	{"a key in a file", func(_ *api.Cluster, u *api.AuthInfo) { u.ClientKey = "/etc/passwd" }, v1alpha1.ReasonInsecureKubeconfig, "client-key names a file"},
	{"the operator's own token", func(_ *api.Cluster, u *api.AuthInfo) {
		u.Token, u.TokenFile = "", "/var/run/secrets/kubernetes.io/serviceaccount/token"
	}, v1alpha1.ReasonInsecureKubeconfig, "tokenFile names a file"},
	{"another user's name", func(_ *api.Cluster, u *api.AuthInfo) { u.Impersonate = secretText }, v1alpha1.ReasonInsecureKubeconfig, "as is impersonation"},
	{"another user's UID", func(_ *api.Cluster, u *api.AuthInfo) { u.ImpersonateUID = secretText }, v1alpha1.ReasonInsecureKubeconfig, "as-uid is impersonation"},
	{"another user's groups", func(_ *api.Cluster, u *api.AuthInfo) { u.ImpersonateGroups = []string{secretText} },
		v1alpha1.ReasonInsecureKubeconfig, "as-groups is impersonation"},
	{"more about another user", func(_ *api.Cluster, u *api.AuthInfo) {
		u.ImpersonateUserExtra = map[string][]string{"a": {secretText}}
	}, v1alpha1.ReasonInsecureKubeconfig, "as-user-extra is impersonation"},
	{"a proxy", func(c *api.Cluster, _ *api.AuthInfo) { c.ProxyURL = "http://u:" + secretText + "@proxy:3128" },
		v1alpha1.ReasonInsecureKubeconfig, "proxy-url is not accepted"},
	{"a server without TLS", func(c *api.Cluster, _ *api.AuthInfo) { c.Server = "http://" + secretText + ":8080" },
		v1alpha1.ReasonInsecureKubeconfig, "server is not the URL"},
	{"a password in the address", func(c *api.Cluster, _ *api.AuthInfo) {
		c.Server = strings.Replace(c.Server, "https://", "https://u:"+secretText+"@", 1)
	}, v1alpha1.ReasonInsecureKubeconfig, "server may have a host"},
	{"an authority that is none", func(c *api.Cluster, _ *api.AuthInfo) { c.CertificateAuthorityData = []byte(secretText) },
		v1alpha1.ReasonInvalidKubeconfig, "certificate-authority-data has no certificate"},
	{"a key that is none", func(_ *api.Cluster, u *api.AuthInfo) {
		u.ClientCertificateData, u.ClientKeyData = []byte(secretText), []byte(secretText)
	}, v1alpha1.ReasonInvalidKubeconfig, "client-certificate-data and client-key-data"},
	{"a key that is too large", func(_ *api.Cluster, u *api.AuthInfo) {
		u.ClientCertificateData, u.ClientKeyData = []byte(secretText), []byte(strings.Repeat(secretText, 4096))
	}, v1alpha1.ReasonInvalidKubeconfig, "client-key-data or client-certificate-data is larger"},
	{"a token of two lines", func(_ *api.Cluster, u *api.AuthInfo) { u.Token = "a\r\n" + secretText }, v1alpha1.ReasonInvalidKubeconfig, "token has characters"},
	{"a token and a password", func(_ *api.Cluster, u *api.AuthInfo) { u.Password = secretText }, v1alpha1.ReasonInvalidKubeconfig, "token stands beside"},
}

// refusedFiles are those of which the whole is refused.
var refusedFiles = []struct{ name, content, begins string }{
	{"no kubeconfig", "{" + secretText, "kubeconfig cannot be read"},
	{"a large one", "# " + strings.Repeat(secretText, 30_000), "kubeconfig is larger"},
	{"one with aliases", "a: &a " + secretText + "\nb: *a\n", "kubeconfig has YAML aliases"},
	{"one without a context", "{apiVersion: v1, kind: Config, users: [{name: u, user: {token: " + secretText + "}}]}", "current-context does not name"},
	{
		"one whose context has no cluster", "{apiVersion: v1, kind: Config, current-context: x, contexts: [{name: x, context: {cluster: " +
			secretText + ", user: u}}]}", "cluster of the current context",
	},
	{
		"one whose context has no user", "{apiVersion: v1, kind: Config, current-context: x, contexts: [{name: x, context: {cluster: c, user: " +
			secretText + "}}], clusters: [{name: c, cluster: {server: \"https://c\"}}]}", "user of the current context",
	},
}

// obstacles are references that lead to no kubeconfig. Nothing is wrong with such an object itself.
var obstacles = []struct {
	name, cluster string
	namespace     string
	reason        string
	message       []string
}{
	{"no-secret", "{kubeconfigSecret: {name: no-such}}", workspace, v1alpha1.ReasonSecretMissing, []string{"workspace-a/no-such", "create it"}},
	{"no-key", "{kubeconfigSecret: {name: odd}}", workspace, v1alpha1.ReasonKubeconfigMissing, []string{"workspace-a/odd, kubeconfig or value"}},
	{"other-key", "{kubeconfigSecret: {name: one-kubeconfig, key: other}}", workspace, v1alpha1.ReasonKubeconfigMissing,
		[]string{"workspace-a/one-kubeconfig, other"}},
	{"not-allowed", "{kubeconfigSecret: {name: one-kubeconfig}}", "team-a", v1alpha1.ReasonSecretNotAllowed,
		[]string{"team-a/one-kubeconfig", "--kubeconfig-namespaces"}},
	{"no-description", "{kommanderCluster: {name: no-such}}", workspace, v1alpha1.ReasonKommanderClusterMissing,
		[]string{"KommanderCluster/workspace-a/no-such"}},
	{"not-made", "{clusterAPICluster: {name: no-such}}", workspace, v1alpha1.ReasonClusterAPIClusterMissing, []string{"Cluster/workspace-a/no-such"}},
	{"half-described", "{kommanderCluster: {name: half}}", workspace, v1alpha1.ReasonSecretMissing,
		[]string{"KommanderCluster/workspace-a/half names no Secret"}},
}

// hurrying has the operator read Secrets again and again.
func hurrying(config *rest.Config, options *controllers.Options) {
	attaching(config, options)
	options.SecretInterval = 100 * time.Millisecond
}

// A kubeconfig is used, or refused with the name of the field, and never shown. No cluster delays another one.
func TestKubeconfigs(t *testing.T) {
	w := newFleetWorld(t, "v1.20.13", "2021-10-01")
	w.applyShipped()
	first, second := w.newRemote(0, "v1.19.9"), w.newRemote(1, "v1.20.13")
	first.apply(konvoy17)
	secrets := []string{secretText}
	good := first.kubeconfig("kubeconfigs", func(c *api.Cluster, u *api.AuthInfo) {
		secrets = append(secrets, fragments(c.CertificateAuthorityData)...)
		secrets = append(secrets, fragments([]byte(u.Token))...)
	})
	secrets = append(secrets, fragments(good)...)
	w.store(in("one-kubeconfig"), map[string][]byte{"kubeconfig": good})
	w.store(in("odd"), map[string][]byte{"config": good})
	w.attach("one")
	w.applyWithStatus(described(workspace, "half", "status: {phase: Joined}"))
	for _, row := range obstacles {
		w.apply(byHand(row.namespace, row.name, row.cluster))
	}
	w.start(hurrying)
	before := w.awaitConnected("one")

	for _, row := range obstacles {
		w.run("obstacle "+row.name, func(*testing.T) {
			w.awaitKey(types.NamespacedName{Namespace: row.namespace, Name: row.name}, func(object *v1alpha1.ClusterSupport) error {
				conditions := object.Status.Conditions
				return errors.Join(
					says(conditions, v1alpha1.ConditionReachable, metav1.ConditionFalse, row.reason, row.message...),
					expect(conditions, v1alpha1.ConditionReady, metav1.ConditionTrue, v1alpha1.ReasonEvaluated),
					expect(conditions, v1alpha1.ConditionSupported, metav1.ConditionUnknown, v1alpha1.ReasonNotContacted),
					lacks(conditions, v1alpha1.ConditionStalled),
				)
			})
		})
	}

	isRefused := func(reason, begins string) func(*testing.T) {
		return func(t *testing.T) {
			var got *v1alpha1.ClusterSupport
			for kind, status := range map[string]metav1.ConditionStatus{
				v1alpha1.ConditionStalled:   metav1.ConditionTrue,
				v1alpha1.ConditionReady:     metav1.ConditionFalse,
				v1alpha1.ConditionReachable: metav1.ConditionFalse,
			} {
				got = w.awaitCluster("one", func(object *v1alpha1.ClusterSupport) error {
					err := says(object.Status.Conditions, kind, status, reason, begins)
					if found := meta.FindStatusCondition(object.Status.Conditions, kind); err == nil && !strings.HasPrefix(found.Message, begins) {
						err = fmt.Errorf("%s says %s", kind, found.Message)
					}
					return err
				})
			}
			check(t, sameVerdict(before, got))
		}
	}
	for i, row := range refusedKubeconfigs {
		w.store(in("one-kubeconfig"), map[string][]byte{"kubeconfig": first.kubeconfig("kubeconfigs", row.change)})
		w.run("refused is "+row.name, isRefused(row.reason, row.begins))
		if i == 0 {
			first.Front.Reset()
		}
	}
	for _, row := range refusedFiles {
		w.store(in("one-kubeconfig"), map[string][]byte{"kubeconfig": []byte(row.content)})
		w.run("refused is "+row.name, isRefused(v1alpha1.ReasonInvalidKubeconfig, row.begins))
	}
	if n := first.Front.Requests(nil); n > 0 {
		t.Errorf("%d requests with kubeconfigs that are refused", n)
	}

	w.run("another one is used", func(t *testing.T) {
		for _, name := range []string{"one-kubeconfig", "no-such", "odd"} {
			w.store(in(name), map[string][]byte{"kubeconfig": good})
		}
		for _, name := range []string{"one", "no-secret", "no-key"} {
			got := w.awaitConnected(name)
			check(t,
				lacks(got.Status.Conditions, v1alpha1.ConditionStalled),
				expect(got.Status.Conditions, v1alpha1.ConditionReady, metav1.ConditionTrue, v1alpha1.ReasonEvaluated),
			)
		}
	})

	w.run("hostile clusters delay no other", func(t *testing.T) {
		hostile := attachHostile(w)
		second.lend("healthy-kubeconfig", "kubeconfig", "healthy")
		w.attach("healthy")
		w.awaitConnected("healthy")
		for _, version := range []string{"1.7.2", "1.7.5"} {
			second.apply(strings.ReplaceAll(konvoy17, "1.7.2", version))
			w.awaitKonvoy("healthy", version)
		}
		hostile(t)
		// An operator that waits for a hostile cluster fails to end in its grace period.
		w.halt()
	})

	w.run("nothing of it is shown", func(*testing.T) { w.expectNotLeaked(append(secrets, remoteText)) })
}

// says is expect, with texts that the message has to have.
func says(conditions []metav1.Condition, kind string, status metav1.ConditionStatus, reason string, texts ...string) error {
	if err := expect(conditions, kind, status, reason); err != nil {
		return err
	}
	message := meta.FindStatusCondition(conditions, kind).Message
	for _, text := range texts {
		if !strings.Contains(message, text) {
			return fmt.Errorf("%s does not say %q: %s", kind, text, message)
		}
	}
	return nil
}

// lacks is for a condition that is present only while it is True.
func lacks(conditions []metav1.Condition, kind string) error {
	if found := meta.FindStatusCondition(conditions, kind); found != nil {
		return fmt.Errorf("%s is %s: %s", kind, found.Status, found.Message)
	}
	return nil
}
