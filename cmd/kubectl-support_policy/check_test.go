// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/json"
	"encoding/xml"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"sigs.k8s.io/yaml"

	"github.com/d2iq-labs/support-policy-operator/api/v1alpha1"
	"github.com/d2iq-labs/support-policy-operator/test/expect"
	"github.com/d2iq-labs/support-policy-operator/test/golden"
	"github.com/d2iq-labs/support-policy-operator/test/testfile"
)

const (
	testPolicies, testException = "testdata/policies", "testdata/exception.yaml"
	// testClusters is what people declare, testOperated what the operator wrote.
	testClusters, testOperated = "testdata/clusters.yaml", "testdata/operated.yaml"
)

// TestOutputs shows the answers about the same clusters in all forms.
func TestOutputs(t *testing.T) {
	everything := []string{"--cluster", testClusters, "--cluster", testOperated, "-f", testException, "--accept-exceptions", "--ignore-expiring"}
	tests := []struct {
		form      string
		arguments []string
		want      exitCode
	}{
		{"table", everything, exitUnsupported},
		{"junit", everything, exitUnsupported},
		{"json", []string{"--cluster", testOperated}, exitNone},
		{"yaml", []string{"--cluster", testOperated, "--release", "Konvoy=1.6.3", "--release", "Kubernetes=1.18.8"}, exitExpiring},
	}
	for _, test := range tests {
		t.Run(test.form, func(t *testing.T) {
			got := plugin("", append([]string{"check", "-f", testPolicies, "--as-of", "2021-11-22", "-o", test.form}, test.arguments...)...)
			if got.Code != int(test.want) || got.Err != "" {
				t.Errorf("exit code %d, %s", got.Code, got.Err)
			}
			golden.Expect(t, filepath.Join("testdata", "check."+test.form), got.Out)
		})
	}
}

// junitReport is a report as a program reads it.
type junitReport struct {
	XMLName xml.Name `xml:"testsuites"`
	junitCounts

	Suites []junitSuite `xml:"testsuite"`
}

// TestOutputsAreReadable by the programs for which they are made.
func TestOutputsAreReadable(t *testing.T) {
	read := func(form string, into func([]byte, any) error, object any) {
		t.Helper()
		got := plugin("", "check", "-f", testPolicies, "--cluster", testClusters, "--cluster", testOperated, "-o", form)
		if err := into([]byte(got.Out), object); err != nil {
			t.Errorf("%s: %s", form, err)
		}
	}
	type list struct {
		Kind  string                    `json:"kind"`
		Items []v1alpha1.ClusterSupport `json:"items"`
	}
	var fromJSON, fromYAML list
	read("json", json.Unmarshal, &fromJSON)
	read("yaml", func(text []byte, into any) error { return yaml.UnmarshalStrict(text, into, yaml.DisallowUnknownFields) }, &struct {
		APIVersion string   `json:"apiVersion"`
		Metadata   struct{} `json:"metadata"`
		*list      `json:",inline"`
	}{list: &fromYAML})
	if diff := cmp.Diff(fromJSON, fromYAML); diff != "" || fromJSON.Kind != "List" || len(fromJSON.Items) != 6 {
		t.Errorf("%s, %d items (-json +yaml):\n%s", fromJSON.Kind, len(fromJSON.Items), diff)
	}
	var report junitReport
	read("junit", xml.Unmarshal, &report)
	expect.Equal(t, 6, len(report.Suites), "suites")
	table := plugin("", "check", "-f", testPolicies, "--cluster", testClusters, "--as-of", "2021-11-22").Out
	for line := range strings.Lines(table) {
		if len([]rune(line)) > tableWidth+1 || strings.ContainsRune(line, '\x1b') {
			t.Errorf("%q", line)
		}
	}
}

// TestAnswerIsAnInput: the answer given back as clusters gets the same answer.
func TestAnswerIsAnInput(t *testing.T) {
	arguments := []string{"check", "-f", testPolicies, "--as-of", "2021-11-22", "-o", "yaml", "--cluster"}
	first := plugin("", append(arguments, testClusters, "--cluster", testOperated, "--release", "Konvoy=1.8.3")...)
	again := plugin(first.Out, append(arguments, "-")...)
	expect.Equal(t, first, again)
}

