// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

// Package docs_test holds pages of this folder to the code. The pages of spec/ have tests of their own.
package docs_test

import (
	"context"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/d2iq-labs/support-policy-operator/api/v1alpha1"
	"github.com/d2iq-labs/support-policy-operator/controllers"
	"github.com/d2iq-labs/support-policy-operator/internal/support"
	"github.com/d2iq-labs/support-policy-operator/test/expect"
	"github.com/d2iq-labs/support-policy-operator/test/testfile"
)

// reasons are what can be said of Supported and of ExpiringSoon: for each reason the statuses that it comes with, such as
// "False, Warning", by the condition.
type reasons map[string]map[string]string

// add adds what a condition says, with the type that the operator gives to an event about it.
func (r reasons) add(t *testing.T, condition, status, reason string) {
	t.Helper()
	if condition != v1alpha1.ConditionSupported && condition != v1alpha1.ConditionExpiringSoon {
		return
	}
	said := status + ", " + eventType(t, condition, status, reason)
	if before := r[reason][condition]; before != "" && before != said {
		t.Errorf("%s %s is %q and %q: the table has one place for both", condition, reason, before, said)
	}
	if r[reason] == nil {
		r[reason] = map[string]string{}
	}
	r[reason][condition] = said
}

func (r reasons) addAll(t *testing.T, conditions []metav1.Condition) {
	t.Helper()
	for _, c := range conditions {
		r.add(t, c.Type, string(c.Status), c.Reason)
	}
}

// eventType is the type of the event that the operator writes when a condition comes to say this.
func eventType(t *testing.T, condition, status, reason string) string {
	t.Helper()
	before := metav1.ConditionTrue
	if status == string(metav1.ConditionTrue) {
		before = metav1.ConditionFalse
	}
	change := func(status metav1.ConditionStatus) []metav1.Condition {
		return []metav1.Condition{{Type: condition, Status: status, Reason: reason}}
	}
	writer := &eventWriter{}
	err := controllers.NewEventWriter(writer).WriteTransitions(t.Context(), &v1alpha1.SupportPolicy{ObjectMeta: metav1.ObjectMeta{Name: "any"}},
		change(before), change(metav1.ConditionStatus(status)), time.Time{})
	if err != nil || len(writer.written) != 1 || writer.written[0].Reason != reason {
		t.Fatalf("%s=%s %s: the events are %v, %v", condition, status, reason, writer.written, err)
	}
	return writer.written[0].Type
}

// eventWriter is an API server that knows events only.
type eventWriter struct {
	client.Writer

	written []*corev1.Event
}

func (w *eventWriter) Create(_ context.Context, object client.Object, _ ...client.CreateOption) error {
	event, ok := object.(*corev1.Event)
	if !ok {
		return fmt.Errorf("%T is no event", object)
	}
	w.written = append(w.written, event)
	return nil
}

// The policies of the worlds below, beside the shipped ones.
const examplePolicies = `
{apiVersion: support.d2iq.io/v1alpha1, kind: SupportPolicy, metadata: {name: example}, spec: {product: Example,
  lifecycle: {window: {supportedMinors: 2}}, releases: [
    {version: "1.4", plannedGeneralAvailability: "2022-03-01"}, {version: "1.3", generalAvailability: "2021-12-01"},
    {version: "1.2", generalAvailability: "2021-08-01"}, {version: "1.1", generalAvailability: "2021-05-01", withdrawn: "2021-06-01"},
    {version: "1.0", generalAvailability: "2021-01-01"}]}}
---
{apiVersion: support.d2iq.io/v1alpha1, kind: SupportPolicy, metadata: {name: invalid}, spec: {product: Invalid,
  lifecycle: {listed: {}}, timeZone: Nowhere/Land, releases: [{version: "1.0"}]}}
---
{apiVersion: support.d2iq.io/v1alpha1, kind: SupportPolicy, metadata: {name: one}, spec: {product: Rivals,
  lifecycle: {listed: {}}, releases: [{version: "1.0"}]}}
---
{apiVersion: support.d2iq.io/v1alpha1, kind: SupportPolicy, metadata: {name: other}, spec: {product: Rivals,
  lifecycle: {listed: {}}, releases: [{version: "1.0"}]}}
`

// exampleException covers what was never supported.
const exampleException = `{metadata: {name: example}, spec: {product: Example, versions: [1.2.0-rc.1], through: "2021-09-30",
  reference: none, reason: none}}`

