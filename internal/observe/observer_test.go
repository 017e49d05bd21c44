// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package observe

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"runtime"
	"runtime/pprof"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"
	"k8s.io/utils/clock"
	"k8s.io/utils/ptr"

	"github.com/d2iq-labs/support-policy-operator/api/v1alpha1"
	"github.com/d2iq-labs/support-policy-operator/internal/contact"
	"github.com/d2iq-labs/support-policy-operator/internal/detect"
	"github.com/d2iq-labs/support-policy-operator/internal/facts"
	"github.com/d2iq-labs/support-policy-operator/test/fixtures"
	"github.com/d2iq-labs/support-policy-operator/test/front"
)

// permissions are all that an observer needs beside what every account may do (system:discovery).
func permissions() []rbacv1.PolicyRule {
	watch := []string{"list", "watch"}
	return []rbacv1.PolicyRule{
		{APIGroups: []string{"apiextensions.k8s.io"}, Resources: []string{"customresourcedefinitions"}, Verbs: watch},
		{APIGroups: []string{"kubeaddons.mesosphere.io"}, Resources: []string{"addons", "clusteraddons"}, Verbs: watch},
		{APIGroups: []string{"kommander.mesosphere.io"}, Resources: []string{"konvoyclusters"}, Verbs: watch},
		{APIGroups: []string{"helm.toolkit.fluxcd.io"}, Resources: []string{"helmreleases"}, Verbs: watch},
		{APIGroups: []string{"dkp.d2iq.io"}, Resources: []string{"kommandercores"}, Verbs: watch},
		{APIGroups: []string{"kudo.dev"}, Resources: []string{"instances", "operatorversions"}, Verbs: watch},
		{APIGroups: []string{"apps"}, Resources: []string{"deployments", "statefulsets", "daemonsets"}, Verbs: watch},
		{APIGroups: []string{""}, Resources: []string{"nodes"}, Verbs: []string{"list"}},
		{APIGroups: []string{""}, Resources: []string{"namespaces"}, Verbs: []string{"get"}},
	}
}

const (
	certManager = `
apiVersion: kubeaddons.mesosphere.io/v1beta1
kind: ClusterAddon
metadata:
  name: cert-manager
  labels:
    kubeaddons.mesosphere.io/name: cert-manager
    kubeaddons.mesosphere.io/repository-name: mesosphere-kubernetes-base-addons
    kubeaddons.mesosphere.io/repository-ref: stable-1.19-3.2.0
  annotations:
    catalog.kubeaddons.mesosphere.io/addon-revision: "1.0.3-7"
spec: {namespace: cert-manager, chartReference: {chart: cert-manager-setup, version: 0.2.7}}
status: {ready: true, stage: deployed}
`
	kommanderAddonObject = `
apiVersion: kubeaddons.mesosphere.io/v1beta1
kind: ClusterAddon
metadata:
  name: kommander
  annotations:
    catalog.kubeaddons.mesosphere.io/addon-revision: "1.3.0-40"
    appversion.kubeaddons.mesosphere.io/kommander: "1.3.0"
spec: {namespace: kommander, chartReference: {chart: kommander, version: 0.13.35, values: "secret"}}
status: {ready: true, stage: deployed}
`
	konvoyClusterObject = `
apiVersion: kommander.mesosphere.io/v1beta1
kind: KonvoyCluster
metadata: {name: prod, namespace: konvoy}
spec:
  cluster: {version: v1.7.2, kubernetes: {version: 1.19.9}}
  provisioner: {provider: none, version: v1.7.2, sshCredentials: {user: centos}}
  cloudProviderAccountRef: {name: none}
status: {phase: Provisioned}
`
	helmReleaseObject = `
apiVersion: helm.toolkit.fluxcd.io/v2beta1
kind: HelmRelease
metadata: {name: kommander, namespace: kommander}
spec: {releaseName: kommander}
status: {lastAppliedRevision: v2.1.4}
`
)

// baseAddons is what certManager shows, of a release.
func baseAddons(release string) facts.Installation {
	return fixtures.Found(facts.BasePlatformServices, "default", "Label", "ClusterAddon/cert-manager", release)
}