// TestExitCodes: each code, their precedence, and what masks them.
func TestExitCodes(t *testing.T) {
	releases := func(texts ...string) []string {
		var arguments []string
		for _, text := range texts {
			arguments = append(arguments, "--release", text)
		}
		return arguments
	}
	supported, expiring := releases("Konvoy=1.8.3", "Kubernetes=1.18.8"), releases("Konvoy=1.6.3", "Kubernetes=v1.18.8")
	unsupported, unknown := releases("Konvoy=1.5.6", "Kubernetes=1.17.5"), releases("Konvoy=3.0.0", "Kubernetes=1.18.8")
	prohibited := releases("Konvoy=1.8.3", "Kommander=1.3.1", "Kubernetes=1.18.8")
	outside := releases("Konvoy=1.8.3", "Kubernetes=1.17.5")
	undecided := releases("Kommander=1.3.1", "Konvoy=unreadable", "Kubernetes=1.18.8")
	all := []string{"--cluster", testClusters}
	with := func(lists ...[]string) []string { return slices.Concat(lists...) }
	flags := func(flags ...string) []string { return flags }
	tests := []struct {
		name, reason string
		arguments    []string
		want         exitCode
	}{
		{"supported", "nothing asks for a code", supported, exitNone},
		{"expiring", "an announced end is near", expiring, exitExpiring},
		{"expiring, ignored", "the flag masks 2", with(expiring, flags("--ignore-expiring")), exitNone},
		{"unsupported", "the support is over", unsupported, exitUnsupported},
		{"unsupported, ignored", "the flag masks 3", with(unsupported, flags("--ignore-unsupported")), exitNone},
		{"unknown", "the policy does not know the minor", unknown, exitUnknown},
		{"unknown, ignored", "the flag masks 4", with(unknown, flags("--ignore-unknown")), exitNone},
		{"prohibited", "both are supported, and not together", with(prohibited, flags("--as-of", "2021-06-01")), exitUnsupported},
		{"outside the range", "Compatible is False", with(outside, flags("--as-of", "2021-06-01")), exitUnsupported},
		{"not known whether prohibited", "Compatible is Unknown", with(undecided, flags("--as-of", "2021-06-01")), exitUnknown},
		{"no Kubernetes", "what is not declared is not there", releases("Konvoy=1.8.3"), exitNone},
		{"everything", "3 comes before 4 and 2", all, exitUnsupported},
		{"everything, 3 ignored", "4 comes before 2", with(all, flags("--ignore-unsupported")), exitUnknown},
		{"everything, 4 ignored", "3 stays", with(all, flags("--ignore-unknown")), exitUnsupported},
		{"everything, 3 and 4 ignored", "2 is left", with(all, flags("--ignore-unsupported", "--ignore-unknown")), exitExpiring},
		{"everything ignored", "nothing is left", with(all, flags("--ignore-unsupported", "--ignore-unknown", "--ignore-expiring")), exitNone},
		{"unknown behind unsupported", "a release about which nobody can tell does not hide behind a False that is ignored",
			with(unsupported, flags("--release", "Other=1.0.0", "--ignore-unsupported")), exitUnknown},
		{"a day before", "it is judged at the instant that is given", with(unsupported, flags("--as-of", "2021-05-04")), exitExpiring},
		{"at the end", "an end is the first instant without support", with(unsupported, flags("--as-of", "2021-05-05T00:00:00Z")), exitUnsupported},
		{"an instant before the end", "there are instants between days", with(unsupported, flags("--as-of", "2021-05-04T23:59:59.999999999Z")), exitExpiring},
		{"another zone", "an instant may be given in any zone", with(unsupported, flags("--as-of", "2021-05-05T01:59:59+02:00")), exitExpiring},
		{"no output flag changes it", "the form is for reading", with(all, flags("-o", "junit")), exitUnsupported},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got := plugin("", append([]string{"check", "-f", testPolicies}, test.arguments...)...)
			if got.Code != int(test.want) || got.Err != "" {
				t.Errorf("%s: got %d, want %d\n%s%s", test.reason, got.Code, test.want, got.Out, got.Err)
			}
		})
	}
}

func TestAcceptExceptions(t *testing.T) {
	exception := func(product, through string) string {
		return fmt.Sprintf(`{"apiVersion": "support.d2iq.io/v1alpha1", "kind": "SupportException", "metadata": {"name": "one"}, "spec":
			{"product": %q, "through": %q, "expiringSoonDays": 30, "reference": "TICKET-1", "reason": "because"}}`, product, through)
	}
	unsupported := []string{"Konvoy=1.5.6", "Kubernetes=1.17.5"}
	prohibited := []string{"Konvoy=1.8.3", "Kommander=1.3.1", "Kubernetes=1.18.8"}
	tests := []struct {
		name, reason string
		exception    string
		releases     []string
		without      exitCode
		accepting    exitCode
	}{
		{"runs", "what it covers does not count", exception("Konvoy", "2022-12-31"), unsupported, exitUnsupported, exitNone},
		{"another product", "it covers nothing here", exception("Kommander", "2022-12-31"), unsupported, exitUnsupported, exitUnsupported},
		{"has ended", "what has ended covers nothing", exception("Konvoy", "2021-11-21"), unsupported, exitUnsupported, exitUnsupported},
		{"its last day", "the day itself is covered, and it ends soon", exception("Konvoy", "2021-11-22"), unsupported, exitUnsupported, exitExpiring},
		{"ends soon", "what rests on it is about to lose that", exception("Konvoy", "2021-12-01"), unsupported, exitUnsupported, exitExpiring},
		{"one of two", "the other one still counts", exception("Konvoy", "2022-12-31"), append(slices.Clone(unsupported), "Other=1.0.0"), exitUnsupported, exitUnknown},
		{"the prohibited one", "what is found about a covered release does not count", exception("Kommander", "2022-12-31"), prohibited,
			exitUnsupported, exitNone},
		{"its neighbour", "what is found about another release counts", exception("Konvoy", "2022-12-31"), prohibited, exitUnsupported, exitUnsupported},
		{"not valid", "it covers nothing", exception("Konvoy", "2022-02-30"), unsupported, exitUnsupported, exitUnsupported},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			arguments := []string{"check", "-f", testPolicies, "-f", "-", "-o", "json"}
			for _, release := range test.releases {
				arguments = append(arguments, "--release", release)
			}
			without := plugin(test.exception, arguments...)
			accepting := plugin(test.exception, append(arguments, "--accept-exceptions")...)
			if without.Code != int(test.without) || accepting.Code != int(test.accepting) {
				t.Errorf("%s: got %d, with exceptions accepted %d; want %d and %d\n%s", test.reason, without.Code, accepting.Code,
					test.without, test.accepting, without.Err)
			}
			expect.Equal(t, without.Out, accepting.Out, "the answer itself has changed")
			expect.Equal(t, test.name == "not valid",
				strings.Contains(without.Err, "SupportException one: spec.through"), "stderr", without.Err)
		})
	}
}

