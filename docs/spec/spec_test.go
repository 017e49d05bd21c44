// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

// Package spec_test holds the pages of this folder to what the operator does: README.md says how.
package spec_test

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	rbacv1 "k8s.io/api/rbac/v1"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"sigs.k8s.io/yaml"

	"github.com/d2iq-labs/support-policy-operator/api/v1alpha1"
	"github.com/d2iq-labs/support-policy-operator/internal/contact"
	"github.com/d2iq-labs/support-policy-operator/internal/detect"
	"github.com/d2iq-labs/support-policy-operator/internal/facts"
	"github.com/d2iq-labs/support-policy-operator/internal/fleet"
	"github.com/d2iq-labs/support-policy-operator/test/expect"
	"github.com/d2iq-labs/support-policy-operator/test/golden"
	"github.com/d2iq-labs/support-policy-operator/test/repository"
	"github.com/d2iq-labs/support-policy-operator/test/testfile"
)

// TestOutputs runs every example through the engine and compares what comes out with what the page shows.
func TestOutputs(t *testing.T) {
	pages := readPages(t)
	all := examples{}
	all.read(t, pages)
	used := map[string]bool{}
	for _, p := range pages {
		fresh := map[*block]string{}
		for _, b := range p.blocks {
			if b.kind != "output" {
				continue
			}
			name := b.options["output"]
			used[name] = true
			got := ""
			for _, contact := range strings.Split(b.options["contact"], ", ") {
				got += all.world(t, b, name, contact).shown(t, b)
			}
			fresh[b] = got
			if diff := cmp.Diff(strings.Split(b.content(), "\n"), strings.Split(got, "\n")); diff != "" && !golden.Update() {
				t.Errorf("%s shows something else than the engine says; run go test ./docs/spec -update (-page +engine):\n%s", b, diff)
			}
		}
		if golden.Update() && len(fresh) > 0 {
			p.write(t, fresh)
		}
	}
	for _, p := range pages {
		for _, b := range p.blocks {
			if name := b.options["example"]; b.kind == "example" && !used[name] && !isBase(pages, name) {
				t.Errorf("%s: nothing is shown of the example %s", b, name)
			}
		}
	}
}

func isBase(pages []*page, name string) bool {
	return slices.ContainsFunc(pages, func(p *page) bool {
		return slices.ContainsFunc(p.blocks, func(b *block) bool { return b.options["like"] == name })
	})
}

// world is the example of an output block at its instant, after the one that it comes after.
func (e examples) world(t *testing.T, b *block, name, contact string) *world {
	t.Helper()
	if e[name] == nil {
		t.Fatalf("%s: there is no example %s", b, name)
	}
	var before *world
	if earlier, at, ok := strings.Cut(b.options["after"], " at "); ok {
		if e[earlier] == nil {
			t.Fatalf("%s: there is no example %s", b, earlier)
		}
		before = e[earlier].at(t, b, instant(t, b, at), nil, circumstances{})
	}
	is := circumstances{contact: contact}
	if kind, object, named := strings.Cut(b.options["of"], "/"); named && kind == "ClusterSupport" {
		is.object = object
	}
	if resource := b.options["forbidden"]; resource != "" {
		is.forbidden = []string{resource}
	}
	return e[name].at(t, b, instant(t, b, b.options["at"]), before, is)
}

const apiFolder = "../../api/v1alpha1"

// constants are the exported string constants of the API whose names begin so, by name.
func constants(t *testing.T, prefixes ...string) map[string]string {
	t.Helper()
	found := map[string]string{}
	eachGoFile(t, apiFolder, func(file *ast.File) {
		for _, declaration := range file.Decls {
			general, ok := declaration.(*ast.GenDecl)
			if !ok || general.Tok != token.CONST {
				continue
			}
			for _, spec := range general.Specs {
				value, ok := spec.(*ast.ValueSpec)
				if !ok || len(value.Values) != 1 {
					continue
				}
				literal, ok := value.Values[0].(*ast.BasicLit)
				isWanted := slices.ContainsFunc(prefixes, func(p string) bool { return strings.HasPrefix(value.Names[0].Name, p) })
				if ok && isWanted {
					found[value.Names[0].Name] = unquote(t, literal)
				}
			}
		}
	})
	if len(found) == 0 {
		t.Fatalf("there are no constants %v in %s", prefixes, apiFolder)
	}
	return found
}

