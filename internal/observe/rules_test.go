// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package observe

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/d2iq-labs/support-policy-operator/internal/detect"
	"github.com/d2iq-labs/support-policy-operator/internal/facts"
	"github.com/d2iq-labs/support-policy-operator/test/fixtures"
	"github.com/d2iq-labs/support-policy-operator/test/front"
)

const (
	operatorVersionObject = `
apiVersion: kudo.dev/v1beta1
kind: OperatorVersion
metadata: {name: cassandra-3.11.7-1.0.2, namespace: default}
spec: {operator: {name: cassandra, kind: Operator}, version: 1.0.2, appVersion: 3.11.7, templates: {x: y}}
`
	instanceObject = `
apiVersion: kudo.dev/v1beta1
kind: Instance
metadata: {name: cassandra, namespace: default, labels: {kudo.dev/operator: cassandra}}
spec: {operatorVersion: {name: cassandra-3.11.7-1.0.2}, parameters: {NODE_COUNT: "3"}}
status: {planStatus: {deploy: {name: deploy, status: COMPLETE}}}
`
)

func TestObserverFollowsKUDO(t *testing.T) {
	cluster := newCluster(t, "v1.19.7", permissions()...)
	cassandra := func(evidence ...string) Snapshot {
		return shows("v1.19.7", fixtures.Found(facts.Cassandra, "default.cassandra", evidence...))
	}
	const object = "Instance/default/cassandra"

	o := observe(t, cluster.config(), Options{})
	o.await("no KUDO", shows("v1.19.7"))
	cluster.install(detect.OperatorVersions)
	cluster.apply(operatorVersionObject)
	cluster.install(detect.Instances)
	cluster.apply(instanceObject)
	o.await("an Instance", cassandra("CustomResource", object, "1.0.2"))

	cluster.apply(strings.ReplaceAll(strings.ReplaceAll(instanceObject, "1.0.2", "1.0.3"), "COMPLETE", "IN_PROGRESS"))
	o.await("an upgrade to a version that is not there yet", cassandra("Declared", object, ""))
	cluster.apply(strings.ReplaceAll(operatorVersionObject, "1.0.2", "1.0.3"))
	o.await("which comes", cassandra("Declared", object, "1.0.3"))
	cluster.apply(strings.ReplaceAll(instanceObject, "1.0.2", "1.0.3"))
	o.await("the upgrade is complete", cassandra("CustomResource", object, "1.0.3"))

	cluster.uninstall(detect.OperatorVersions)
	o.await("without its version", cassandra("CustomResource", object, ""))
	cluster.uninstall(detect.Instances)
	o.await("KUDO is gone", shows("v1.19.7"))
}

const widgetAddon = `
apiVersion: kubeaddons.mesosphere.io/v1beta1
kind: ClusterAddon
metadata:
  name: widget
  labels: {kubeaddons.mesosphere.io/repository-name: acme-addons}
  annotations: {catalog.kubeaddons.mesosphere.io/addon-revision: "1.0.0-1"}
spec: {chartReference: {chart: widget, version: 1.0.0}}
status: {ready: true, stage: deployed}
`

// deployed is a workload as a Helm chart makes it.
func deployed(name, chart, instance string) *appsv1.Deployment {
	labels := map[string]string{"app": name}
	return &appsv1.Deployment{
		ObjectMeta: metav1.ObjectMeta{
			Namespace: "default", Name: name,
			Labels: map[string]string{"helm.sh/chart": chart, "app.kubernetes.io/instance": instance},
		},
		Spec: appsv1.DeploymentSpec{
			Selector: &metav1.LabelSelector{MatchLabels: labels},
			Template: corev1.PodTemplateSpec{
				ObjectMeta: metav1.ObjectMeta{Labels: labels},
				Spec:       corev1.PodSpec{Containers: []corev1.Container{{Name: "a", Image: "a"}}},
			},
		},
	}
}

// blueWidget is what the Deployment widget-api shows, of the version of its chart.
func blueWidget(version string) facts.Installation {
	return fixtures.Found("Widget", "blue", "Label", "Deployment/default/widget-api", version)
}

// asksForWorkloads are requests for what shows Helm charts.
func asksForWorkloads(r front.Request) bool { return r.Group == "apps" }