// TestWhoIsEvaluated: what is offline, what the operator wrote, and what it refused.
func TestWhoIsEvaluated(t *testing.T) {
	object := func(status string) string {
		return `{apiVersion: support.d2iq.io/v1alpha1, kind: ClusterSupport, metadata: {name: host, namespace: x, generation: 2}, spec: {cluster: {host: {}}}` + status + "}"
	}
	tests := []struct{ name, reason, stdin, supported string }{
		{"offline", "what is not declared is not there", object(""), "True NothingToCheck"},
		{"new", "an API server has seen it and the operator has not: nobody knows", object(", status: {observedGeneration: -1}"), "Unknown NotContacted"},
		{"not contacted", "the operator does not know either",
			object(`, status: {conditions: [{type: Reachable, status: Unknown, reason: NotContacted, message: m, lastTransitionTime: "2021-06-01T00:00:00Z"},
			{type: Supported, status: Unknown, reason: NotContacted, message: m, lastTransitionTime: "2021-06-01T00:00:00Z"}]}`), "Unknown NotContacted"},
		{"facts without conditions", "what was found is judged, whoever wrote it down",
			object(`, status: {releases: [{product: Konvoy, name: default, state: Unknown, evidence: {source: Label, object: o, version: 1.1.0}}]}`),
			"False SupportEnded"},
		{"refused", "only the operator knows which object may be the host",
			object(`, status: {conditions: [{type: Reachable, status: Unknown, reason: NotContacted, message: m, lastTransitionTime: "2021-06-01T00:00:00Z"},
			{type: Ready, status: "False", reason: HostNotAllowed, message: m, lastTransitionTime: "2021-06-01T00:00:00Z"},
			{type: Supported, status: Unknown, reason: HostNotAllowed, message: m, lastTransitionTime: "2021-06-01T00:00:00Z"}]}`), "Unknown HostNotAllowed"},
		{"refused, with another verdict", "of what is refused nothing is believed",
			object(`, status: {conditions: [{type: Ready, status: "False", reason: HostNotAllowed, message: m, lastTransitionTime: "2021-06-01T00:00:00Z"},
			{type: Supported, status: "True", reason: Supported, message: "True\n\nns/prod\n  Supported True", lastTransitionTime: "2021-06-01T00:00:00Z"}]}`),
			"Unknown HostNotAllowed"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got := plugin(test.stdin, "check", "-f", testPolicies, "--cluster", "-", "-o", "json")
			if supported := recorded(t, onlyItem(t, got))["Supported"]; !strings.HasPrefix(supported, test.supported) {
				t.Errorf("%s: got %s, want %s", test.reason, supported, test.supported)
			}
		})
	}
}

// attached is a cluster that the operator has looked into, and what it says of it beside the facts.
func attached(name, reference, besides string) string {
	return `{apiVersion: support.d2iq.io/v1alpha1, kind: ClusterSupport, metadata: {name: ` + name + `, namespace: eu, generation: 1},
		spec: {cluster: {kommanderCluster: {name: ` + reference + `}}}, status: {observedGeneration: 1, kubernetesVersion: v1.19.9, clusterID: u-1,
		cluster: {kommanderCluster: {name: prod}}, releases: [{product: Konvoy, name: default, version: 1.7.2, state: Supported,
		evidence: {source: CustomResource, object: "hub:KonvoyCluster/eu/prod", version: 1.7.2}}]` + besides + "}}\n---\n"
}

