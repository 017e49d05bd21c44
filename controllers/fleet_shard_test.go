// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	appsv1 "k8s.io/api/apps/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/rest"

	"github.com/d2iq-labs/support-policy-operator/controllers"
	"github.com/d2iq-labs/support-policy-operator/test/front"
	"github.com/d2iq-labs/support-policy-operator/test/sandbox"
)

// shards is how many there are in config/sharded.
const shards = 3

// Three operators share the work as config/sharded tells them to: each status is written by one of them.
func TestShards(t *testing.T) {
	w := newFleetWorldWith(t, sandbox.Options{KubernetesVersion: "v1.20.13", Now: at(t, "2021-10-01"), Manifests: "config/sharded"})
	w.applyShipped()
	first := w.newRemote(0, "v1.19.9")
	first.apply(konvoy17)
	first.lend("all-kubeconfig", "kubeconfig", "shards")
	var clusters []string
	for i := range 12 {
		name := fmt.Sprintf("c%d", i)
		clusters = append(clusters, name)
		w.applyWithStatus(described(workspace, name, "spec: {kubeconfigRef: {name: all-kubeconfig}}\nstatus: {phase: Joined}"))
	}
	electing := w.elect()
	var stops [shards]func() error
	begin := func(i int, arguments []string) {
		w.launch(electing, attaching, shardOf(t, i, arguments))
		stops[i] = w.stop
		w.stop = func() error {
			var all []error
			for _, stop := range stops {
				all = append(all, stop())
			}
			return errors.Join(all...)
		}
	}
	arguments := map[int][]string{}
	w.run("there are three of them in the manifests", func(*testing.T) {
		sharded := w.rendered("config/sharded")
		for i := range shards {
			arguments[i] = w.deployedShard(sharded, i)
			begin(i, arguments[i])
		}
		w.expectOnlySharded(w.rendered("config/fleet"), sharded)
	})

	writers := map[string]string{}
	w.run("each status is written by one", func(t *testing.T) {
		for _, name := range clusters {
			w.awaitKonvoy(name, "1.7.2")
			w.awaitConnected(name)
		}
		w.settle()
		for _, name := range clusters {
			by := w.writers(statusPatch("clustersupports", name))
			if len(by) != 1 {
				t.Errorf("the status of %s is written by %v", name, by)
			}
			writers[name] = by[0]
		}
		if diff := cmp.Diff([]string{"shard-0", "shard-1", "shard-2"}, slices.Compact(slices.Sorted(maps.Values(writers)))); diff != "" {
			t.Errorf("the clusters are not everybody's (-want +got):\n%s", diff)
		}
	})

	w.run("what is there once is the first one's", func(t *testing.T) {
		for what, match := range map[string]func(front.Request) bool{
			"the host": statusPatch("clustersupports", "host"),
			"the inventory": func(r front.Request) bool {
				return r.Writes() && r.Resource == "clustersupports" && r.Subresource == ""
			},
			"the policies": func(r front.Request) bool { return r.Writes() && r.Resource == "supportpolicies" },
		} {
			if by := w.writers(match); !slices.Equal(by, []string{"shard-0"}) {
				t.Errorf("%s: written by %v", what, by)
			}
		}
	})

	w.run("each has a lease of its own", func(t *testing.T) {
		held, err := w.Kubectl(t.Context(), "get", "leases", "-n", sandbox.Namespace,
			"-o", `jsonpath={range .items[*]}{.metadata.name} {.spec.holderIdentity}{"\n"}{end}`)
		must(t, err)
		holders := map[string]bool{}
		for i, line := range strings.Split(strings.TrimSpace(held), "\n") {
			lease, holder, _ := strings.Cut(line, " ")
			if lease != fmt.Sprintf("%s-shard-%d", controllers.Name, i) || holder == "" || holders[holder] {
				t.Errorf("the lease %s is held by %q", lease, holder)
			}
			holders[holder] = true
		}
		if len(holders) != shards {
			t.Errorf("the leases are\n%s", held)
		}
		granted := map[string]bool{}
		var role rbacv1.Role
		w.read(w.rendered("config/sharded")["Role/"+controllers.Name+"-leader-election"], &role)
		for _, rule := range role.Rules {
			for _, verb := range rule.Verbs {
				for _, what := range ruled(rule) {
					granted[verb+" "+what] = true
				}
			}
		}
		// A lease is renewed every two seconds.
		w.eventually("the operators to use all rights to leases", func() error {
			if diff := cmp.Diff(sorted(granted), sorted(w.usedLeases())); diff != "" {
				return fmt.Errorf("(-granted +used):\n%s", diff)
			}
			return nil
		})
	})

	w.run("a change costs one patch of each", func(t *testing.T) {
		w.Front.Reset()
		first.apply(strings.ReplaceAll(konvoy17, "1.7.2", "1.7.5"))
		for _, name := range clusters {
			w.awaitKonvoy(name, "1.7.5")
		}
		w.settle()
		for _, name := range clusters {
			by := w.writers(statusPatch("clustersupports", name))
			if n := w.Front.Requests(statusPatch("clustersupports", name)); n != 1 || by[0] != writers[name] {
				t.Errorf("the status of %s is written %d times, by %v; before by %s", name, n, by, writers[name])
			}
		}
		if by := w.writers(func(r front.Request) bool { return r.Writes() && r.Resource == "supportpolicies" }); !slices.Equal(by, []string{"shard-0"}) {
			t.Errorf("the policies are written by %v", by)
		}
	})

	w.run("one that is away has its clusters to itself", func(t *testing.T) {
		check(t, stops[1]())
		stops[1] = func() error { return nil }
		w.Front.Reset()
		first.apply(strings.ReplaceAll(konvoy17, "1.7.2", "1.7.4"))
		for _, name := range clusters {
			if writers[name] != "shard-1" {
				w.awaitKonvoy(name, "1.7.4")
			}
		}
		w.settle()
		for _, name := range clusters {
			if n := w.Front.Requests(statusPatch("clustersupports", name)); n > 0 && writers[name] == "shard-1" {
				t.Errorf("the status of %s is written by another operator", name)
			}
		}
		begin(1, arguments[1])
		for _, name := range clusters {
			w.awaitKonvoy(name, "1.7.4")
		}
		w.settle()
	})
}