func unquote(t *testing.T, literal *ast.BasicLit) string {
	t.Helper()
	text, err := strconv.Unquote(literal.Value)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func eachGoFile(t *testing.T, folder string, visit func(*ast.File)) {
	t.Helper()
	files := testfile.Glob(t, filepath.Join(folder, "*.go"))
	for _, name := range files {
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		visit(file)
	}
}

// code is what stands between backticks.
var code = regexp.MustCompile("`([^`]+)`")

// TestNames wants every constant that a user meets on the pages, and every reason in an output of the engine.
func TestNames(t *testing.T) {
	said := map[string]bool{}
	var outputs strings.Builder
	for _, p := range readPages(t) {
		for _, match := range code.FindAllStringSubmatch(p.prose(), -1) {
			said[match[1]] = true
		}
		for _, b := range p.blocks {
			if b.kind == "output" {
				outputs.WriteString(b.content())
			}
		}
	}
	all := constants(t, "Reason", "Condition", "Finding", "Source", "Stage", "State", "Environment", "Origin")
	for _, name := range slices.Sorted(maps.Keys(all)) {
		if !said[all[name]] {
			t.Errorf("no page says what `%s` is (%s)", all[name], name)
		}
	}
	shown := regexp.MustCompile(`(?m)(?:=(?:True|False|Unknown) |^[A-Za-z]+/|reason: )([A-Za-z]+)\b`)
	seen := map[string]bool{}
	for _, match := range shown.FindAllStringSubmatch(outputs.String(), -1) {
		seen[match[1]] = true
	}
	reasons := constants(t, "Reason")
	for _, name := range slices.Sorted(maps.Keys(reasons)) {
		if !seen[reasons[name]] {
			t.Errorf("no output shows the reason `%s` (%s)", reasons[name], name)
		}
	}
}

// TestReasonsExist refuses sections and rows about reasons that are gone: they have a reason in backticks for their title,
// and stand under a heading that begins with "Reasons".
func TestReasonsExist(t *testing.T) {
	known := map[string]bool{}
	for _, value := range constants(t, "Reason") {
		known[value] = true
	}
	for _, p := range readPages(t) {
		under := false
		for i, line := range p.lines {
			if heading, ok := strings.CutPrefix(line, "## "); ok {
				under = strings.HasPrefix(heading, "Reasons")
			}
			title := regexp.MustCompile("^(?:#{3,4} |\\| )((?:`[A-Za-z]+`(?:, )?)+)(?: \\||$)").FindStringSubmatch(line)
			if !under || title == nil {
				continue
			}
			for _, match := range code.FindAllStringSubmatch(title[1], -1) {
				if !known[match[1]] {
					t.Errorf("%s:%d: there is no reason `%s`", p.name, i+1, match[1])
				}
			}
		}
	}
}

// row is a line of a table of fields: its paths, and its meaning.
var row = regexp.MustCompile("^\\| (`(?:spec|status)[^|]*`) \\| (.*) \\|$")

// sameAs is a meaning that refers to another field, with all that is below it.
var sameAs = regexp.MustCompile("^as `([^`]+)`")

// TestFields wants a row for every field of the CRDs on the page of its kind, and no row for a field that is gone.
func TestFields(t *testing.T) {
	pages := map[string]*page{}
	for _, p := range readPages(t) {
		pages[p.name] = p
	}
	for kind, crd := range definitions(t) {
		name := strings.ToLower(kind) + ".md"
		if pages[name] == nil {
			t.Errorf("%s has no page", kind)
			continue
		}
		rows := fieldRows(pages[name])
		fields := map[string]bool{}
		schema := crd.Spec.Versions[0].Schema.OpenAPIV3Schema
		for _, root := range []string{"spec", "status"} {
			property := schema.Properties[root]
			walk(root, &property, fields)
		}
		for _, field := range slices.Sorted(maps.Keys(fields)) {
			if !isDescribed(field, rows) {
				t.Errorf("%s has no row for %s", name, field)
			}
		}
		for _, field := range slices.Sorted(maps.Keys(rows)) {
			if !fields[field] {
				t.Errorf("%s has a row for %s, which is no field", name, field)
			}
		}
	}
}

func fieldRows(p *page) map[string]string {
	rows := map[string]string{}
	for _, line := range p.lines {
		match := row.FindStringSubmatch(line)
		if match == nil {
			continue
		}
		for _, path := range code.FindAllStringSubmatch(match[1], -1) {
			rows[path[1]] = match[2]
		}
	}
	return rows
}

// isDescribed tells whether a field has a row, or a field above it has one that refers to another field.
func isDescribed(field string, rows map[string]string) bool {
	if _, ok := rows[field]; ok {
		return true
	}
	for above := field; strings.Contains(above, "."); {
		above = above[:strings.LastIndex(above, ".")]
		for _, with := range []string{above, strings.TrimSuffix(above, "[]")} {
			if other := sameAs.FindStringSubmatch(rows[with]); other != nil {
				rest := strings.TrimPrefix(field, with)
				return isDescribed(other[1]+rest, rows) || isDescribed(other[1]+strings.TrimPrefix(rest, "[]"), rows)
			}
		}
	}
	return false
}

// walk lists all fields below one. The types of Kubernetes itself are not taken apart.
func walk(path string, schema *apiextensionsv1.JSONSchemaProps, fields map[string]bool) {
	if path != "spec" && path != "status" {
		fields[path] = true
	}
	base := path[strings.LastIndex(path, ".")+1:]
	if slices.Contains([]string{"clusterSelector", "productionClusters", "conditions"}, base) {
		return
	}
	if schema.Items != nil && schema.Items.Schema != nil {
		path, schema = path+"[]", schema.Items.Schema
	}
	for name, property := range schema.Properties {
		walk(path+"."+name, &property, fields)
	}
}

// TestContactMessages wants all that can be said of an API server that does not answer.
func TestContactMessages(t *testing.T) {
	page := strings.Join(pageOf(t, "clustersupport.md").lines, "\n")
	problems := []*facts.Problem{contact.CannotList(detect.Nodes)}
	for _, reason := range []string{
		v1alpha1.ReasonUnreachable, v1alpha1.ReasonCertificateInvalid, v1alpha1.ReasonUnauthorized, v1alpha1.ReasonFailing,
	} {
		problems = append(problems, contact.ProblemOf(&contact.Failure{Reason: reason}))
	}
	for _, problem := range problems {
		if said := "Reachable=False " + problem.Reason + ": " + problem.Message; !strings.Contains(page, "\n"+said+"\n") {
			t.Errorf("clustersupport.md does not show %q", said)
		}
	}
}

// TestRefusals wants a row for each field that a kubeconfig may not have, as package fleet says it.
func TestRefusals(t *testing.T) {
	page := strings.Join(pageOf(t, fleetPage).lines, "\n")
	for _, refusal := range fleet.Refusals() {
		row := fmt.Sprintf("| `%s` | `%s` | %s |", refusal.Field, refusal.ContactReason(), strings.TrimPrefix(refusal.Error(), refusal.Field+" "))
		if !strings.Contains(page, row) {
			t.Errorf("%s has no row %s", fleetPage, row)
		}
	}
}

// fleetPage is about what package fleet, package hub and the inventory do.
const fleetPage = "fleet.md"

// TestFlags wants a row for each flag that is about the fleet, and no row for another one.
func TestFlags(t *testing.T) {
	source := testfile.Read(t, mainFile)
	known := map[string]bool{}
	for _, match := range regexp.MustCompile(`flags\.\w+\([^"\n]*"([a-z-]+)"`).FindAllStringSubmatch(source, -1) {
		known[match[1]] = true
	}
	described := map[string]bool{}
	for _, line := range pageOf(t, fleetPage).lines {
		if match := regexp.MustCompile("^\\| `--([a-z-]+)` \\|").FindStringSubmatch(line); match != nil {
			described[match[1]] = true
			if !known[match[1]] {
				t.Errorf("%s has a row for --%s, which is no flag", fleetPage, match[1])
			}
		}
	}
	for flag := range known {
		if isOurs := strings.HasPrefix(flag, "kubeconfig-") || flag == "copy-labels" || flag == "shard"; isOurs && !described[flag] {
			t.Errorf("%s has no row for --%s", fleetPage, flag)
		}
	}
}

// TestRightsElsewhere holds the rights that the operator needs on other clusters against those that it has on the hub: all
// but what describes clusters there, and what is its own.
func TestRightsElsewhere(t *testing.T) {
	onHub, elsewhere := rightsIn(t, testfile.Read(t, "../../config/rbac/role.yaml")), map[string]bool{}
	for _, b := range pageOf(t, fleetPage).fences("yaml") {
		if strings.Contains(b, "kind: ClusterRole\n") {
			elsewhere = rightsIn(t, b)
		}
	}
	for right := range onHub {
		if slices.ContainsFunc(hubRights, func(prefix string) bool { return strings.HasPrefix(right, prefix) }) {
			delete(onHub, right)
		}
	}
	expect.Equal(t, onHub, elsewhere, fleetPage, "has other rights than config/rbac/role.yaml")
}

// hubRights are those that are needed on the hub only.
var hubRights = []string{
	"support.d2iq.io/", "/events ", "authentication.k8s.io/", "authorization.k8s.io/",
	"cluster.x-k8s.io/", "kubetunnel.d2iq.io/", "kommander.mesosphere.io/kommanderclusters ",
}

// rightsIn lists the rights of a ClusterRole, one by one.
func rightsIn(t *testing.T, content string) map[string]bool {
	t.Helper()
	var role rbacv1.ClusterRole
	testfile.DecodeStrict(t, content, &role)
	rights := map[string]bool{}
	for _, rule := range role.Rules {
		for _, verb := range rule.Verbs {
			for _, url := range rule.NonResourceURLs {
				rights[url+" "+verb] = true
			}
			for _, group := range rule.APIGroups {
				for _, resource := range rule.Resources {
					rights[fmt.Sprintf("%s/%s %s %s", group, resource, verb, rule.ResourceNames)] = true
				}
			}
		}
	}
	return rights
}

// TestYAML reads every block of YAML on the pages.
func TestYAML(t *testing.T) {
	for _, p := range readPages(t) {
		for _, text := range p.fences("yaml") {
			for document := range strings.SplitSeq(text, "\n---\n") {
				var object map[string]any
				if err := yaml.UnmarshalStrict([]byte(document), &object); err != nil {
					t.Errorf("%s: %v\n%s", p.name, err, document)
				}
			}
		}
	}
}

// TestLinks follows the links of the pages to other files of the repository, and to their headings.
func TestLinks(t *testing.T) {
	link := regexp.MustCompile(`\]\(([^)#]*)(?:#([^)]*))?\)`)
	pages := append(readPages(t), pageOf(t, "../README.md"))
	for _, p := range pages {
		for _, match := range link.FindAllStringSubmatch(p.prose(), -1) {
			if strings.Contains(match[1], "://") {
				continue
			}
			target := p.name
			if match[1] != "" {
				target = filepath.Join(filepath.Dir(p.name), match[1])
			}
			if _, err := os.Stat(target); err != nil {
				t.Errorf("%s links to %s: %v", p.name, target, err)
			} else if match[2] != "" && !slices.Contains(anchors(pageOf(t, target)), match[2]) {
				t.Errorf("%s links to %s#%s, and there is no such heading", p.name, target, match[2])
			}
		}
	}
}

// anchors are the names by which the headings of a page can be linked to.
func anchors(p *page) []string {
	var names []string
	for line := range strings.Lines(p.prose()) {
		if heading := strings.TrimSpace(strings.TrimLeft(line, "#")); strings.HasPrefix(line, "#") {
			name := regexp.MustCompile("[^a-z0-9 -]").ReplaceAllString(strings.ToLower(heading), "")
			names = append(names, strings.ReplaceAll(name, " ", "-"))
		}
	}
	return names
}

func pageOf(t *testing.T, name string) *page {
	t.Helper()
	return &page{name: name, lines: strings.Split(testfile.Read(t, name), "\n")}
}

// TestClauses wants the tests that clauses.md names, and the fields.
func TestClauses(t *testing.T) {
	var page *page
	for _, p := range readPages(t) {
		if p.name == "clauses.md" {
			page = p
		}
	}
	if page == nil {
		t.Fatal("there is no clauses.md")
	}
	named := regexp.MustCompile("`((?:[a-z0-9_]+/)+[a-z0-9_]+_test\\.go)`((?:[ ,]+`(?:Test|Fuzz|Benchmark)[A-Za-z0-9]+`)+)")
	proofs := 0
	for i, line := range page.lines {
		for _, match := range named.FindAllStringSubmatch(line, -1) {
			for _, test := range code.FindAllStringSubmatch(match[2], -1) {
				proofs++
				if err := repository.CheckFunction(match[1], test[1]); err != nil {
					t.Errorf("%s:%d: %v", page.name, i+1, err)
				}
			}
		}
		if stray := regexp.MustCompile("`Test[A-Za-z]+`").FindAllString(named.ReplaceAllString(line, ""), -1); len(stray) > 0 {
			t.Errorf("%s:%d: which file has %s?", page.name, i+1, stray)
		}
	}
	if proofs == 0 {
		t.Error("clauses.md names no test")
	}
	fields := map[string]bool{}
	for kind, crd := range definitions(t) {
		for _, root := range []string{"spec", "status"} {
			below := map[string]bool{}
			property := crd.Spec.Versions[0].Schema.OpenAPIV3Schema.Properties[root]
			walk(root, &property, below)
			for field := range below {
				fields[kind+" "+field] = true
			}
		}
	}
	field := regexp.MustCompile("`((?:SupportPolicy|ClusterSupport|SupportException) (?:spec|status)\\.[^`]+)`")
	for i, line := range page.lines {
		for _, match := range field.FindAllStringSubmatch(line, -1) {
			if !fields[match[1]] {
				t.Errorf("%s:%d: there is no field %s", page.name, i+1, match[1])
			}
		}
	}
}
