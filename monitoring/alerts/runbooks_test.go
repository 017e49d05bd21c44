// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package alerts_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/util/jsonpath"
	"sigs.k8s.io/yaml"

	"github.com/d2iq-labs/support-policy-operator/internal/manifest"
	"github.com/d2iq-labs/support-policy-operator/monitoring/alerts"
	"github.com/d2iq-labs/support-policy-operator/test/controlplane"
	"github.com/d2iq-labs/support-policy-operator/test/expect"
	"github.com/d2iq-labs/support-policy-operator/test/prometheus"
	"github.com/d2iq-labs/support-policy-operator/test/testfile"
)

const runbooksFolder = "../../docs/runbooks"

// pages returns the runbooks by the name of their file without its extension.
func pages(t *testing.T) map[string]string {
	t.Helper()
	files, err := filepath.Glob(runbooksFolder + "/*.md")
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]string{}
	for _, file := range files {
		content := testfile.Read(t, file)
		found[strings.TrimSuffix(filepath.Base(file), ".md")] = content
	}
	return found
}

// TestEveryAlertHasItsPage: every alert has a page, and every page an alert. The title is the alert, and the page names the
// metrics of the alert and no others.
func TestEveryAlertHasItsPage(t *testing.T) {
	found := pages(t)
	delete(found, "README")
	for _, alert := range alerts.Alerts(alerts.Default()) {
		page, ok := found[alert.Name]
		if !ok {
			t.Errorf("%s has no page", alert.Name)
			continue
		}
		if !strings.HasPrefix(page, "# "+alert.Name+"\n") {
			t.Errorf("the title of %s is another one", alert.Name)
		}
		for _, section := range []string{"How urgent", "Look", "What ends it", "Rest it", "Metrics"} {
			expect.Equal(t, 1, strings.Count(page, "\n## "+section+"\n"), alert.Name, "section", section)
		}
		if !strings.HasSuffix(alert.RunbookURL(), "/docs/runbooks/"+alert.Name+".md") {
			t.Errorf("%s leads to %s", alert.Name, alert.RunbookURL())
		}
		_, section, _ := strings.Cut(page, "\n## Metrics\n")
		named := unique(regexp.MustCompile("`(supportpolicy_[a-z_]+)`").FindAllStringSubmatch(section, -1))
		expect.Equal(t, metricsOf(alert.Expr), named, alert.Name, "is made of other metrics than its page says")
	}
	for name := range found {
		if !slices.ContainsFunc(alerts.Alerts(alerts.Default()), func(a alerts.Alert) bool { return a.Name == name }) {
			t.Errorf("there is no alert %s", name)
		}
	}
}

// metricsOf returns the operator's metrics that an expression reads through records.
func metricsOf(expr string) []string {
	records := map[string]string{}
	for _, rule := range alerts.Rules(alerts.Default()).Groups[0].Rules {
		records[rule.Record] = rule.Expr.StrVal
	}
	record := regexp.MustCompile(`[a-z]+:supportpolicy_[a-z_]+:max`)
	for record.MatchString(expr) {
		expr = record.ReplaceAllStringFunc(expr, func(name string) string { return records[name] })
	}
	return unique(regexp.MustCompile(`(supportpolicy_[a-z_]+)`).FindAllStringSubmatch(expr, -1))
}

func unique(matches [][]string) []string {
	found := map[string]bool{}
	for _, match := range matches {
		found[match[1]] = true
	}
	return slices.Sorted(maps.Keys(found))
}

// TestTable compares the rows of the README, in order, with the rules.
func TestTable(t *testing.T) {
	var want []string
	for _, alert := range alerts.Alerts(alerts.Default()) {
		rule := fmt.Sprintf("| [%s](%s.md) | %s | %s |", alert.Name, alert.Name, alert.Severity, waitOf(t, alert.Name))
		if !slices.Contains(want, rule) {
			want = append(want, rule)
		}
	}
	got := regexp.MustCompile(`(?m)^\| \[[A-Za-z]+\]\([A-Za-z]+\.md\) \| [a-z]+ \| [0-9a-z]+ \|`).FindAllString(pages(t)["README"], -1)
	expect.Equal(t, want, got, "the table says something else than the rules")
}