// observation is an observer at work.
type observation struct {
	*Observer

	t       *testing.T
	changes atomic.Int64
	stop    func()
}

// observe starts an observer, which stops when the test ends at the latest.
func observe(t *testing.T, config *rest.Config, options Options) *observation {
	t.Helper()
	made, err := New(config, options)
	must(t, err)
	return start(t, made)
}

// start starts an observer that is made already.
func start(t *testing.T, made *Observer) *observation {
	t.Helper()
	o := &observation{t: t, Observer: made}
	var busy atomic.Bool
	made.options.Changed = func() {
		if busy.Swap(true) {
			t.Error("two calls of Changed at the same time")
		}
		o.changes.Add(1)
		o.Snapshot()
		busy.Store(false)
	}
	made.settleTime, made.pollInterval = settlingInTests, pollingInTests
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- made.Run(ctx) }()
	o.stop = func() {
		cancel()
		select {
		case err, ended := <-done:
			if ended && err != nil {
				t.Error(err)
			}
			close(done)
		case <-time.After(soon):
			t.Error("the observer does not stop")
		}
		o.stop = func() {}
	}
	t.Cleanup(func() { o.stop() })
	return o
}

// await waits for what the observer has to find out in the end. Components, nodes and which cluster it is are compared
// where the test says what it wants of them.
func (o *observation) await(what string, want Snapshot) {
	o.t.Helper()
	var diff string
	for deadline := time.Now().Add(soon); time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
		got := o.Snapshot()
		if want.Facts.Components == nil {
			got.Facts.Components = nil
		}
		if want.Facts.Nodes == nil {
			got.Facts.Nodes = nil
		}
		if want.Facts.ClusterID == "" {
			got.Facts.ClusterID = ""
		}
		got.HubDescription = withoutUIDs(got.HubDescription)
		if diff = cmp.Diff(want, got, cmpopts.EquateEmpty()); diff == "" {
			return
		}
	}
	o.t.Fatalf("%s\n-want +got:\n%s", what, diff)
}

// expectNoChanges fails the test if changes were told since there were so many.
func (o *observation) expectNoChanges(since int64, while string) {
	o.t.Helper()
	if n := o.changes.Load() - since; n > 0 {
		o.t.Errorf("%d changes were told while %s: %v", n, while, o.Snapshot())
	}
}

// shows is a complete snapshot of a cluster that answers.
func shows(version string, installations ...facts.Installation) Snapshot {
	return Snapshot{Complete: true, Facts: facts.Facts{KubernetesVersion: version, Installations: installations}}
}

// with are the components that it shows, too.
func (s Snapshot) with(components ...v1alpha1.Component) Snapshot {
	s.Facts.Components = components
	return s
}

// on are the nodes that it shows, too.
func (s Snapshot) on(nodes v1alpha1.NodesStatus) Snapshot {
	s.Facts.Nodes = &nodes
	return s
}

// knowing are the other clusters that it shows.
func (s Snapshot) knowing(fleet detect.HubDescription) Snapshot {
	s.HubDescription = &fleet
	return s
}

func TestObserverFollowsTheCluster(t *testing.T) {
	cluster := newCluster(t, "v1.19.7", permissions()...)

	o := observe(t, cluster.config(), Options{})
	o.await("a cluster without any of the products", shows("v1.19.7"))

	cluster.install(detect.ClusterAddons)
	cluster.install(detect.Addons)
	cluster.apply(certManager)
	base := baseAddons("stable-1.19-3.2.0")
	o.await("addons that come with their definition", shows("v1.19.7", base))

	cluster.apply(kommanderAddonObject)
	kommander := fixtures.Found(facts.Kommander, "kommander",
		"Annotation", "ClusterAddon/kommander", "1.3.0", "Annotation", "ClusterAddon/kommander", "1.3.0",
		"Inferred", "ClusterAddon/kommander", "1.3.0")
	o.await("another addon", shows("v1.19.7", base, kommander))

	cluster.apply(strings.ReplaceAll(certManager, "stable-1.19-3.2.0", "stable-1.19-3.4.1"))
	base = baseAddons("stable-1.19-3.4.1")
	o.await("an upgrade", shows("v1.19.7", base, kommander))

	cluster.apply(strings.ReplaceAll(kommanderAddonObject, "stage: deployed", "stage: absent"))
	o.await("an addon that is to be absent", shows("v1.19.7", base))

	cluster.install(detect.KonvoyClusters)
	cluster.namespace("konvoy")
	cluster.apply(konvoyClusterObject)
	cluster.apply(strings.ReplaceAll(konvoyClusterObject, "prod, namespace: konvoy", "other, namespace: default"))
	konvoy := fixtures.Found(facts.Konvoy, "default", "CustomResource", "KonvoyCluster/konvoy/prod", "1.7.2")
	o.await("another definition, and only what the namespace konvoy has of it", shows("v1.19.7", base, konvoy))

	cluster.uninstall(detect.ClusterAddons)
	o.await("a definition that goes, and what it defined with it", shows("v1.19.7", konvoy))
	cluster.install(detect.ClusterAddons)
	cluster.apply(certManager)
	base = baseAddons("stable-1.19-3.2.0")
	o.await("a definition that comes back", shows("v1.19.7", base, konvoy))
}

