// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/yaml"

	"github.com/d2iq-labs/support-policy-operator/api/v1alpha1"
	"github.com/d2iq-labs/support-policy-operator/internal/contact"
	"github.com/d2iq-labs/support-policy-operator/internal/detect"
	"github.com/d2iq-labs/support-policy-operator/internal/facts"
	"github.com/d2iq-labs/support-policy-operator/internal/hub"
	"github.com/d2iq-labs/support-policy-operator/internal/manifest"
	"github.com/d2iq-labs/support-policy-operator/internal/observe"
	"github.com/d2iq-labs/support-policy-operator/internal/support"
)

// These tests compare the plugin with the operator. The operator's side is made of the calls that its reconciler makes;
// the plugin's is the whole command, from the text of the files to the text of the answer.

// randomSeed chooses the random clusters. Every failure prints what leads to it.
const randomSeed = 20211118

func pick[T any](rng *rand.Rand, from ...T) T { return from[rng.IntN(len(from))] }

// What may be found in clusters, and what people may write.
var (
	someProducts = []string{
		facts.Konvoy, facts.Kommander, facts.BasePlatformServices, facts.Cassandra, facts.Kafka, "Zookeeper",
		"Pro\x1b[31mduct", "<Prod & \"uct\">",
	}
	someVersions = []string{
		"1.8.4", "1.7.2", "1.6.3", "1.4.3", "1.3.1", "v1.4.4", "1.2.0-36", "1.2.0-rc.5", "2.0.0", "2.1.0", "2.2.0", "9.9.9", "1.0.2", "latest",
		"", "", "stable-1.19-3.2.0", "stable-1.20-4.3.0", "stable-1.17-2.5.0", "stable-1.16.4-2", "testing-1.19-3.2.0", "master",
		`1.3.1\x1b[31m`, "]]>&<a b='c'>", "3.11.6-1.0.2", "1.3.0",
	}
	someKubernetes = []string{
		"v1.19.9", "v1.16.15+d2iq.1", "v1.20.2-gke.1900", "v1.21.6", "v1.15.12", "v1.30.0", "", "v1.19", "v1.19.9-\x00", "v1.19.9 \u202e\xff",
	}
	someSources = []v1alpha1.EvidenceSource{
		v1alpha1.SourceLabel, v1alpha1.SourceAnnotation, v1alpha1.SourceCustomResource, v1alpha1.SourceHelmRelease,
		v1alpha1.SourceInferred, v1alpha1.SourceDeclared,
	}
	someSystems = []v1alpha1.NodeOperatingSystem{
		{OSImage: "CentOS Linux 7 (Core)", KernelVersion: "3.10.0-1160.el7.x86_64"},
		{OSImage: "CentOS Linux 7 (Core)", KernelVersion: "3.10.0-1062.12.1.el7.x86_64"},
		{OSImage: "Flatcar Container Linux", KernelVersion: "5.4.0"},
		{OSImage: "Red Hat Enterprise Linux 8.2", KernelVersion: "4.18.0-193.el8.x86_64"},
	}
)

// randomFacts are what the operator may have observed; nil where it has not looked yet.
func randomFacts(rng *rand.Rand) *facts.Facts {
	if rng.IntN(15) == 0 {
		return nil
	}
	observed := &facts.Facts{
		KubernetesVersion: pick(rng, someKubernetes...), ClusterID: pick(rng, "", "7f1c6a52-1111", "7f1c6a52-2222", "\x1b[31m<id>\n"),
	}
	for _, product := range someProducts {
		for _, name := range []string{"default", "kommander", "data.cassandra"} {
			if rng.IntN(4) > 0 {
				continue
			}
			found := facts.Installation{Product: product, Name: name}
			if rng.IntN(9) == 0 {
				found.Evidence = []v1alpha1.Evidence{{Source: v1alpha1.SourceForbidden, Object: "things"}}
			}
			for i := range 1 + rng.IntN(3) {
				found.Evidence = append(found.Evidence, v1alpha1.Evidence{Source: pick(rng, someSources...), Object: fmt.Sprintf("Thing/%d", i),
					Version: pick(rng, someVersions...), Repository: pick(rng, "", "", "", "https://example.com/fork")})
			}
			observed.Installations = append(observed.Installations, found)
		}
	}
	slices.SortFunc(observed.Installations, func(a, b facts.Installation) int {
		return strings.Compare(a.Product+"\x00"+a.Name, b.Product+"\x00"+b.Name)
	})
	for i, name := range []string{"istio", "knative", "kommander", "something"} {
		if rng.IntN(3) == 0 {
			observed.Components = append(observed.Components, v1alpha1.Component{
				Name: name, Object: fmt.Sprintf("ClusterAddon/%d", i), Product: pick(rng, "", facts.Konvoy, facts.Kommander),
				Origin: pick(rng, v1alpha1.OriginRepository, v1alpha1.OriginFederated), Stage: pick(rng, "", "", "Experimental"),
			})
		}
	}
	if rng.IntN(2) == 0 {
		observed.Nodes = &v1alpha1.NodesStatus{Count: ptr.To(int32(3))}
		for _, system := range someSystems {
			if rng.IntN(2) == 0 {
				system.Nodes = ptr.To(int32(1 + rng.IntN(3)))
				observed.Nodes.OperatingSystems = append(observed.Nodes.OperatingSystems, system)
			}
		}
	}
	return observed
}

