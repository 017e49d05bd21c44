// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	authorizationv1 "k8s.io/api/authorization/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/yaml"

	"github.com/d2iq-labs/support-policy-operator/api/v1alpha1"
	"github.com/d2iq-labs/support-policy-operator/controllers"
	"github.com/d2iq-labs/support-policy-operator/test/front"
	"github.com/d2iq-labs/support-policy-operator/test/sandbox"
)

// rights are all rights of the operator, each with its reason. A right is "verbs resource", or "verbs /path".
var rights = map[string]string{
	"get /version": "no object has the Kubernetes version of a cluster",
	"list,watch customresourcedefinitions.apiextensions.k8s.io": "the CRDs tell which products there are to watch",
	"list nodes": "the operating systems, and the labels of Konvoy; not watched, because of the heartbeats",
	"list,watch addons.kubeaddons.mesosphere.io":           "a base addon shows the release of Base Platform Services",
	"list,watch clusteraddons.kubeaddons.mesosphere.io":    "they show it as well, and one of them is Kommander 1.x",
	"list,watch konvoyclusters.kommander.mesosphere.io":    "the description of a Konvoy 1.x cluster has its version",
	"list,watch kommanderclusters.kommander.mesosphere.io": "the inventory of the clusters that Kommander manages",
	"list,watch clusters.cluster.x-k8s.io":                 "the inventory of those that Cluster API manages",
	"list,watch tunnelconnectors.kubetunnel.d2iq.io":       "they name the kubeconfig of a cluster behind a tunnel",
	"get namespaces kube-system":                           "its UID tells one cluster from another",
	"list,watch helmreleases.helm.toolkit.fluxcd.io":       "one of them is Kommander 2.x",
	"list,watch kommandercores.dkp.d2iq.io":                "Kommander 2.5 and later has its version there",
	"list,watch instances.kudo.dev":                        "they are the installations of Cassandra, Kafka and Spark",
	"list,watch operatorversions.kudo.dev":                 "they have the versions of the Instances",
	"list,watch deployments.apps":                          "their labels name the Helm chart, by which some products are detected",
	"list,watch statefulsets.apps":                         "as with Deployments",
	"list,watch daemonsets.apps":                           "as with Deployments",
	"list,watch supportpolicies.support.d2iq.io":           "the policies are what is evaluated",
	"list,watch clustersupports.support.d2iq.io":           "the clusters are what they are evaluated for",
	"create,patch clustersupports.support.d2iq.io":         "the host's object is applied, which is a patch that may create",
	"patch clustersupports.support.d2iq.io/status":         "the assessment of a cluster",
	"list,watch supportexceptions.support.d2iq.io":         "the exceptions are evaluated with the policies",
	"patch supportexceptions.support.d2iq.io/status":       "whether an exception is in force, and on how many clusters",
	"patch supportpolicies.support.d2iq.io/status":         "the stages and counters of a policy",
	"create tokenreviews.authentication.k8s.io":            "it authenticates the clients of the metrics",
	"create subjectaccessreviews.authorization.k8s.io":     "it authorizes them",
	"create events": "the transitions of conditions; events are never updated",
	"create leases.coordination.k8s.io in its own namespace":                              "the lease of the leader election",
	"get,update leases.coordination.k8s.io " + controllers.Name + " in its own namespace": "that lease, and no other",
}

// fleetRights are the rights that config/fleet adds for attached clusters.
var fleetRights = map[string]string{
	"get secrets": "the kubeconfigs, each by its name; to list or watch them would show every Secret",
}

// kubeSystem is the only namespace that the operator may get.
const kubeSystem = "kube-system"

// expanded are the rights of the tables, with one verb each.
func expanded(t *testing.T, tables ...map[string]string) map[string]bool {
	t.Helper()
	all := map[string]bool{}
	for _, table := range tables {
		for right, reason := range table {
			verbs, what, ok := strings.Cut(right, " ")
			if !ok || reason == "" {
				t.Fatalf("the right %q needs verbs, a resource and a reason", right)
			}
			for verb := range strings.SplitSeq(verbs, ",") {
				all[verb+" "+what] = true
			}
		}
	}
	return all
}

