// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package bundle_test

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/d2iq-labs/support-policy-operator/hack/bundle"
)

const csvFile = "manifests/support-policy-operator.clusterserviceversion.yaml"

// TestReleaseBreaksNoRule: a release that says everything has neither a flaw in its bundle nor in its catalog.
func TestReleaseBreaksNoRule(t *testing.T) {
	files, catalog := generate(t, release())
	for _, problem := range problems(t, files) {
		t.Errorf("bundle: %v", problem)
	}
	for _, problem := range catalogProblems(t, catalog, files) {
		t.Errorf("catalog: %v", problem)
	}
}

// TestRepositoryLacksThePublisher: the bundle and the catalog of the repository lack what only a release knows, and nothing
// else.
func TestRepositoryLacksThePublisher(t *testing.T) {
	files, catalog := readFolder(t, "bundle"), readFolder(t, "catalog")
	want := []string{
		"related images: the image support-policy-operator:latest is not named by its digest",
		"provider: spec.provider.name is empty",
		"maintainers: there is no maintainer",
		"required fields: there is no annotation createdAt",
		"required fields: there is no annotation support",
	}
	if diff := cmp.Diff(want, lines(problems(t, files))); diff != "" {
		t.Errorf("bundle (-want +got):\n%s", diff)
	}
	for _, problem := range catalogProblems(t, catalog, files) {
		if problem.Rule != "related images" || !strings.HasSuffix(problem.Detail, "is not named by its digest") {
			t.Errorf("catalog: %v", problem)
		}
	}
}