// randomObject is a ClusterSupport as somebody may write it, now and then one that is not valid.
func randomObject(rng *rand.Rand, i int) *v1alpha1.ClusterSupport {
	object := &v1alpha1.ClusterSupport{
		TypeMeta: metav1.TypeMeta{APIVersion: v1alpha1.GroupVersion.String(), Kind: "ClusterSupport"},
		ObjectMeta: metav1.ObjectMeta{
			Namespace: "workspace", Name: fmt.Sprintf("c%d", i), Generation: int64(rng.IntN(5)),
			Labels: map[string]string{"stage": pick(rng, "production", "test"), "region": pick(rng, "eu", "us")},
		},
		Spec: v1alpha1.ClusterSupportSpec{
			Cluster:     randomReference(rng),
			Environment: pick(rng, "", "", v1alpha1.EnvironmentProduction, v1alpha1.EnvironmentNonProduction),
		},
	}
	declared := map[string]bool{}
	for range rng.IntN(5) {
		one := v1alpha1.DeclaredRelease{
			Product: pick(rng, append(someProducts, facts.Kubernetes)...), Name: pick(rng, "default", "kommander", "data.cassandra"),
			Version: pick(rng, "1.8.4", "1.7.2", "1.4.3", "1.19.9", "stable-1.19-3.2.0", "1.3.1\u0000", "x"),
		}
		// Two of one installation no API server lets in.
		if key := one.Product + "/" + one.Name; !declared[key] {
			declared[key] = true
			object.Spec.DeclaredReleases = append(object.Spec.DeclaredReleases, one)
		}
	}
	return object
}

// randomReference leads to the host, or to what somewhere describes: the descriptions of randomHub have the same names.
func randomReference(rng *rand.Rand) v1alpha1.ClusterReference {
	switch rng.IntN(5) {
	case 0:
		return v1alpha1.ClusterReference{Host: &v1alpha1.HostReference{}}
	case 1:
		return v1alpha1.ClusterReference{ClusterAPICluster: &v1alpha1.ClusterAPIClusterReference{Name: "described"}}
	case 2:
		return v1alpha1.ClusterReference{KubeconfigSecret: &v1alpha1.KubeconfigSecretReference{Name: "admin", Key: pick(rng, "", "value")}}
	}
	return v1alpha1.ClusterReference{KommanderCluster: &v1alpha1.KommanderClusterReference{Name: pick(rng, "described", "described", "gone")}}
}