func TestObserverFollowsRules(t *testing.T) {
	cluster := newCluster(t, "v1.19.7", permissions()...)
	const widget = "Widget"
	cluster.install(detect.ClusterAddons)
	cluster.apply(widgetAddon)
	api := deployed("widget-api", "widget-1.1.0", "blue")
	cluster.make(api)
	cluster.make(deployed("gadget", "gadget-2.0.0", "green"))

	cluster.cable.setInstead(func(r *http.Request) *http.Response {
		isForAll := r.URL.Query().Get("labelSelector") != "helm.sh/chart" || !strings.Contains(r.Header.Get("Accept"), "PartialObjectMetadata")
		if strings.HasPrefix(r.URL.Path, "/apis/apps/") && isForAll {
			t.Errorf("%s asks for more than the labels of what charts have installed", r.URL)
		}
		return nil
	})
	o := observe(t, cluster.config(), Options{})
	o.await("no rules", shows("v1.19.7"))
	o.SetRules(fixtures.Rules(fixtures.ByAddon(widget, "widget")))
	addon := fixtures.Found(widget, "widget", "Annotation", "ClusterAddon/widget", "1.0.0")
	o.await("a rule for an addon", shows("v1.19.7", addon))
	cluster.expectNoRequests("for workloads, which no rule asks for", asksForWorkloads)

	o.SetRules(fixtures.Rules(fixtures.ByAddon(widget, "widget"), fixtures.ByChart("Gadget", "gadget")))
	gadget := fixtures.Found("Gadget", "green", "Label", "Deployment/default/gadget", "2.0.0")
	o.await("a rule for a chart", shows("v1.19.7", gadget, addon))
	cluster.eventually("watch them", func() error {
		if n := cluster.front.Requests(func(r front.Request) bool { return asksForWorkloads(r) && r.Verb == "watch" }); n < 3 {
			return errors.New("too few watches")
		}
		return nil
	})

	// Discovery is asked once more after a definition has come.
	cluster.awaitRest()
	cluster.front.Reset()
	changes := o.changes.Load()
	o.SetRules(fixtures.Rules(fixtures.ByAddon(widget, "widget"), fixtures.ByChart("Gadget", "gadget")))
	api.Spec.Template.Spec.Containers[0].Image = "b"
	must(t, cluster.Update(t.Context(), api))
	time.Sleep(calm)
	cluster.expectNoRequests("at rest, for rules that are the same", nil)
	o.expectNoChanges(changes, "nothing changed that is read")

	o.SetRules(fixtures.Rules(fixtures.ByChart(widget, "widget"), fixtures.ByChart("Gadget", "gadget")))
	o.await("another rule, of what is watched already", shows("v1.19.7", gadget, blueWidget("1.1.0")))
	cluster.expectNoRequests("for what is watched already", nil)
	api.Labels["helm.sh/chart"] = "widget-1.2.0"
	must(t, cluster.Update(t.Context(), api))
	o.await("an upgrade", shows("v1.19.7", gadget, blueWidget("1.2.0")))

	open := cluster.cable.open()
	o.SetRules(fixtures.Rules(fixtures.ByAddon(widget, "widget")))
	o.await("no chart any more", shows("v1.19.7", addon))
	cluster.eventually("end the watches", func() error {
		if n := cluster.cable.open(); n != open-3 {
			return fmt.Errorf("%d of %d requests are open", n, open)
		}
		return nil
	})
	cluster.front.Reset()
	api.Labels["helm.sh/chart"] = "widget-1.3.0"
	must(t, cluster.Update(t.Context(), api))
	time.Sleep(calm)
	cluster.expectNoRequests("after the last rule for a chart has gone", nil)
	o.SetRules(fixtures.Rules(fixtures.ByChart(widget, "widget")))
	o.await("and one comes again", shows("v1.19.7", blueWidget("1.3.0")))
	o.SetRules(nil)
	o.await("no rules", shows("v1.19.7"))
}

func TestObserverWithoutPermissionForWorkloads(t *testing.T) {
	cluster := newCluster(t, "v1.19.7")
	var workloads, others []rbacv1.PolicyRule
	for _, rule := range permissions() {
		if rule.APIGroups[0] == "apps" {
			workloads = append(workloads, rule)
		} else {
			others = append(others, rule)
		}
	}
	cluster.permit(others...)
	cluster.make(deployed("widget-api", "widget-1.1.0", "blue"))

	o := observe(t, cluster.config(), Options{GracePeriod: calm})
	o.SetRules(fixtures.Rules(fixtures.ByChart("Widget", "widget")))
	nothing := shows("v1.19.7", fixtures.Found("Widget", "default",
		"Forbidden", detect.Deployments, "", "Forbidden", detect.StatefulSets, "", "Forbidden", detect.DaemonSets, ""))
	o.await("what may not be looked at may be there", nothing)
	revoke := cluster.permit(workloads...)
	seen := shows("v1.19.7", blueWidget("1.1.0"))
	o.await("permitted", seen)
	cluster.awaitWatches("deployments", "statefulsets", "daemonsets")
	revoke()
	cluster.cable.breakAll()
	o.await("forbidden again", nothing)
}

