// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/d2iq-labs/support-policy-operator/api/v1alpha1"
	"github.com/d2iq-labs/support-policy-operator/test/front"
	"github.com/d2iq-labs/support-policy-operator/test/sandbox"
)

// described is a KommanderCluster in a namespace; more is what it has in addition to a name.
func described(namespace, name, more string) string {
	return describedAs("kommander.mesosphere.io/v1beta1", "KommanderCluster", namespace, name, more)
}

// made is a Cluster of Cluster API.
func made(namespace, name string) string {
	return describedAs("cluster.x-k8s.io/v1beta1", "Cluster", namespace, name, "")
}

// byHand is a ClusterSupport that a user has written.
func byHand(namespace, name, cluster string) string {
	return describedAs(v1alpha1.GroupVersion.String(), "ClusterSupport", namespace, name, "spec: {cluster: "+cluster+"}")
}

func describedAs(apiVersion, kind, namespace, name, more string) string {
	return fmt.Sprintf("apiVersion: %s\nkind: %s\nmetadata:\n  namespace: %s\n  name: %s\n%s", apiVersion, kind, namespace, name, more)
}

// inventoried are descriptions of clusters, each row in a namespace of its own, and the objects that the operator ought to
// have in the end: by name, to what they refer.
var inventoried = []struct {
	name, reason string
	// namespace is that of the row unless it is about a certain one.
	namespace string
	// there are the objects when the operator comes. NAMESPACE is the row's, HUB the UID of the hub's namespace kube-system.
	there []string
	want  map[string]string
}{
	{
		name: "a cluster of Kommander 1.x", reason: "it has the name of its description",
		there: []string{described("NAMESPACE", "one", "spec: {kubeconfigRef: {name: one-kubeconfig}}")},
		want:  map[string]string{"one": "KommanderCluster one"},
	},
	{
		name: "a cluster of Kommander 2.x", reason: "Cluster API has made it and Kommander manages it: it is one",
		there: []string{
			described("NAMESPACE", "one", "spec: {clusterRef: {capiCluster: {name: one}}, kubeconfigRef: {name: one-kubeconfig}}"),
			made("NAMESPACE", "one"),
		},
		want: map[string]string{"one": "KommanderCluster one"},
	},
	{
		name: "a cluster of Kommander 2.x that Cluster API calls otherwise", reason: "the reference tells, not the name",
		there: []string{described("NAMESPACE", "one", "spec: {clusterRef: {capiCluster: {name: one-capi}}}"), made("NAMESPACE", "one-capi")},
		want:  map[string]string{"one": "KommanderCluster one"},
	},
	{
		name: "a cluster that only Cluster API knows", reason: "it is in no other list",
		there: []string{made("NAMESPACE", "one")},
		want:  map[string]string{"one": "Cluster one"},
	},
	{
		name: "the hub, by its ID", reason: "it is there as the object host, and what else calls itself the hub is not it",
		namespace: hubsNamespace,
		there: []string{
			described("NAMESPACE", "hub", "status: {clusterId: HUB}"),
			described("NAMESPACE", "called-hub", "  annotations: {kommander.d2iq.io/host: \"true\"}"),
		},
		want: map[string]string{"called-hub": "KommanderCluster called-hub"},
	},
	{
		name: "a lying annotation", reason: "no cluster is hidden by calling it the hub",
		there: []string{described("NAMESPACE", "liar",
			"  annotations: {kommander.d2iq.io/host: \"true\"}\nstatus: {clusterId: 7d9b5f0e-5d3a-4e60-9f3c-0a4c3f6b1c11}")},
		want: map[string]string{"liar": "KommanderCluster liar"},
	},
	{
		name: "one by hand with the same reference", reason: "a second one would count the cluster twice",
		there: []string{described("NAMESPACE", "one", ""), byHand("NAMESPACE", "mine", "{kommanderCluster: {name: one}}")},
		want:  map[string]string{"mine": "KommanderCluster one"},
	},
	{
		name: "one by hand with the reference to its twin", reason: "both describe one cluster",
		there: []string{
			described("NAMESPACE", "one", "spec: {clusterRef: {capiCluster: {name: one-capi}}}"), made("NAMESPACE", "one-capi"),
			byHand("NAMESPACE", "mine", "{clusterAPICluster: {name: one-capi}}"),
		},
		want: map[string]string{"mine": "Cluster one-capi"},
	},
	{
		name: "one by hand with a kubeconfig", reason: "it does not say which cluster that is",
		there: []string{described("NAMESPACE", "one", ""), byHand("NAMESPACE", "mine", "{kubeconfigSecret: {name: mine}}")},
		want:  map[string]string{"one": "KommanderCluster one", "mine": "Secret mine"},
	},
	{
		name: "the name is taken", reason: "what a user has written is not overwritten",
		there: []string{described("NAMESPACE", "one", ""), byHand("NAMESPACE", "one", "{kubeconfigSecret: {name: mine}}")},
		want:  map[string]string{"one": "Secret mine", "one-kommander-cluster": "KommanderCluster one"},
	},
	{
		name: "the name is taken, by one of Cluster API", reason: "each kind has a suffix of its own",
		there: []string{made("NAMESPACE", "one"), byHand("NAMESPACE", "one", "{kubeconfigSecret: {name: mine}}")},
		want:  map[string]string{"one": "Secret mine", "one-cluster-api": "Cluster one"},
	},
	{
		name: "both names are taken", reason: "the operator says so, and leaves them alone",
		namespace: fullNamespace,
		there: []string{
			described("NAMESPACE", "one", ""), byHand("NAMESPACE", "one", "{kubeconfigSecret: {name: mine}}"),
			byHand("NAMESPACE", "one-kommander-cluster", "{kubeconfigSecret: {name: mine}}"),
		},
		want: map[string]string{"one": "Secret mine", "one-kommander-cluster": "Secret mine"},
	},
	{
		name: "a cluster called host beside the operator", reason: "that name is the hub's",
		namespace: sandbox.Namespace,
		there:     []string{described("NAMESPACE", "host", "")},
		want:      map[string]string{"host": "host", "host-kommander-cluster": "KommanderCluster host"},
	},
	{
		name: "a cluster called host elsewhere", reason: "there it is a name like any other",
		there: []string{described("NAMESPACE", "host", "")},
		want:  map[string]string{"host": "KommanderCluster host"},
	},
}