func TestObserverIsQuietAtRest(t *testing.T) {
	cluster := newCluster(t, "v1.19.7", permissions()...)
	cluster.install(detect.ClusterAddons)
	cluster.apply(certManager)

	o := observe(t, cluster.config(), Options{})
	o.await("the addon", shows("v1.19.7", baseAddons("stable-1.19-3.2.0")))
	// Discovery is asked once more after a definition has come.
	cluster.awaitRest()

	changes := o.changes.Load()
	cluster.front.Reset()
	cluster.apply(certManager)
	cluster.change(detect.ClusterAddons, func(definition *apiextensionsv1.CustomResourceDefinition) {
		definition.Annotations = map[string]string{"of-no": "interest"}
	})
	time.Sleep(calm)
	cluster.expectNoRequests("at rest", nil)
	o.expectNoChanges(changes, "nothing changed that is read")
	o.stop()
	cluster.front.Reset()
	time.Sleep(calm)
	cluster.expectNoRequests("after the end", nil)
}

// TestObserverAtRestHasFewGoroutines has several observers, as each goroutine is memory for each cluster.
func TestObserverAtRestHasFewGoroutines(t *testing.T) {
	cluster := newCluster(t, "v1.19.7", permissions()...)
	const (
		observers = 10
		// most are one for the observer itself, and two for each of the watches of definitions and of ClusterAddons: one
		// that reads, and one of net/http's. What else net/http has is for all of them.
		most = observers*(1+2*2) + 10
	)
	config := rest.AnonymousClientConfig(cluster.plane.Config())
	config.BearerToken = cluster.token
	cluster.install(detect.ClusterAddons)

	others := runtime.NumGoroutine()
	var all []*observation
	for range observers {
		all = append(all, observe(t, config, Options{}))
	}
	cluster.eventually("see everything", func() error {
		for _, o := range all {
			if !o.Snapshot().Complete {
				return errors.New("not complete")
			}
		}
		return nil
	})
	cluster.eventually("come to rest", func() error {
		n := runtime.NumGoroutine() - others
		if n <= most {
			return nil
		}
		var stacks strings.Builder
		_ = pprof.Lookup("goroutine").WriteTo(&stacks, 1)
		return fmt.Errorf("%d goroutines for %d observers at rest, want at most %d:\n%s", n, observers, most, &stacks)
	})
}

func TestObserverAsksTheVersionAtIntervals(t *testing.T) {
	cluster := newCluster(t, "v1.19.7")
	o := observe(t, cluster.config(), Options{VersionInterval: 50 * time.Millisecond})
	asks := func(r front.Request) bool { return r.Path == "/version" }
	cluster.eventually("ask the version again and again", func() error {
		if cluster.front.Requests(asks) < 5 {
			return errors.New("too few requests")
		}
		return nil
	})
	for served, want := range map[string]string{
		"v1.20.6+d2iq.1":              "v1.20.6+d2iq.1",
		"v1.20.6\n\x1b[31m forbidden": `v1.20.6\n\x1b[31m forbidden`,
	} {
		cluster.front.SetVersion(served)
		cluster.eventually("see the new version, as it may be printed", func() error {
			if got := o.Snapshot().Facts.KubernetesVersion; got != want {
				return errors.New(got)
			}
			return nil
		})
	}
}

