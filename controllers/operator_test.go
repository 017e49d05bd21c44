// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"bytes"
	stdcmp "cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"sync"
	"testing"
	"time"
	_ "time/tzdata" // the zones of these tests do not depend on the machine

	"github.com/go-logr/logr"
	"github.com/go-logr/logr/funcr"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/rest"
	"k8s.io/klog/v2"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"github.com/d2iq-labs/support-policy-operator/api/v1alpha1"
	"github.com/d2iq-labs/support-policy-operator/controllers"
	"github.com/d2iq-labs/support-policy-operator/internal/support"
	"github.com/d2iq-labs/support-policy-operator/test/controlplane"
	"github.com/d2iq-labs/support-policy-operator/test/front"
	"github.com/d2iq-labs/support-policy-operator/test/sandbox"
)

// shared is the control plane that the tests have in common. Only one operator works at a time, so they do not run in
// parallel, and each cleans up what it has made.
var shared = controlplane.Shared{Options: controlplane.Options{ControllerManager: true}}

func TestMain(m *testing.M) {
	// The operator of each test has its own log; what goes past it is about connections that end on purpose.
	ctrl.SetLogger(logr.Discard())
	klog.SetLogger(funcr.New(stray.add, funcr.Options{Verbosity: verbosity}))
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

// stray is what client-go logs by itself.
var stray errorLog

const (
	// patience is far more than anything here takes.
	patience = 30 * time.Second
	// quiet is how long nothing may be written until it is believed that nothing will be. It is longer than the second
	// for which a write to a policy's status may be put off.
	quiet = 1250 * time.Millisecond
)

var hostKey = types.NamespacedName{Namespace: sandbox.Namespace, Name: v1alpha1.HostName}

// world is the sandbox of one test: its API server is shared, its clock, its front and its operator are its own.
type world struct {
	*sandbox.Sandbox

	// t is the test that runs at present: test, or a part of it.
	t, test *testing.T
	wire    wire
	log     errorLog
	stop    func() error
	// absent are resources that the API server does not have when the operator starts.
	absent map[string]bool
	// deniable matches the requests that the API server may deny; nil matches none.
	deniable func(answer) bool
}

// newWorld makes a world whose API server claims a version and whose clock stands at an instant.
func newWorld(t *testing.T, version, now string) *world {
	t.Helper()
	return newWorldWith(t, sandbox.Options{KubernetesVersion: version, Now: at(t, now)})
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
	options.Log = funcr.New(w.log.add, funcr.Options{Verbosity: verbosity})
	made, err := sandbox.New(t.Context(), plane, t.TempDir(), options)
	if err != nil {
		t.Fatal(err)
	}
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

// end removes all that a test can have made.
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

// start runs the operator, and waits until it has looked at everything and has written what there is to write.
func (w *world) start(changes ...func(*rest.Config, *controllers.Options)) {
	w.t.Helper()
	before := map[string]int{}
	for _, resource := range watched {
		before[resource] = w.Front.Requests(watches(resource))
	}
	w.launch(changes...)
	w.eventually("the operator to look at everything", func() error {
		for _, resource := range watched {
			if w.Front.Requests(watches(resource)) == before[resource] && !w.absent[resource] {
				return fmt.Errorf("it does not watch %s", resource)
			}
		}
		return nil
	})
	w.eventually("the operator to have evaluated the cluster", func() error {
		host, err := w.host()
		if err != nil {
			return err
		}
		return expect(host.Status.Conditions, v1alpha1.ConditionReachable, metav1.ConditionTrue, v1alpha1.ReasonConnected)
	})
	w.settle()
}

// watches matches the watches of a resource. The operator watches what it has listed.
func watches(resource string) func(front.Request) bool {
	return func(r front.Request) bool { return r.Verb == "watch" && r.Resource == resource }
}

// launch is start without waiting.
func (w *world) launch(changes ...func(*rest.Config, *controllers.Options)) {
	w.t.Helper()
	watched := func(config *rest.Config, _ *controllers.Options) { config.Wrap(w.wire.wrap) }
	stop, err := w.StartOperator(w.test.Context(), append(changes, watched)...)
	if err != nil {
		w.t.Fatal(err)
	}
	w.stop = stop
}

// halt ends the operator.
func (w *world) halt() {
	if w.stop == nil {
		return
	}
	if err := w.stop(); err != nil {
		w.t.Error(err)
	}
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

// unwritten fails the test if the operator asks for any change, or has done so since the ledger was reset.
func (w *world) unwritten(after string) {
	w.t.Helper()
	time.Sleep(quiet)
	if written := w.Front.Recent(front.Request.Writes); len(written) > 0 {
		w.t.Errorf("after %s the operator wrote: %v", after, written)
	}
	if err := w.consistent(); err != nil {
		w.t.Errorf("after %s: %v", after, err)
	}
}

// consistent says how a status differs from what the policies say now about the facts that the statuses hold.
func (w *world) consistent() error {
	var policies v1alpha1.SupportPolicyList
	var exceptions v1alpha1.SupportExceptionList
	var clusters v1alpha1.ClusterSupportList
	ctx := w.t.Context()
	if err := errors.Join(w.Client.List(ctx, &policies), w.Client.List(ctx, &exceptions), w.Client.List(ctx, &clusters)); err != nil {
		return err
	}
	compiled := make([]*support.Policy, 0, len(policies.Items))
	for i := range policies.Items {
		compiled = append(compiled, support.Compile(&policies.Items[i]))
	}
	covering := make([]*support.Exception, 0, len(exceptions.Items))
	for i := range exceptions.Items {
		covering = append(covering, support.CompileException(&exceptions.Items[i]))
	}
	set, now := support.NewSet(compiled, covering...), w.Clock.Now()
	for i := range clusters.Items {
		c := &clusters.Items[i]
		if meta.FindStatusCondition(c.Status.Conditions, v1alpha1.ConditionStalled) != nil {
			continue
		}
		assessment, _ := set.Evaluate(support.Cluster{
			Labels: c.Labels, Environment: stdcmp.Or(c.Spec.Environment, c.Status.Environment), Facts: support.FactsOf(&c.Status),
			Declared: c.Spec.DeclaredReleases, DuplicateOf: c.Status.DuplicateOf,
		}, now)
		got := support.Assessment{
			ClusterID: c.Status.ClusterID, DuplicateOf: c.Status.DuplicateOf, Environment: c.Status.Environment, Manager: c.Status.Manager,
			KubernetesVersion: c.Status.KubernetesVersion, InstalledVersions: c.Status.InstalledVersions,
			SupportEndTime: c.Status.SupportEndTime, Releases: c.Status.Releases, Components: c.Status.Components,
			Nodes: c.Status.Nodes, Findings: c.Status.Findings,
			Conditions: conditionsOf(c.Status.Conditions, assessment.Conditions),
		}
		if diff := cmp.Diff(assessment, got, cmpopts.EquateEmpty(), withoutMemory); diff != "" || *c.Status.ObservedGeneration != c.Generation {
			return fmt.Errorf("the status of cluster %s/%s is out of date (-engine +status):\n%s", c.Namespace, c.Name, diff)
		}
	}
	for i := range policies.Items {
		p := &policies.Items[i]
		description, next := set.Describe(p.Name, now)
		standing := set.Standing(p.Name, clusters.Items)
		want := v1alpha1.SupportPolicyStatus{
			ObservedGeneration: &p.Generation, Conditions: p.Status.Conditions,
			SupportedVersions: description.SupportedVersions, Releases: description.Releases,
			Summary: &standing.Summary, Clusters: standing.Clusters, ClustersOmitted: standing.Omitted,
		}
		if !next.IsZero() {
			want.NextTransitionTime = &metav1.Time{Time: next}
		}
		diff := cmp.Diff(want, p.Status, cmpopts.EquateEmpty()) +
			cmp.Diff(standing.Conditions, conditionsOf(p.Status.Conditions, standing.Conditions), cmpopts.EquateEmpty())
		if diff != "" {
			return fmt.Errorf("the status of policy %s is out of date (-engine +status):\n%s", p.Name, diff)
		}
	}
	return nil
}

// withoutMemory leaves out what a verdict does not know.
var withoutMemory = cmpopts.IgnoreFields(v1alpha1.InstalledRelease{}, "ObservedSince")

// conditionsOf are the conditions of a status of the same types as others, in their form and order.
func conditionsOf(all []metav1.Condition, others []support.Condition) []support.Condition {
	var found []support.Condition
	for _, other := range others {
		if c := meta.FindStatusCondition(all, other.Type); c != nil {
			found = append(found, support.Condition{Type: c.Type, Status: c.Status, Reason: c.Reason, Message: c.Message})
		}
	}
	return found
}

// apply makes the API server have the objects of a manifest, in one request for each.
func (w *world) apply(manifest string) {
	w.t.Helper()
	applyTo(w.t, w.Client, manifest)
}

func applyTo(t *testing.T, to client.Client, manifest string) {
	t.Helper()
	for document := range strings.SplitSeq(manifest, "\n---\n") {
		err := to.Apply(t.Context(), client.ApplyConfigurationFromUnstructured(decode(t, document)),
			client.FieldOwner("gitops"), client.ForceOwnership)
		if err != nil {
			t.Fatalf("%v: %s", err, document)
		}
		if object := decode(t, document); object.GetKind() == "Node" {
			report(t, to, object.GetName(), "Ubuntu 18.04.6 LTS", "5.4.0-1080-aws")
		}
	}
}

// report has a node report its operating system, as its kubelet would.
func (w *world) report(node, image, kernel string) {
	w.t.Helper()
	report(w.t, w.Client, node, image, kernel)
}

func report(t *testing.T, to client.Client, node, image, kernel string) {
	t.Helper()
	patch := fmt.Sprintf(`{"status": {"nodeInfo": {"osImage": %q, "kernelVersion": %q}}}`, image, kernel)
	object := &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: node}}
	if err := to.Status().Patch(t.Context(), object, client.RawPatch(types.StrategicMergePatchType, []byte(patch))); err != nil {
		t.Fatal(err)
	}
}

func (w *world) decode(document string) *unstructured.Unstructured {
	w.t.Helper()
	return decode(w.t, document)
}

func decode(t *testing.T, document string) *unstructured.Unstructured {
	t.Helper()
	object := &unstructured.Unstructured{}
	if err := yaml.UnmarshalStrict([]byte(document), &object.Object); err != nil {
		t.Fatalf("%v: %s", err, document)
	}
	return object
}

// applyShipped applies the policies that come with the operator.
func (w *world) applyShipped() {
	w.t.Helper()
	if _, err := w.Kubectl(w.t.Context(), "apply", "--server-side", "-k", "config/policies"); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) clusterSupport(key types.NamespacedName) (*v1alpha1.ClusterSupport, error) {
	var object v1alpha1.ClusterSupport
	err := w.Client.Get(w.t.Context(), key, &object)
	return &object, err
}

func (w *world) host() (*v1alpha1.ClusterSupport, error) { return w.clusterSupport(hostKey) }

func (w *world) policy(name string) (*v1alpha1.SupportPolicy, error) {
	var object v1alpha1.SupportPolicy
	err := w.Client.Get(w.t.Context(), types.NamespacedName{Name: name}, &object)
	return &object, err
}

// mustHost is the host's object where it is certain to be there.
func (w *world) mustHost() *v1alpha1.ClusterSupport {
	w.t.Helper()
	host, err := w.host()
	if err != nil {
		w.t.Fatal(err)
	}
	return host
}

func (w *world) mustPolicy(name string) *v1alpha1.SupportPolicy {
	w.t.Helper()
	policy, err := w.policy(name)
	if err != nil {
		w.t.Fatal(err)
	}
	return policy
}

// awaitHost waits until a condition of the host has a status and a reason.
func (w *world) awaitHost(kind string, status metav1.ConditionStatus, reason string) {
	w.t.Helper()
	w.eventually("the host", func() error {
		host, err := w.host()
		if err != nil {
			return err
		}
		return expect(host.Status.Conditions, kind, status, reason)
	})
}

// awaitPolicy is the same for a policy.
func (w *world) awaitPolicy(name, kind string, status metav1.ConditionStatus, reason string) {
	w.t.Helper()
	w.eventually("policy "+name, func() error {
		policy, err := w.policy(name)
		if err != nil {
			return err
		}
		if *policy.Status.ObservedGeneration != policy.Generation {
			return fmt.Errorf("generation %d is not observed", policy.Generation)
		}
		return expect(policy.Status.Conditions, kind, status, reason)
	})
}

// expect says how a condition differs from what is expected.
func expect(conditions []metav1.Condition, kind string, status metav1.ConditionStatus, reason string) error {
	found := meta.FindStatusCondition(conditions, kind)
	switch {
	case found == nil:
		return fmt.Errorf("there is no condition %s", kind)
	case found.Status != status || found.Reason != reason:
		return fmt.Errorf("%s is %s because of %s, expected is %s because of %s: %s",
			kind, found.Status, found.Reason, status, reason, found.Message)
	}
	return nil
}

// row finds an installed release.
func row(host *v1alpha1.ClusterSupport, product, name string) *v1alpha1.InstalledRelease {
	for i := range host.Status.Releases {
		if r := &host.Status.Releases[i]; r.Product == product && r.Name == name {
			return r
		}
	}
	return &v1alpha1.InstalledRelease{}
}

// at reads an instant; a day means its beginning in UTC.
func at(t *testing.T, text string) time.Time {
	t.Helper()
	layout := time.RFC3339Nano
	if len(text) == len(time.DateOnly) {
		layout = time.DateOnly
	}
	instant, err := time.Parse(layout, text)
	if err != nil {
		t.Fatal(err)
	}
	return instant
}

// statusPatch matches what writes the status of an object.
func statusPatch(resource, name string) func(front.Request) bool {
	return func(r front.Request) bool {
		return r.Writes() && r.Resource == resource && r.Name == name && r.Subresource == "status"
	}
}

// events are the events of a namespace about one object.
func (w *world) events(object client.Object) []corev1.Event {
	w.t.Helper()
	namespace := object.GetNamespace()
	if namespace == "" {
		namespace = metav1.NamespaceDefault
	}
	var all corev1.EventList
	if err := w.Client.List(w.t.Context(), &all, client.InNamespace(namespace)); err != nil {
		w.t.Fatal(err)
	}
	var about []corev1.Event
	for i := range all.Items {
		if all.Items[i].InvolvedObject.UID == object.GetUID() {
			about = append(about, all.Items[i])
		}
	}
	return about
}

// wire is the operator's connection to the API server: it keeps the answers, and can break.
type wire struct {
	mu      sync.Mutex
	answers []answer
	fault   fault
	// written are the bodies of all requests.
	written bytes.Buffer
}

// fault answers a request in place of the API server, which is next.
type fault func(next http.RoundTripper, request *http.Request) (*http.Response, error)

// answer is what became of one request.
type answer struct {
	method, path string
	code         int
	time         time.Time
}

func (a answer) String() string { return fmt.Sprintf("%s %s: %d", a.method, a.path, a.code) }

func (w *wire) wrap(next http.RoundTripper) http.RoundTripper {
	return roundTripper(func(request *http.Request) (*http.Response, error) {
		body, err := bodyOf(request)
		if err != nil {
			return nil, err
		}
		w.mu.Lock()
		fault := w.fault
		w.written.Write(body)
		w.mu.Unlock()
		send := next.RoundTrip
		if fault != nil {
			send = func(r *http.Request) (*http.Response, error) { return fault(next, r) }
		}
		response, err := send(request)
		if err == nil {
			w.mu.Lock()
			w.answers = append(w.answers, answer{request.Method, request.URL.Path, response.StatusCode, time.Now()})
			w.mu.Unlock()
		}
		return response, err
	})
}

// bodyOf reads the body of a request and leaves it there.
func bodyOf(request *http.Request) ([]byte, error) {
	if request.GetBody == nil {
		return nil, nil
	}
	body, err := request.GetBody()
	if err != nil {
		return nil, err
	}
	return io.ReadAll(body)
}

// wrote is all that the operator has asked the API server to write.
func (w *wire) wrote() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.written.String()
}