// worlds are clusters, as a ClusterSupport: spec says what is declared, status what was found. Each is judged at all
// instants.
var worlds = []string{
	// Versions of one product.
	`{spec: {declaredReleases: [{product: Example, name: default, version: 1.0.0}]}}`,
	`{spec: {declaredReleases: [{product: Example, name: default, version: 1.1.0}]}}`,
	`{spec: {declaredReleases: [{product: Example, name: default, version: 1.2.0}]}}`,
	`{spec: {declaredReleases: [{product: Example, name: default, version: 1.2.0-rc.1}]}}`,
	`{spec: {declaredReleases: [{product: Example, name: default, version: 1.4.0}]}}`,
	`{spec: {declaredReleases: [{product: Example, name: default, version: 9.9.0}]}}`,
	`{spec: {declaredReleases: [{product: Example, name: default, version: yesterday}]}}`,
	// Products about which nobody speaks, or too many, or wrongly; nothing at all.
	`{spec: {declaredReleases: [{product: Unheard, name: default, version: 1.0.0}]}}`,
	`{spec: {declaredReleases: [{product: Rivals, name: default, version: 1.0.0}]}}`,
	`{spec: {declaredReleases: [{product: Invalid, name: default, version: 1.0.0}]}}`,
	`{}`,
	// What was found and tells no version, and where nobody may look.
	`{status: {releases: [{product: Konvoy, name: default, evidence: {source: Label, object: Node/worker-0}}]}}`,
	`{status: {releases: [{product: Konvoy, name: default, evidence: {source: Forbidden, object: konvoyclusters}}]}}`,
	// What a newer operator wrote.
	`{status: {releases: [{product: Konvoy, name: default, state: Retired, evidence: {source: Label, object: Node/worker-0, version: 1.7.2}}]}}`,
	// Tags.
	`{status: {kubernetesVersion: v1.19.9, releases: [{product: BasePlatformServices, name: default,
	  evidence: {source: Label, object: Addon/istio, version: master}}]}}`,
	// Kubernetes older than all, of a release to come, and newer than all.
	`{spec: {declaredReleases: [{product: Konvoy, name: default, version: 1.8.0}]}, status: {kubernetesVersion: v1.10.0}}`,
	`{spec: {declaredReleases: [{product: Konvoy, name: default, version: 1.8.0}]}, status: {kubernetesVersion: v1.21.3}}`,
	`{spec: {declaredReleases: [{product: Konvoy, name: default, version: 1.8.0}]}, status: {kubernetesVersion: v1.30.0}}`,
	// What is experimental where it must not be.
	`{spec: {environment: Production, declaredReleases: [{product: Cassandra, name: default, version: 1.0.0}]},
	  status: {components: [{name: cassandra, object: Addon/cassandra, product: Cassandra, stage: Experimental}]}}`,
}

var instants = []string{"2021-01-15", "2021-05-15", "2021-07-01", "2021-09-15", "2021-11-15", "2022-01-01"}

func decode[T any](t *testing.T, text string) *T {
	t.Helper()
	into := new(T)
	testfile.DecodeStrict(t, text, into)
	return into
}

// fromEngine has the engine judge all worlds.
func (r reasons) fromEngine(t *testing.T) {
	t.Helper()
	var policies []*v1alpha1.SupportPolicy
	texts := strings.Split(examplePolicies, "\n---\n")
	files := testfile.Glob(t, filepath.Join("..", "config", "policies", "*.yaml"))
	for _, file := range files {
		if content := testfile.Read(t, file); !strings.HasSuffix(file, "kustomization.yaml") {
			texts = append(texts, content)
		}
	}
	compiled := make([]*support.Policy, 0, len(texts))
	for _, text := range texts {
		policies = append(policies, decode[v1alpha1.SupportPolicy](t, text))
		compiled = append(compiled, support.Compile(policies[len(policies)-1]))
	}
	exception := decode[v1alpha1.SupportException](t, exampleException)
	covering := support.CompileException(exception)
	set := support.NewSet(compiled, covering)
	for _, text := range instants {
		now, err := time.Parse(time.DateOnly, text)
		if err != nil {
			t.Fatal(err)
		}
		for i, world := range worlds {
			cluster := decode[v1alpha1.ClusterSupport](t, world)
			cluster.Namespace, cluster.Name = "worlds", fmt.Sprint(i)
			cluster.Spec.Cluster = v1alpha1.ClusterReference{Host: &v1alpha1.HostReference{}}
			// Somebody has looked, be it that nothing was found.
			meta.SetStatusCondition(&cluster.Status.Conditions, metav1.Condition{
				Type: v1alpha1.ConditionSupported, Status: metav1.ConditionTrue, Reason: v1alpha1.ReasonNothingToCheck,
			})
			cluster.Status, _ = set.ClusterStatus(support.ClusterInput{Object: cluster}, now)
			r.addAll(t, cluster.Status.Conditions)
			for _, p := range policies {
				status, _ := set.PolicyStatus(p, []v1alpha1.ClusterSupport{*cluster}, now)
				r.addAll(t, status.Conditions)
			}
			status, _ := covering.Status(exception, []v1alpha1.ClusterSupport{*cluster}, now)
			r.addAll(t, status.Conditions)
		}
	}
	r.fromRefused(t)
}

// refused are clusters whose spec the engine refuses: not valid, and another cluster than before.
var refused = []string{
	`{spec: {cluster: {host: {}, kommanderCluster: {name: one}}}}`,
	`{spec: {cluster: {kommanderCluster: {name: one}}}, status: {cluster: {kommanderCluster: {name: other}}}}`,
}