// The manifests grant the rights of the tables, and no others.
func TestRightsInManifests(t *testing.T) {
	for folder, test := range map[string]struct {
		table map[string]string
		// files are all that have roles, each with the scope of its rights.
		files map[string]string
	}{
		"rbac":             {rights, map[string]string{"role.yaml": "", "leader_election.yaml": " in its own namespace"}},
		"components/fleet": {fleetRights, map[string]string{"role.yaml": ""}},
	} {
		t.Run(folder, func(t *testing.T) {
			granted := map[string]bool{}
			for file, where := range test.files {
				content, err := os.ReadFile(filepath.Join("..", "config", folder, file))
				must(t, err)
				grant(t, granted, content, where)
			}
			if diff := cmp.Diff(sorted(expanded(t, test.table)), sorted(granted)); diff != "" {
				t.Errorf("the manifests grant something else than the table (-table +manifests):\n%s", diff)
			}
		})
	}
	// The account of the component policies is that of its Job, and internal/shipped tests its rights.
	components, err := filepath.Glob(filepath.Join("..", "config", "components", "*"))
	must(t, err)
	for _, component := range components {
		if name := filepath.Base(component); name != "fleet" && name != "policies" {
			t.Errorf("there is a component that this test does not know: %s", name)
		}
	}
}

// grant adds the rights that the roles of a file grant.
func grant(t *testing.T, granted map[string]bool, content []byte, where string) {
	t.Helper()
	if strings.Contains(string(content), "*") {
		t.Errorf("there is a wildcard:\n%s", content)
	}
	for document := range strings.SplitSeq(string(content), "\n---\n") {
		var role struct {
			Kind  string              `json:"kind"`
			Rules []rbacv1.PolicyRule `json:"rules"`
		}
		must(t, yaml.Unmarshal([]byte(document), &role))
		for _, rule := range role.Rules {
			for _, verb := range rule.Verbs {
				for _, what := range ruled(rule) {
					granted[verb+" "+what+where] = true
				}
			}
		}
	}
}

// ruled are the paths and the resources of a rule.
func ruled(rule rbacv1.PolicyRule) []string {
	about := slices.Clone(rule.NonResourceURLs)
	names := rule.ResourceNames
	if len(names) == 0 {
		names = []string{""}
	}
	for _, group := range rule.APIGroups {
		for _, resource := range rule.Resources {
			for _, name := range names {
				about = append(about, nameOf(group, resource)+strings.TrimRight(" "+name, " "))
			}
		}
	}
	return about
}

