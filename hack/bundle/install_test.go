// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package bundle_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	authorizationv1 "k8s.io/api/authorization/v1"
	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/d2iq-labs/support-policy-operator/test/controlplane"
	"github.com/d2iq-labs/support-policy-operator/test/process"
	"github.com/d2iq-labs/support-policy-operator/test/repository"
)

const (
	// namespace is where OLM puts operators for all namespaces by default. It is not the one that config/ has.
	namespace = "operators"
	// timeout is far longer than anything here takes.
	timeout = 2 * time.Minute
)

// installSpec is what OLM installs, as the ClusterServiceVersion has it.
type installSpec struct {
	ClusterPermissions, Permissions []struct {
		ServiceAccountName string
		Rules              []rbacv1.PolicyRule
	}
	Deployments []struct {
		Name  string
		Label map[string]string
		Spec  appsv1.DeploymentSpec
	}
}

// TestInstall installs the bundle as OLM does, and runs the operator with the arguments and the environment of its
// Deployment and the rights of its permissions, and no others: it judges its cluster, holds its lease and serves its metrics
// to those who may read them. Without one of the rules it does not.
func TestInstall(t *testing.T) {
	o := install(t)
	o.start()
	o.create(policies(t)...)
	o.create(o.examples...)

	host := o.eventually("ClusterSupport", "host", "it is Ready", condition("Ready", "True", ""))
	if host.GetNamespace() != namespace {
		t.Errorf("the host is kept in %s", host.GetNamespace())
	}
	o.declare("1.7.2")
	o.eventually("ClusterSupport", "host", "Konvoy is unsupported by a shipped policy", condition("Supported", "False", "Konvoy 1.7.2"))
	o.eventually("SupportPolicy", "konvoy", "the shipped policy is Ready", condition("Ready", "True", ""))
	o.eventually("SupportPolicy", "konvoy-sample", "the example is Ready", condition("Ready", "True", ""))
	o.eventually("SupportException", "konvoy-1.7-sample", "the example is Ready", condition("Ready", "True", ""))
	o.eventually("ClusterSupport", "edge-sample", "the example is Ready", condition("Ready", "True", ""))

	lease := &coordinationv1.Lease{}
	if err := o.Get(t.Context(), client.ObjectKey{Namespace: namespace, Name: "support-policy-operator"}, lease); err != nil || lease.Spec.HolderIdentity == nil {
		t.Errorf("the lease %+v: %v", lease.Spec, err)
	}
	o.checkMetrics()
	o.checkWithout("clustersupports/status")
}

// olm plays OLM on an API server.
type olm struct {
	client.Client

	t        *testing.T
	plane    *controlplane.ControlPlane
	spec     installSpec
	examples []*unstructured.Unstructured
	metrics  string
	log      *logged
}

// install creates what OLM creates of a bundle.
func install(t *testing.T) *olm {
	t.Helper()
	files, _ := generate(t, release())
	o := &olm{t: t, plane: controlplane.ForTest(t, controlplane.Options{}), spec: readCSV(t, files).Spec.Install.Spec, log: &logged{}}
	connection, err := client.New(o.plane.Config(), client.Options{})
	if err != nil {
		t.Fatal(err)
	}
	o.Client = client.WithFieldValidation(connection, metav1.FieldValidationStrict)
	if err := json.Unmarshal([]byte(readCSV(t, files).Metadata.Annotations["alm-examples"]), &o.examples); err != nil {
		t.Fatal(err)
	}
	var manifests, definitions []*unstructured.Unstructured
	for name, content := range files {
		if !strings.HasPrefix(name, "manifests/") {
			continue
		}
		switch object := (&unstructured.Unstructured{Object: parse(t, content)}); object.GetKind() {
		case "ClusterServiceVersion": // it is for OLM itself
		case "CustomResourceDefinition":
			definitions = append(definitions, object)
		default:
			manifests = append(manifests, object)
		}
	}
	o.make(&corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: namespace, Labels: map[string]string{
		"pod-security.kubernetes.io/enforce": "restricted",
	}}})
	o.create(definitions...)
	for _, d := range definitions {
		o.eventually("CustomResourceDefinition", d.GetName(), "it is established", condition("Established", "True", ""))
	}
	o.create(manifests...)
	o.grant()
	o.deploy()
	return o
}

// make creates an object.
func (o *olm) make(object client.Object) {
	o.t.Helper()
	if err := o.Create(o.t.Context(), object); err != nil {
		o.t.Fatal(err)
	}
}