func problems(t *testing.T, files bundle.Files) []bundle.Problem {
	t.Helper()
	found, err := bundle.Check(files)
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func catalogProblems(t *testing.T, catalog, files bundle.Files) []bundle.Problem {
	t.Helper()
	found, err := bundle.CheckCatalog(catalog, files)
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func lines(problems []bundle.Problem) []string {
	var all []string
	for _, problem := range problems {
		all = append(all, problem.Rule+": "+problem.Detail)
	}
	return all
}

// replaced replaces a text in a file, which must have it.
func replaced(file, old, by string) func(*testing.T, bundle.Files) {
	return func(t *testing.T, files bundle.Files) {
		t.Helper()
		content := string(files[file])
		if !strings.Contains(content, old) {
			t.Fatalf("%s does not have %q", file, old)
		}
		files[file] = []byte(strings.Replace(content, old, by, 1))
	}
}

func added(file, content string) func(*testing.T, bundle.Files) {
	return func(_ *testing.T, files bundle.Files) { files[file] = []byte(content) }
}

func removed(file string) func(*testing.T, bundle.Files) {
	return func(t *testing.T, files bundle.Files) {
		t.Helper()
		if files[file] == nil {
			t.Fatalf("there is no %s", file)
		}
		delete(files, file)
	}
}

// without takes a field of the ClusterServiceVersion away.
func without(path ...string) func(*testing.T, bundle.Files) {
	return func(t *testing.T, files bundle.Files) {
		t.Helper()
		csv := parse(t, files[csvFile])
		parent, ok := at(csv, path[:len(path)-1]...).(map[string]any)
		if name := path[len(path)-1]; !ok || parent[name] == nil {
			t.Fatalf("the ClusterServiceVersion has no %q", path)
		}
		delete(parent, path[len(path)-1])
		files[csvFile] = toYAML(t, csv)
	}
}

// broken are bundles with one flaw each, the rule that has to see it, and a part of what it says. Other rules may see it,
// too.
var broken = []struct {
	name   string
	damage func(*testing.T, bundle.Files)
	rule   string
	want   string
}{
	{"another media type", replaced("metadata/annotations.yaml", "registry+v1", "plain+v0"), "annotations", `"plain+v0", want "registry+v1"`},
	{"no package", replaced("metadata/annotations.yaml", "package.v1: support-policy-operator", "package.v1: ''"), "annotations", "the package has no name"},
	{"a channel of another name", replaced("metadata/annotations.yaml", "channels.v1: fast", "channels.v1: alpha,fast"), "annotations", `"alpha" begins with none`},
	{"a default channel that is none", replaced("metadata/annotations.yaml", "default.v1: fast", "default.v1: stable"), "annotations", "none of the channels"},
	{"another version", replaced(csvFile, "version: 0.2.0", "version: 0.3.0"), "name and version", `want "support-policy-operator.v0.3.0"`},
	{"no version", without("spec", "version"), "name and version", `spec.version ""`},
	{"an upgrade from itself", replaced(csvFile, "skipRange: <0.2.0", "skipRange: <=0.2.0"), "name and version", "has the version 0.2.0 itself in it"},
	{"no CRD", removed("manifests/support.d2iq.io_clustersupports.yaml"), "owned definitions", "no CustomResourceDefinition"},
	{"a CRD that is not owned", func(t *testing.T, files bundle.Files) {
		csv := parse(t, files[csvFile])
		definitions, _ := at(csv, "spec", "customresourcedefinitions").(map[string]any)
		owned, _ := definitions["owned"].([]any)
		definitions["owned"] = owned[1:]
		files[csvFile] = toYAML(t, csv)
	}, "owned definitions", "is defined and not owned"},
	{"a CRD twice", func(_ *testing.T, files bundle.Files) {
		files["manifests/again.yaml"] = files["manifests/support.d2iq.io_clustersupports.yaml"]
	}, "owned definitions", "is defined twice"},
	{"an example of another kind", replaced(csvFile, `"kind": "SupportPolicy"`, `"kind": "Policy"`), "examples", "there is no example of support.d2iq.io/v1alpha1 SupportPolicy"},
	{"examples that are no JSON", replaced(csvFile, `"kind": "SupportPolicy"`, `"kind": SupportPolicy`), "examples", "no list of objects"},
	{"an example without a spec", replaced(csvFile, `"spec"`, `"data"`), "examples", "the example SupportPolicy konvoy-sample has no spec"},
	{"a ServiceAccount", added("manifests/account.yaml", "{apiVersion: v1, kind: ServiceAccount, metadata: {name: support-policy-operator}}"),
		"service account", "both would own it"},
	{"a Deployment without permissions", replaced(csvFile, "              serviceAccountName: support-policy-operator", "              serviceAccountName: other"),
		"service account", `runs as "other", for which there are no permissions`},
	{"a kind that OLM does not create", added("manifests/job.yaml", "{apiVersion: batch/v1, kind: Job, metadata: {name: a}}"), "kinds", "Job a of batch/v1"},
	{"a rule for Prometheus", added("manifests/rule.yaml", "{apiVersion: monitoring.coreos.com/v1, kind: PrometheusRule, metadata: {name: a}}"), "kinds", "PrometheusRule a"},
	{"a removed API", added("manifests/budget.yaml", "{apiVersion: policy/v1beta1, kind: PodDisruptionBudget, metadata: {name: a}}"), "kinds", "policy/v1beta1"},
	{"a removed API of CRDs", replaced("manifests/support.d2iq.io_clustersupports.yaml", "apiextensions.k8s.io/v1", "apiextensions.k8s.io/v1beta1"), "kinds", "API servers have v1 only"},
	{"a namespace", added("manifests/map.yaml", "{apiVersion: v1, kind: ConfigMap, metadata: {name: a, namespace: b}}"), "namespace", "ConfigMap a names the namespace b"},
	{"the namespace of a subject", added("manifests/binding.yaml", "{apiVersion: rbac.authorization.k8s.io/v1, kind: RoleBinding, metadata: {name: a}, subjects: [{kind: User, name: u, namespace: b}]}"),
		"namespace", "the namespace of a subject"},
	{"a huge manifest", func(_ *testing.T, files bundle.Files) {
		files["manifests/huge.yaml"] = append([]byte("{apiVersion: v1, kind: ConfigMap, metadata: {name: a}}\n#"), noise(1<<20)...)
	}, "size", "bytes compressed"},
	{"no install mode for all namespaces", replaced(csvFile, "  - supported: true\n    type: AllNamespaces", "  - supported: false\n    type: AllNamespaces"), "install modes", "AllNamespaces is not supported"},
	{"an install mode twice", replaced(csvFile, "type: OwnNamespace", "type: MultiNamespace"), "install modes", "MultiNamespace is there twice"},
	{"a webhook", replaced(csvFile, "  maturity: alpha", "  maturity: alpha\n  webhookdefinitions: [{type: ConversionWebhook}]"), "features of OLM v1", "spec.webhookdefinitions"},
	{"dependencies", added("metadata/dependencies.yaml", "dependencies: []"), "features of OLM v1", "metadata/dependencies.yaml"},
	{"no Deployment", without("spec", "install", "spec", "deployments"), "deployments", "there is no Deployment"},
	{"a Deployment with a bad name", replaced(csvFile, "name: support-policy-operator\n        spec:", "name: Operator\n        spec:"), "deployments", `the name "Operator" of a Deployment`},
	{"no request of CPU", replaced(csvFile, "                    cpu: 10m\n", ""), "resource requests", "the container operator requests no cpu"},
	{"another image", replaced(csvFile, "                image: registry.example/", "                image: other.example/"), "related images", "other.example/support-policy-operator@"},
	{"an image by tag", func(_ *testing.T, files bundle.Files) {
		files[csvFile] = []byte(strings.ReplaceAll(string(files[csvFile]), operatorImage, "registry.example/a:v1"))
	}, "related images", "registry.example/a:v1 is not named by its digest"},
	{"no provider", without("spec", "provider"), "provider", "spec.provider.name is empty"},
	{"no maintainer", without("spec", "maintainers"), "maintainers", "there is no maintainer"},
	{"a maintainer without an address", replaced(csvFile, "email: ada@example.com", "email: Ada"), "maintainers", `the email address "Ada"`},
	{"no link", without("spec", "links"), "links", "there is no link"},
	{"a link without an address", replaced(csvFile, "url: https://github.com", "url: github.com"), "links", `leads to "github.com`},
	{"no icon", without("spec", "icon"), "icon", "there are 0 icons"},
	{"an icon of another type", replaced(csvFile, "mediatype: image/svg+xml", "mediatype: image/png"), "icon", `"image/png"`},
	{"an icon that is no image", replaced(csvFile, "base64data: ", "base64data: AAAA"), "icon", "no SVG image"},
	{"no least version of Kubernetes", without("spec", "minKubeVersion"), "minKubeVersion", `""`},
	{"half a version of Kubernetes", replaced(csvFile, "minKubeVersion: 1.16.0", `minKubeVersion: "1.16"`), "minKubeVersion", `"1.16"`},
	{"another capability", replaced(csvFile, "capabilities: Seamless Upgrades", "capabilities: Everything"), "capabilities", `"Everything"`},
	{"another category", replaced(csvFile, "categories: Monitoring", "categories: Monitoring, Support"), "categories", `" Support"`},
	{"no support", without("metadata", "annotations", "support"), "required fields", "no annotation support"},
	{"no keywords", without("spec", "keywords"), "required fields", "spec.keywords is empty"},
	{"no name", without("spec", "displayName"), "required fields", "spec.displayName is empty"},
	{"a day of creation", replaced(csvFile, `createdAt: "2022-03-04T04:06:07Z"`, `createdAt: "2022-03-04"`), "required fields", "the annotation createdAt"},
	{"a long summary", replaced(csvFile, "description: Tells", "description: "+strings.Repeat("x", 100)+" Tells"), "required fields", "of which 135 are shown"},
	{"a field without a descriptor", replaced("manifests/support.d2iq.io_clustersupports.yaml", "              environment:", "              surroundings:"), "descriptors",
		"ClusterSupport spec.surroundings has no descriptor"},
	{"a descriptor of no field", replaced(csvFile, "path: declaredReleases[0].product", "path: declaredReleases[0].goods"), "descriptors", `"declaredReleases[0].goods"`},
	{"a kind without a description", replaced(csvFile, "displayName: Cluster Support", "displayName: ''"), "descriptors", "ClusterSupport has no displayName"},
}

// brokenCatalogs are catalogs with one flaw each.
var brokenCatalogs = []struct {
	name   string
	damage func(*testing.T, bundle.Files)
	rule   string
	want   string
}{
	{"a package of another name", replaced(bundle.CatalogFile, "name: support-policy-operator\nschema: olm.package", "name: other\nschema: olm.package"), "package", `the package is "other"`},
	{"a default channel that is none", replaced(bundle.CatalogFile, "defaultChannel: fast", "defaultChannel: stable"), "package", `no default channel "stable"`},
	{"no icon", replaced(bundle.CatalogFile, "mediatype: image/svg+xml", "mediatype: ''"), "package", "media type"},
	{"a package twice", replaced(bundle.CatalogFile, "---\n", "---\n{schema: olm.package, name: a}\n---\n"), "package", "there are 2 packages"},
	{"a channel of another package", replaced(bundle.CatalogFile, "package: support-policy-operator\nschema: olm.channel", "package: other\nschema: olm.channel"), "channel", `the package "other"`},
	{"an entry that is no bundle", replaced(bundle.CatalogFile, "- name: support-policy-operator.v0.2.0", "- name: support-policy-operator.v0.1.0"), "channel", "which is no bundle"},
	{"two heads", replaced(bundle.CatalogFile, "entries:\n", "entries:\n- name: other\n"), "channel", "has 2 heads"},
	{"another range", replaced(bundle.CatalogFile, "  skipRange: <0.2.0", "  skipRange: <0.1.0"), "channel", `skips "<0.1.0"`},
	{"no image", replaced(bundle.CatalogFile, "\nimage: "+bundleImage, "\nimage: ''"), "bundle", "has no image"},
	{"a bundle in no channel", replaced(bundle.CatalogFile, "- name: support-policy-operator.v0.2.0", "- name: support-policy-operator.v0.1.0"), "bundle", "is in no channel"},
	{"another bundle", func(_ *testing.T, files bundle.Files) {
		files[bundle.CatalogFile] = []byte(strings.ReplaceAll(string(files[bundle.CatalogFile]), "operator.v0.2.0", "operator.v0.1.0"))
	}, "bundle", "there is no bundle support-policy-operator.v0.2.0"},
	{"another version", replaced(bundle.CatalogFile, "    version: 0.2.0", "    version: 0.1.0"), "properties", `the version "0.1.0"`},
	{"no property of the package", replaced(bundle.CatalogFile, "- type: olm.package\n", "- type: olm.other\n"), "properties", "not one property olm.package"},
	{"another kind", replaced(bundle.CatalogFile, "value:\n    group: support.d2iq.io\n    kind: SupportPolicy", "value:\n    group: support.d2iq.io\n    kind: Policy"), "properties", "other kinds"},
	{"no metadata", replaced(bundle.CatalogFile, "olm.csv.metadata", "olm.other"), "metadata", "has 0 properties olm.csv.metadata"},
	{"another description", replaced(bundle.CatalogFile, "displayName: Support Policy Operator", "displayName: Other"), "metadata", "displayName"},
	{"a description of another kind", replaced(bundle.CatalogFile, "kind: SupportPolicy\n        name:", "kind: Policy\n        name:"), "metadata", "crdDescriptions"},
	{"another annotation", replaced(bundle.CatalogFile, "categories: Monitoring", "categories: Security"), "metadata", "annotations"},
	{"an image that is not named", replaced(bundle.CatalogFile, "- image: "+operatorImage, "- image: other"), "related images", "as a related image"},
}

// noise is text that cannot be compressed to much less than three quarters.
func noise(size int) []byte {
	const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+-"
	state, text := uint64(1), make([]byte, 2*size)
	for i := range text {
		state ^= state << 13
		state ^= state >> 7
		state ^= state << 17
		text[i] = letters[state%64]
	}
	return text
}

// TestBrokenBundles: each rule sees the flaw that it is for.
func TestBrokenBundles(t *testing.T) {
	whole, _ := generate(t, release())
	seen := map[string]bool{}
	for _, test := range broken {
		seen[test.rule] = true
		t.Run(test.name, func(t *testing.T) {
			files := maps.Clone(whole)
			test.damage(t, files)
			expect(t, problems(t, files), test.rule, test.want)
		})
	}
	for _, name := range bundle.RuleNames() {
		if !seen[name] {
			t.Errorf("no bundle breaks the rule %q", name)
		}
	}
}

// TestBrokenCatalogs: the same for catalogs.
func TestBrokenCatalogs(t *testing.T) {
	files, whole := generate(t, release())
	seen := map[string]bool{}
	for _, test := range brokenCatalogs {
		seen[test.rule] = true
		t.Run(test.name, func(t *testing.T) {
			catalog := maps.Clone(whole)
			test.damage(t, catalog)
			expect(t, catalogProblems(t, catalog, files), test.rule, test.want)
		})
	}
	for _, name := range bundle.CatalogRuleNames() {
		if !seen[name] {
			t.Errorf("no catalog breaks the rule %q", name)
		}
	}
}

// TestUnreadableBundles: what cannot be read is an error.
func TestUnreadableBundles(t *testing.T) {
	whole, _ := generate(t, release())
	for name, damage := range map[string]func(*testing.T, bundle.Files){
		"no ClusterServiceVersion": removed(csvFile),
		"two of them":              func(_ *testing.T, files bundle.Files) { files["manifests/again.yaml"] = files[csvFile] },
		"no YAML":                  added("manifests/a.yaml", "a: [")} {
		t.Run(name, func(t *testing.T) {
			files := maps.Clone(whole)
			damage(t, files)
			if found, err := bundle.Check(files); err == nil {
				t.Errorf("no error, and the problems %v", found)
			}
		})
	}
}

func expect(t *testing.T, found []bundle.Problem, rule, want string) {
	t.Helper()
	if !slices.ContainsFunc(found, func(p bundle.Problem) bool { return p.Rule == rule && strings.Contains(p.Detail, want) }) {
		t.Errorf("want %s: … %s …, found %q", rule, want, lines(found))
	}
}