// Each cluster that is described on the hub is in the inventory, and once.
func TestInventory(t *testing.T) {
	w := newFleetWorld(t, "v1.20.13", "2021-10-01")
	w.log.expects("its names are taken by those of other clusters")
	system := w.decode(`{apiVersion: v1, kind: Namespace, metadata: {name: kube-system}}`)
	must(t, w.Client.Get(t.Context(), client.ObjectKeyFromObject(system), system))
	namespaceOf := func(i int) string {
		if inventoried[i].namespace != "" {
			return inventoried[i].namespace
		}
		return fmt.Sprintf("inventory-%d", i)
	}
	for i, row := range inventoried {
		w.apply(`{apiVersion: v1, kind: Namespace, metadata: {name: ` + namespaceOf(i) + `}}`)
		for _, manifest := range row.there {
			w.applyWithStatus(strings.NewReplacer("NAMESPACE", namespaceOf(i), "HUB", string(system.GetUID())).Replace(manifest))
		}
	}
	var slow lag
	w.wire.breaks(slow.fault)
	w.start(attaching)
	for i, row := range inventoried {
		w.run(row.name, func(*testing.T) {
			w.eventually(row.reason, func() error { return diffOf(row.want, w.inventory(namespaceOf(i))) })
		})
	}
	w.settle()
	w.Front.Reset()
	w.expectNoWrites("having made all objects")
	for i, row := range inventoried {
		if err := diffOf(row.want, w.inventory(namespaceOf(i))); err != nil {
			t.Errorf("%s, later: %v", row.name, err)
		}
	}

	w.run("the hub, by its annotation where no ID is known", func(t *testing.T) {
		w.delete(w.decode(described(hubsNamespace, "hub", "")))
		w.apply(described(hubsNamespace, "hub-again", "  annotations: {kommander.d2iq.io/host: \"true\"}"))
		// When this one is there, that one would be, too.
		w.apply(described(hubsNamespace, "other", ""))
		want := map[string]string{"called-hub": "KommanderCluster called-hub", "other": "KommanderCluster other"}
		w.eventually("what came after it to have an object", func() error { return diffOf(want, w.inventory(hubsNamespace)) })
	})

	w.run("a name that was taken becomes free", func(*testing.T) {
		w.remove(types.NamespacedName{Namespace: fullNamespace, Name: "one"})
		want := map[string]string{"one": "KommanderCluster one", "one-kommander-cluster": "Secret mine"}
		w.eventually("it to be used", func() error { return diffOf(want, w.inventory(fullNamespace)) })
	})

	w.run("two that are called the same, at once", func(t *testing.T) {
		const namespace, pairs = "inventory-pairs", 4
		slow.set(time.Second / 8)
		defer slow.set(0)
		w.apply(`{apiVersion: v1, kind: Namespace, metadata: {name: ` + namespace + `}}`)
		for i := range pairs {
			w.apply(described(namespace, fmt.Sprintf("c%d", i), ""))
			w.apply(made(namespace, fmt.Sprintf("c%d", i)))
		}
		w.eventually("each to have an object, which stays its own", func() error {
			referred := map[string]int{}
			for _, to := range w.inventory(namespace) {
				referred[to]++
			}
			for i := range pairs {
				for _, kind := range []string{"KommanderCluster", "Cluster"} {
					if to := fmt.Sprintf("%s c%d", kind, i); referred[to] != 1 {
						return fmt.Errorf("%d objects for %s: %v", referred[to], to, w.inventory(namespace))
					}
				}
			}
			return w.expectReady(namespace)
		})
		if applied := w.Front.Recent(applies(namespace)); len(applied) != 2*pairs {
			t.Errorf("%d clusters took %v", 2*pairs, applied)
		}
	})

	w.run("one that changes while its object is made", func(t *testing.T) {
		const namespace = "inventory-hasty"
		const late = time.Second / 2
		slow.set(late)
		w.apply(`{apiVersion: v1, kind: Namespace, metadata: {name: ` + namespace + `}}`)
		w.apply(described(namespace, "one", ""))
		w.eventually("the object to be made", func() error {
			if w.Front.Requests(applies(namespace)) == 0 {
				return errors.New("it is not yet")
			}
			return nil
		})
		w.apply(described(namespace, "one", "  labels: {team: b}"))
		time.Sleep(late)
		slow.set(0)
		w.eventually("the operator to see the object", func() error { return w.expectReady(namespace) })
		w.settle()
		check(t, diffOf(map[string]string{"one": "KommanderCluster one"}, w.inventory(namespace)))
	})
}