// create creates objects in the namespace where their kind has one.
func (o *olm) create(objects ...*unstructured.Unstructured) {
	o.t.Helper()
	for _, object := range objects {
		namespaced, err := o.IsObjectNamespaced(object)
		if err != nil {
			o.t.Fatal(err)
		}
		if namespaced {
			object.SetNamespace(namespace)
		}
		o.make(object)
	}
}

// grant creates the ServiceAccounts and roles of the permissions.
func (o *olm) grant() {
	o.t.Helper()
	accounts := map[string]bool{}
	subject := func(name string) []rbacv1.Subject {
		if !accounts[name] {
			o.make(&corev1.ServiceAccount{ObjectMeta: meta(name)})
			accounts[name] = true
		}
		return []rbacv1.Subject{{Kind: rbacv1.ServiceAccountKind, Namespace: namespace, Name: name}}
	}
	for i, p := range o.spec.ClusterPermissions {
		name := fmt.Sprintf("olm-cluster-%d", i)
		o.make(&rbacv1.ClusterRole{ObjectMeta: metav1.ObjectMeta{Name: name}, Rules: p.Rules})
		o.make(&rbacv1.ClusterRoleBinding{
			ObjectMeta: metav1.ObjectMeta{Name: name}, Subjects: subject(p.ServiceAccountName),
			RoleRef: rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: name},
		})
	}
	for i, p := range o.spec.Permissions {
		name := fmt.Sprintf("olm-%d", i)
		o.make(&rbacv1.Role{ObjectMeta: meta(name), Rules: p.Rules})
		o.make(&rbacv1.RoleBinding{
			ObjectMeta: meta(name), Subjects: subject(p.ServiceAccountName),
			RoleRef: rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "Role", Name: name},
		})
	}
}

func meta(name string) metav1.ObjectMeta { return metav1.ObjectMeta{Namespace: namespace, Name: name} }

// deploy creates the Deployment, and a Pod of its template, which nothing starts: the API server says whether they are
// admitted.
func (o *olm) deploy() {
	o.t.Helper()
	if len(o.spec.Deployments) != 1 {
		o.t.Fatalf("there are %d Deployments", len(o.spec.Deployments))
	}
	d := o.spec.Deployments[0]
	deployment := &appsv1.Deployment{ObjectMeta: meta(d.Name), Spec: d.Spec}
	deployment.Labels = d.Label
	o.make(deployment)
	pod := &corev1.Pod{ObjectMeta: d.Spec.Template.ObjectMeta, Spec: d.Spec.Template.Spec}
	pod.Namespace, pod.Name = namespace, "one"
	o.make(pod)
	service := &corev1.Service{}
	if err := o.Get(o.t.Context(), client.ObjectKey{Namespace: namespace, Name: "support-policy-operator-metrics"}, service); err != nil {
		o.t.Fatal(err)
	}
	selected := &corev1.PodList{}
	if err := o.List(o.t.Context(), selected, client.InNamespace(namespace), client.MatchingLabels(service.Spec.Selector)); err != nil || len(selected.Items) != 1 {
		o.t.Errorf("the Service selects %d Pods: %v", len(selected.Items), err)
	}
	// Nothing tells it to go, and a node that is not there would be asked.
	if err := o.Delete(o.t.Context(), pod, client.GracePeriodSeconds(0)); err != nil {
		o.t.Fatal(err)
	}
}

// start runs the operator as its container would run, but for the addresses, which other tests may use.
func (o *olm) start() {
	o.t.Helper()
	template := o.spec.Deployments[0].Spec.Template.Spec
	container := template.Containers[0]
	account, err := o.plane.ServiceAccountConfig(o.t.Context(), namespace, template.ServiceAccountName)
	if err != nil {
		o.t.Fatal(err)
	}
	kubeconfig := filepath.Join(o.t.TempDir(), "kubeconfig")
	if err := controlplane.WriteKubeconfig(kubeconfig, account); err != nil {
		o.t.Fatal(err)
	}
	o.metrics = process.FreeAddress(o.t)
	health := process.FreeAddress(o.t)
	command := exec.Command(buildOperator(o.t), slices.Concat(container.Args, []string{
		"--metrics-bind-address=" + o.metrics, "--health-probe-bind-address=" + health,
	})...)
	command.Env = append(environment(o.t, container.Env), "KUBECONFIG="+kubeconfig)
	command.Stdout, command.Stderr = o.log, o.log
	var running *process.Process
	thread := process.NewThread()
	thread.Do(func() { running, err = process.Start(command) })
	if err != nil {
		o.t.Fatal(err)
	}
	o.t.Cleanup(func() {
		defer thread.End()
		if err := running.Stop(20 * time.Second); err != nil {
			o.t.Error(err)
		}
		if o.t.Failed() {
			o.t.Logf("what the operator logged:\n%s", o.log)
		}
	})
	o.wait("the operator is ready", func(ctx context.Context) bool {
		status, _ := ask(ctx, "http://"+health+container.ReadinessProbe.HTTPGet.Path, "")
		return status == http.StatusOK
	})
}

