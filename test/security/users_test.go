// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package security_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	authorizationv1 "k8s.io/api/authorization/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/dynamic/dynamicinformer"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/yaml"

	"github.com/d2iq-labs/support-policy-operator/api/v1alpha1"
	"github.com/d2iq-labs/support-policy-operator/test/controlplane"
	"github.com/d2iq-labs/support-policy-operator/test/front"
	"github.com/d2iq-labs/support-policy-operator/test/sandbox"
	"github.com/d2iq-labs/support-policy-operator/test/security"
)

// patience is far more than anything here takes.
const patience = 30 * time.Second

// user is a ServiceAccount with one of the shipped roles. Its requests go through a front, which keeps them.
type user struct {
	t          *testing.T
	sandbox    *sandbox.Sandbox
	front      *front.Front
	config     *rest.Config
	kubeconfig string
	// direct is its configuration without the front.
	direct *rest.Config
}

// hub is an API server with the objects of config/default and of kube-state-metrics.
func hub(t *testing.T) *sandbox.Sandbox {
	t.Helper()
	if testing.Short() {
		t.Skip("it needs a control plane")
	}
	made, err := sandbox.New(t.Context(), shared.ForTest(t), t.TempDir(), sandbox.Options{KubernetesVersion: "v1.30.0"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := made.Close(); err != nil {
			t.Error(err)
		}
	})
	if _, err := made.KubectlInput(t.Context(), []byte(build(t, "config/default", "monitoring/kube-state-metrics")),
		"apply", "--server-side", "-f", "-"); err != nil {
		t.Fatal(err)
	}
	return made
}

// newUser makes an account with a ClusterRole, or with none where that is empty.
func newUser(t *testing.T, hub *sandbox.Sandbox, clusterRole string) *user {
	t.Helper()
	plane := shared.ForTest(t)
	admin := clientsFor(t, plane.Config())
	account, err := admin.CoreV1().ServiceAccounts(metav1.NamespaceDefault).Create(t.Context(),
		&corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{GenerateName: "user-"}}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if clusterRole != "" {
		_, err := admin.RbacV1().ClusterRoleBindings().Create(t.Context(), &rbacv1.ClusterRoleBinding{
			ObjectMeta: metav1.ObjectMeta{Name: account.Name},
			RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: clusterRole},
			Subjects:   []rbacv1.Subject{{Kind: rbacv1.ServiceAccountKind, Namespace: account.Namespace, Name: account.Name}},
		}, metav1.CreateOptions{})
		if err != nil {
			t.Fatal(err)
		}
	}
	identity, err := plane.ServiceAccountConfig(t.Context(), account.Namespace, account.Name)
	if err != nil {
		t.Fatal(err)
	}
	proxy, err := front.Start(plane.Config(), "v1.30.0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := proxy.Close(); err != nil {
			t.Error(err)
		}
	})
	u := &user{
		t: t, sandbox: hub, front: proxy, config: proxy.Config(identity.BearerToken), direct: identity,
		kubeconfig: filepath.Join(t.TempDir(), "kubeconfig"),
	}
	if err := controlplane.WriteKubeconfig(u.kubeconfig, u.config); err != nil {
		t.Fatal(err)
	}
	return u
}

func clientsFor(t *testing.T, config *rest.Config) *kubernetes.Clientset {
	t.Helper()
	clients, err := kubernetes.NewForConfig(config)
	if err != nil {
		t.Fatal(err)
	}
	return clients
}

// does runs kubectl as the user.
func (u *user) does(arguments ...string) {
	u.t.Helper()
	if _, err := u.sandbox.Kubectl(u.t.Context(), append(arguments, "--kubeconfig="+u.kubeconfig)...); err != nil {
		u.t.Error(err)
	}
}

// watches watches the objects of a resource by kubectl, until the API server has been asked to.
func (u *user) watches(resource string) {
	u.t.Helper()
	ctx, cancel := context.WithTimeout(u.t.Context(), patience)
	defer cancel()
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		// It is an error that it is killed.
		_, _ = u.sandbox.Kubectl(ctx, "get", resource, "-A", "--watch", "--kubeconfig="+u.kubeconfig)
	}()
	u.eventually("kubectl to watch "+resource, func() error {
		if u.front.Requests(func(r front.Request) bool { return r.Verb == "watch" && r.Resource == resource }) == 0 {
			return errors.New("there is no request")
		}
		return nil
	})
	cancel()
	<-ended
}