// TestAttachedClusters: what the operator knows of a cluster from its own one is not lost on the way through a file.
func TestAttachedClusters(t *testing.T) {
	condition := func(kind, status, reason, message string) string {
		return `{type: ` + kind + `, status: "` + status + `", reason: ` + reason + `, message: "` + message + `", lastTransitionTime: "2021-06-01T00:00:00Z"}`
	}
	ready, reachable := condition("Ready", "True", "Evaluated", "as it was; a remark"), condition("Reachable", "True", "Connected", "as it was")
	refused := condition("Ready", "False", "InsecureKubeconfig", "exec runs a program") + ", " + condition("Stalled", "True", "InsecureKubeconfig", "exec runs a program")
	manager := `, manager: {object: "hub:ClusterAddon/kommander", version: 1.4.0}`
	forAttached := `{apiVersion: support.d2iq.io/v1alpha1, kind: SupportPolicy, metadata: {name: attached}, spec: {product: Kommander, priority: 1,
		lifecycle: {window: {supportedMinors: 3}}, releases: [{version: "1.4", generalAvailability: "2021-05-05", attachKubernetes: {minimum: "1.20", maximum: "1.20"}}]}}`
	tests := []struct {
		name, reason, status string
		want                 map[string]string
		code                 exitCode
	}{
		{"taken", "what was said of the object and of the contact stays", `, conditions: [` + ready + ", " + reachable + `]`,
			map[string]string{"Ready": "True Evaluated as it was; a remark", "Reachable": "True Connected as it was"}, exitNone},
		{"its kubeconfig is refused", "nothing in the file tells otherwise, and what was found is judged", `, conditions: [` + refused + ", " + reachable + `]`,
			map[string]string{"Ready": "False InsecureKubeconfig exec runs a program", "Stalled": "True InsecureKubeconfig exec runs a program"}, exitNone},
		{"attached", "whoever manages it is on record", manager + `, conditions: [` + ready + ", " + reachable + `]`,
			map[string]string{"Compatible": "False OutsideAttachRange the cluster runs Kubernetes 1.19.9, and is attached to Kommander 1.4.0, which allows 1.20" +
				" for attached clusters (policy attached)"}, exitUnsupported},
		{"of unknown version", "a range that depends on it is not known", `, manager: {object: "hub:HelmRelease/a/b"}, conditions: [` + ready + ", " + reachable + `]`,
			map[string]string{"Compatible": "Unknown ManagerUnknown the cluster is attached to a Kommander of unknown version (hub:HelmRelease/a/b)," +
				" and which Kubernetes it allows for attached clusters is not known; let the operator see its version (policy attached)"}, exitUnknown},
		{"a double", "it has its own verdict", `, duplicateOf: eu/first, conditions: [` + ready + ", " + reachable + `]`,
			map[string]string{"duplicateOf": `"eu/first"`}, exitNone},
		{"an environment from an annotation", "it stays", `, environment: Production, conditions: [` + ready + ", " + reachable + `]`,
			map[string]string{"environment": `"Production"`}, exitNone},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			policies := filepath.Join(t.TempDir(), "attached.yaml")
			testfile.Write(t, policies, forAttached)
			got := plugin(attached("prod", "prod", test.status), "check", "-f", testPolicies, "-f", policies, "--cluster", "-", "-o", "json")
			expect.Equal(t, int(test.code), got.Code, test.reason, "exit code", got.Out, got.Err)
			parts := recorded(t, onlyItem(t, got))
			for name, want := range test.want {
				expect.Equal(t, want, parts[name], test.reason, name)
			}
		})
	}
}

// TestClusterChanged: a file in which an object stands for another cluster than that whose facts it holds.
func TestClusterChanged(t *testing.T) {
	reachable := `, conditions: [{type: Reachable, status: "True", reason: Connected, message: m, lastTransitionTime: "2021-06-01T00:00:00Z"}]`
	got := plugin(attached("prod", "other", reachable), "check", "-f", testPolicies, "--cluster", "-", "-o", "json")
	parts := recorded(t, onlyItem(t, got))
	why := `spec.cluster: Invalid value: "kommanderCluster other": may not change, the status describes kommanderCluster prod: ` +
		"put it back, or delete the object and make another one"
	for condition, want := range map[string]string{
		"Ready": "False ClusterChanged " + why, "Stalled": "True ClusterChanged " + why, "Supported": "Unknown ClusterChanged the spec is not valid: " + why,
		"Reachable": "Unknown NotContacted the spec is not valid", "cluster": `{"kommanderCluster":{"name":"prod"}}`,
	} {
		expect.Equal(t, want, parts[condition], condition)
	}
	expect.Equal(t, int(exitUnknown), got.Code, "exit code")
	// What no operator has seen is a mistake in the file.
	answered := plugin("", "check", "-f", testPolicies, "--release", "Konvoy=1.8.3", "-o", "json").Out
	got = plugin(strings.Replace(answered, `"host": {}`, `"kommanderCluster": {"name": "prod"}`, 1), "check", "-f", testPolicies, "--cluster", "-")
	if got.Code != int(exitError) || !strings.Contains(got.Err, "may not change, the status describes host") {
		t.Errorf("%+v", got)
	}
}

// TestDoublesAreNotCounted: a table counts a cluster once.
func TestDoublesAreNotCounted(t *testing.T) {
	reachable := `, conditions: [{type: Reachable, status: "True", reason: Connected, message: m, lastTransitionTime: "2021-06-01T00:00:00Z"}]`
	got := plugin(attached("prod", "prod", reachable)+attached("again", "prod", `, duplicateOf: eu/prod`+reachable), "check", "-f", testPolicies, "--cluster", "-")
	if !strings.HasSuffix(got.Out, "\n1 cluster: 0 unsupported or prohibited, 0 unknown, 0 expiring soon; not counted: 1 double\n") ||
		!strings.Contains(got.Out, "is the one for which eu/prod stands already") {
		t.Error(got.Out)
	}
}

// onlyItem is the one object of a List in JSON.
func onlyItem(t *testing.T, got outcome) []byte {
	t.Helper()
	var list struct {
		Items []json.RawMessage `json:"items"`
	}
	if err := json.Unmarshal([]byte(got.Out), &list); err != nil || len(list.Items) != 1 {
		t.Fatalf("%d objects, %v, %s", len(list.Items), err, got.Err)
	}
	return list.Items[0]
}