// waitOf returns how long an alert waits, from the rule file.
func waitOf(t *testing.T, name string) string {
	t.Helper()
	for _, rule := range alerts.Rules(alerts.Default()).Groups[0].Rules {
		if rule.Alert == name {
			return string(*rule.For)
		}
	}
	t.Fatalf("there is no rule %s", name)
	return ""
}

// TestLinksExist: the pages link to existing files and headings.
func TestLinksExist(t *testing.T) {
	for name, page := range pages(t) {
		for _, match := range regexp.MustCompile(`\]\(([^)]+)\)`).FindAllStringSubmatch(page, -1) {
			path, heading, _ := strings.Cut(match[1], "#")
			if path == "" {
				path = name + ".md"
			}
			content, err := os.ReadFile(filepath.Join(runbooksFolder, path))
			if err != nil {
				t.Errorf("%s: %v", name, err)
				continue
			}
			if heading != "" && !slices.Contains(anchors(string(content)), heading) {
				t.Errorf("%s: %s has no heading #%s", name, path, heading)
			}
		}
	}
}

// anchors returns the headings of a page as links name them.
func anchors(page string) []string {
	var found []string
	for _, match := range regexp.MustCompile(`(?m)^#+ (.*)$`).FindAllStringSubmatch(page, -1) {
		plain := regexp.MustCompile(`[^a-z0-9 -]`).ReplaceAllString(strings.ToLower(match[1]), "")
		found = append(found, strings.ReplaceAll(plain, " ", "-"))
	}
	return found
}

// commands returns the commands in the pages, one a line, by page.
func commands(t *testing.T) map[string][]string {
	t.Helper()
	found := map[string][]string{}
	for name, page := range pages(t) {
		for _, block := range regexp.MustCompile("(?s)```console\n(.*?)```").FindAllStringSubmatch(page, -1) {
			text := regexp.MustCompile(`\\\n *`).ReplaceAllString(block[1], "")
			for line := range strings.Lines(text) {
				command, ok := strings.CutPrefix(strings.TrimSpace(line), "$ ")
				if !ok {
					t.Errorf("%s: %q is no command", name, line)
				}
				found[name] = append(found[name], command)
			}
		}
	}
	if len(found) == 0 {
		t.Fatal("the pages have no commands")
	}
	return found
}

// fixtures returns objects with all fields that the pages read, by kind. They are decoded strictly.
func fixtures(t *testing.T) map[string]map[string]any {
	t.Helper()
	policies, err := manifest.ReadPolicies(nil, "testdata/policies.yaml")
	if err != nil {
		t.Fatal(err)
	}
	clusters, err := manifest.ReadClusters(nil, "testdata/cluster.yaml")
	if err != nil {
		t.Fatal(err)
	}
	return map[string]map[string]any{
		"clustersupport":   asMap(t, clusters[0].Object),
		"supportpolicy":    asMap(t, policies.Policies[0].Object),
		"supportexception": asMap(t, policies.Exceptions[0].Object),
		"lease": {
			"metadata": map[string]any{"name": "support-policy-operator"},
			"spec":     map[string]any{"holderIdentity": "support-policy-operator-0_1", "renewTime": "2021-09-01T00:00:00.000000Z"},
		},
	}
}

func asMap(t *testing.T, object any) map[string]any {
	t.Helper()
	content, err := yaml.Marshal(object)
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]any{}
	testfile.Decode(t, string(content), &found)
	return found
}

// singular returns the name of a resource as in fixtures.
func singular(resource string) string {
	resource = strings.Replace(resource, "policies", "policy", 1)
	return strings.TrimSuffix(resource, "s")
}