func (u *user) eventually(what string, wrong func() error) {
	u.t.Helper()
	var err error
	for range int(patience / (50 * time.Millisecond)) {
		if err = wrong(); err == nil {
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
	u.t.Fatalf("waited %s for %s: %v", patience, what, err)
}

// used are the rights that the user's requests asked for.
func (u *user) used() map[string]bool {
	found := map[string]bool{}
	u.front.Requests(func(r front.Request) bool {
		if r.Resource != "" {
			found[r.Verb+" "+security.ResourceName(r.Group, strings.TrimRight(r.Resource+"/"+r.Subresource, "/"))] = true
		}
		return false
	})
	return found
}

// granted are the rights that the user has by the API server's own word, in every namespace.
func (u *user) granted() map[string]bool {
	u.t.Helper()
	review, err := clientsFor(u.t, u.config).AuthorizationV1().SelfSubjectRulesReviews().Create(u.t.Context(),
		&authorizationv1.SelfSubjectRulesReview{Spec: authorizationv1.SelfSubjectRulesReviewSpec{Namespace: system}}, metav1.CreateOptions{})
	if err != nil || review.Status.Incomplete {
		u.t.Fatalf("the API server does not say all rights: %v, %s", err, review.Status.EvaluationError)
	}
	var rules []rbacv1.PolicyRule
	for _, rule := range review.Status.ResourceRules {
		rules = append(rules, rbacv1.PolicyRule{
			Verbs: rule.Verbs, APIGroups: rule.APIGroups, Resources: rule.Resources, ResourceNames: rule.ResourceNames,
		})
	}
	for _, rule := range review.Status.NonResourceRules {
		rules = append(rules, rbacv1.PolicyRule{Verbs: rule.Verbs, NonResourceURLs: rule.NonResourceURLs})
	}
	return security.Rights(rules)
}

func sorted(set map[string]bool) []string { return slices.Sorted(maps.Keys(set)) }

// samples are the examples of the kinds, by their resource, each with the name of its object.
var samples = map[string]struct{ file, name string }{
	"supportpolicies":   {"config/samples/support_v1alpha1_supportpolicy.yaml", "konvoy-sample"},
	"clustersupports":   {"config/samples/support_v1alpha1_clustersupport.yaml", "edge-sample"},
	"supportexceptions": {"config/samples/support_v1alpha1_supportexception.yaml", "konvoy-1.7-sample"},
}

// edits does with a sample all that kubectl can: it needs each right of an editor.
func edits(resource string) func(*user) {
	return func(u *user) {
		sample := samples[resource]
		u.does("create", "-f", sample.file)
		u.does("get", resource, sample.name)
		u.does("get", resource)
		u.watches(resource)
		u.does("label", resource, sample.name, "edited=yes")
		u.does("replace", "-f", sample.file)
		u.does("delete", resource, sample.name)
	}
}

// views reads all kinds in each way.
func views(u *user) {
	for resource, sample := range samples {
		if _, err := u.sandbox.Kubectl(u.t.Context(), "apply", "-f", sample.file); err != nil {
			u.t.Fatal(err)
		}
		u.does("get", resource, sample.name)
		u.does("get", resource)
		u.watches(resource)
		if _, err := u.sandbox.Kubectl(u.t.Context(), "delete", "-f", sample.file); err != nil {
			u.t.Fatal(err)
		}
	}
}

// reflects keeps a copy of the kinds and of the definitions, as kube-state-metrics does. make check-kube-state-metrics runs
// the program itself, with the same comparison.
func reflects(u *user) {
	client, err := dynamic.NewForConfig(u.config)
	if err != nil {
		u.t.Fatal(err)
	}
	factory := dynamicinformer.NewDynamicSharedInformerFactory(client, 0)
	resources := []schema.GroupVersionResource{{Group: "apiextensions.k8s.io", Version: "v1", Resource: "customresourcedefinitions"}}
	for resource := range samples {
		resources = append(resources, schema.GroupVersionResource{Group: "support.d2iq.io", Version: "v1alpha1", Resource: resource})
	}
	for _, resource := range resources {
		factory.ForResource(resource).Informer()
	}
	stop := make(chan struct{})
	defer factory.Shutdown()
	defer close(stop)
	factory.Start(stop)
	u.eventually("all to be watched", func() error {
		for _, resource := range resources {
			if u.front.Requests(func(r front.Request) bool { return r.Verb == "watch" && r.Resource == resource.Resource }) == 0 {
				return fmt.Errorf("%s is not", resource.Resource)
			}
		}
		return nil
	})
}

// scrapes is what the operator's endpoint asks about a client: it sends no request itself. TestMetricsAreProtected in controllers
// has the endpoint ask.
func scrapes(u *user) {
	review, err := clientsFor(u.t, u.config).AuthorizationV1().SelfSubjectAccessReviews().Create(u.t.Context(),
		&authorizationv1.SelfSubjectAccessReview{Spec: authorizationv1.SelfSubjectAccessReviewSpec{
			NonResourceAttributes: &authorizationv1.NonResourceAttributes{Verb: "get", Path: "/metrics"},
		}}, metav1.CreateOptions{})
	if err != nil || !review.Status.Allowed {
		u.t.Errorf("it may not: %v", err)
	}
}

// TestRightsOfUsers: each role for those who are not the operator grants what they use, and nothing else, by the file, by the API
// server's word and by what was asked of it.
func TestRightsOfUsers(t *testing.T) {
	server := hub(t)
	everybody := newUser(t, server, "").granted()
	roles, err := security.Roles(build(t, "config/default", "monitoring/kube-state-metrics"))
	if err != nil {
		t.Fatal(err)
	}
	for role, uses := range map[string]func(*user){
		"support-policy-viewer":         views,
		"supportpolicy-editor":          edits("supportpolicies"),
		"clustersupport-editor":         edits("clustersupports"),
		"supportexception-editor":       edits("supportexceptions"),
		"kube-state-metrics-support":    reflects,
		"support-policy-metrics-reader": scrapes,
	} {
		t.Run(role, func(t *testing.T) {
			u := newUser(t, server, role)
			uses(u)
			used := u.used()
			delete(used, "create selfsubjectaccessreviews.authorization.k8s.io")
			if role == "support-policy-metrics-reader" {
				used["get /metrics"] = true
			}
			if diff := cmp.Diff(sorted(security.Rights(roles["ClusterRole/"+role])), sorted(used)); diff != "" {
				t.Errorf("the role grants something else than is used (-role +used):\n%s", diff)
			}
			granted := u.granted()
			for right := range everybody {
				delete(granted, right)
			}
			if diff := cmp.Diff(sorted(security.Rights(roles["ClusterRole/"+role])), sorted(granted)); diff != "" {
				t.Errorf("the API server grants something else (-role +API server):\n%s", diff)
			}
		})
	}
}

// TestEditorsAreApart: the API server refuses an editor the kinds of the others, and every status.
func TestEditorsAreApart(t *testing.T) {
	server := hub(t)
	for role, own := range map[string]string{
		"supportpolicy-editor": "supportpolicies", "clustersupport-editor": "clustersupports", "supportexception-editor": "supportexceptions",
	} {
		client, err := dynamic.NewForConfig(newUser(t, server, role).direct)
		if err != nil {
			t.Fatal(err)
		}
		for resource, sample := range samples {
			t.Run(role+" "+resource, func(t *testing.T) {
				for request, err := range requests(t, client, resource, sample.file) {
					switch isMeant := resource == own && request != "write a status"; {
					case isMeant && err != nil:
						t.Errorf("%s: %v", request, err)
					case !isMeant && !apierrors.IsForbidden(err):
						t.Errorf("%s: got %v, want that it is forbidden", request, err)
					}
				}
			})
		}
	}
}

// requests asks for one change after the other of a sample, none of which is stored, and returns the answers.
func requests(t *testing.T, client dynamic.Interface, resource, file string) map[string]error {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(root, file))
	if err != nil {
		t.Fatal(err)
	}
	sample := &unstructured.Unstructured{}
	if err := yaml.Unmarshal(content, &sample.Object); err != nil {
		t.Fatal(err)
	}
	var objects dynamic.ResourceInterface = client.Resource(v1alpha1.GroupVersion.WithResource(resource))
	if resource == "clustersupports" {
		objects = client.Resource(v1alpha1.GroupVersion.WithResource(resource)).Namespace(metav1.NamespaceDefault)
	}
	never := []string{metav1.DryRunAll}
	answers := map[string]error{}
	_, answers["list"] = objects.List(t.Context(), metav1.ListOptions{})
	_, answers["create"] = objects.Create(t.Context(), sample, metav1.CreateOptions{DryRun: never})
	patch := metav1.PatchOptions{DryRun: never}
	_, err = objects.Patch(t.Context(), sample.GetName(), types.MergePatchType, []byte(`{}`), patch)
	answers["patch"] = unlessNotFound(err)
	answers["delete"] = unlessNotFound(objects.Delete(t.Context(), sample.GetName(), metav1.DeleteOptions{DryRun: never}))
	_, answers["write a status"] = objects.Patch(t.Context(), sample.GetName(), types.MergePatchType, []byte(`{}`), patch, "status")
	return answers
}

// unlessNotFound drops the answer that there is no such object: it was allowed to ask.
func unlessNotFound(err error) error {
	if apierrors.IsNotFound(err) {
		return nil
	}
	return err
}

// TestAggregation: whoever may view, edit or administrate a namespace may view the kinds, and write none: no exception comes with
// a role that is given for a namespace.
func TestAggregation(t *testing.T) {
	server := hub(t)
	everybody := newUser(t, server, "").granted()
	want := security.Rights([]rbacv1.PolicyRule{{
		APIGroups: []string{"support.d2iq.io"}, Resources: []string{"clustersupports", "supportexceptions", "supportpolicies"},
		Verbs: []string{"get", "list", "watch"},
	}})
	for _, role := range []string{"view", "edit", "admin"} {
		t.Run(role, func(t *testing.T) {
			u := newUser(t, server, role)
			u.eventually("the role to be aggregated", func() error {
				granted := u.granted()
				maps.DeleteFunc(granted, func(right string, _ bool) bool {
					return everybody[right] || !strings.Contains(right, ".support.d2iq.io")
				})
				if diff := cmp.Diff(sorted(want), sorted(granted)); diff != "" {
					return fmt.Errorf("(-want +got):\n%s", diff)
				}
				return nil
			})
		})
	}
}
