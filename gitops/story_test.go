// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package gitops_test

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/go-logr/logr"
	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"github.com/d2iq-labs/support-policy-operator/api/v1alpha1"
	"github.com/d2iq-labs/support-policy-operator/controllers"
	"github.com/d2iq-labs/support-policy-operator/test/controlplane"
	"github.com/d2iq-labs/support-policy-operator/test/golden"
	"github.com/d2iq-labs/support-policy-operator/test/sandbox"
)

// world is a real API server, and the operator with a clock that is set by hand.
type world struct {
	*sandbox.Sandbox

	t    *testing.T
	stop func() error
	// seen are the objects that were looked at, such as SupportPolicy/new.
	seen map[string]bool
}

// The namespace of clusters that are not the operator's own, and the days of the story.
const (
	workspace = "workspace-a"
	before    = "2021-03-01T12:00:00Z"
	soon      = "2021-08-01T12:00:00Z"
	after     = "2021-09-01T12:00:00Z"
)

// What is installed on the host, by its user's word.
const (
	supportedReleases    = `[{product: Konvoy, name: default, version: 1.6.3}]`
	incompatibleReleases = `[{product: Konvoy, name: default, version: 1.6.3}, {product: Kommander, name: default, version: 1.3.1}]`
	conflictingReleases  = `[{product: Konvoy, name: default, version: 1.6.3}, {product: Spark, name: default, version: 3.0.0}]`
)

func cluster(namespace, name, reference, releases string) string {
	return fmt.Sprintf(`
apiVersion: support.d2iq.io/v1alpha1
kind: ClusterSupport
metadata: {name: %s, namespace: %s}
spec:
  cluster: %s
  declaredReleases: %s
`, name, namespace, reference, releases)
}

func policy(name, spec string) string {
	return fmt.Sprintf("{apiVersion: support.d2iq.io/v1alpha1, kind: SupportPolicy, metadata: {name: %s}, spec: %s}", name, spec)
}

func exception(name, spec string) string {
	return fmt.Sprintf("{apiVersion: support.d2iq.io/v1alpha1, kind: SupportException, metadata: {name: %s}, spec: %s}", name, spec)
}

// Konvoy 1.6 is supported until 2.0 comes.
const konvoy = `{product: Konvoy, %s lifecycle: {window: {supportedMinors: 3}}, releases: [
  {version: "2.0", generalAvailability: "2021-08-26"}, {version: "1.8", generalAvailability: "2021-05-05"},
  {version: "1.7", generalAvailability: "2021-02-10"}, {version: "1.6", generalAvailability: "2020-11-16"}]}`

const kommander = `{product: Kommander, lifecycle: {window: {supportedMinors: 3}}, releases: [
  {version: "1.3", generalAvailability: "2021-02-10", requires: [{product: Konvoy, versions: [1.7.x]}]}]}`

const granted = `{product: Konvoy, versions: [1.6.x], through: "2021-06-30", reference: CONTRACT-42, reason: %s}`

