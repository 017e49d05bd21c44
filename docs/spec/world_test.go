// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package spec_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/yaml"

	"github.com/d2iq-labs/support-policy-operator/api/v1alpha1"
	"github.com/d2iq-labs/support-policy-operator/internal/facts"
	"github.com/d2iq-labs/support-policy-operator/internal/fleet"
	"github.com/d2iq-labs/support-policy-operator/internal/hub"
	"github.com/d2iq-labs/support-policy-operator/internal/support"
)

// documents are the objects of an example as they are written, by kind and name.
type documents map[string]map[string]any

// examples are all examples of all pages, by name.
type examples map[string]documents

// read collects the examples. One may rest on another of any page.
func (e examples) read(t *testing.T, pages []*page) {
	t.Helper()
	written := map[string]*block{}
	for _, p := range pages {
		for _, b := range p.blocks {
			name := b.options["example"]
			if b.kind == "example" && written[name] != nil {
				t.Fatalf("%s: there is an example %s already", b, name)
			}
			if b.kind == "example" {
				written[name] = b
			}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(written)) {
		e.add(t, written[name], written)
	}
}

// add adds an example, and before it the one on which it rests.
func (e examples) add(t *testing.T, b *block, written map[string]*block) {
	t.Helper()
	name := b.options["example"]
	if e[name] != nil {
		return
	}
	all := documents{}
	// Whoever comes back to it finds it empty.
	e[name] = all
	if like := b.options["like"]; like != "" {
		if written[like] == nil {
			t.Fatalf("%s: there is no example %s", b, like)
		}
		e.add(t, written[like], written)
		maps.Copy(all, e[like])
	}
	for text := range strings.SplitSeq(b.content(), "\n---\n") {
		one := map[string]any{}
		if err := yaml.UnmarshalStrict([]byte(text), &one); err != nil {
			t.Fatalf("%s: %v", b, err)
		}
		key := all.complete(t, b, one)
		all[key] = merge(all[key], one)
	}
}

// complete adds what a fragment leaves out: the kind and the name, where only one object can be meant.
func (d documents) complete(t *testing.T, b *block, one map[string]any) string {
	t.Helper()
	kind, _ := one["kind"].(string)
	if kind == "" {
		kind = map[string]string{"supportpolicy.md": "SupportPolicy", "supportexception.md": "SupportException"}[b.page.name]
		if _, isCluster := one["status"]; kind == "" || isCluster {
			kind = "ClusterSupport"
		}
	}
	metadata, _ := one["metadata"].(map[string]any)
	if name, _ := metadata["name"].(string); name != "" {
		return kind + "/" + name
	}
	var found []string
	for key := range d {
		if strings.HasPrefix(key, kind+"/") {
			found = append(found, key)
		}
	}
	if b.options["of"] != "" {
		found = []string{b.options["of"]}
	}
	if len(found) != 1 {
		t.Fatalf("%s: which %s is meant? There are %q", b, kind, found)
	}
	return found[0]
}

// merge is a JSON merge patch (RFC 7386), and leaves both of its arguments alone.
func merge(into, patch map[string]any) map[string]any {
	merged := maps.Clone(into)
	if merged == nil {
		merged = map[string]any{}
	}
	for key, value := range patch {
		object, isObject := value.(map[string]any)
		switch before, _ := merged[key].(map[string]any); {
		case value == nil:
			delete(merged, key)
		case isObject:
			merged[key] = merge(before, object)
		default:
			merged[key] = value
		}
	}
	return merged
}

// world is an example as the operator has it at an instant: every object with the status that it writes.
type world struct {
	set        *support.Set
	policies   []*v1alpha1.SupportPolicy
	clusters   []*v1alpha1.ClusterSupport
	exceptions []*v1alpha1.SupportException
	compiled   map[string]*support.Exception
	// hub is what the operator's own cluster knows of others, secrets are the kubeconfigs that are there.
	hub     *hub.State
	secrets map[types.NamespacedName]map[string][]byte
}

// circumstances are what no object tells.
type circumstances struct {
	// contact is why a cluster is not observed, a reason of the condition Reachable, and behind it the resource
	// that cannot be listed; empty while it is. It is about the object of that name, about all when that is empty.
	contact, object string
	// forbidden are the resources of the hub at which the operator may not look.
	forbidden []string
}

// hostNamespace is the namespace of the operator in the examples.
const hostNamespace = "support-policy-system"

func decode[T any](t *testing.T, where fmt.Stringer, document map[string]any) *T {
	t.Helper()
	text, err := json.Marshal(document)
	if err != nil {
		t.Fatal(err)
	}
	var object T
	if err := yaml.UnmarshalStrict(text, &object); err != nil {
		t.Fatalf("%s: %v", where, err)
	}
	return &object
}

// at makes a world of the documents. before is the world of an earlier instant, or nil.
func (d documents) at(t *testing.T, where fmt.Stringer, now time.Time, before *world, is circumstances) *world {
	t.Helper()
	w := &world{compiled: map[string]*support.Exception{}}
	var policies []*support.Policy
	var exceptions []*support.Exception
	for _, key := range slices.Sorted(maps.Keys(d)) {
		switch kind, _, _ := strings.Cut(key, "/"); kind {
		case "SupportPolicy":
			object := decode[v1alpha1.SupportPolicy](t, where, d[key])
			w.policies = append(w.policies, object)
			policies = append(policies, support.Compile(object))
		case "ClusterSupport":
			w.clusters = append(w.clusters, decode[v1alpha1.ClusterSupport](t, where, d[key]))
		case "SupportException":
			object := decode[v1alpha1.SupportException](t, where, d[key])
			w.exceptions = append(w.exceptions, object)
			w.compiled[object.Name] = support.CompileException(object)
			exceptions = append(exceptions, w.compiled[object.Name])
		}
	}
	w.set = support.NewSet(policies, exceptions...)
	w.hub, w.secrets = d.hub(t, where, w.clusters, is.forbidden)
	for _, object := range w.clusters {
		w.evaluate(t, object, now, before.cluster(object), is)
	}
	for _, object := range w.policies {
		w.describe(object, now)
	}
	for _, object := range w.exceptions {
		w.except(object, now)
	}
	return w
}

func (w *world) cluster(like *v1alpha1.ClusterSupport) *v1alpha1.ClusterSupport {
	if w == nil {
		return nil
	}
	i := slices.IndexFunc(w.clusters, func(c *v1alpha1.ClusterSupport) bool { return c.Name == like.Name && c.Namespace == like.Namespace })
	if i < 0 {
		return nil
	}
	return w.clusters[i]
}

// evaluate writes the status of a cluster, as the controller does. What the example gives as the status are the facts.
func (w *world) evaluate(t *testing.T, object *v1alpha1.ClusterSupport, now time.Time, before *v1alpha1.ClusterSupport, is circumstances) {
	t.Helper()
	recorded := object.Status.DeepCopy()
	input := w.input(object)
	if support.HasFacts(recorded) || len(recorded.Releases) > 0 {
		meta.SetStatusCondition(&recorded.Conditions, metav1.Condition{Type: v1alpha1.ConditionSupported})
		input.Facts = support.FactsOf(recorded)
	}
	object.Status = v1alpha1.ClusterSupportStatus{}
	if before != nil {
		object.Status = before.Status
	} else if problems, _ := input.Validate(); len(problems) > 0 {
		object.Status = *recorded
	}
	input.Hub = w.hub.FactsFor(object.Namespace, &object.Spec.Cluster)
	input.Contact = w.contact(t, object, input.Facts, is)
	input.DuplicateOf = support.OlderDuplicate(object, input.ClusterID(), w.assessed())
	object.Status, _ = w.set.ClusterStatus(input, now)
}

func (w *world) input(object *v1alpha1.ClusterSupport) support.ClusterInput {
	return support.ClusterInput{Object: object, HostNamespace: hostNamespace}
}

// contact is how the contact with a cluster stands.
func (w *world) contact(t *testing.T, object *v1alpha1.ClusterSupport, observed *facts.Facts, is circumstances) *facts.Contact {
	t.Helper()
	var target *fleet.Target
	contact := &facts.Contact{Complete: observed != nil}
	if object.Spec.Cluster.Host == nil {
		target, contact.Obstacle = w.hub.TargetFor(object.Namespace, &object.Spec.Cluster)
	}
	if contact.Obstacle != nil {
		return contact
	}
	word := is.contact
	if is.object != "" && is.object != object.Name {
		word = ""
	}
	contact.Problem = w.problem(t, target, word)
	return contact
}

// describe writes the status of a policy.
func (w *world) describe(object *v1alpha1.SupportPolicy, now time.Time) {
	object.Status, _ = w.set.PolicyStatus(&v1alpha1.SupportPolicy{ObjectMeta: object.ObjectMeta}, w.assessed(), now)
}

// except writes the status of an exception.
func (w *world) except(object *v1alpha1.SupportException, now time.Time) {
	object.Status, _ = w.compiled[object.Name].Status(&v1alpha1.SupportException{ObjectMeta: object.ObjectMeta}, w.assessed(), now)
}

// assessed are the clusters with their status.
func (w *world) assessed() []v1alpha1.ClusterSupport {
	clusters := make([]v1alpha1.ClusterSupport, 0, len(w.clusters))
	for _, one := range w.clusters {
		clusters = append(clusters, *one)
	}
	return clusters
}

// instant reads a day, which means its beginning in UTC, or an instant in RFC 3339.
func instant(t *testing.T, where fmt.Stringer, text string) time.Time {
	t.Helper()
	layout := time.RFC3339
	if regexp.MustCompile(`^\d{4}-\d\d-\d\d$`).MatchString(text) {
		layout = time.DateOnly
	}
	parsed, err := time.Parse(layout, text)
	if err != nil {
		t.Fatalf("%s: %v", where, err)
	}
	return parsed
}