func TestObserverAsksTheVersionAfterWatchesBroke(t *testing.T) {
	cluster := newCluster(t, "v1.19.7", permissions()...)
	cluster.install(detect.ClusterAddons)

	o := observe(t, cluster.config(), Options{VersionInterval: time.Hour})
	o.await("the version at first", shows("v1.19.7"))
	cluster.awaitWatches("customresourcedefinitions", "clusteraddons")
	cluster.awaitRest()
	cluster.front.SetVersion("v1.20.6")
	cluster.front.Reset()
	cluster.cable.breakAll()
	o.await("an upgrade of the API server", shows("v1.20.6"))
	if n := cluster.front.Requests(func(r front.Request) bool { return r.Path == "/version" }); n != 1 {
		t.Errorf("the version was asked %d times after all watches broke together, want once", n)
	}
}

func TestObserverWithoutPermission(t *testing.T) {
	cluster := newCluster(t, "v1.19.7")
	cluster.install(detect.ClusterAddons)
	cluster.install(detect.HelmReleases)
	cluster.apply(certManager)

	o := observe(t, cluster.config(),
		Options{DiscoveryInterval: 200 * time.Millisecond, NodesInterval: 200 * time.Millisecond, GracePeriod: calm})
	nothing := shows("v1.19.7",
		fixtures.Found(facts.BasePlatformServices, "default", "Forbidden", detect.ClusterAddons, ""),
		fixtures.Found(facts.Kommander, "kommander", "Forbidden", detect.ClusterAddons, "", "Forbidden", detect.HelmReleases, ""),
		fixtures.Found(facts.Konvoy, "default", "Forbidden", detect.Nodes, ""),
	)
	o.await("what the cluster has and does not show; what it has not is not there", nothing.on(v1alpha1.NodesStatus{}))

	cluster.install(detect.KommanderCores)
	nothing.Facts.Installations[1] = fixtures.Found(facts.Kommander, "kommander",
		"Forbidden", detect.ClusterAddons, "", "Forbidden", detect.HelmReleases, "", "Forbidden", detect.KommanderCores, "")
	o.await("without a watch of definitions, another one is found by asking at intervals", nothing)

	revoke := cluster.permit(permissions()...)
	base := baseAddons("stable-1.19-3.2.0")
	o.await("all is permitted", shows("v1.19.7", base))
	cluster.awaitWatches("customresourcedefinitions", "clusteraddons", "helmreleases", "kommandercores")

	revoke()
	// An API server lets a watch go on until it ends by itself.
	cluster.cable.breakAll()
	o.await("all is forbidden again", nothing)
}

func TestObserverSeesWhatMayOnlyBeListed(t *testing.T) {
	cluster := newCluster(t, "v1.19.7")
	for _, rule := range permissions() {
		rule.Verbs = []string{"get", "list"}
		cluster.permit(rule)
	}
	cluster.install(detect.ClusterAddons)
	cluster.apply(certManager)

	o := observe(t, cluster.config(), Options{GracePeriod: 100 * time.Millisecond, VersionInterval: 50 * time.Millisecond})
	base := baseAddons("stable-1.19-3.2.0")
	o.await("what may be listed", shows("v1.19.7", base))
	changes := o.changes.Load()
	time.Sleep(calm)
	o.expectNoChanges(changes, "nothing changed but that it is listed again and again")
	cluster.apply(strings.ReplaceAll(certManager, "stable-1.19-3.2.0", "stable-1.19-3.4.1"))
	base = baseAddons("stable-1.19-3.4.1")
	o.await("an upgrade", shows("v1.19.7", base))
	cluster.install(detect.HelmReleases)
	cluster.namespace(detect.KommanderName)
	cluster.apply(helmReleaseObject)
	o.await("another definition", shows("v1.19.7", base,
		fixtures.Found(facts.Kommander, "kommander", "HelmRelease", "HelmRelease/kommander/kommander", "2.1.4")))
}