// buildOperator builds the operator and returns the path of a script that runs it, and has it killed with the test.
func buildOperator(t *testing.T) string {
	t.Helper()
	program := filepath.Join(t.TempDir(), "operator")
	command := exec.CommandContext(t.Context(), "go", "build", "-o", program, ".")
	command.Dir = root(t)
	if output, err := command.CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, output)
	}
	script, err := process.WithParentDeathSignal(program, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	return script
}

// environment is what a kubelet makes of the environment of a container.
func environment(t *testing.T, variables []corev1.EnvVar) []string {
	t.Helper()
	var all []string
	for _, v := range variables {
		value := v.Value
		if v.ValueFrom != nil {
			if v.ValueFrom.FieldRef == nil || v.ValueFrom.FieldRef.FieldPath != "metadata.namespace" {
				t.Fatalf("the variable %s is from %+v, which this test does not know", v.Name, v.ValueFrom)
			}
			value = namespace
		}
		all = append(all, v.Name+"="+value)
	}
	return all
}

// policies are those that the project ships.
func policies(t *testing.T) []*unstructured.Unstructured {
	t.Helper()
	var all []*unstructured.Unstructured
	manifest := repository.Build(t, repository.Overlay{Kustomization: "resources: [ROOT/config/policies]"})
	for document := range strings.SplitSeq(manifest, "\n---\n") {
		all = append(all, &unstructured.Unstructured{Object: parse(t, []byte(document))})
	}
	return all
}

// declare says which Konvoy has made the host.
func (o *olm) declare(version string) {
	o.t.Helper()
	host := object("ClusterSupport", "host")
	patch := fmt.Sprintf(`{"spec":{"declaredReleases":[{"product":"Konvoy","name":"default","version":%q}]}}`, version)
	if err := o.Patch(o.t.Context(), host, client.RawPatch("application/merge-patch+json", []byte(patch))); err != nil {
		o.t.Fatal(err)
	}
}

// object is an object without content.
func object(kind, name string) *unstructured.Unstructured {
	version := "support.d2iq.io/v1alpha1"
	if kind == "CustomResourceDefinition" {
		version = "apiextensions.k8s.io/v1"
	}
	o := &unstructured.Unstructured{Object: map[string]any{"apiVersion": version, "kind": kind}}
	o.SetName(name)
	if kind == "ClusterSupport" {
		o.SetNamespace(namespace)
	}
	return o
}

// condition tells whether an object has a condition with a status, and with a text in its message.
func condition(of, status, text string) func(*unstructured.Unstructured) bool {
	return func(o *unstructured.Unstructured) bool {
		conditions, _, _ := unstructured.NestedSlice(o.Object, "status", "conditions")
		return slices.ContainsFunc(conditions, func(c any) bool {
			message, _ := at(c, "message").(string)
			return at(c, "type") == of && at(c, "status") == status && strings.Contains(message, text)
		})
	}
}

// eventually waits until an object is as it should be.
func (o *olm) eventually(kind, name, what string, done func(*unstructured.Unstructured) bool) *unstructured.Unstructured {
	o.t.Helper()
	found := object(kind, name)
	o.wait(fmt.Sprintf("%s %s: %s", kind, name, what), func(ctx context.Context) bool {
		return o.Get(ctx, client.ObjectKeyFromObject(found), found) == nil && done(found)
	})
	return found
}

func (o *olm) wait(what string, done func(context.Context) bool) {
	o.t.Helper()
	err := wait.PollUntilContextTimeout(o.t.Context(), 100*time.Millisecond, timeout, true,
		func(ctx context.Context) (bool, error) { return done(ctx), nil })
	if err != nil {
		o.t.Fatalf("waiting until %s: %v", what, err)
	}
}