// TestNotes: who forgets a product that decides is told, beside an answer that has nothing against it.
func TestNotes(t *testing.T) {
	got := plugin("", "check", "-f", testPolicies, "--release", "Kubernetes=1.19.9")
	if got.Code != int(exitNone) || !strings.Contains(got.Err, "note: command-line: nothing is said about Kubernetes") {
		t.Errorf("exit code %d, stderr %q", got.Code, got.Err)
	}
	if got := plugin("", "check", "-f", testPolicies, "--release", "Kubernetes=1.19.9", "--release", "Konvoy=1.7.2"); got.Err != "" {
		t.Errorf("beside Konvoy there is a row about it: %s", got.Err)
	}
	// Of a cluster that an API server has seen, and to which nobody had contact, nothing is known: what is declared has no row for that reason.
	stored := `{apiVersion: support.d2iq.io/v1alpha1, kind: ClusterSupport, metadata: {name: c, namespace: x, generation: 1},
		spec: {cluster: {host: {}}, declaredReleases: [{product: Kubernetes, name: default, version: 1.19.9}]}%s}`
	got = plugin(fmt.Sprintf(stored, ", status: {observedGeneration: -1}"), "check", "-f", testPolicies, "--cluster", "-")
	if got.Code != int(exitUnknown) || got.Err != "" {
		t.Errorf("not contacted: exit code %d, stderr %q", got.Code, got.Err)
	}
	got = plugin(fmt.Sprintf(stored, ""), "check", "-f", testPolicies, "--cluster", "-")
	if got.Code != int(exitNone) || !strings.Contains(got.Err, "note: x/c: nothing is said about Kubernetes") {
		t.Errorf("offline: exit code %d, stderr %q", got.Code, got.Err)
	}
}

// withStatus is a cluster as the operator has written it, with one more member of its status, each on a line of its own.
func withStatus(member string) string {
	return uncontacted("kubernetesVersion: v1.19.9\n  " + member)
}

// uncontacted is a cluster of which the operator has written no facts, with one member of its status.
func uncontacted(member string) string {
	return `apiVersion: support.d2iq.io/v1alpha1
kind: ClusterSupport
metadata: {name: prod, namespace: eu, generation: 1}
spec: {cluster: {host: {}}}
status:
  observedGeneration: 1
  ` + member + "\n"
}

// conditionText is a condition in YAML.
func conditionText(kind, status string) string {
	return `{type: ` + kind + `, status: "` + status + `", reason: R, message: m, lastTransitionTime: "2021-06-01T00:00:00Z"}`
}

// releaseText is a good release in YAML, with another state and source of evidence.
func releaseText(state, source string) string {
	return `{product: Konvoy, name: default, version: 1.7.2, state: ` + state + `, evidence: {source: ` + source + `, object: o, version: 1.7.2}}`
}

// TestForgedStatus: what no operator can have written is refused, with its place.
func TestForgedStatus(t *testing.T) {
	var many []string
	for i := range 65 {
		many = append(many, fmt.Sprintf("{product: P%d, name: default, state: Supported, evidence: {source: Label, version: 1.0.0}}", i))
	}
	for _, test := range []struct{ name, member, want string }{
		{"two conditions of one type", "conditions: [" + conditionText("Supported", "True") + ", " + conditionText("Supported", "False") + "]",
			`:8:118: ClusterSupport eu/prod: status.conditions[1]: Duplicate value: {"type":"Supported"}`},
		{"two of one release", "releases: [" + releaseText("Supported", "Label") + ", " + releaseText("Unsupported", "Label") + "]",
			`:8:136: ClusterSupport eu/prod: status.releases[1]: Duplicate value: {"name":"default","product":"Konvoy"}`},
		{"a list for a condition", "conditions: [[]]", ":8:16: ClusterSupport eu/prod: status.conditions[0]: is of type array, which is not allowed here"},
		{"a number for a version", "clusterID: 5", ":8:3: ClusterSupport eu/prod: status.clusterID: is a number and must be a string"},
		{"a text for releases", "releases: none", ":8:3: ClusterSupport eu/prod: status.releases: is of type string, which is not allowed here"},
		{"an object for a status", "conditions: [{type: Ready, status: {}}]", ":8:30: ClusterSupport eu/prod: status.conditions[0].status: is a object and must be a string"},
		{"a text that is too long", "clusterID: " + strings.Repeat("x", 65), ":8:3: ClusterSupport eu/prod: status.clusterID: Invalid value"},
		{"an empty text", `clusterID: ""`, ":8:3: ClusterSupport eu/prod: status.clusterID: Invalid value"},
		{"no reason", `conditions: [{type: Ready, status: "True", message: m, lastTransitionTime: "2021-06-01T00:00:00Z"}]`,
			":8:16: ClusterSupport eu/prod: status.conditions[0].reason: Required value"},
		{"a reason in words", `conditions: [{type: Ready, status: "True", reason: "a b", message: m, lastTransitionTime: "2021-06-01T00:00:00Z"}]`,
			":8:46: ClusterSupport eu/prod: status.conditions[0].reason: Invalid value"},
		{"no time", `conditions: [{type: Ready, status: "True", reason: R, message: m}]`, ":8:16: ClusterSupport eu/prod: status.conditions[0].lastTransitionTime: Required value"},
		{"a day for a time", `supportEndTime: "2021-06-01"`, `ClusterSupport eu/prod: `},
		{"too many releases", "releases: [" + strings.Join(many, ", ") + "]", ":8:3: ClusterSupport eu/prod: status.releases: Invalid value"},
		{"no evidence", "releases: [{product: Konvoy, name: default, state: Supported}]", ":8:14: ClusterSupport eu/prod: status.releases[0].evidence: Required value"},
		{"two references", "cluster: {host: {}, kommanderCluster: {name: x}}", ":8:3: ClusterSupport eu/prod: status.cluster: Invalid value"},
		{"a key twice", "observedGeneration: 1", `:8:3: the key "observedGeneration" stands twice, first in line 6`},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := plugin(withStatus(test.member), "check", "-f", testPolicies, "--cluster", "-")
			if got.Code != int(exitError) || got.Out != "" || !strings.Contains(got.Err, "error: standard input:") || !strings.Contains(got.Err, test.want) {
				t.Errorf("got %d, %q, %s\nwant %s", got.Code, got.Out, got.Err, test.want)
			}
		})
	}
}