func TestObserverFindsDefinitionsByDiscovery(t *testing.T) {
	cluster := newCluster(t, "v1.19.7")
	cluster.permit(permissions()[1:]...)

	o := observe(t, cluster.config(),
		Options{DiscoveryInterval: 100 * time.Millisecond, GracePeriod: 100 * time.Millisecond})
	o.await("no definitions", shows("v1.19.7"))
	cluster.install(detect.ClusterAddons)
	cluster.apply(certManager)
	o.await("a definition that nothing announces", shows("v1.19.7", baseAddons("stable-1.19-3.2.0")))
	cluster.uninstall(detect.ClusterAddons)
	o.await("and that goes", shows("v1.19.7"))
}

// watches matches the watches of a version of HelmReleases.
func watches(version string) func(front.Request) bool {
	return func(r front.Request) bool {
		return r.Resource == "helmreleases" && r.Version == version && r.Verb == "watch"
	}
}

func TestObserverFollowsVersions(t *testing.T) {
	cluster := newCluster(t, "v1.21.14", permissions()...)
	cluster.namespace(detect.KommanderName)
	cluster.install(detect.HelmReleases, serve("v2beta1", "v2beta1"))
	cluster.install(detect.ClusterAddons, serve("v1beta1", "v1beta1"))
	cluster.apply(helmReleaseObject)
	cluster.apply(strings.ReplaceAll(helmReleaseObject, "name: kommander,", "name: dkp-insights,"))
	cluster.apply(certManager)

	base := baseAddons("stable-1.19-3.2.0")
	kommander := fixtures.Found(facts.Kommander, "kommander", "HelmRelease", "HelmRelease/kommander/kommander", "2.1.4")
	o := observe(t, cluster.config(), Options{})
	o.await("the versions of long ago", shows("v1.21.14", base, kommander).with(
		fixtures.Component("cert-manager", "ClusterAddon/cert-manager", "Repository", facts.BasePlatformServices, ""),
		fixtures.Component("dkp-insights", "HelmRelease/kommander/dkp-insights", "HelmRelease", facts.Kommander, "")))

	cluster.change(detect.HelmReleases, serve("v2", "v2"))
	cluster.awaitRequest("watch the version that is served now", watches("v2"))
	o.await("nothing got lost", shows("v1.21.14", base, kommander))

	cluster.apply(strings.ReplaceAll(strings.ReplaceAll(helmReleaseObject, "v2beta1", "v2"),
		"status: {", "status: {history: [{chartVersion: v2.16.0, status: deployed, version: 2}], "))
	kommander.Evidence[0].Version = "2.16.0"
	o.await("what only the new version has", shows("v1.21.14", base, kommander))
}

func TestObserverOutlivesStaleDiscovery(t *testing.T) {
	cluster := newCluster(t, "v1.21.14", permissions()...)
	cluster.install(detect.HelmReleases, serve("v2beta1", "v2beta1"))
	o := observe(t, cluster.config(), Options{})
	o.await("no HelmRelease", shows("v1.21.14"))
	cluster.awaitRequest("watch the only version", watches("v2beta1"))
	cluster.awaitRest()

	// Discovery knows of the new version a little later than the definition.
	var asked atomic.Int64
	cluster.cable.setInstead(func(request *http.Request) *http.Response {
		if request.URL.Path != "/apis/helm.toolkit.fluxcd.io" || asked.Add(1) > 1 {
			return nil
		}
		return reply(request, http.StatusOK, `{"kind":"APIGroup","apiVersion":"v1","name":"helm.toolkit.fluxcd.io",`+
			`"versions":[{"groupVersion":"helm.toolkit.fluxcd.io/v2beta1","version":"v2beta1"}],`+
			`"preferredVersion":{"groupVersion":"helm.toolkit.fluxcd.io/v2beta1","version":"v2beta1"}}`)
	})
	cluster.change(detect.HelmReleases, serve("v2beta1", "v2beta1", "v2"))
	cluster.awaitRequest("watch the version that is preferred now", watches("v2"))
	cluster.awaitRest()

	// And one that goes does so without a word, if its definition says otherwise.
	cluster.front.Reset()
	cluster.breakDown("/apis/helm.toolkit.fluxcd.io/v2")
	cluster.awaitRequest("watch the version that is left", watches("v2beta1"))
	cluster.awaitWatches("helmreleases")

	cluster.front.Reset()
	cluster.breakDown("/apis/helm.toolkit.fluxcd.io")
	cluster.cable.setInstead(nil)
	cluster.awaitRequest("watch again after nothing was served", watches("v2"))
}