// TestSituations brings objects into every situation, asks all tools about them, and holds testdata to them.
func TestSituations(t *testing.T) {
	w := newWorld(t)
	host := func(releases string) {
		w.apply(cluster(sandbox.Namespace, v1alpha1.HostName, "{host: {}}", releases+"\n  environment: Production"))
	}
	ofHost := w.named(clusterKind, sandbox.Namespace, v1alpha1.HostName)
	ofPolicy, ofException := w.named(policyKind, "", "konvoy"), w.named(exceptionKind, "", "konvoy-1.6")
	ofCluster := func(name string) *unstructured.Unstructured { return w.named(clusterKind, workspace, name) }

	// Nobody watches yet.
	w.apply(policy("konvoy", fmt.Sprintf(konvoy, "")))
	w.apply(exception("konvoy-1.6", fmt.Sprintf(granted, "the application moves in June")))
	host(supportedReleases)
	w.see("new", ofPolicy, ofHost, ofException)

	w.start()
	w.await(ofHost, "Supported=True Supported")
	w.await(ofPolicy, "Supported=True Supported")
	w.await(ofException, "Active=True ExceptionRunning")
	w.awaitField(ofException, int64(1), "status", "clusters")
	w.see("valid", ofPolicy, ofHost, ofException)

	w.apply(policy("kafka", `{product: Kafka, lifecycle: {listed: {}}, releases: [{version: "1.3"}]}`))
	w.await(w.named(policyKind, "", "kafka"), "Supported=Unknown NoClusters")
	w.see("unused", w.named(policyKind, "", "kafka"))

	// What a person has to mend, and mends wrongly.
	for _, again := range []string{"", "-again"} {
		zone := "Nowhere/Land" + again
		w.apply(policy("refused", fmt.Sprintf(konvoy, "priority: -1, timeZone: "+zone+",")))
		w.apply(exception("refused", `{product: Konvoy, timeZone: `+zone+`, through: "2021-06-30", reference: none, reason: none}`))
		w.apply(cluster(workspace, "refused", "{host: {}}", `[{product: Konvoy, name: default, version: 1.6.3`+again+`}]`))
		w.await(w.named(policyKind, "", "refused"), "Ready=False InvalidPolicy")
		w.await(w.named(exceptionKind, "", "refused"), "Ready=False InvalidException")
		w.await(ofCluster("refused"), "Ready=False HostNotAllowed")
		w.see("refused"+again, w.named(policyKind, "", "refused"), ofCluster("refused"), w.named(exceptionKind, "", "refused"))
	}
	w.remove(w.named(policyKind, "", "refused"), ofCluster("refused"), w.named(exceptionKind, "", "refused"))

	// A second object for the host, and one with a kubeconfig that nobody can use.
	w.kubeconfig("duplicate", w.ownKubeconfig())
	w.apply(cluster(workspace, "duplicate", "{kubeconfigSecret: {name: duplicate}}", supportedReleases))
	w.awaitField(ofCluster("duplicate"), sandbox.Namespace+"/"+v1alpha1.HostName, "status", "duplicateOf")
	w.await(ofCluster("duplicate"), "Reachable=True Connected")
	w.see("duplicate", ofCluster("duplicate"))
	w.kubeconfig("unusable", []byte("no kubeconfig"))
	w.apply(cluster(workspace, "unusable", "{kubeconfigSecret: {name: unusable}}", supportedReleases))
	w.await(ofCluster("unusable"), "Stalled=True InvalidKubeconfig")
	w.see("unusable", ofCluster("unusable"))
	w.remove(ofCluster("duplicate"), ofCluster("unusable"))

	// Clusters with which there is no contact, or none yet.
	w.apply(cluster(workspace, "unreachable", "{kubeconfigSecret: {name: unreachable}}", supportedReleases))
	w.await(ofCluster("unreachable"), "Reachable=False SecretMissing")
	w.see("unreachable", ofCluster("unreachable"))
	w.silentCluster("connecting")
	w.await(ofCluster("connecting"), "Reconciling=True Connecting")
	w.see("connecting", ofCluster("connecting"))
	w.remove(ofCluster("unreachable"), ofCluster("connecting"))

	// Two releases that must not run together.
	w.apply(policy("kommander", kommander))
	host(incompatibleReleases)
	w.await(ofHost, "Compatible=False ProhibitedCombination")
	w.see("incompatible", ofHost)
	w.annotate(ofHost, "Unsupported")
	w.see("incompatible-annotated", ofHost)
	w.annotate(ofHost, "")
	w.remove(w.named(policyKind, "", "kommander"))

	// Two policies of which neither can go first.
	spark := `{product: Spark, lifecycle: {listed: {}}, releases: [{version: "3.0"}]}`
	w.apply(policy("spark", spark))
	w.apply(policy("spark-copy", spark))
	host(conflictingReleases)
	w.await(w.named(policyKind, "", "spark"), "Conflicting=True ConflictingPolicies")
	w.await(w.named(policyKind, "", "spark"), "Supported=Unknown ConflictingPolicies")
	w.see("conflicting", w.named(policyKind, "", "spark"))
	w.remove(w.named(policyKind, "", "spark"), w.named(policyKind, "", "spark-copy"))

	host(supportedReleases)
	w.await(ofHost, "Supported=True Supported")
	w.annotate(ofHost, "unsupported")
	w.see("misspelt", ofHost)
	w.annotate(ofHost, "")

	// A change that the operator does not see, because it is away.
	w.halt()
	w.apply(policy("konvoy", fmt.Sprintf(konvoy, "expiringSoonDays: 30,")))
	w.apply(exception("konvoy-1.6", fmt.Sprintf(granted, "the application moves before summer")))
	host(`[{product: Konvoy, name: default, version: 1.6.4}]`)
	w.see("edited", ofPolicy, ofHost, ofException)

	// It is back, and the days pass. What was told until now is forgotten, as API servers do after an hour.
	for _, namespace := range []string{metav1.NamespaceDefault, sandbox.Namespace} {
		if err := w.Client.DeleteAllOf(t.Context(), &corev1.Event{}, client.InNamespace(namespace)); err != nil {
			t.Fatal(err)
		}
	}
	w.Clock.SetTime(instant(t, soon))
	w.start()
	w.await(ofHost, "ExpiringSoon=True SupportEndsSoon")
	w.await(ofPolicy, "ExpiringSoon=True SupportEndsSoon")
	w.Clock.SetTime(instant(t, after))
	w.await(ofHost, "Supported=False SupportEnded")
	w.await(ofPolicy, "Supported=False SupportEnded")
	w.await(ofException, "Active=False ExceptionEnded")
	w.see("unsupported", ofPolicy, ofHost)
	w.see("ended", ofException)
	w.annotate(ofHost, "Unsupported")
	w.annotate(ofPolicy, "Unsupported")
	w.see("unsupported-annotated", ofPolicy, ofHost)

	t.Run("events.md", func(t *testing.T) { w.runConsole(t, filepath.Join("..", "docs", "events.md")) })

	for _, s := range situations {
		for _, kind := range s.kinds {
			if !w.seen[kind+"/"+s.name] {
				t.Errorf("no %s was brought into the situation %s", kind, s.name)
			}
		}
	}
}

