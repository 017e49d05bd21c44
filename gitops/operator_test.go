// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package gitops_test

import (
	"fmt"
	"net"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/go-logr/logr"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"github.com/d2iq-labs/support-policy-operator/api/v1alpha1"
	"github.com/d2iq-labs/support-policy-operator/controllers"
	"github.com/d2iq-labs/support-policy-operator/test/controlplane"
	"github.com/d2iq-labs/support-policy-operator/test/expect"
	"github.com/d2iq-labs/support-policy-operator/test/golden"
	"github.com/d2iq-labs/support-policy-operator/test/sandbox"
	"github.com/d2iq-labs/support-policy-operator/test/testfile"
)

// environment is a real API server, and the operator with a clock that the test sets.
type environment struct {
	*sandbox.Sandbox

	t    *testing.T
	stop func() error
	// checked are the objects that were checked, such as SupportPolicy/new.
	checked map[string]bool
}

// The namespace of the other clusters, and the instants of the test.
const (
	workspace = "workspace-a"
	before    = "2021-03-01T12:00:00Z"
	soon      = "2021-08-01T12:00:00Z"
	after     = "2021-09-01T12:00:00Z"
)

// The declared releases of the host.
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

// konvoy is a policy by which 1.6 is supported until 2.0 is released.
const konvoy = `{product: Konvoy, %s lifecycle: {window: {supportedMinors: 3}}, releases: [
  {version: "2.0", generalAvailability: "2021-08-26"}, {version: "1.8", generalAvailability: "2021-05-05"},
  {version: "1.7", generalAvailability: "2021-02-10"}, {version: "1.6", generalAvailability: "2020-11-16"}]}`

const kommander = `{product: Kommander, lifecycle: {window: {supportedMinors: 3}}, releases: [
  {version: "1.3", generalAvailability: "2021-02-10", requires: [{product: Konvoy, versions: [1.7.x]}]}]}`

const exceptionSpec = `{product: Konvoy, versions: [1.6.x], through: "2021-06-30", reference: CONTRACT-42, reason: %s}`