// randomHub is what the hub of one cluster may know: its own Kommander, and what describes the cluster.
func randomHub(rng *rand.Rand) *hub.State {
	snapshot := observe.Snapshot{Complete: rng.IntN(9) > 0, HubDescription: &detect.HubDescription{}}
	switch rng.IntN(6) {
	case 0:
	case 1:
		snapshot.Facts.Installations = []facts.Installation{{Product: facts.Kommander, Name: "default", Evidence: []v1alpha1.Evidence{
			{Source: v1alpha1.SourceForbidden, Object: "helmreleases.helm.toolkit.fluxcd.io"}}}}
	default:
		snapshot.Facts.Installations = []facts.Installation{{Product: facts.Kommander, Name: "kommander", Evidence: []v1alpha1.Evidence{
			{Source: v1alpha1.SourceHelmRelease, Object: "HelmRelease/kommander/kommander", Version: pick(rng, "2.1.0", "2.0.0", "2.2.1", "1.4.3", "1.3.1", "9.9.9", "", "latest")}}}}
	}
	snapshot.HubDescription.KommanderClusters = []detect.KommanderCluster{{
		Namespace: "workspace", Name: "described", Phase: pick(rng, "Joined", "Joined", "Joined", "Pending", "", "\x1b[31m"),
		IsHost: rng.IntN(9) == 0, KubeconfigSecret: pick(rng, "", "admin"), KonvoyCluster: pick(rng, "", "described"),
		CAPICluster:      types.NamespacedName{Namespace: "workspace", Name: pick(rng, "", "described")},
		Environment:      pick(rng, "", "", "Production", "NonProduction", "staging\x1b[31m"),
		DeclaredReleases: pick(rng, "", "", "Konvoy=1.8.4", "Konvoy=1.7.2, Kommander/kommander=1.3.1", "Konvoy", "Dispatch=1.4.1,,=,Kafka/data.cassandra=1.3.0"),
	}}
	snapshot.HubDescription.KonvoyClusters = []detect.KonvoyCluster{{
		Namespace: "workspace", Name: "described", Version: pick(rng, someVersions...), ProvisionerVersion: pick(rng, "", "v1.8.2"),
		Phase: pick(rng, "Provisioned", "Provisioning"),
	}}
	snapshot.HubDescription.CAPIClusters = []detect.CAPICluster{{Namespace: "workspace", Name: "described", IsKonvoy: rng.IntN(2) == 0}}
	switch rng.IntN(12) {
	case 0:
		snapshot.HubDescription.KommanderClusters, snapshot.HubDescription.Forbidden = nil, []string{detect.KommanderClusters}
	case 1:
		snapshot.HubDescription.CAPIClusters, snapshot.HubDescription.Forbidden = nil, []string{detect.CAPIClusters}
	case 2:
		snapshot.HubDescription.KonvoyClusters, snapshot.HubDescription.Forbidden = nil, []string{detect.KonvoyClusters}
	}
	return hub.New(snapshot)
}

// surroundings are what the operator knows of a cluster besides its object and the policies.
type surroundings struct {
	facts *facts.Facts
	hub   *hub.State
	// problem is why the cluster is not observed; nil while it is.
	problem     *facts.Problem
	duplicateOf string
}

func randomSurroundings(rng *rand.Rand) surroundings {
	known := surroundings{facts: randomFacts(rng), hub: randomHub(rng)}
	if reason := pick(rng, "", "", "", "", v1alpha1.ReasonUnreachable, v1alpha1.ReasonInsecureKubeconfig, v1alpha1.ReasonInvalidKubeconfig); reason != "" {
		known.problem = contact.ProblemOf(&contact.Failure{Reason: reason})
	}
	if known.facts != nil && known.facts.ClusterID != "" && rng.IntN(3) == 0 {
		known.duplicateOf = "workspace/older"
	}
	return known
}

// operator writes the status as the operator does, with what it knows.
func operator(set *support.Set, object *v1alpha1.ClusterSupport, known *surroundings, now time.Time) {
	input := support.ClusterInput{
		Object: object, Facts: known.facts, Contact: &facts.Contact{Problem: known.problem, Complete: known.facts != nil},
		Hub: known.hub.FactsFor(object.Namespace, &object.Spec.Cluster), DuplicateOf: known.duplicateOf,
	}
	if object.Spec.Cluster.Host == nil {
		_, input.Contact.Obstacle = known.hub.TargetFor(object.Namespace, &object.Spec.Cluster)
	}
	object.Status, _ = set.ClusterStatus(input, now)
}

// recorded is the whole status, each part as it is written in JSON, and the conditions by their types.
func recorded(t *testing.T, object []byte) map[string]string {
	t.Helper()
	var read struct {
		Status map[string]json.RawMessage `json:"status"`
	}
	if err := json.Unmarshal(object, &read); err != nil {
		t.Fatal(err)
	}
	parts := map[string]string{}
	for field, value := range read.Status {
		parts[field] = compact(t, value)
	}
	var conditions []metav1.Condition
	if err := json.Unmarshal(read.Status["conditions"], &conditions); err != nil {
		t.Fatal(err)
	}
	for _, c := range conditions {
		parts[c.Type] = fmt.Sprintf("%s %s %s", c.Status, c.Reason, c.Message)
	}
	return parts
}

