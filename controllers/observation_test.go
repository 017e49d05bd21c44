// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/d2iq-labs/support-policy-operator/api/v1alpha1"
	"github.com/d2iq-labs/support-policy-operator/controllers"
	"github.com/d2iq-labs/support-policy-operator/internal/facts"
	"github.com/d2iq-labs/support-policy-operator/test/sandbox"
)

// applyWithStatus applies an object, then its status: what a product's controller would write.
func (w *world) applyWithStatus(manifest string) {
	w.t.Helper()
	w.apply(manifest)
	object := w.decode(manifest)
	err := w.Client.Status().Apply(w.t.Context(), client.ApplyConfigurationFromUnstructured(object),
		client.FieldOwner("product"), client.ForceOwnership)
	must(w.t, err)
}

// The clusters that need it most are old ones, and report versions of all kinds.
func TestKubernetesVersions(t *testing.T) {
	w := newShippedWorld(t, "v1.16.15", "2021-06-01")
	w.apply(hostManifest("", "declaredReleases: [{product: Konvoy, name: default, version: 1.6.3}]"))
	w.start(func(_ *rest.Config, options *controllers.Options) { options.VersionInterval = 50 * time.Millisecond })
	for _, test := range []struct {
		version string
		state   v1alpha1.State
		reason  string
		message string
	}{
		// 1.6 is the last minor of Konvoy that runs it, and the oldest in the window.
		{"v1.16.15", v1alpha1.StateSupported, v1alpha1.ReasonLastInWindow, "as Konvoy 1.6 may run it"},
		{"v1.19.7+d2iq.1", v1alpha1.StateSupported, v1alpha1.ReasonSupported, "as Konvoy 1.8, Konvoy 1.7 may run it"},
		{"v1.18.9-eks-d1db3c", v1alpha1.StateSupported, v1alpha1.ReasonSupported, "as Konvoy 1.8, Konvoy 1.7, Konvoy 1.6 may run it"},
		{"v1.15.12-gke.1900", v1alpha1.StateUnsupported, v1alpha1.ReasonSupportEnded, "ended on 2021-05-05"},
		{"v1.37.2", v1alpha1.StateUnknown, v1alpha1.ReasonNotInPolicy, "newer than every range"},
		{"v1.19.x\a", v1alpha1.StateUnknown, v1alpha1.ReasonUnreadableVersion, `"v1.19.x\a"`},
		{"v1.16.15", v1alpha1.StateSupported, v1alpha1.ReasonLastInWindow, "as Konvoy 1.6 may run it"},
	} {
		w.run(test.version, func(t *testing.T) {
			// The first one it has at its start, the others it learns as it runs.
			w.Front.SetVersion(test.version)
			w.awaitRow(facts.Kubernetes, test.state, test.reason, test.message)
			printed := facts.Printable(test.version)
			host := w.mustHost()
			if got := row(host, facts.Kubernetes, facts.DefaultInstallation); got.Version != printed ||
				got.Evidence != (v1alpha1.Evidence{Source: v1alpha1.SourceServerVersion, Object: "/version", Version: printed}) {
				t.Errorf("the row has %q by %+v", got.Version, got.Evidence)
			}
			if host.Status.KubernetesVersion != printed {
				t.Errorf("status.kubernetesVersion is %q", host.Status.KubernetesVersion)
			}
		})
	}
}