// checkMetrics asks for the metrics as a ServiceAccount with the role that the bundle has for that, as one without, and as
// nobody.
func (o *olm) checkMetrics() {
	o.t.Helper()
	for _, name := range []string{"scraper", "stranger"} {
		o.make(&corev1.ServiceAccount{ObjectMeta: meta(name)})
	}
	o.make(&rbacv1.ClusterRoleBinding{
		ObjectMeta: metav1.ObjectMeta{Name: "scraper"},
		Subjects:   []rbacv1.Subject{{Kind: rbacv1.ServiceAccountKind, Namespace: namespace, Name: "scraper"}},
		RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: "support-policy-metrics-reader"},
	})
	for name, want := range map[string]int{"scraper": http.StatusOK, "stranger": http.StatusForbidden, "": http.StatusUnauthorized} {
		token := ""
		if name != "" {
			token = o.account(name).BearerToken
		}
		var status int
		var body string
		// The API server learns of the binding after it has answered.
		o.wait(fmt.Sprintf("the metrics answer %q with %d", name, want), func(ctx context.Context) bool {
			status, body = ask(ctx, "https://"+o.metrics+"/metrics", token)
			return status == want
		})
		if want == http.StatusOK && !strings.Contains(body, `cluster_name="host"`) {
			o.t.Errorf("the metrics say nothing of the host:\n%s", body)
		}
	}
}

func (o *olm) account(name string) *rest.Config {
	o.t.Helper()
	config, err := o.plane.ServiceAccountConfig(o.t.Context(), namespace, name)
	if err != nil {
		o.t.Fatal(err)
	}
	return config
}

// ask returns the status and the body of an answer, or 0. The certificate is one that the operator has made itself.
func ask(ctx context.Context, address, token string) (int, string) {
	transport := &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}
	defer transport.CloseIdleConnections()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return 0, ""
	}
	if token != "" {
		request.Header.Set("Authorization", "Bearer "+token)
	}
	response, err := (&http.Client{Transport: transport, Timeout: timeout}).Do(request)
	if err != nil {
		return 0, ""
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return 0, ""
	}
	return response.StatusCode, string(body)
}

// checkWithout takes the rule with a resource away: the next verdict is not written until the rule is back.
func (o *olm) checkWithout(resource string) {
	o.t.Helper()
	role := &rbacv1.ClusterRole{}
	if err := o.Get(o.t.Context(), client.ObjectKey{Name: "olm-cluster-0"}, role); err != nil {
		o.t.Fatal(err)
	}
	all := slices.Clone(role.Rules)
	role.Rules = slices.DeleteFunc(role.Rules, func(r rbacv1.PolicyRule) bool { return slices.Contains(r.Resources, resource) })
	if len(role.Rules) != len(all)-1 {
		o.t.Fatalf("%d of %d rules are about %s", len(all)-len(role.Rules), len(all), resource)
	}
	o.setRules(role, false)
	o.log.Reset()
	o.declare("1.6.3")
	o.wait("the operator is refused", func(context.Context) bool { return strings.Contains(o.log.String(), "forbidden") })
	host := object("ClusterSupport", "host")
	if err := o.Get(o.t.Context(), client.ObjectKeyFromObject(host), host); err != nil || !condition("Supported", "False", "Konvoy 1.7.2")(host) {
		o.t.Errorf("a verdict was written without the right to: %v, %v", host.Object["status"], err)
	}
	role.Rules = all
	o.setRules(role, true)
	o.eventually("ClusterSupport", "host", "it has the next verdict", condition("Supported", "False", "Konvoy 1.6.3"))
}

// setRules changes the role, and waits until the API server heeds it.
func (o *olm) setRules(role *rbacv1.ClusterRole, allowed bool) {
	o.t.Helper()
	if err := o.Update(o.t.Context(), role); err != nil {
		o.t.Fatal(err)
	}
	o.wait(fmt.Sprintf("the API server answers %t", allowed), func(ctx context.Context) bool {
		review := &authorizationv1.SubjectAccessReview{Spec: authorizationv1.SubjectAccessReviewSpec{
			User: "system:serviceaccount:" + namespace + ":support-policy-operator",
			ResourceAttributes: &authorizationv1.ResourceAttributes{
				Verb: "patch", Group: "support.d2iq.io", Resource: "clustersupports", Subresource: "status", Namespace: namespace,
			},
		}}
		return o.Create(ctx, review) == nil && review.Status.Allowed == allowed
	})
}

// logged is what the operator has logged.
type logged struct {
	mutex sync.Mutex
	text  bytes.Buffer
}

// Write adds to it.
func (l *logged) Write(p []byte) (int, error) {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	return l.text.Write(p)
}

// Reset forgets it.
func (l *logged) Reset() {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	l.text.Reset()
}

func (l *logged) String() string {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	return l.text.String()
}