func compact(t *testing.T, text json.RawMessage) string {
	t.Helper()
	var out bytes.Buffer
	if err := json.Compact(&out, text); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

// someException covers something somewhere.
func someException(rng *rand.Rand, name string) string {
	versions := pick(rng, "", `  versions: ["1.6.x", "1.7.2"]`+"\n", `  versions: ["1.3.x", stable-1.17-2.5.0]`+"\n")
	selector := pick(rng, "", "  clusterSelector: {matchLabels: {stage: test}}\n")
	return fmt.Sprintf("apiVersion: support.d2iq.io/v1alpha1\nkind: SupportException\nmetadata: {name: %s}\nspec:\n  product: %s\n"+
		"%s%s  through: \"%s\"\n  timeZone: %s\n  reference: TICKET-1\n  reason: it goes away soon\n", name,
		pick(rng, facts.Konvoy, facts.Kommander, facts.BasePlatformServices, facts.Kubernetes), versions, selector,
		time.Date(2021, time.Month(1+rng.IntN(12)), 1+rng.IntN(28), 0, 0, 0, 0, time.UTC).Format(time.DateOnly),
		pick(rng, "Etc/UTC", "Asia/Kathmandu", "America/Havana"))
}

// somePolicy is one for a product or about a label that the shipped ones leave alone, or one in conflict with them.
func somePolicy(rng *rand.Rand, name string) string {
	var releases strings.Builder
	for minor := range 5 {
		fmt.Fprintf(&releases, "  - {version: \"1.%d\", %s: \"202%d-0%d-1%d\"%s}\n", minor, pick(rng, "generalAvailability", "plannedGeneralAvailability"),
			rng.IntN(3), 1+rng.IntN(9), rng.IntN(10), pick(rng, "", `, kubernetes: {minimum: "1.16", maximum: "1.20"}`,
				`, requires: [{product: Konvoy, versions: [1.7.x, 1.8.4]}]`))
	}
	return fmt.Sprintf("apiVersion: support.d2iq.io/v1alpha1\nkind: SupportPolicy\nmetadata: {name: %s}\nspec:\n  product: %s\n  priority: %d\n"+
		"  timeZone: %s\n  expiringSoonDays: %d\n  clusterSelector: {matchLabels: {region: %s}}\n  lifecycle: {window: {supportedMinors: %d}}\n"+
		"  releases:\n%s", name, pick(rng, "Zookeeper", facts.Kommander, facts.Konvoy), rng.IntN(2),
		pick(rng, "Etc/UTC", "Pacific/Apia", "Europe/Berlin"), rng.IntN(200), pick(rng, "eu", "us"), pick(rng, 1, 3, 3, 0), releases.String())
}

// someInstant lies in the time of the shipped policies: the edges of days above all.
func someInstant(rng *rand.Rand) time.Time {
	at := time.Date(2019, 8, 1, 0, 0, 0, 0, time.UTC).AddDate(0, 0, rng.IntN(1300))
	switch rng.IntN(4) {
	case 0:
		return at.Add(-time.Nanosecond)
	case 1:
		return at.Add(time.Duration(rng.Int64N(int64(24 * time.Hour))))
	default:
		return at
	}
}

// TestOperatorAndPluginAgree: the status that the operator wrote is given back to the plugin, at the instant at which it was
// written and at one at which the operator evaluates it again.
func TestOperatorAndPluginAgree(t *testing.T) {
	t.Parallel()
	worlds, clusters := 25, 45
	if testing.Short() {
		worlds, clusters = 4, 10
	}
	vendor := t.TempDir()
	if err := os.CopyFS(vendor, os.DirFS(shipped)); err != nil {
		t.Fatal(err)
	}
	for world := range worlds {
		rng := rand.New(rand.NewPCG(randomSeed, uint64(world)))
		folder := t.TempDir()
		for i := range rng.IntN(4) {
			writeInto(t, folder, fmt.Sprintf("exception-%d.yaml", i), someException(rng, fmt.Sprintf("exception-%d", i)))
		}
		for i := range rng.IntN(3) {
			writeInto(t, folder, fmt.Sprintf("policy-%d.yaml", i), somePolicy(rng, fmt.Sprintf("policy-%d", i)))
		}
		writeInto(t, folder, "empty.yaml", "# so that the folder is never empty\n")
		policies := []string{vendor, folder}
		set := compiledSet(t, policies)
		written := someInstant(rng)
		for _, at := range []time.Time{written, someInstant(rng)} {
			compareAt(t, set, policies, fmt.Sprintf("world %d", world), clusters, uint64(world), written, at)
		}
	}
}

// compareAt writes statuses at one instant, and compares what both sides make of them at another.
func compareAt(t *testing.T, set *support.Set, policies []string, name string, clusters int, seed uint64, written, at time.Time) {
	t.Helper()
	rng := rand.New(rand.NewPCG(randomSeed+1, seed))
	var stdin bytes.Buffer
	var want []map[string]string
	for i := range clusters {
		object, known := randomObject(rng, i), randomSurroundings(rng)
		operator(set, object, &known, written)
		if rng.IntN(9) == 0 && object.Status.Cluster != nil {
			// Somebody lets it stand for another cluster, which is refused.
			object.Spec.Cluster = randomReference(rng)
			object.Generation++
		}
		text, err := yaml.Marshal(object)
		if err != nil {
			t.Fatal(err)
		}
		stdin.WriteString("---\n")
		stdin.Write(text)
		// The operator keeps on: its next evaluation has the same facts.
		operator(set, object, &known, at)
		after, err := json.Marshal(object)
		if err != nil {
			t.Fatal(err)
		}
		want = append(want, recorded(t, after))
	}
	arguments := []string{"check", "--cluster", "-", "-o", "json", "--as-of", at.Format(time.RFC3339Nano)}
	for _, path := range policies {
		arguments = append(arguments, "-f", path)
	}
	got := plugin(stdin.String(), arguments...)
	if got.Code == int(exitError) {
		t.Fatalf("%s: %s", name, got.Err)
	}
	var list struct {
		Items []json.RawMessage `json:"items"`
	}
	if err := json.Unmarshal([]byte(got.Out), &list); err != nil {
		t.Fatal(err)
	}
	if len(list.Items) != clusters {
		t.Fatalf("%s: %d clusters in, %d out", name, clusters, len(list.Items))
	}
	for i, item := range list.Items {
		if diff := gocmp.Diff(want[i], recorded(t, item)); diff != "" {
			t.Fatalf("%s, cluster %d, written at %s, at %s (-operator +plugin):\n%s", name, i, written.Format(time.RFC3339Nano), at.Format(time.RFC3339Nano), diff)
		}
	}
}

// compiledSet compiles as the operator does.
func compiledSet(t *testing.T, paths []string) *support.Set {
	t.Helper()
	read, err := manifest.ReadPolicies(nil, paths...)
	if err != nil {
		t.Fatal(err)
	}
	var policies []*support.Policy
	for i := range read.Policies {
		policies = append(policies, support.Compile(&read.Policies[i].Object))
	}
	var exceptions []*support.Exception
	for i := range read.Exceptions {
		exceptions = append(exceptions, support.CompileException(&read.Exceptions[i].Object))
	}
	return support.NewSet(policies, exceptions...)
}

func writeInto(t *testing.T, folder, name, content string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(folder, name), []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

// TestConditionsAndFindingsAgree: what the conditions ask for is what the findings ask for, which decide where exceptions
// are accepted; and a JUnit report has a failure or an error where the exit code is not 0.
func TestConditionsAndFindingsAgree(t *testing.T) {
	t.Parallel()
	set := compiledSet(t, []string{shipped})
	objects := 1500
	if testing.Short() {
		objects = 100
	}
	for i := range objects {
		rng := rand.New(rand.NewPCG(randomSeed+2, uint64(i)))
		object, known, at := randomObject(rng, i), randomSurroundings(rng), someInstant(rng)
		operator(set, object, &known, at)
		r := report{clusters: []v1alpha1.ClusterSupport{*object}, at: at, tolerance: tolerance{
			unsupported: rng.IntN(3) == 0, unknown: rng.IntN(3) == 0, expiring: rng.IntN(3) == 0,
		}}
		suite := r.suite(object)
		if failed := suite.Failures+suite.Errors > 0; failed != (r.exitCode() != exitNone) {
			t.Fatalf("cluster %d: exit code %d, and %+v", i, r.exitCode(), suite.junitCounts)
		}
		if len(object.Status.Releases) == 0 {
			continue
		}
		// An exception for something that asks for nothing makes the findings decide.
		covered := object.DeepCopy()
		covered.Status.Releases = append(covered.Status.Releases, v1alpha1.InstalledRelease{
			Product: "Covered", State: v1alpha1.StateSupported, Exception: &v1alpha1.CoveringException{},
		})
		r.tolerance.exceptions = true
		for j := range object.Status.Conditions {
			c := &object.Status.Conditions[j]
			if diff := gocmp.Diff(r.conditionConcerns(object, c), r.conditionConcerns(covered, c), gocmp.AllowUnexported(concern{})); diff != "" {
				t.Fatalf("cluster %d: %s (-condition +findings):\n%s\n%+v", i, c.Type, diff, object.Status)
			}
		}
	}
}