// TestSituations brings objects into every situation, evaluates them by all tools, and compares them with testdata.
func TestSituations(t *testing.T) {
	e := newEnvironment(t)
	host := func(releases string) {
		e.apply(cluster(sandbox.Namespace, v1alpha1.HostName, "{host: {}}", releases+"\n  environment: Production"))
	}
	ofHost := e.reference(clusterKind, sandbox.Namespace, v1alpha1.HostName)
	ofPolicy, ofException := e.reference(policyKind, "", "konvoy"), e.reference(exceptionKind, "", "konvoy-1.6")
	ofCluster := func(name string) *unstructured.Unstructured { return e.reference(clusterKind, workspace, name) }

	// The operator does not run yet.
	e.apply(policy("konvoy", fmt.Sprintf(konvoy, "")))
	e.apply(exception("konvoy-1.6", fmt.Sprintf(exceptionSpec, "the application moves in June")))
	host(supportedReleases)
	e.checkSituation("new", ofPolicy, ofHost, ofException)

	e.startOperator()
	e.await(ofHost, "Supported=True Supported")
	e.await(ofPolicy, "Supported=True Supported")
	e.await(ofException, "Active=True ExceptionRunning")
	e.awaitField(ofException, int64(1), "status", "clusters")
	e.checkSituation("valid", ofPolicy, ofHost, ofException)

	e.apply(policy("kafka", `{product: Kafka, lifecycle: {listed: {}}, releases: [{version: "1.3"}]}`))
	e.await(e.reference(policyKind, "", "kafka"), "Supported=Unknown NoClusters")
	e.checkSituation("unused", e.reference(policyKind, "", "kafka"))

	// An invalid spec, and an edit that leaves it invalid.
	for _, again := range []string{"", "-again"} {
		zone := "Nowhere/Land" + again
		e.apply(policy("refused", fmt.Sprintf(konvoy, "priority: -1, timeZone: "+zone+",")))
		e.apply(exception("refused", `{product: Konvoy, timeZone: `+zone+`, through: "2021-06-30", reference: none, reason: none}`))
		e.apply(cluster(workspace, "refused", "{host: {}}", `[{product: Konvoy, name: default, version: 1.6.3`+again+`}]`))
		e.await(e.reference(policyKind, "", "refused"), "Ready=False InvalidPolicy")
		e.await(e.reference(exceptionKind, "", "refused"), "Ready=False InvalidException")
		e.await(ofCluster("refused"), "Ready=False HostNotAllowed")
		e.checkSituation("refused"+again, e.reference(policyKind, "", "refused"), ofCluster("refused"), e.reference(exceptionKind, "", "refused"))
	}
	e.remove(e.reference(policyKind, "", "refused"), ofCluster("refused"), e.reference(exceptionKind, "", "refused"))

	// A second object for the host, and one with an unusable kubeconfig.
	e.createKubeconfig("duplicate", e.operatorKubeconfig())
	e.apply(cluster(workspace, "duplicate", "{kubeconfigSecret: {name: duplicate}}", supportedReleases))
	e.awaitField(ofCluster("duplicate"), sandbox.Namespace+"/"+v1alpha1.HostName, "status", "duplicateOf")
	e.await(ofCluster("duplicate"), "Reachable=True Connected")
	e.checkSituation("duplicate", ofCluster("duplicate"))
	e.createKubeconfig("unusable", []byte("no kubeconfig"))
	e.apply(cluster(workspace, "unusable", "{kubeconfigSecret: {name: unusable}}", supportedReleases))
	e.await(ofCluster("unusable"), "Stalled=True InvalidKubeconfig")
	e.checkSituation("unusable", ofCluster("unusable"))
	e.remove(ofCluster("duplicate"), ofCluster("unusable"))

	// Clusters without contact, or without contact so far.
	e.apply(cluster(workspace, "unreachable", "{kubeconfigSecret: {name: unreachable}}", supportedReleases))
	e.await(ofCluster("unreachable"), "Reachable=False SecretMissing")
	e.checkSituation("unreachable", ofCluster("unreachable"))
	e.createUnansweringCluster("connecting")
	e.await(ofCluster("connecting"), "Reconciling=True Connecting")
	e.checkSituation("connecting", ofCluster("connecting"))
	e.remove(ofCluster("unreachable"), ofCluster("connecting"))

	// A prohibited combination of releases.
	e.apply(policy("kommander", kommander))
	host(incompatibleReleases)
	e.await(ofHost, "Compatible=False ProhibitedCombination")
	e.checkSituation("incompatible", ofHost)
	e.annotate(ofHost, "Unsupported")
	e.checkSituation("incompatible-annotated", ofHost)
	e.annotate(ofHost, "")
	e.remove(e.reference(policyKind, "", "kommander"))

	// Two policies with the same priority.
	spark := `{product: Spark, lifecycle: {listed: {}}, releases: [{version: "3.0"}]}`
	e.apply(policy("spark", spark))
	e.apply(policy("spark-copy", spark))
	host(conflictingReleases)
	e.await(e.reference(policyKind, "", "spark"), "Conflicting=True ConflictingPolicies")
	e.await(e.reference(policyKind, "", "spark"), "Supported=Unknown ConflictingPolicies")
	e.checkSituation("conflicting", e.reference(policyKind, "", "spark"))
	e.remove(e.reference(policyKind, "", "spark"), e.reference(policyKind, "", "spark-copy"))

	host(supportedReleases)
	e.await(ofHost, "Supported=True Supported")
	e.annotate(ofHost, "unsupported")
	e.checkSituation("misspelt", ofHost)
	e.annotate(ofHost, "")

	// Changes while the operator does not run.
	e.stopOperator()
	e.apply(policy("konvoy", fmt.Sprintf(konvoy, "expiringSoonDays: 30,")))
	e.apply(exception("konvoy-1.6", fmt.Sprintf(exceptionSpec, "the application moves before summer")))
	host(`[{product: Konvoy, name: default, version: 1.6.4}]`)
	e.checkSituation("edited", ofPolicy, ofHost, ofException)

	// The operator starts again, and days pass. The events until now are deleted, as API servers delete them after an hour.
	for _, namespace := range []string{metav1.NamespaceDefault, sandbox.Namespace} {
		if err := e.Client.DeleteAllOf(t.Context(), &corev1.Event{}, client.InNamespace(namespace)); err != nil {
			t.Fatal(err)
		}
	}
	e.Clock.SetTime(instant(t, soon))
	e.startOperator()
	e.await(ofHost, "ExpiringSoon=True SupportEndsSoon")
	e.await(ofPolicy, "ExpiringSoon=True SupportEndsSoon")
	e.Clock.SetTime(instant(t, after))
	e.await(ofHost, "Supported=False SupportEnded")
	e.await(ofPolicy, "Supported=False SupportEnded")
	e.await(ofException, "Active=False ExceptionEnded")
	e.checkSituation("unsupported", ofPolicy, ofHost)
	e.checkSituation("ended", ofException)
	e.annotate(ofHost, "Unsupported")
	e.annotate(ofPolicy, "Unsupported")
	e.checkSituation("unsupported-annotated", ofPolicy, ofHost)

	t.Run("events.md", func(t *testing.T) { e.runConsole(t, filepath.Join("..", "docs", "events.md")) })

	for _, s := range situations {
		for _, kind := range s.kinds {
			if !e.checked[kind+"/"+s.name] {
				t.Errorf("no %s was brought into the situation %s", kind, s.name)
			}
		}
	}
}