func newWorld(t *testing.T) *world {
	t.Helper()
	if testing.Short() {
		t.Skip("it needs a control plane")
	}
	made, err := sandbox.New(t.Context(), shared.ForTest(t), t.TempDir(), sandbox.Options{
		KubernetesVersion: "v1.18.16", Now: instant(t, before), Manifests: "config/fleet", Log: logr.Discard(),
	})
	if err != nil {
		t.Fatal(err)
	}
	w := &world{Sandbox: made, t: t, seen: map[string]bool{}}
	t.Cleanup(func() {
		w.halt()
		if err := w.Close(); err != nil {
			t.Error(err)
		}
	})
	w.apply(`{apiVersion: v1, kind: Namespace, metadata: {name: ` + workspace + `}}`)
	return w
}

func instant(t *testing.T, text string) time.Time {
	t.Helper()
	parsed, err := time.Parse(time.RFC3339, text)
	if err != nil {
		t.Fatal(err)
	}
	return parsed
}

// start runs the operator, and gives it more patience than this test has.
func (w *world) start() {
	w.t.Helper()
	stop, err := w.StartOperator(w.t.Context(), func(_ *rest.Config, options *controllers.Options) {
		options.KubeconfigNamespaces, options.AllowLoopback, options.Patience = []string{workspace}, true, time.Hour
	})
	if err != nil {
		w.t.Fatal(err)
	}
	w.stop = stop
}