// TestNewerStatus: what a newer operator wrote is read, each of its news is noted with its place, and nothing is taken for good because of it.
func TestNewerStatus(t *testing.T) {
	good := releaseText("Supported", "Label")
	for _, test := range []struct {
		name, member string
		// notes are what is said of the news.
		notes     []string
		supported string
		code      exitCode
	}{
		{"nothing new", "releases: [" + good + "]", nil, "True Supported", exitNone},
		{"a field", "sealed: {by: x}\n  releases: [" + good + "]", []string{":8:3: ClusterSupport eu/prod: status.sealed is a field"}, "True Supported", exitNone},
		{"a field of a release", "releases: [" + strings.Replace(good, "{", "{quarantined: true, ", 1) + "]",
			[]string{":8:15: ClusterSupport eu/prod: status.releases[0].quarantined is a field"}, "True Supported", exitNone},
		{"a state", "releases: [" + releaseText("Retired", "Label") + "]",
			[]string{`:8:63: ClusterSupport eu/prod: status.releases[0].state has the value "Retired"`}, "Unknown NotUnderstood", exitUnknown},
		{"a source of evidence", "releases: [" + releaseText("Supported", "Attestation") + "]",
			[]string{`:8:92: ClusterSupport eu/prod: status.releases[0].evidence.source has the value "Attestation"`}, "Unknown NotUnderstood", exitUnknown},
		{"a type of finding", "releases: [" + good + "]\n  findings: [{type: Sealed, reason: R, message: m, condition: Supported, status: \"True\"}]",
			[]string{`:9:15: ClusterSupport eu/prod: status.findings[0].type has the value "Sealed"`}, "True Supported", exitNone},
		{"an environment", "releases: [" + good + "]\n  environment: Staging", []string{`:9:3: ClusterSupport eu/prod: status.environment has the value "Staging"`},
			"True Supported", exitNone},
		{"an origin of a component", "releases: [" + good + "]\n  components: [{name: istio, object: o, origin: Oci}]",
			[]string{`:9:41: ClusterSupport eu/prod: status.components[0].origin has the value "Oci"`}, "True Supported", exitNone},
		{"a type of condition", "releases: [" + good + "]\n  conditions: [" + conditionText("Blessed", "True") + "]",
			[]string{`:9:17: ClusterSupport eu/prod: status.conditions[0].type has the value "Blessed"`}, "True Supported", exitNone},
		{"the status of a condition", "releases: [" + releaseText("Unsupported", "Label") + "]\n  conditions: [" + conditionText("Supported", "Mostly") + "]",
			[]string{`:9:34: ClusterSupport eu/prod: status.conditions[0].status has the value "Mostly"`}, "True Supported", exitNone},
		{"nothing but a condition", "conditions: [" + conditionText("Supported", "Mostly") + "]",
			[]string{`:8:34: ClusterSupport eu/prod: status.conditions[0].status has the value "Mostly"`}, "True NothingToCheck", exitNone},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := plugin(withStatus(test.member), "check", "-f", testPolicies, "--cluster", "-", "-o", "json", "--as-of", "2021-06-01")
			if got.Code != int(test.code) {
				t.Errorf("exit code %d, want %d: %s%s", got.Code, test.code, got.Out, got.Err)
			}
			var want strings.Builder
			for _, note := range test.notes {
				want.WriteString("note: standard input" + note + " that this version does not know: a newer operator wrote it\n")
			}
			if got.Err != want.String() {
				t.Errorf("stderr: %s\nwant %s", got.Err, want.String())
			}
			parts := recorded(t, onlyItem(t, got))
			if !strings.HasPrefix(parts["Supported"], test.supported) || parts["Blessed"] != "" || strings.Contains(got.Out, "Mostly") {
				t.Errorf("got %s, want %s", got.Out, test.supported)
			}
		})
	}
}