func newEnvironment(t *testing.T) *environment {
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
	e := &environment{Sandbox: made, t: t, checked: map[string]bool{}}
	t.Cleanup(func() {
		e.stopOperator()
		if err := e.Close(); err != nil {
			t.Error(err)
		}
	})
	e.apply(`{apiVersion: v1, kind: Namespace, metadata: {name: ` + workspace + `}}`)
	return e
}

func instant(t *testing.T, text string) time.Time {
	t.Helper()
	parsed, err := time.Parse(time.RFC3339, text)
	if err != nil {
		t.Fatal(err)
	}
	return parsed
}

// startOperator starts the operator, with a patience longer than this test.
func (e *environment) startOperator() {
	e.t.Helper()
	stop, err := e.StartOperator(e.t.Context(), func(_ *rest.Config, options *controllers.Options) {
		options.KubeconfigNamespaces, options.AllowLoopback, options.Patience = []string{workspace}, true, time.Hour
	})
	if err != nil {
		e.t.Fatal(err)
	}
	e.stop = stop
}

func (e *environment) stopOperator() {
	if e.stop == nil {
		return
	}
	if err := e.stop(); err != nil {
		e.t.Error(err)
	}
	e.stop = nil
}

func (e *environment) apply(manifest string) {
	e.t.Helper()
	object := parse(e.t, manifest)
	err := e.Client.Apply(e.t.Context(), client.ApplyConfigurationFromUnstructured(object), client.FieldOwner("gitops"), client.ForceOwnership)
	if err != nil {
		e.t.Fatalf("%v: %s", err, manifest)
	}
}

func (e *environment) remove(objects ...*unstructured.Unstructured) {
	e.t.Helper()
	for _, object := range objects {
		if err := e.Client.Delete(e.t.Context(), object); err != nil {
			e.t.Fatal(err)
		}
	}
}

// annotate sets the annotation support.d2iq.io/unhealthy-when, or removes it where the value is empty.
func (e *environment) annotate(object *unstructured.Unstructured, choice string) {
	e.t.Helper()
	value := "null"
	if choice != "" {
		value = fmt.Sprintf("%q", choice)
	}
	patch := fmt.Sprintf(`{"metadata": {"annotations": {"support.d2iq.io/unhealthy-when": %s}}}`, value)
	if err := e.Client.Patch(e.t.Context(), object, client.RawPatch("application/merge-patch+json", []byte(patch))); err != nil {
		e.t.Fatal(err)
	}
}

// createUnansweringCluster creates a cluster whose API server accepts connections and never answers.
func (e *environment) createUnansweringCluster(name string) {
	e.t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		e.t.Fatal(err)
	}
	e.t.Cleanup(func() { listener.Close() })
	e.createKubeconfig(name, e.marshalKubeconfig(&rest.Config{
		Host: "https://" + listener.Addr().String(), BearerToken: "none",
		TLSClientConfig: rest.TLSClientConfig{CAData: shared.ForTest(e.t).Config().CAData},
	}))
	e.apply(cluster(workspace, name, "{kubeconfigSecret: {name: "+name+"}}", supportedReleases))
}