func TestObserverSeesNodes(t *testing.T) {
	cluster := newCluster(t, "v1.19.7", permissions()...)

	o := observe(t, cluster.config(), Options{NodesInterval: 100 * time.Millisecond})
	o.await("no nodes", shows("v1.19.7").on(v1alpha1.NodesStatus{Count: ptr.To[int32](0)}))
	cluster.make(nodeRunning("plain", flatcar, "5.10.61-flatcar", nil))
	seen := []v1alpha1.NodeOperatingSystem{runs(1, flatcar, "5.10.61-flatcar")}
	o.await("nodes of another distribution",
		shows("v1.19.7").on(v1alpha1.NodesStatus{Count: ptr.To[int32](1), OperatingSystems: seen}))
	for _, label := range []string{"konvoy.mesosphere.com/inventory_hostname", "konvoy.mesosphere.com/node_pool"} {
		cluster.make(&corev1.Node{ObjectMeta: metav1.ObjectMeta{GenerateName: "konvoy-", Labels: map[string]string{label: "x"}}})
		o.await("nodes of Konvoy", shows("v1.19.7", fixtures.Found(facts.Konvoy, "default", "Label", "nodes["+label+"]", "")))
	}
	o.await("which have not told yet what they run", shows("v1.19.7", fixtures.Found(facts.Konvoy, "default", "Label", "nodes["+"konvoy.mesosphere.com/node_pool"+"]", "")).
		on(v1alpha1.NodesStatus{Count: ptr.To[int32](3), OperatingSystems: append(
			[]v1alpha1.NodeOperatingSystem{runs(2, "Unknown", "Unknown")}, seen...)}))
	cluster.expectNoRequests("for nodes are no lists",
		func(r front.Request) bool { return r.Resource == "nodes" && r.Verb != "list" })
}

func TestObserverKeepsWhatItKnew(t *testing.T) {
	cluster := newCluster(t, "v1.19.7", permissions()...)
	cluster.install(detect.ClusterAddons)
	cluster.apply(certManager)

	o := observe(t, cluster.config(),
		Options{GracePeriod: 100 * time.Millisecond, VersionInterval: 100 * time.Millisecond})
	want := shows("v1.19.7", baseAddons("stable-1.19-3.2.0"))
	o.await("the cluster answers", want)

	cluster.cable.setCut(true)
	want.Problem = problemOf(v1alpha1.ReasonUnreachable)
	o.await("it does not", want)
	changes := o.changes.Load()
	time.Sleep(calm)
	o.expectNoChanges(changes, "the cluster stayed away")
	cluster.apply(strings.ReplaceAll(certManager, "stable-1.19-3.2.0", "stable-1.19-3.4.1"))
	cluster.cable.setCut(false)
	want.Problem = nil
	want.Facts.Installations[0].Evidence[0].Version = "stable-1.19-3.4.1"
	o.await("it answers again", want)
}

func TestObserverTellsWhatFails(t *testing.T) {
	cluster := newCluster(t, "v1.19.7", permissions()...)
	cluster.install(detect.ClusterAddons)
	cluster.apply(certManager)

	for what, path := range map[string]string{
		"the list":  "/clusteraddons",
		"discovery": "/apis/kubeaddons.mesosphere.io",
	} {
		t.Run(what, func(t *testing.T) {
			cluster.cable.setInstead(answer500(path))
			o := observe(t, cluster.config(), Options{GracePeriod: 100 * time.Millisecond})
			o.await("one resource fails, and what it would show is not known", Snapshot{
				Facts:   facts.Facts{KubernetesVersion: "v1.19.7"},
				Problem: contact.CannotList(detect.ClusterAddons),
			})
			cluster.cable.setInstead(nil)
			o.await("it does no longer", shows("v1.19.7", baseAddons("stable-1.19-3.2.0")))
		})
	}
}