// TestObserverIsNotCompleteBeforeItsRules has an operator restart: what its last run has found must not be taken for gone.
func TestObserverIsNotCompleteBeforeItsRules(t *testing.T) {
	cluster := newCluster(t, "v1.19.7", permissions()...)
	cluster.make(deployed("widget-api", "widget-1.1.0", "blue"))

	cluster.cable.setInstead(answer500("/statefulsets"))
	o, err := New(cluster.config(), Options{})
	must(t, err)
	o.SetRules(fixtures.Rules(fixtures.ByChart("Widget", "widget")))
	running := start(t, o)
	running.await("all but one resource", Snapshot{Facts: facts.Facts{
		KubernetesVersion: "v1.19.7",
		Installations:     []facts.Installation{blueWidget("1.1.0")},
	}})
	time.Sleep(calm)
	if o.Snapshot().Complete {
		t.Error("complete before all was listed that a rule needs")
	}
	cluster.cable.setInstead(nil)
	running.await("all of them", shows("v1.19.7", blueWidget("1.1.0")))
}

func TestObserverKeepsWhatARuleIsAboutToFind(t *testing.T) {
	cluster := newCluster(t, "v1.19.7", permissions()...)
	cluster.install(detect.ClusterAddons)
	cluster.apply(widgetAddon)
	cluster.make(deployed("widget-api", "widget-1.1.0", "blue"))

	o := observe(t, cluster.config(), Options{})
	o.SetRules(fixtures.Rules(fixtures.ByAddon("Widget", "widget")))
	addon := fixtures.Found("Widget", "widget", "Annotation", "ClusterAddon/widget", "1.0.0")
	o.await("a rule", shows("v1.19.7", addon))

	cluster.cable.setInstead(answer500("/deployments"))
	o.SetRules(fixtures.Rules(fixtures.ByChart("Widget", "widget")))
	cluster.awaitRequest("ask for workloads", func(r front.Request) bool { return r.Resource == "daemonsets" })
	time.Sleep(calm)
	o.await("while the other rule has not seen what it needs", shows("v1.19.7", addon))
	cluster.cable.setInstead(nil)
	o.await("it has", shows("v1.19.7", blueWidget("1.1.0")))
}

// TestObserverSurvivesAnAPIServerWithoutWorkloads has one that has just started.
func TestObserverSurvivesAnAPIServerWithoutWorkloads(t *testing.T) {
	cluster := newCluster(t, "v1.19.7", permissions()...)
	cluster.make(deployed("widget-api", "widget-1.1.0", "blue"))

	var clock skippingClock
	o := observe(t, cluster.config(), Options{GracePeriod: longGrace, Clock: &clock})
	o.SetRules(fixtures.Rules(fixtures.ByChart("Widget", "widget")))
	want := shows("v1.19.7", blueWidget("1.1.0"))
	o.await("a chart", want)
	cluster.awaitWatches("deployments", "statefulsets", "daemonsets")
	cluster.awaitRest()
	changes := o.changes.Load()
	var refused atomic.Int64
	apps := outage{path: "/apis/apps/v1"}
	cluster.cable.setInstead(func(request *http.Request) *http.Response {
		response := apps.answer(request)
		if response != nil {
			refused.Add(1)
		}
		return response
	})
	cluster.cable.breakAll()
	cluster.eventually("ask in vain", func() error {
		if n := refused.Load(); n < 3 {
			return fmt.Errorf("%d requests", n)
		}
		return nil
	})
	time.Sleep(calm)
	o.expectNoChanges(changes, "the API server restarted")
	clock.skip(longGrace)
	o.await("an API server without them", shows("v1.19.7"))
	cluster.cable.setInstead(nil)
	o.await("and with them again", want)
}

// TestSetRulesKeepsNothingOfItsCaller has the rules changed behind the observer's back.
func TestSetRulesKeepsNothingOfItsCaller(t *testing.T) {
	state, _ := newTestState()
	given := fixtures.Rules(fixtures.ByAddon("Widget", "widget"))
	if !state.setRules(given) || state.setRules(fixtures.Rules(fixtures.ByAddon("Widget", "widget"))) {
		t.Error("rules are new once, and then the same")
	}
	given[0].Addon.Name = "gadget"
	if diff := cmp.Diff(fixtures.Rules(fixtures.ByAddon("Widget", "widget")), state.rules); diff != "" {
		t.Errorf("the rules have changed\n-want +got:\n%s", diff)
	}
	if !state.setRules(given) {
		t.Error("other rules are new")
	}
}