// fromRefused has the engine keep what is known of clusters that it refuses.
func (r reasons) fromRefused(t *testing.T) {
	t.Helper()
	for _, text := range refused {
		cluster := decode[v1alpha1.ClusterSupport](t, text)
		input := support.ClusterInput{Object: cluster}
		if problems, _ := input.Validate(); len(problems) == 0 {
			t.Fatalf("it is not refused: %s", text)
		}
		status, _ := support.NewSet(nil).ClusterStatus(input, time.Time{})
		r.addAll(t, status.Conditions)
	}
}

// fromOperator reads the objects that the operator has written; gitops/ holds them to it.
func (r reasons) fromOperator(t *testing.T) {
	t.Helper()
	files := testfile.Glob(t, filepath.Join("..", "gitops", "argocd", "*", "*", "testdata", "*.yaml"))
	for _, file := range files {
		var object struct {
			Status struct {
				Conditions []metav1.Condition `json:"conditions"`
			} `json:"status"`
		}
		testfile.Decode(t, testfile.Read(t, file), &object)
		r.addAll(t, object.Status.Conditions)
	}
}

// shown is a condition as the pages of the specification show it, which hold themselves to the engine.
var shown = regexp.MustCompile(`(?m)^(\w+)=(True|False|Unknown) (\w+): `)

func (r reasons) fromSpecification(t *testing.T) {
	t.Helper()
	pages := testfile.Glob(t, filepath.Join("spec", "*.md"))
	for _, page := range pages {
		for _, found := range shown.FindAllStringSubmatch(testfile.Read(t, page), -1) {
			r.add(t, found[1], found[2], found[3])
		}
	}
}

// row is a row of the table of reasons: the reason, and what each of the two conditions says with it.
var row = regexp.MustCompile("(?m)^\\| `(\\w+)` \\| ([\\w, –]+) \\| ([\\w, –]+) \\| (.+) \\|$")

// onPage are the reasons of events.md.
func onPage(t *testing.T) reasons {
	t.Helper()
	listed := reasons{}
	for _, found := range row.FindAllStringSubmatch(testfile.Read(t, "events.md"), -1) {
		reason := found[1]
		expect.Equal(t, nil, listed[reason], reason, "is listed twice")
		listed[reason] = map[string]string{}
		for i, condition := range []string{v1alpha1.ConditionSupported, v1alpha1.ConditionExpiringSoon} {
			if said := found[2+i]; said != "–" {
				listed[reason][condition] = said
			}
		}
	}
	return listed
}

// TestReasons: the page lists the reasons that the engine and the operator give to the two conditions, and no others.
func TestReasons(t *testing.T) {
	given := reasons{}
	given.fromEngine(t)
	given.fromOperator(t)
	given.fromSpecification(t)
	expect.Equal(t, given, onPage(t), "events.md")
}

// TestEveryReasonIsListed goes the other way round: of the constants for the two conditions each is on the page, unless its
// comment says that it is a reason of findings or of another condition only. So a new one cannot be forgotten above.
func TestEveryReasonIsListed(t *testing.T) {
	listed := onPage(t)
	elsewhere := regexp.MustCompile(`A finding only|As a reason of UpgradeRecommended it recommends`)
	parsed, err := parser.ParseFile(token.NewFileSet(), filepath.Join("..", "api", "v1alpha1", "conditions.go"), nil, parser.ParseComments)
	if err != nil {
		t.Fatal(err)
	}
	seen := 0
	for _, declaration := range parsed.Decls {
		group, ok := declaration.(*ast.GenDecl)
		if !ok || !strings.HasPrefix(group.Doc.Text(), "The reasons of Supported") && !strings.HasPrefix(group.Doc.Text(), "The reasons of ExpiringSoon") {
			continue
		}
		for _, spec := range group.Specs {
			constant, ok := spec.(*ast.ValueSpec)
			if !ok {
				continue
			}
			seen++
			reason := strings.TrimPrefix(constant.Names[0].Name, "Reason")
			comment := strings.ReplaceAll(constant.Doc.Text(), "\n", " ")
			if isElsewhere := elsewhere.MatchString(comment); isElsewhere == (listed[reason] != nil) {
				t.Errorf("%s is on the page: %t; its comment is: %s", reason, listed[reason] != nil, comment)
			}
		}
	}
	if seen < 20 {
		t.Errorf("only %d constants were found", seen)
	}
}

// TestRowsAreInOrder: a reader looks a reason up.
func TestRowsAreInOrder(t *testing.T) {
	var names []string
	for _, found := range row.FindAllStringSubmatch(testfile.Read(t, "events.md"), -1) {
		names = append(names, found[1])
	}
	if !slices.IsSorted(names) {
		t.Errorf("the reasons are not in the order of the alphabet: %q", names)
	}
}