// TestNewerEnvironment: one that this version does not know may be one in which nothing experimental may be, so it is asked for.
func TestNewerEnvironment(t *testing.T) {
	for environment, want := range map[string]string{
		"NonProduction": "Experimental", "Production": "ExperimentalInProduction", "Staging": "ExperimentalUndeclared",
	} {
		got := plugin(withStatus("releases: ["+releaseText("Supported", "Label")+"]\n  environment: "+environment+
			"\n  components: [{name: istio, object: o, product: Konvoy, stage: Experimental}]"), "check", "-f", testPolicies, "--cluster", "-", "-o", "json")
		if !strings.Contains(got.Out, `"reason": "`+want+`"`) {
			t.Errorf("%s: there is no %s in %s%s", environment, want, got.Out, got.Err)
		}
	}
}

// TestNewerConditions: of a cluster of which nothing was found, a condition that this version does not understand tells nothing.
func TestNewerConditions(t *testing.T) {
	reachable := conditionText("Reachable", "True")
	for _, test := range []struct{ name, condition, supported string }{
		{"known", strings.Replace(conditionText("Supported", "True"), "reason: R", "reason: NothingToCheck", 1), "True NothingToCheck"},
		{"a reason", conditionText("Supported", "False"), "Unknown NotContacted"},
		{"a good reason", conditionText("Supported", "True"), "Unknown NotContacted"},
		{"a status", strings.Replace(conditionText("Supported", "Mostly"), "reason: R", "reason: NothingToCheck", 1), "Unknown NotContacted"},
		{"another type", conditionText("Blessed", "True"), "Unknown NotContacted"},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := plugin(uncontacted("conditions: ["+reachable+", "+test.condition+"]"), "check", "-f", testPolicies, "--cluster", "-", "-o", "json")
			if supported := recorded(t, onlyItem(t, got))["Supported"]; !strings.HasPrefix(supported, test.supported) {
				t.Errorf("got %s, want %s", supported, test.supported)
			}
		})
	}
}

// TestManyNews: a newer operator adds a field to every release of a fleet.
func TestManyNews(t *testing.T) {
	var all strings.Builder
	for i := range 30 {
		all.WriteString("---\n" + strings.Replace(withStatus("sealed: true"), "name: prod", fmt.Sprintf("name: c%d", i), 1))
	}
	got := plugin(all.String(), "check", "-f", testPolicies, "--cluster", "-")
	if notes := strings.Count(got.Err, "note: "); notes != maxNews+1 || !strings.Contains(got.Err, "note: newer operators wrote 10 more fields and values") {
		t.Errorf("%d notes: %s", notes, got.Err)
	}
}

