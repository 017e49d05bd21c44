// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-logr/logr"
	"github.com/go-logr/logr/funcr"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/rest"
	"k8s.io/klog/v2"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/d2iq-labs/support-policy-operator/api/v1alpha1"
	"github.com/d2iq-labs/support-policy-operator/controllers"
	"github.com/d2iq-labs/support-policy-operator/test/controlplane"
	"github.com/d2iq-labs/support-policy-operator/test/front"
	"github.com/d2iq-labs/support-policy-operator/test/sandbox"
)

// shared is the control plane that the tests have in common. Only one operator works at a time, so they do not run in
// parallel, and each cleans up what it has made.
var shared = controlplane.Shared{Options: controlplane.Options{ControllerManager: true}}

func TestMain(m *testing.M) {
	// The operator of each test has its own log. Other log messages are about connections that end on purpose.
	ctrl.SetLogger(logr.Discard())
	klog.SetLogger(funcr.New(otherLogs.record, funcr.Options{Verbosity: verbosity}))
	crds, err := sandbox.CRDs()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	shared.Options.CRDs = crds
	others, err := sandbox.RemoteCRDs()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	for i := range remotes {
		remotes[i].Options.CRDs = others
	}
	os.Exit(shared.Run(m, &remotes[0], &remotes[1]))
}

// otherLogs is what client-go logs outside of the operator's log.
var otherLogs errorLog

const (
	// patience is far more than anything here takes.
	patience = 30 * time.Second
	// quiet is how long a test waits before it concludes that nothing is written. It is longer than all intervals of the
	// operators of these tests.
	quiet = 500 * time.Millisecond
)

// shortIntervals shortens the intervals of an operator, which are seconds or minutes by default.
func shortIntervals(_ *rest.Config, options *controllers.Options) {
	options.RollupInterval = 20 * time.Millisecond
	options.VersionInterval = 200 * time.Millisecond
}

var hostKey = types.NamespacedName{Namespace: sandbox.Namespace, Name: v1alpha1.HostName}

// world is the sandbox of one test: its API server is shared, its clock, its front and its operator are its own.
type world struct {
	*sandbox.Sandbox

	// t is the test that runs at present: test, or a part of it.
	t, test *testing.T
	wire    wire
	log     errorLog
	stop    func() error
	// deniable matches the requests that the API server may deny; nil matches none.
	deniable func(answer) bool
}

// newWorld makes a world whose API server claims a version and whose clock stands at an instant.
func newWorld(t *testing.T, version, now string) *world {
	t.Helper()
	return newWorldWith(t, sandbox.Options{KubernetesVersion: version, Now: at(t, now)})
}

// newExampleWorld is a world with the example policy, and with a host that has the example installed.
func newExampleWorld(t *testing.T, now string) *world {
	t.Helper()
	w := newWorld(t, "v1.19.9", now)
	w.apply(examplePolicy("example", "Example"))
	w.apply(exampleHost)
	return w
}

// newShippedWorld is a world with the shipped policies, and with what its cluster has installed.
func newShippedWorld(t *testing.T, version, now string, manifests ...string) *world {
	t.Helper()
	w := newWorld(t, version, now)
	w.applyShipped()
	for _, manifest := range manifests {
		w.apply(manifest)
	}
	return w
}

// newWorldWith is newWorld with a choice of manifests.
func newWorldWith(t *testing.T, options sandbox.Options) *world {
	t.Helper()
	if testing.Short() {
		t.Skip("it needs a control plane")
	}
	return newWorldOn(t, shared.ForTest(t), options)
}

// newWorldOn is newWorldWith on a control plane of its own.
func newWorldOn(t *testing.T, plane *controlplane.ControlPlane, options sandbox.Options) *world {
	t.Helper()
	w := &world{t: t, test: t}
	options.Log = funcr.New(w.log.record, funcr.Options{Verbosity: verbosity})
	made, err := sandbox.New(t.Context(), plane, t.TempDir(), options)
	must(t, err)
	w.Sandbox = made
	t.Cleanup(w.end)
	w.apply(namespaces)
	return w
}

const namespaces = `
{apiVersion: v1, kind: Namespace, metadata: {name: konvoy}}
---
{apiVersion: v1, kind: Namespace, metadata: {name: kommander}}
---
{apiVersion: v1, kind: Namespace, metadata: {name: kubeaddons}}
---
{apiVersion: v1, kind: Namespace, metadata: {name: team-a}}
`

// run runs a part of the test.
func (w *world) run(name string, part func(t *testing.T)) {
	w.t.Helper()
	w.t.Run(name, func(t *testing.T) {
		whole := w.t
		w.t = t
		defer func() { w.t = whole }()
		part(t)
	})
}