// TestJSONPathsMatch evaluates every JSONPath of the pages on an object of its kind. A field that does not exist is an error,
// and so is a missing value.
func TestJSONPathsMatch(t *testing.T) {
	objects, tried := fixtures(t), 0
	pattern := regexp.MustCompile(`kubectl get ([a-z]+) (.*)-o jsonpath='([^']*)'`)
	for page, lines := range commands(t) {
		for _, line := range lines {
			match := pattern.FindStringSubmatch(line)
			if match == nil {
				continue
			}
			tried++
			var object any = objects[singular(match[1])]
			// A singular name stands for one object, a plural name for a list.
			if singular(match[1]) != match[1] {
				object = map[string]any{"items": []any{object}}
			}
			path := jsonpath.New(page)
			if err := path.Parse(match[3]); err != nil {
				t.Errorf("%s: %s: %v", page, line, err)
				continue
			}
			var answer bytes.Buffer
			if err := path.Execute(&answer, object); err != nil {
				t.Errorf("%s: %s: %v", page, line, err)
			}
			if strings.TrimSpace(answer.String()) == "" {
				t.Errorf("%s: %s: finds nothing", page, line)
			}
		}
	}
	if all := strings.Count(fmt.Sprint(commands(t)), "jsonpath="); tried != all {
		t.Errorf("%d of %d JSONPaths were tried", tried, all)
	}
}

// TestCommandsWork runs every command of the pages, with the plugin and an API server that has the objects. Exit code 1 is an
// error; the plugin has other codes for its answers.
func TestCommandsWork(t *testing.T) {
	shell := newShell(t)
	shell.run("kubectl apply -f testdata/setup.yaml -f testdata/policies.yaml -f testdata/cluster.yaml" +
		" -f ../reader/reader.yaml")
	shell.run("kubectl replace --subresource=status -f testdata/policies.yaml -f testdata/cluster.yaml")
	folder := t.TempDir()
	config, err := filepath.Abs("../../config")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(config, filepath.Join(folder, "config")); err != nil {
		t.Fatal(err)
	}
	shell.folder = folder
	all := commands(t)
	for _, page := range slices.Sorted(maps.Keys(all)) {
		for _, line := range all[page] {
			shell.run(line)
		}
	}
}

// commandShell runs the commands of the pages.
type commandShell struct {
	t           *testing.T
	folder      string
	environment []string
}

// newShell returns a shell with kubectl, the plugin and an API server of its own.
func newShell(t *testing.T) *commandShell {
	t.Helper()
	crds, err := filepath.Glob("../../config/crd/bases/support.d2iq.io_*.yaml")
	if err != nil {
		t.Fatal(err)
	}
	plane := controlplane.ForTest(t, controlplane.Options{CRDs: crds})
	programs := t.TempDir()
	build := exec.CommandContext(t.Context(), "go", "build", "-o", programs, "../../cmd/kubectl-support_policy")
	if output, err := build.CombinedOutput(); err != nil {
		t.Fatalf("build the plugin: %v\n%s", err, output)
	}
	kubectl, err := plane.Kubectl()
	if err != nil {
		t.Fatal(err)
	}
	kubeconfig := filepath.Join(programs, "kubeconfig")
	if err := plane.WriteKubeconfig(kubeconfig); err != nil {
		t.Fatal(err)
	}
	path := programs + ":" + filepath.Dir(kubectl) + ":" + os.Getenv("PATH")
	return &commandShell{t: t, environment: append(os.Environ(), "PATH="+path, "KUBECONFIG="+kubeconfig, "HOME="+programs)}
}

func (s *commandShell) run(line string) {
	s.t.Helper()
	command := exec.CommandContext(s.t.Context(), "bash", "-o", "pipefail", "-c", line)
	command.Dir, command.Env = s.folder, s.environment
	output, err := command.CombinedOutput()
	if err != nil && command.ProcessState.ExitCode() <= 1 {
		s.t.Errorf("%s: %v\n%s", line, err, output)
	}
	s.t.Logf("$ %s\n%s", line, output)
}

// alertmanagerFile begins a block that belongs into the configuration of Alertmanager.
const alertmanagerFile = "# alertmanager.yml\n"

func yamlBlocks(page string) []string {
	var blocks []string
	for _, match := range regexp.MustCompile("(?s)```yaml\n(.*?)```").FindAllStringSubmatch(page, -1) {
		blocks = append(blocks, match[1])
	}
	return blocks
}