// A restarted operator evaluates what the status holds until it has looked for itself: whatever was found, the status is
// its lossless record. This cluster has everything that is hard to record.
func TestRestartOfAMixedCluster(t *testing.T) {
	w := newShippedWorld(t, "v1.19.9+d2iq.1", "2021-09-01", konvoyNode, kommander122)
	w.apply(bpsAddon("stable-1.19-3.4.1"))
	w.apply(strings.Replace(prometheus, "3.4.1", "3.2.0", 1))
	w.apply(`
apiVersion: kubeaddons.mesosphere.io/v1beta2
kind: Addon
metadata:
  name: dex
  namespace: kubeaddons
  annotations:
    catalog.kubeaddons.mesosphere.io/origin-repository: https://github.com/mesosphere/kubernetes-base-addons
    catalog.kubeaddons.mesosphere.io/origin-repository-version: "master\u0007"
spec: {chartReference: {chart: dex, version: 2.9.12}}
`)
	w.applyWithStatus(`
apiVersion: helm.toolkit.fluxcd.io/v2beta1
kind: HelmRelease
metadata: {name: kommander, namespace: kommander}
spec: {interval: 15s}
status: {lastAppliedRevision: v2.1.0-rc.1}
`)
	w.applyWithStatus(`
apiVersion: dkp.d2iq.io/v1alpha1
kind: KommanderCore
metadata: {name: kommander-core}
spec: {version: v2.1.0}
`)
	w.apply(policyWith("invalid", "Broken", exampleWindow+"  timeZone: Mars"))
	w.apply(fmt.Sprintf(conflicting, "ours", 1, ""))
	w.apply(fmt.Sprintf(conflicting, "theirs", 1, ""))
	w.apply(hostManifest("labels: {stage: prod}", `declaredReleases:
  - {product: Konvoy, name: default, version: 1.7.2}
  - {product: Kommander, name: kommander, version: 1.4.0}
  - {product: Example, name: default, version: 1.0.3}
  - {product: Broken, name: default, version: "1.0\u0000"}
  - {product: Unheard, name: somewhere.else, version: 1.0.0}`))
	w.apply(strings.Replace(hostManifest("", ""), sandbox.Namespace, "team-a", 1))
	w.start()

	rows := map[string]int{}
	for _, r := range w.mustHost().Status.Releases {
		rows[r.Product] += 1 + len(r.OtherEvidence)
	}
	for product, least := range map[string]int{
		facts.Konvoy: 2, facts.Kommander: 5, facts.BasePlatformServices: 3, facts.Kubernetes: 1,
		"Example": 1, "Broken": 1, "Unheard": 1,
	} {
		if rows[product] < least {
			t.Errorf("%d pieces of evidence for %s, expected are %d at least", rows[product], product, least)
		}
	}
	before := w.statuses()
	w.halt()
	w.Front.Reset()
	w.start()
	w.expectNoWrites("a restart")
	w.expectStatuses(before, "a restart")

	// Until the products can be listed, only the status tells of them.
	w.halt()
	w.Front.Reset()
	w.wire.breaks(blind)
	w.launch()
	w.awaitWatches(map[string]int{}, "clustersupports", "supportpolicies")
	w.expectNoWrites("a restart that cannot look at the products")
	w.expectStatuses(before, "a restart that cannot look at the products")
	w.wire.breaks(nil)
	w.awaitWatches(map[string]int{}, watched...)
	w.expectNoWrites("the first look")
	w.expectStatuses(before, "the first look")
}

// blind lets the operator see its own objects only.
func blind(next http.RoundTripper, r *http.Request) (*http.Response, error) {
	for _, resource := range []string{"addons", "clusteraddons", "konvoyclusters", "helmreleases", "kommandercores"} {
		if strings.HasSuffix(r.URL.Path, "/"+resource) {
			return refused(r, http.StatusServiceUnavailable), nil
		}
	}
	return next.RoundTrip(r)
}

// Before the first look at a cluster is complete nothing is known, and that is what the status says.
func TestFirstLook(t *testing.T) {
	w := newShippedWorld(t, "v1.19.9", "2021-03-01", konvoy17, kommander131)
	w.wire.breaks(blind)
	w.launch()
	w.awaitKey(hostKey, func(host *v1alpha1.ClusterSupport) error {
		conditions := host.Status.Conditions
		return errors.Join(
			expect(conditions, v1alpha1.ConditionReady, metav1.ConditionTrue, v1alpha1.ReasonEvaluated),
			expect(conditions, v1alpha1.ConditionReconciling, metav1.ConditionTrue, v1alpha1.ReasonConnecting),
			expect(conditions, v1alpha1.ConditionReachable, metav1.ConditionUnknown, v1alpha1.ReasonNotContacted),
			expect(conditions, v1alpha1.ConditionSupported, metav1.ConditionUnknown, v1alpha1.ReasonNotContacted),
			expect(conditions, v1alpha1.ConditionCompatible, metav1.ConditionUnknown, v1alpha1.ReasonNotContacted),
			expect(conditions, v1alpha1.ConditionExpiringSoon, metav1.ConditionUnknown, v1alpha1.ReasonNotContacted),
			expect(conditions, v1alpha1.ConditionUpgradeRecommended, metav1.ConditionUnknown, v1alpha1.ReasonNotContacted),
		)
	})
	w.expectEvents("before the first look", w.mustHost())
	w.Front.Reset()
	w.wire.breaks(nil)
	w.awaitHost(v1alpha1.ConditionReachable, metav1.ConditionTrue, v1alpha1.ReasonConnected)
	host := w.mustHost()
	check(t, expect(host.Status.Conditions, v1alpha1.ConditionSupported, metav1.ConditionTrue, v1alpha1.ReasonSupported))
	check(t, lacks(host.Status.Conditions, v1alpha1.ConditionReconciling))
	w.settle()
	w.expectOnePatch("the first look")
}

// expectStatuses compares all statuses, byte by byte.
func (w *world) expectStatuses(before map[string]string, what string) {
	w.t.Helper()
	if diff := cmp.Diff(before, w.statuses()); diff != "" {
		w.t.Errorf("%s changes the status (-before +after):\n%s", what, diff)
	}
}