// answered are the answers that fulfil match.
func (w *wire) answered(match func(answer) bool) []answer {
	w.mu.Lock()
	defer w.mu.Unlock()
	var found []answer
	for _, a := range w.answers {
		if match(a) {
			found = append(found, a)
		}
	}
	return found
}

// denies matches the answers that the operator's ServiceAccount has to be given no cause for.
func denies(a answer) bool {
	return a.code == http.StatusForbidden || a.code == http.StatusUnauthorized
}

// breaks makes requests go through a fault; nil mends the wire.
func (w *wire) breaks(fault fault) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.fault = fault
}

type roundTripper func(*http.Request) (*http.Response, error)

func (r roundTripper) RoundTrip(request *http.Request) (*http.Response, error) { return r(request) }

// errorLog keeps what the operator logs, and the errors in it. There are none unless a test expects some.
type errorLog struct {
	mu       sync.Mutex
	all      strings.Builder
	lines    []string
	expected []string
}

// verbosity is that of an operator whose user wants to know everything.
const verbosity = 9

func (l *errorLog) add(prefix, line string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.all.WriteString(prefix + " " + line + "\n")
	isDetail := strings.Contains(line, `"level"=`) && !strings.Contains(line, `"level"=0`)
	if !isDetail && (strings.Contains(line, `"logger"=`) || strings.Contains(line, `"error"=`)) {
		l.lines = append(l.lines, prefix+" "+line)
	}
}

// text is all that was logged.
func (l *errorLog) text() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.all.String()
}

// ending is what an operator logs that was told to end while it was at work.
const ending = "context canceled"

// expects makes errors with that text no surprise.
func (l *errorLog) expects(text string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.expected = append(l.expected, text)
}

func (l *errorLog) unexpected() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	var found []string
	for _, line := range l.lines {
		surprise := !strings.Contains(line, ending)
		for _, text := range l.expected {
			surprise = surprise && !strings.Contains(line, text)
		}
		if surprise {
			found = append(found, line)
		}
	}
	return found
}