// TestInhibition runs Alertmanager with the rules of the page: the alert of the cause is sent, those of its effects are not.
func TestInhibition(t *testing.T) {
	blocks := slices.DeleteFunc(yamlBlocks(pages(t)["README"]), func(b string) bool { return !strings.HasPrefix(b, alertmanagerFile) })
	if len(blocks) != 1 {
		t.Fatalf("the page has %d configurations of Alertmanager", len(blocks))
	}
	alertmanager := prometheus.StartAlertmanager(t, "route: {receiver: none}\nreceivers: [{name: none}]\n"+blocks[0])
	want := map[string]string{
		"OperatorAbsent ": "active", "ClusterUnobserved ": "suppressed", "SupportEnded konvoy": "active",
		"PolicyStalled konvoy": "active", "SupportUnknown konvoy": "suppressed", "SupportUnknown kommander": "active",
		"SupportEndingSoon konvoy 30d": "suppressed", "SupportEndingSoon konvoy 90d": "suppressed",
		"SupportEndingSoon kommander 30d": "active", "SupportEndingSoon kommander 90d": "suppressed",
	}
	var sent []map[string]any
	for one := range want {
		words := append(strings.Split(one, " "), "")
		sent = append(sent, map[string]any{"labels": map[string]string{"alertname": words[0], "policy": words[1], "horizon": words[2]}})
	}
	content, err := json.Marshal(sent)
	if err != nil {
		t.Fatal(err)
	}
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, alertmanager.URL+"/api/v2/alerts", bytes.NewReader(content))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/json")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
	var diff string
	for range 100 {
		alerts, err := alertmanager.Alerts(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		got := map[string]string{}
		for _, alert := range alerts {
			got[strings.TrimSuffix(alert.Labels["alertname"]+" "+alert.Labels["policy"]+" "+alert.Labels["horizon"], " ")] = alert.Status.State
		}
		if diff = cmp.Diff(want, got); diff == "" {
			return
		}
		time.Sleep(100 * time.Millisecond)
	}
	t.Errorf("Alertmanager answers %s and has others (-want +got):\n%s", response.Status, diff)
}

// TestExceptionsInPages validates the exceptions in the pages as the operator does.
func TestExceptionsInPages(t *testing.T) {
	found := 0
	for name, page := range pages(t) {
		for _, block := range yamlBlocks(page) {
			if strings.HasPrefix(block, alertmanagerFile) {
				continue
			}
			read, err := manifest.ReadPolicies(strings.NewReader(block), manifest.Stdin)
			if err != nil {
				t.Errorf("%s: %v", name, err)
			}
			found += len(read.Exceptions)
		}
	}
	if found == 0 {
		t.Error("no page shows how to rest an alert")
	}
}

// TestPatchesInPages decodes the patches of ClusterSupports in the pages strictly.
func TestPatchesInPages(t *testing.T) {
	found := 0
	for page, lines := range commands(t) {
		for _, line := range lines {
			match := regexp.MustCompile(`^kubectl patch clustersupport .*-p '(.*)'$`).FindStringSubmatch(line)
			if match == nil {
				continue
			}
			found++
			object := unstructured.Unstructured{Object: fixtures(t)["clustersupport"]}
			var patch struct {
				Spec map[string]any `json:"spec"`
			}
			if err := yaml.UnmarshalStrict([]byte(match[1]), &patch); err != nil {
				t.Errorf("%s: %v", page, err)
			}
			for field, value := range patch.Spec {
				if err := unstructured.SetNestedField(object.Object, value, "spec", field); err != nil {
					t.Fatal(err)
				}
			}
			content, err := object.MarshalJSON()
			if err != nil {
				t.Fatal(err)
			}
			if _, err := manifest.ReadClusters(bytes.NewReader(content), manifest.Stdin); err != nil {
				t.Errorf("%s: %s: %v", page, line, err)
			}
		}
	}
	if found == 0 {
		t.Error("no page patches anything")
	}
}