func (w *world) halt() {
	if w.stop == nil {
		return
	}
	if err := w.stop(); err != nil {
		w.t.Error(err)
	}
	w.stop = nil
}

func (w *world) apply(manifest string) {
	w.t.Helper()
	object := parse(w.t, []byte(manifest))
	err := w.Client.Apply(w.t.Context(), client.ApplyConfigurationFromUnstructured(object), client.FieldOwner("gitops"), client.ForceOwnership)
	if err != nil {
		w.t.Fatalf("%v: %s", err, manifest)
	}
}

func (w *world) remove(objects ...*unstructured.Unstructured) {
	w.t.Helper()
	for _, object := range objects {
		if err := w.Client.Delete(w.t.Context(), object); err != nil {
			w.t.Fatal(err)
		}
	}
}

// annotate sets the annotation by which a user chooses, or with an empty value takes it away.
func (w *world) annotate(object *unstructured.Unstructured, choice string) {
	w.t.Helper()
	value := "null"
	if choice != "" {
		value = fmt.Sprintf("%q", choice)
	}
	patch := fmt.Sprintf(`{"metadata": {"annotations": {"support.d2iq.io/unhealthy-when": %s}}}`, value)
	if err := w.Client.Patch(w.t.Context(), object, client.RawPatch("application/merge-patch+json", []byte(patch))); err != nil {
		w.t.Fatal(err)
	}
}

// silentCluster is one whose API server takes connections and never says a word.
func (w *world) silentCluster(name string) {
	w.t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() { listener.Close() })
	w.kubeconfig(name, w.written(&rest.Config{
		Host: "https://" + listener.Addr().String(), BearerToken: "none",
		TLSClientConfig: rest.TLSClientConfig{CAData: shared.ForTest(w.t).Config().CAData},
	}))
	w.apply(cluster(workspace, name, "{kubeconfigSecret: {name: "+name+"}}", supportedReleases))
}

// ownKubeconfig is one for the operator's own cluster, with the operator's own rights.
func (w *world) ownKubeconfig() []byte {
	w.t.Helper()
	account, err := shared.ForTest(w.t).ServiceAccountConfig(w.t.Context(), sandbox.Namespace, controllers.Name)
	if err != nil {
		w.t.Fatal(err)
	}
	return w.written(w.Front.Config(account.BearerToken))
}

// written is a configuration as a kubeconfig.
func (w *world) written(config *rest.Config) []byte {
	w.t.Helper()
	path := filepath.Join(w.t.TempDir(), "kubeconfig")
	if err := controlplane.WriteKubeconfig(path, config); err != nil {
		w.t.Fatal(err)
	}
	content, err := os.ReadFile(path)
	if err != nil {
		w.t.Fatal(err)
	}
	return content
}

// kubeconfig makes a Secret with a kubeconfig.
func (w *world) kubeconfig(name string, content []byte) {
	w.t.Helper()
	secret := &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Namespace: workspace, Name: name}, Data: map[string][]byte{"kubeconfig": content},
	}
	if err := w.Client.Create(w.t.Context(), secret); err != nil {
		w.t.Fatal(err)
	}
}

// named is an object by which the others are asked for.
func (w *world) named(kind, namespace, name string) *unstructured.Unstructured {
	object := &unstructured.Unstructured{}
	object.SetAPIVersion(v1alpha1.GroupVersion.String())
	object.SetKind(kind)
	object.SetNamespace(namespace)
	object.SetName(name)
	return object
}

func (w *world) get(like *unstructured.Unstructured) *unstructured.Unstructured {
	w.t.Helper()
	object := w.named(like.GetKind(), like.GetNamespace(), like.GetName())
	if err := w.Client.Get(w.t.Context(), client.ObjectKeyFromObject(like), object); err != nil {
		w.t.Fatal(err)
	}
	return object
}