// operatorKubeconfig returns a kubeconfig for the operator's own cluster, with the operator's rights.
func (e *environment) operatorKubeconfig() []byte {
	e.t.Helper()
	account, err := shared.ForTest(e.t).ServiceAccountConfig(e.t.Context(), sandbox.Namespace, controllers.Name)
	if err != nil {
		e.t.Fatal(err)
	}
	return e.marshalKubeconfig(e.Front.Config(account.BearerToken))
}

// marshalKubeconfig returns a configuration as a kubeconfig.
func (e *environment) marshalKubeconfig(config *rest.Config) []byte {
	e.t.Helper()
	path := filepath.Join(e.t.TempDir(), "kubeconfig")
	if err := controlplane.WriteKubeconfig(path, config); err != nil {
		e.t.Fatal(err)
	}
	return []byte(testfile.Read(e.t, path))
}

// createKubeconfig creates a Secret with a kubeconfig.
func (e *environment) createKubeconfig(name string, content []byte) {
	e.t.Helper()
	secret := &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Namespace: workspace, Name: name}, Data: map[string][]byte{"kubeconfig": content},
	}
	if err := e.Client.Create(e.t.Context(), secret); err != nil {
		e.t.Fatal(err)
	}
}

// reference returns an object with kind and name only, for requests.
func (e *environment) reference(kind, namespace, name string) *unstructured.Unstructured {
	object := &unstructured.Unstructured{}
	object.SetAPIVersion(v1alpha1.GroupVersion.String())
	object.SetKind(kind)
	object.SetNamespace(namespace)
	object.SetName(name)
	return object
}

func (e *environment) get(like *unstructured.Unstructured) *unstructured.Unstructured {
	e.t.Helper()
	object := e.reference(like.GetKind(), like.GetNamespace(), like.GetName())
	if err := e.Client.Get(e.t.Context(), client.ObjectKeyFromObject(like), object); err != nil {
		e.t.Fatal(err)
	}
	return object
}

// await waits until a condition about the current generation reads such as "Supported=True Supported".
func (e *environment) await(like *unstructured.Unstructured, want string) {
	e.t.Helper()
	kind, _, _ := strings.Cut(want, "=")
	e.eventually(like, want, func(object *unstructured.Unstructured) string {
		observed, _, _ := unstructured.NestedInt64(object.Object, "status", "observedGeneration")
		for _, c := range conditions(e.t, object) {
			if c.Type == kind && observed == object.GetGeneration() {
				return fmt.Sprintf("%s=%s %s", c.Type, c.Status, c.Reason)
			}
		}
		return "nothing"
	})
}

// awaitField waits until a field has a value.
func (e *environment) awaitField(like *unstructured.Unstructured, want any, path ...string) {
	e.t.Helper()
	e.eventually(like, fmt.Sprint(want), func(object *unstructured.Unstructured) string {
		got, _, _ := unstructured.NestedFieldNoCopy(object.Object, path...)
		return fmt.Sprint(got)
	})
}

func (e *environment) eventually(like *unstructured.Unstructured, want string, got func(*unstructured.Unstructured) string) {
	e.t.Helper()
	deadline := time.Now().Add(time.Minute)
	for {
		object := e.get(like)
		said := got(object)
		if said == want {
			return
		}
		if time.Now().After(deadline) {
			text, _ := yaml.Marshal(object.Object["status"])
			e.t.Fatalf("%s %s: waited for %q, there is %q:\n%s", like.GetKind(), like.GetName(), want, said, text)
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
	testfile.Decode(t, string(text), &with)
	return with.Status.Conditions
}

// checkSituation evaluates objects in a situation by all tools, and compares them with testdata.
func (e *environment) checkSituation(name string, objects ...*unstructured.Unstructured) {
	e.t.Helper()
	for _, like := range objects {
		e.t.Run(like.GetKind()+"/"+name, func(t *testing.T) {
			s := find(t, name, like.GetKind())
			object := e.get(like)
			expect.Equal(t, s.toolStatus, evaluateAll(t, object), s.what)
			golden.Expect(t, s.file(like.GetKind()), withoutIdentity(t, object))
			e.checked[like.GetKind()+"/"+name] = true
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

// noID replaces the identity of a cluster in testdata.
const noID = "00000000-0000-0000-0000-000000000000"

// withoutIdentity returns an object as YAML, without what differs in each run.
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