// applies matches what writes ClusterSupports of a namespace beside their status.
func applies(namespace string) func(front.Request) bool {
	return func(r front.Request) bool {
		return r.Writes() && r.Resource == "clustersupports" && r.Namespace == namespace && r.Subresource == ""
	}
}

// lag lets the operator see late what becomes of ClusterSupports, as with an API server that has much to do. The zero value
// is none.
type lag struct{ nanoseconds atomic.Int64 }

func (l *lag) set(to time.Duration) { l.nanoseconds.Store(int64(to)) }

func (l *lag) fault(next http.RoundTripper, r *http.Request) (*http.Response, error) {
	response, err := next.RoundTrip(r)
	if err == nil && strings.HasSuffix(r.URL.Path, "/clustersupports") && r.URL.Query().Has("watch") {
		response.Body = late{response.Body, l}
	}
	return response, err
}

// late is a body that is read with a lag.
type late struct {
	io.ReadCloser

	lag *lag
}

func (l late) Read(p []byte) (int, error) {
	n, err := l.ReadCloser.Read(p)
	time.Sleep(time.Duration(l.lag.nanoseconds.Load()))
	return n, err
}

// hubsNamespace is where clusters are described as the hub.
const hubsNamespace = "inventory-hubs"

// fullNamespace is where a cluster finds no name for its object.
const fullNamespace = "inventory-full"

// expectReady says which object of a namespace is not evaluated.
func (w *world) expectReady(namespace string) error {
	var all v1alpha1.ClusterSupportList
	if err := w.Client.List(w.t.Context(), &all, client.InNamespace(namespace)); err != nil {
		return err
	}
	for i := range all.Items {
		err := expect(all.Items[i].Status.Conditions, v1alpha1.ConditionReady, metav1.ConditionTrue, v1alpha1.ReasonEvaluated)
		if err != nil {
			return fmt.Errorf("%s: %w", all.Items[i].Name, err)
		}
	}
	return nil
}

// remove deletes the object for a cluster.
func (w *world) remove(key types.NamespacedName) {
	w.t.Helper()
	object := &v1alpha1.ClusterSupport{ObjectMeta: metav1.ObjectMeta{Namespace: key.Namespace, Name: key.Name}}
	w.delete(object)
}

// inventory are the objects of a namespace: by name, to what they refer.
func (w *world) inventory(namespace string) map[string]string {
	w.t.Helper()
	var all v1alpha1.ClusterSupportList
	must(w.t, w.Client.List(w.t.Context(), &all, client.InNamespace(namespace)))
	found := map[string]string{}
	for i := range all.Items {
		found[all.Items[i].Name] = referred(&all.Items[i].Spec.Cluster)
	}
	return found
}

// referred is a reference in a few words.
func referred(to *v1alpha1.ClusterReference) string {
	switch {
	case to.Host != nil:
		return "host"
	case to.KommanderCluster != nil:
		return "KommanderCluster " + to.KommanderCluster.Name
	case to.ClusterAPICluster != nil:
		return "Cluster " + to.ClusterAPICluster.Name
	}
	return "Secret " + to.KubeconfigSecret.Name
}

func diffOf(want, got map[string]string) error {
	if maps.Equal(want, got) {
		return nil
	}
	return fmt.Errorf("the objects differ (-want +got):\n%s", cmp.Diff(want, got))
}