// end removes all objects that a test can have made.
func (w *world) end() {
	w.halt()
	if err := w.Close(); err != nil {
		w.t.Error(err)
	}
	if unexpected := w.log.unexpected(); len(unexpected) > 0 {
		w.t.Errorf("the operator logged errors:\n%s", strings.Join(unexpected, "\n"))
	}
	denied := w.wire.answered(func(a answer) bool { return denies(a) && (w.deniable == nil || !w.deniable(a)) })
	if len(denied) > 0 {
		w.t.Errorf("the API server denied %v", denied)
	}
	for _, kind := range []struct{ apiVersion, kind string }{
		{"support.d2iq.io/v1alpha1", "SupportPolicy"},
		{"support.d2iq.io/v1alpha1", "SupportException"},
		{"support.d2iq.io/v1alpha1", "ClusterSupport"},
		{"kubeaddons.mesosphere.io/v1beta2", "ClusterAddon"},
		{"kubeaddons.mesosphere.io/v1beta2", "Addon"},
		{"kommander.mesosphere.io/v1beta1", "KonvoyCluster"},
		{"kommander.mesosphere.io/v1beta1", "KommanderCluster"},
		{"cluster.x-k8s.io/v1beta1", "Cluster"},
		{"kubetunnel.d2iq.io/v1alpha1", "TunnelConnector"},
		{"helm.toolkit.fluxcd.io/v2beta1", "HelmRelease"},
		{"dkp.d2iq.io/v1alpha1", "KommanderCore"},
		{"kudo.dev/v1beta1", "Instance"},
		{"kudo.dev/v1beta1", "OperatorVersion"},
		{"coordination.k8s.io/v1", "Lease"},
		{"v1", "Node"},
		{"v1", "Event"},
	} {
		w.removeAll(kind.apiVersion, kind.kind)
	}
}

func (w *world) removeAll(apiVersion, kind string) {
	w.t.Helper()
	removeAll(w.t, w.Client, apiVersion, kind)
}

func removeAll(t *testing.T, from client.Client, apiVersion, kind string) {
	t.Helper()
	// The context of the test has ended when this runs.
	ctx := context.Background()
	var all unstructured.UnstructuredList
	all.SetAPIVersion(apiVersion)
	all.SetKind(kind + "List")
	if err := from.List(ctx, &all); err != nil {
		t.Errorf("clean up: %v", err)
		return
	}
	for i := range all.Items {
		if err := from.Delete(ctx, &all.Items[i]); client.IgnoreNotFound(err) != nil {
			t.Errorf("clean up: %v", err)
		}
	}
}

// watched are all resources that the operator watches, but for the CustomResourceDefinitions.
var watched = []string{
	"supportpolicies", "supportexceptions", "clustersupports", "kommanderclusters", "clusters", "tunnelconnectors", "instances", "operatorversions", "addons", "clusteraddons", "konvoyclusters", "helmreleases", "kommandercores",
}

// start runs the operator, and waits until it watches all resources and has written what there is to write.
func (w *world) start(changes ...func(*rest.Config, *controllers.Options)) {
	w.t.Helper()
	before := map[string]int{}
	for _, resource := range watched {
		before[resource] = w.Front.Requests(watches(resource))
	}
	w.launch(changes...)
	w.awaitWatches(before, watched...)
	w.awaitKey(hostKey, func(host *v1alpha1.ClusterSupport) error {
		return expect(host.Status.Conditions, v1alpha1.ConditionReachable, metav1.ConditionTrue, v1alpha1.ReasonConnected)
	})
	w.settle()
}

// awaitWatches waits until the operator watches each of the resources, of which there were so many watches before.
func (w *world) awaitWatches(before map[string]int, resources ...string) {
	w.t.Helper()
	w.eventually("the operator to watch all resources", func() error {
		for _, resource := range resources {
			if w.Front.Requests(watches(resource)) == before[resource] {
				return fmt.Errorf("it does not watch %s", resource)
			}
		}
		return nil
	})
}

// watches matches the watches of a resource. The operator watches what it has listed.
func watches(resource string) func(front.Request) bool {
	return func(r front.Request) bool { return r.Verb == "watch" && r.Resource == resource }
}

// launch is start without waiting.
func (w *world) launch(changes ...func(*rest.Config, *controllers.Options)) {
	w.t.Helper()
	watched := func(config *rest.Config, _ *controllers.Options) { config.Wrap(w.wire.wrap) }
	stop, err := w.StartOperator(w.test.Context(), slices.Concat(
		[]func(*rest.Config, *controllers.Options){shortIntervals}, changes, []func(*rest.Config, *controllers.Options){watched})...)
	must(w.t, err)
	w.stop = stop
}

// halt ends the operator.
func (w *world) halt() {
	if w.stop == nil {
		return
	}
	check(w.t, w.stop())
	w.stop = nil
}

// eventually polls until nothing is wrong any more, and fails the test with what is wrong last.
func (w *world) eventually(what string, wrong func() error) {
	w.t.Helper()
	deadline := time.Now().Add(patience)
	for {
		err := wrong()
		if err == nil {
			return
		}
		if time.Now().After(deadline) {
			w.t.Fatalf("waited %s for %s: %v\nrequests that write: %v", patience, what, err, w.Front.Recent(front.Request.Writes))
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// settle waits until the operator has written all that there is to write.
func (w *world) settle() {
	w.t.Helper()
	w.eventually("all statuses to be what the policies say", w.consistent)
	w.eventually("the operator to come to rest", func() error {
		before := w.Front.Requests(front.Request.Writes)
		time.Sleep(quiet / 5)
		if after := w.Front.Requests(front.Request.Writes); after != before {
			return fmt.Errorf("it has written %d times", after-before)
		}
		return nil
	})
}

// expectNoWrites fails the test if the operator asks for any change, or has done so since the front was reset.
func (w *world) expectNoWrites(after string) {
	w.t.Helper()
	time.Sleep(quiet)
	if written := w.Front.Recent(front.Request.Writes); len(written) > 0 {
		w.t.Errorf("after %s the operator wrote: %v", after, written)
	}
	if err := w.consistent(); err != nil {
		w.t.Errorf("after %s: %v", after, err)
	}
}