// longGrace is more than any test takes, however busy the machine is.
const longGrace = time.Hour

// skippingClock is the machine's, and some hours ahead where a test wants to be.
type skippingClock struct {
	clock.RealClock

	ahead atomic.Int64
}

func (c *skippingClock) skip(time time.Duration) { c.ahead.Add(int64(time)) }

func (c *skippingClock) Now() time.Time { return c.RealClock.Now().Add(time.Duration(c.ahead.Load())) }

func (c *skippingClock) Since(at time.Time) time.Duration { return c.Now().Sub(at) }

func TestObserverBelievesWhatLasts(t *testing.T) {
	cluster := newCluster(t, "v1.19.7", permissions()...)
	cluster.install(detect.ClusterAddons)
	cluster.apply(certManager)

	var clock skippingClock
	o := observe(t, cluster.config(), Options{GracePeriod: longGrace, Clock: &clock})
	want := shows("v1.19.7", baseAddons("stable-1.19-3.2.0"))
	o.await("an addon", want)
	cluster.awaitRest()

	changes := o.changes.Load()
	cluster.breakDown("/apis/kubeaddons.mesosphere.io")
	cluster.cable.setInstead(nil)
	time.Sleep(calm)
	o.expectNoChanges(changes, "the API server restarted")

	clock.skip(longGrace)
	cluster.awaitWatches("clusteraddons")
	cluster.breakDown("/apis/kubeaddons.mesosphere.io")
	clock.skip(longGrace)
	o.await("a definition that is not served any more", shows("v1.19.7"))
	cluster.cable.setInstead(nil)
	o.await("and is again", want)
}

// outage is what an API server does not have at the moment: the path and all below it.
type outage struct {
	path string
	// refused counts the requests for the path itself.
	refused atomic.Int64
}

func (o *outage) answer(request *http.Request) *http.Response {
	below, within := strings.CutPrefix(request.URL.Path, o.path)
	if !within || below != "" && !strings.HasPrefix(below, "/") {
		return nil
	}
	if below == "" {
		o.refused.Add(1)
	}
	return reply(request, http.StatusNotFound,
		`{"kind":"Status","apiVersion":"v1","status":"Failure","reason":"NotFound","code":404}`)
}

// breakDown ends all watches, and has the observer ask in vain for what is below the path.
func (c *cluster) breakDown(path string) {
	c.t.Helper()
	outage := &outage{path: path}
	c.cable.setInstead(outage.answer)
	c.cable.breakAll()
	c.eventually("ask for "+path, func() error {
		if outage.refused.Load() == 0 {
			return errors.New("no request")
		}
		return nil
	})
}

func TestObserverWithRefusedCredentials(t *testing.T) {
	cluster := newCluster(t, "v1.19.7")
	o := observe(t, cluster.front.Config("expired"), Options{GracePeriod: 100 * time.Millisecond})
	o.await("nothing is known", Snapshot{Problem: problemOf(v1alpha1.ReasonUnauthorized)})
}

func TestObserverRunsOnce(t *testing.T) {
	o, err := New(&rest.Config{Host: "https://127.0.0.1:1"}, Options{})
	must(t, err)
	ended, end := context.WithCancel(t.Context())
	end()
	if err := o.Run(ended); err != nil {
		t.Error(err)
	}
	if err := o.Run(ended); err == nil {
		t.Error("a second run is accepted, though what the first one has learned may be outdated")
	}
}

// answer500 fails requests whose path ends so.
func answer500(suffix string) func(*http.Request) *http.Response {
	return func(request *http.Request) *http.Response {
		if !strings.HasSuffix(request.URL.Path, suffix) {
			return nil
		}
		return reply(request, http.StatusInternalServerError, `{"kind":"Status","apiVersion":"v1","status":"Failure",`+
			`"reason":"InternalError","code":500,"message":"conversion webhook for kubeaddons failed"}`)
	}
}

func reply(request *http.Request, code int, body string) *http.Response {
	return &http.Response{
		StatusCode: code,
		Header:     http.Header{"Content-Type": []string{"application/json"}},
		Body:       io.NopCloser(strings.NewReader(body)),
		Request:    request,
	}
}