// The viewer role reads all kinds of the operator, and changes none.
func TestViewerSeesEverything(t *testing.T) {
	content, err := os.ReadFile(filepath.Join("..", "config", "rbac", "viewer.yaml"))
	must(t, err)
	var role rbacv1.ClusterRole
	must(t, yaml.UnmarshalStrict(content, &role))
	definitions, err := filepath.Glob(filepath.Join("..", "config", "crd", "bases", "support.d2iq.io_*.yaml"))
	if err != nil || len(definitions) == 0 {
		t.Fatalf("there are no CRDs: %v", err)
	}
	want := []string{}
	for _, file := range definitions {
		_, plural, _ := strings.Cut(strings.TrimSuffix(filepath.Base(file), ".yaml"), "_")
		want = append(want, plural)
	}
	slices.Sort(want)
	if len(role.Rules) != 1 {
		t.Fatalf("the role has %d rules", len(role.Rules))
	}
	if diff := cmp.Diff(want, slices.Sorted(slices.Values(role.Rules[0].Resources))); diff != "" {
		t.Errorf("the viewer sees other kinds than there are (-CRDs +role):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"get", "list", "watch"}, role.Rules[0].Verbs); diff != "" {
		t.Errorf("the viewer may do something else (-want +role):\n%s", diff)
	}
}

// nameOf writes a resource as kubectl does, with a subresource at its end.
func nameOf(group, resource string) string {
	if group == "" {
		return resource
	}
	base, sub, _ := strings.Cut(resource, "/")
	return strings.TrimRight(schema.GroupResource{Group: group, Resource: base}.String()+"/"+sub, "/")
}

func sorted(set map[string]bool) []string { return slices.Sorted(maps.Keys(set)) }

// The API server allows the operator the rights of the tables, and no other verb on any resource that it serves.
func TestRightsByAPIServer(t *testing.T) {
	w := newFleetWorldWith(t, sandbox.Options{KubernetesVersion: "v1.19.9", Now: at(t, "2021-03-01"), Manifests: "config/default"})
	clients, err := kubernetes.NewForConfig(shared.ForTest(t).Config())
	must(t, err)
	for _, test := range []struct {
		manifests string
		tables    []map[string]string
	}{
		{"config/default", []map[string]string{rights}},
		{"config/fleet", []map[string]string{rights, fleetRights}},
	} {
		w.run(test.manifests, func(t *testing.T) {
			w.kubectl("apply", "--server-side", "-k", test.manifests)
			want := expanded(t, test.tables...)
			// Every account has that right.
			delete(want, "get /version")
			if diff := cmp.Diff(sorted(want), sorted(allowed(t, clients))); diff != "" {
				t.Errorf("the operator may do something else than the table has (-table +API server):\n%s", diff)
			}
		})
	}
	if w.Front.Requests(nil) != 0 {
		t.Error("another client uses the operator's connection")
	}
}

// allowed are all rights that the API server gives the operator's account.
func allowed(t *testing.T, clients kubernetes.Interface) map[string]bool {
	t.Helper()
	_, lists, err := clients.Discovery().ServerGroupsAndResources()
	must(t, err)
	may := func(spec authorizationv1.SubjectAccessReviewSpec) bool { return mayOperator(t, clients, spec) }
	found, asked := map[string]bool{}, 0
	for _, list := range lists {
		version, err := schema.ParseGroupVersion(list.GroupVersion)
		must(t, err)
		for _, resource := range list.APIResources {
			name := nameOf(version.Group, resource.Name)
			if everybodysRight(name) {
				continue
			}
			base, sub, _ := strings.Cut(resource.Name, "/")
			of := func(verb, namespace, object string) authorizationv1.SubjectAccessReviewSpec {
				return authorizationv1.SubjectAccessReviewSpec{ResourceAttributes: &authorizationv1.ResourceAttributes{
					Verb: verb, Group: version.Group, Resource: base, Subresource: sub, Namespace: namespace, Name: object,
				}}
			}
			for _, verb := range []string{
				"get", "list", "watch", "create", "update", "patch", "delete", "deletecollection", "impersonate", "bind", "escalate",
			} {
				asked++
				switch {
				// The widest scope comes first.
				case may(of(verb, "", kubeSystem)) && !may(of(verb, "", "any")):
					found[verb+" "+name+" "+kubeSystem] = true
				case !may(of(verb, sandbox.Namespace, controllers.Name)):
				case may(of(verb, "team-a", "any")):
					found[verb+" "+name] = true
				case may(of(verb, sandbox.Namespace, "any")):
					found[verb+" "+name+" in its own namespace"] = true
				default:
					found[verb+" "+name+" "+controllers.Name+" in its own namespace"] = true
				}
			}
		}
	}
	for _, path := range []string{"/metrics", "/logs", "/debug/pprof", "/configz"} {
		if may(authorizationv1.SubjectAccessReviewSpec{
			NonResourceAttributes: &authorizationv1.NonResourceAttributes{Verb: "get", Path: path},
		}) {
			found["get "+path] = true
		}
	}
	if asked < 500 {
		t.Errorf("only %d questions: discovery does not have all resources", asked)
	}
	return found
}

// mayOperator asks the API server whether the operator's account may do something.
func mayOperator(t *testing.T, clients kubernetes.Interface, spec authorizationv1.SubjectAccessReviewSpec) bool {
	t.Helper()
	spec.User = "system:serviceaccount:" + sandbox.Namespace + ":" + controllers.Name
	spec.Groups = []string{"system:serviceaccounts", "system:serviceaccounts:" + sandbox.Namespace, "system:authenticated"}
	review, err := clients.AuthorizationV1().SubjectAccessReviews().Create(t.Context(),
		&authorizationv1.SubjectAccessReview{Spec: spec}, metav1.CreateOptions{})
	must(t, err)
	return review.Status.Allowed
}

// everybodysRight tells whether Kubernetes gives every account rights on a resource: reviews of the account itself, and
// the trust bundles of the cluster.
func everybodysRight(resource string) bool {
	return resource == "clustertrustbundles.certificates.k8s.io" || strings.HasPrefix(resource, "self") && (strings.HasSuffix(resource, ".authorization.k8s.io") ||
		strings.HasSuffix(resource, ".authentication.k8s.io"))
}

// An operator that does all it can uses each of its rights. Every test checks at its end that no request was denied.
func TestRightsAreUsed(t *testing.T) {
	w := newFleetWorld(t, "v1.19.9", "2021-03-01")
	w.applyShipped()
	w.apply(exampleException)
	w.apply(strings.Replace(widgets, "{addon: {name: widgets}}", "{helmChart: {name: widgets}}", 1))
	w.apply(konvoy17)
	w.apply(kommander131)
	w.attach("one")
	electing := w.elect()
	scraped := newEndpoint(w)
	w.start(electing, attaching, scraped.serving)
	scraped.await(scraped.token("scraper"))
	w.await("one", v1alpha1.ConditionReachable, metav1.ConditionFalse, v1alpha1.ReasonSecretMissing)
	w.Clock.SetTime(at(t, "2021-11-18"))
	w.awaitPolicy("kommander", v1alpha1.ConditionExpiringSoon, metav1.ConditionTrue, v1alpha1.ReasonSupportEndsSoon)
	w.settle()
	w.halt()
	// The operator releases its lease when it ends, so that the next one updates it.
	w.start(electing)
	w.halt()

	used := map[string]bool{}
	w.Front.Requests(func(r front.Request) bool {
		switch what := nameOf(r.Group, strings.TrimRight(r.Resource+"/"+r.Subresource, "/")); {
		case r.Resource == "leases" && r.Verb == "create":
			used["create leases.coordination.k8s.io in its own namespace"] = true
		case r.Resource == "leases":
			used[fmt.Sprintf("%s %s %s in its own namespace", r.Verb, what, r.Name)] = true
			if r.Namespace != sandbox.Namespace {
				t.Errorf("a lease in the namespace %s", r.Namespace)
			}
		case r.Resource == "namespaces":
			used[r.Verb+" "+what+" "+r.Name] = true
		case r.Resource != "":
			used[r.Verb+" "+what] = true
		case r.Path == "/version":
			used["get /version"] = true
		}
		return false
	})
	// An apply is a patch, which needs the right to create if the object does not exist.
	used["create clustersupports.support.d2iq.io"] = used["patch clustersupports.support.d2iq.io"]
	if diff := cmp.Diff(sorted(expanded(t, rights, fleetRights)), sorted(used)); diff != "" {
		t.Errorf("the operator uses other rights than the table has (-table +used):\n%s", diff)
	}
}

// Only one of two replicas is active. The other one takes over when the leader ends.
func TestLeaderElection(t *testing.T) {
	w := newExampleWorld(t, "2021-03-01")
	electing := w.elect()
	w.start(electing)
	first := w.stop
	holder := w.leaseHolder()
	if holder == "" {
		t.Error("the lease has no holder")
	}
	w.launch(electing)
	w.Front.Reset()
	w.Clock.SetTime(at(t, exampleWarning))
	w.awaitHost(v1alpha1.ConditionExpiringSoon, metav1.ConditionTrue, v1alpha1.ReasonSupportEndsSoon)
	w.settle()
	w.expectOnePatch("a transition before two replicas")
	if w.leaseHolder() != holder {
		t.Errorf("the lease of %s went to %s", holder, w.leaseHolder())
	}

	check(t, first())
	w.Front.Reset()
	w.Clock.SetTime(at(t, exampleEnd))
	w.awaitHost(v1alpha1.ConditionSupported, metav1.ConditionFalse, v1alpha1.ReasonSupportEnded)
	w.settle()
	w.expectOnePatch("a transition after the leader has gone")
	if got := w.leaseHolder(); got == holder || got == "" {
		t.Errorf("the lease of %s is now held by %q", holder, got)
	}
}

// elect turns leader election on.
func (w *world) elect() func(*rest.Config, *controllers.Options) {
	// The manager logs this when it releases the lease at its end.
	w.log.expects("leader election lost")
	return func(_ *rest.Config, options *controllers.Options) { options.LeaderElection = true }
}

func (w *world) leaseHolder() string {
	w.t.Helper()
	holder, err := w.Kubectl(w.t.Context(), "get", "lease", controllers.Name, "-n", sandbox.Namespace,
		"-o", "jsonpath={.spec.holderIdentity}")
	if err != nil {
		w.t.Error(err)
	}
	return holder
}