// await waits until a condition about the object's present spec reads such as "Supported=True Supported".
func (w *world) await(like *unstructured.Unstructured, want string) {
	w.t.Helper()
	kind, _, _ := strings.Cut(want, "=")
	w.eventually(like, want, func(object *unstructured.Unstructured) string {
		observed, _, _ := unstructured.NestedInt64(object.Object, "status", "observedGeneration")
		for _, c := range conditions(w.t, object) {
			if c.Type == kind && observed == object.GetGeneration() {
				return fmt.Sprintf("%s=%s %s", c.Type, c.Status, c.Reason)
			}
		}
		return "nothing"
	})
}

// awaitField waits until a field has a value.
func (w *world) awaitField(like *unstructured.Unstructured, want any, path ...string) {
	w.t.Helper()
	w.eventually(like, fmt.Sprint(want), func(object *unstructured.Unstructured) string {
		got, _, _ := unstructured.NestedFieldNoCopy(object.Object, path...)
		return fmt.Sprint(got)
	})
}

func (w *world) eventually(like *unstructured.Unstructured, want string, got func(*unstructured.Unstructured) string) {
	w.t.Helper()
	deadline := time.Now().Add(time.Minute)
	for {
		object := w.get(like)
		said := got(object)
		if said == want {
			return
		}
		if time.Now().After(deadline) {
			text, _ := yaml.Marshal(object.Object["status"])
			w.t.Fatalf("%s %s: waited for %q, there is %q:\n%s", like.GetKind(), like.GetName(), want, said, text)
		}
		time.Sleep(50 * time.Millisecond)
	}
}

func conditions(t *testing.T, object *unstructured.Unstructured) []metav1.Condition {
	t.Helper()
	var with struct {
		Status struct {
			Conditions []metav1.Condition `json:"conditions"`
		} `json:"status"`
	}
	text, err := object.MarshalJSON()
	if err != nil {
		t.Fatal(err)
	}
	if err := yaml.Unmarshal(text, &with); err != nil {
		t.Fatal(err)
	}
	return with.Status.Conditions
}

// see asks all tools about objects that are in a situation, and compares the objects with those of testdata.
func (w *world) see(name string, objects ...*unstructured.Unstructured) {
	w.t.Helper()
	for _, like := range objects {
		w.t.Run(like.GetKind()+"/"+name, func(t *testing.T) {
			s := find(t, name, like.GetKind())
			object := w.get(like)
			if diff := cmp.Diff(s.verdicts, judge(t, object), cmp.AllowUnexported(verdicts{})); diff != "" {
				t.Errorf("%s (-want +got):\n%s", s.what, diff)
			}
			golden.Expect(t, s.file(like.GetKind()), withoutIdentity(t, object))
			w.seen[like.GetKind()+"/"+name] = true
		})
	}
}

func find(t *testing.T, name, kind string) *situation {
	t.Helper()
	for i := range situations {
		for _, one := range situations[i].kinds {
			if situations[i].name == name && one == kind {
				return &situations[i]
			}
		}
	}
	t.Fatalf("there is no situation %s of %s", name, kind)
	return nil
}

// noID stands for the identity of a cluster in testdata.
const noID = "00000000-0000-0000-0000-000000000000"

// withoutIdentity is an object as YAML, without what is another with each run.
func withoutIdentity(t *testing.T, object *unstructured.Unstructured) string {
	t.Helper()
	object = object.DeepCopy()
	for _, field := range []string{"uid", "resourceVersion", "creationTimestamp", "managedFields"} {
		unstructured.RemoveNestedField(object.Object, "metadata", field)
	}
	text, err := yaml.Marshal(object.Object)
	if err != nil {
		t.Fatal(err)
	}
	id, found, _ := unstructured.NestedString(object.Object, "status", "clusterID")
	if !found {
		return string(text)
	}
	return strings.ReplaceAll(string(text), id, noID)
}