// shardOf has an operator be one of the shards, by the arguments of its container, and known by its user agent.
func shardOf(t *testing.T, i int, arguments []string) func(*rest.Config, *controllers.Options) {
	t.Helper()
	return func(config *rest.Config, options *controllers.Options) {
		config.UserAgent = fmt.Sprintf("shard-%d", i)
		options.LeaderElection = slices.Contains(arguments, "--leader-elect")
		for _, argument := range arguments {
			var err error
			switch name, value, _ := strings.Cut(argument, "="); name {
			case "--shard":
				options.Shard, err = controllers.ParseShard(value)
			case "--kubeconfig-namespaces":
				options.KubeconfigNamespaces = []string{value}
			}
			must(t, err)
		}
	}
}

// usedLeases are the rights to leases that the operators have used.
func (w *world) usedLeases() map[string]bool {
	used := map[string]bool{}
	w.Front.Requests(func(r front.Request) bool {
		if r.Resource == "leases" {
			used[strings.TrimSpace(r.Verb+" "+nameOf(r.Group, r.Resource)+" "+r.Name)] = true
		}
		return false
	})
	return used
}

// writers are the user agents of the requests that match.
func (w *world) writers(match func(front.Request) bool) []string {
	by := map[string]bool{}
	w.Front.Requests(func(r front.Request) bool {
		if match(r) {
			by[r.UserAgent] = true
		}
		return false
	})
	return sorted(by)
}

// deployedShard checks the Deployment of a shard in the manifests, and returns the arguments of its container.
func (w *world) deployedShard(sharded map[string]*unstructured.Unstructured, i int) []string {
	w.t.Helper()
	var deployment appsv1.Deployment
	w.read(sharded[fmt.Sprintf("Deployment/%s-shard-%d", controllers.Name, i)], &deployment)
	shard := fmt.Sprint(i)
	// Without it in the selector each Deployment would take the pods of the others for its own.
	if spec := deployment.Spec; spec.Selector == nil || spec.Selector.MatchLabels["support.d2iq.io/shard"] != shard ||
		spec.Template.Labels["support.d2iq.io/shard"] != shard {
		w.t.Errorf("shard %d selects %v among %v", i, spec.Selector, spec.Template.Labels)
	}
	containers := deployment.Spec.Template.Spec.Containers
	if len(containers) != 1 {
		w.t.Fatalf("shard %d has %d containers", i, len(containers))
	}
	want := []string{
		"--leader-elect", "--metrics-bind-address=:8443", fmt.Sprintf("--shard=%d/%d", i, shards), "--kubeconfig-namespaces=*",
	}
	if diff := cmp.Diff(want, containers[0].Args); diff != "" {
		w.t.Errorf("shard %d has other arguments (-want +got):\n%s", i, diff)
	}
	return containers[0].Args
}

// expectOnlySharded checks that config/sharded is config/fleet, but for the Deployments and the leases.
func (w *world) expectOnlySharded(whole, sharded map[string]*unstructured.Unstructured) {
	w.t.Helper()
	if _, is := sharded["Deployment/"+controllers.Name]; is {
		w.t.Error("beside the shards there is one for all clusters")
	}
	const election = "Role/" + controllers.Name + "-leader-election"
	var role rbacv1.Role
	w.read(sharded[election], &role)
	var leases []string
	for i := range shards {
		delete(sharded, fmt.Sprintf("Deployment/%s-shard-%d", controllers.Name, i))
		leases = append(leases, fmt.Sprintf("%s-shard-%d", controllers.Name, i))
	}
	granted := map[string][]string{}
	for _, rule := range role.Rules {
		for _, verb := range rule.Verbs {
			granted[verb] = append(granted[verb], rule.ResourceNames...)
		}
	}
	if diff := cmp.Diff(map[string][]string{"create": nil, "get": leases, "update": leases}, granted); diff != "" {
		w.t.Errorf("other leases are granted (-want +got):\n%s", diff)
	}
	for _, rendered := range []map[string]*unstructured.Unstructured{whole, sharded} {
		delete(rendered, election)
		delete(rendered, "Deployment/"+controllers.Name)
	}
	if diff := cmp.Diff(whole, sharded); diff != "" {
		w.t.Errorf("config/sharded differs from config/fleet (-fleet +sharded):\n%s", diff)
	}
}

// rendered are the objects of a kustomization, by kind and name.
func (w *world) rendered(folder string) map[string]*unstructured.Unstructured {
	w.t.Helper()
	manifest := w.kubectl("kustomize", folder)
	all := map[string]*unstructured.Unstructured{}
	for document := range strings.SplitSeq(manifest, "\n---\n") {
		object := w.decode(document)
		all[object.GetKind()+"/"+object.GetName()] = object
	}
	return all
}

// read makes an object of a manifest.
func (w *world) read(from *unstructured.Unstructured, into any) {
	w.t.Helper()
	if from == nil {
		w.t.Fatalf("there is no %T", into)
	}
	must(w.t, runtime.DefaultUnstructuredConverter.FromUnstructured(from.Object, into))
}