// TestErrors: what cannot be answered is exit code 1, says why, and prints no answer.
func TestErrors(t *testing.T) {
	check := func(arguments ...string) []string { return append([]string{"check", "-f", testPolicies}, arguments...) }
	cluster := "apiVersion: support.d2iq.io/v1alpha1\nkind: ClusterSupport\nmetadata: {name: c}\nspec: "
	tests := []struct {
		name      string
		arguments []string
		stdin     string
		want      string
	}{
		{"nothing to check", check(), "", "give --cluster or --release"},
		{"a cluster twice", check("--cluster", "-"), cluster + "{cluster: {host: {}}}\n---\n" + cluster + "{cluster: {host: {}}}\n",
			"standard input:6:1: ClusterSupport c was read before (standard input:1:1)"},
		{"no policies", []string{"check", "--release", "Konvoy=1.8.3"}, "", "-f POLICIES"},
		{"an unknown flag", check("--fail"), "", "unknown flag: --fail\nSee 'kubectl support-policy check --help'."},
		{"an unknown command", []string{"verify"}, "", `unknown command "verify" for "kubectl support-policy"`},
		{"an argument", check("clusters.yaml"), "", `"clusters.yaml" is not expected here`},
		{"an unknown form", check("--release", "Konvoy=1.8.3", "-o", "toml"), "", `--output: "toml" is none of json, junit, table, yaml`},
		{"no day", check("--release", "Konvoy=1.8.3", "--as-of", "2021-02-30"), "", `--as-of: "2021-02-30" is neither a day`},
		{"a time without a zone", check("--release", "Konvoy=1.8.3", "--as-of", "2021-02-03T00:00:00"), "", "--as-of: "},
		{"the zero time", check("--release", "Konvoy=1.8.3", "--as-of", "0001-01-01"), "", "of the years 1900 to 9998"},
		{"no version", check("--release", "Konvoy"), "", `--release: "Konvoy" is neither PRODUCT=VERSION`},
		{"no product", check("--release", "=1.8.3"), "", "--release: "},
		{"no name", check("--release", "Konvoy/=1.8.3"), "", "--release: "},
		{"a release twice", check("--release", "Konvoy=1.8.3", "--release", "Konvoy=1.8.2"), "", "spec.declaredReleases[1]: Duplicate value"},
		{"the standard input twice", []string{"check", "-f", "-", "--cluster", "-"}, "", "can be read once only"},
		{"a file that is not there", check("--cluster", "testdata/none.yaml"), "", "testdata/none.yaml: no such file"},
		{"no cluster in it", check("--cluster", "-"), "# nothing\n", "standard input: holds no object"},
		{"an empty list", check("--cluster", "-"), "{apiVersion: v1, kind: List, items: []}", "standard input: holds no object"},
		{"no policy in it", []string{"check", "-f", testException, "--release", "Konvoy=1.8.3"}, "", "there is no SupportPolicy"},
		{"a policy among the clusters", check("--cluster", testPolicies), "",
			"testdata/policies/policies.yaml:2:1: SupportPolicy konvoy of support.d2iq.io/v1alpha1 is not read here; wanted is ClusterSupport"},
		{"a policy twice", check("-f", testPolicies, "--release", "Konvoy=1.8.3"), "",
			"policies.yaml:2:1: SupportPolicy konvoy: is at testdata/policies/policies.yaml:2:1 as well"},
		{"no cluster reference", check("--cluster", "-"), cluster + "{}", "standard input:4:1: ClusterSupport c: spec.cluster: Invalid value"},
		{"an environment that is empty", check("--cluster", "-"), cluster + "{cluster: {host: {}}, environment: \"\"}", "standard input:4:29: ClusterSupport c: spec.environment: "},
		{"no policies named", []string{"check", "-f", "", "--release", "Konvoy=1.8.3"}, "", "-f: is empty"},
		{"no cluster named", check("--cluster", ""), "", "--cluster: is empty"},
		{"no release named", check("--release", ""), "", `--release: "" is neither PRODUCT=VERSION`},
		{"no form named", check("--release", "Konvoy=1.8.3", "-o", ""), "", `--output: "" is none of json, junit, table, yaml`},
		{"no day named", check("--release", "Konvoy=1.8.3", "--as-of", ""), "", `--as-of: "" is neither a day`},
		{"an environment that is none", check("--cluster", "-"), cluster + "{cluster: {host: {}}, environment: production}", "spec.environment: "},
		{"a declaration without a version", check("--cluster", "-"), cluster + "{cluster: {host: {}}, declaredReleases: [{product: Konvoy, name: default}]}",
			"spec.declaredReleases[0].version: "},
		{"a misspelt field", check("--cluster", "-"), cluster + "{cluster: {host: {}}, declared: []}", `ClusterSupport c: unknown field "spec.declared"`},
		{"hostile text", check("--cluster", "-"), "\"\x1b[31m\": 1", "error: standard input:1:2: is not YAML"},
		{"an escape", check("--cluster", "-"), `{apiVersion: v1, kind: "\e[31m", metadata: {name: x}}`, `\x1b[31m x of v1 is not read here`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got := plugin(test.stdin, test.arguments...)
			if got.Code != int(exitError) || got.Out != "" || !strings.HasPrefix(got.Err, "error: ") || !strings.Contains(got.Err, test.want) {
				t.Errorf("got %d, %q, %s\nwant %s", got.Code, got.Out, got.Err, test.want)
			}
			if strings.ContainsRune(got.Err, '\x1b') {
				t.Errorf("%q", got.Err)
			}
		})
	}
}

// TestInvalidPolicy: it decides nothing, as in a cluster, and that is said beside the answer.
func TestInvalidPolicy(t *testing.T) {
	policy := "apiVersion: support.d2iq.io/v1alpha1\nkind: SupportPolicy\nmetadata: {name: other}\nspec: {product: Other, lifecycle: {window: {supportedMinors: 0}}}\n"
	got := plugin(policy, "check", "-f", testPolicies, "-f", "-", "--release", "Other=1.0.0")
	if got.Code != int(exitUnknown) || !strings.Contains(got.Out, "policy other is invalid and decides nothing") ||
		!strings.HasPrefix(got.Err, "standard input:1:1: warning: SupportPolicy other: spec.lifecycle.window.supportedMinors: ") {
		t.Errorf("%+v", got)
	}
}

// TestNow: without --as-of it is judged by the clock.
func TestNow(t *testing.T) {
	got := plugin("", "check", "-f", testPolicies, "--release", "Konvoy=1.8.3")
	if !strings.HasPrefix(got.Out, "command-line, as of 2021-11-22T09:30:00Z\n") {
		t.Error(got.Out)
	}
}

func TestHelp(t *testing.T) {
	for _, command := range []string{"", "check", "lint"} {
		got := plugin("", strings.Fields(command+" --help")...)
		if got.Code != 0 || got.Err != "" || !strings.Contains(got.Out, "Usage:\n  kubectl support-policy "+command) {
			t.Errorf("%s: %+v", command, got)
		}
	}
	if got := plugin("", "completion", "bash"); got.Code != 0 || !strings.Contains(got.Out, "kubectl-support_policy") {
		t.Errorf("completion: %+v", got.Code)
	}
}

// TestShippedPolicies: the examples of the help work.
func TestShippedPolicies(t *testing.T) {
	got := plugin("", "check", "-f", shipped, "--as-of", "2021-12-31",
		"--release", "Konvoy=1.8.4", "--release", "Kommander=1.4.3", "--release", "Kubernetes=1.20.13")
	if got.Code != 0 || got.Err != "" {
		t.Errorf("%+v", got)
	}
	if got := plugin("", "lint", filepath.Join(shipped, "..", "policies"), "--as-of", "2022-06-01"); got.Code != 0 {
		t.Errorf("%+v", got)
	}
}
