// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package bundle_test

import (
	"encoding/json"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"sigs.k8s.io/yaml"

	"github.com/d2iq-labs/support-policy-operator/hack/bundle"
	"github.com/d2iq-labs/support-policy-operator/test/repository"
)

// operatorImage and bundleImage are names of images as a release has them.
var (
	operatorImage = "registry.example/support-policy-operator@sha256:" + strings.Repeat("0a", 32)
	bundleImage   = "registry.example/support-policy-operator-bundle@sha256:" + strings.Repeat("1b", 32)
)

// release is one with everything that a release can have.
func release() bundle.Release {
	return bundle.Release{
		Version: "v0.2.0",
		Image:   operatorImage,
		Created: time.Date(2022, 3, 4, 5, 6, 7, 8, time.FixedZone("", 3600)),
		Publisher: bundle.Publisher{
			Name: "Example", URL: "https://example.com", Support: "Example Support",
			Maintainers: []bundle.Maintainer{{Name: "Ada", Email: "ada@example.com"}},
		},
	}
}

func root(t testing.TB) string {
	t.Helper()
	root, err := repository.Root()
	if err != nil {
		t.Fatal(err)
	}
	return root
}

// generate returns the files of the bundle and of the catalog of a release.
func generate(t testing.TB, of bundle.Release) (files, catalog bundle.Files) {
	t.Helper()
	made, err := bundle.Generate(root(t), of)
	if err != nil {
		t.Fatal(err)
	}
	if files, err = made.Files(); err != nil {
		t.Fatal(err)
	}
	if catalog, err = made.Catalog(bundleImage); err != nil {
		t.Fatal(err)
	}
	return files, catalog
}

// readFolder reads all files below a folder of the repository.
func readFolder(t testing.TB, folder string) bundle.Files {
	t.Helper()
	files := bundle.Files{}
	folder = filepath.Join(root(t), folder)
	err := filepath.WalkDir(folder, func(file string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		name, err := filepath.Rel(folder, file)
		if err != nil {
			return err
		}
		files[filepath.ToSlash(name)], err = os.ReadFile(file)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// texts are the contents as text, for readable differences.
func texts(files bundle.Files) map[string]string {
	all := map[string]string{}
	for name, content := range files {
		all[name] = string(content)
	}
	return all
}

// TestUpToDate: bundle/ and catalog/ are what `make bundle` writes.
func TestUpToDate(t *testing.T) {
	var chart struct {
		AppVersion  string
		KubeVersion string
	}
	read(t, filepath.Join(root(t), "charts", bundle.Package, "Chart.yaml"), &chart)
	made, err := bundle.Generate(root(t), bundle.Release{Version: chart.AppVersion})
	if err != nil {
		t.Fatal(err)
	}
	files, err := made.Files()
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(texts(files), texts(readFolder(t, "bundle"))); diff != "" {
		t.Errorf("run make bundle (-generated +bundle):\n%s", diff)
	}
	catalog, err := made.Catalog(bundle.Package + "-bundle:" + chart.AppVersion)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(texts(catalog), texts(readFolder(t, "catalog"))); diff != "" {
		t.Errorf("run make bundle (-generated +catalog):\n%s", diff)
	}
	if got, want := ">="+readCSV(t, files).Spec.MinKubeVersion+"-0", chart.KubeVersion; got != want {
		t.Errorf("the bundle asks for Kubernetes %s, the Helm chart for %s", got, want)
	}
}

// TestReleases: the same release has the same bytes, and differs from another one where it should.
func TestReleases(t *testing.T) {
	files, catalog := generate(t, release())
	again, catalogAgain := generate(t, release())
	if diff := cmp.Diff(texts(files), texts(again)) + cmp.Diff(texts(catalog), texts(catalogAgain)); diff != "" {
		t.Errorf("two bundles of one release differ:\n%s", diff)
	}
	csv := readCSV(t, files)
	for name, want := range map[string]string{
		"createdAt": "2022-03-04T04:06:07Z", "containerImage": operatorImage, "olm.skipRange": "<0.2.0", "support": "Example Support",
		"operatorframework.io/suggested-namespace": "support-policy-system",
	} {
		if got := csv.Metadata.Annotations[name]; got != want {
			t.Errorf("the annotation %s is %q, want %q", name, got, want)
		}
	}
	if got := csv.Spec.Install.Spec.Deployments[0].Spec.Template.Spec.Containers[0].Image; got != operatorImage {
		t.Errorf("the Deployment runs %s", got)
	}
	if csv.Metadata.Name != "support-policy-operator.v0.2.0" || csv.Spec.Provider.Name != "Example" || csv.Spec.Maintainers[0].Name != "Ada" {
		t.Errorf("name, provider or maintainer: %+v", csv)
	}
}

// TestNothingIsInvented: what a release does not say is not in its bundle.
func TestNothingIsInvented(t *testing.T) {
	files, _ := generate(t, bundle.Release{Version: "0.2.0"})
	csv := readCSV(t, files)
	for _, name := range []string{"createdAt", "support"} {
		if got, there := csv.Metadata.Annotations[name]; there {
			t.Errorf("the annotation %s is %q", name, got)
		}
	}
	if csv.Spec.Provider != nil || csv.Spec.Maintainers != nil {
		t.Errorf("there is a provider, %+v, or a maintainer, %+v", csv.Spec.Provider, csv.Spec.Maintainers)
	}
}

// TestRefusedReleases: the error names what cannot be used.
func TestRefusedReleases(t *testing.T) {
	for name, test := range map[string]struct {
		change func(*bundle.Release)
		want   string
	}{
		"no version":         {func(r *bundle.Release) { r.Version = "" }, `version ""`},
		"half a version":     {func(r *bundle.Release) { r.Version = "v1.2" }, `version "v1.2"`},
		"an image by tag":    {func(r *bundle.Release) { r.Image = "registry.example/a:v1" }, `"registry.example/a:v1" is not named by its digest`},
		"a digest too short": {func(r *bundle.Release) { r.Image = "a@sha256:00" }, `"a@sha256:00" is not named by its digest`},
		"no address":         {func(r *bundle.Release) { r.Publisher.URL = "example" }, "the publisher's address"},
		"a maintainer without an address": {
			func(r *bundle.Release) { r.Publisher.Maintainers[0].Email = "" }, `the maintainer "Ada" with the email address ""`,
		},
		"a maintainer without a name": {
			func(r *bundle.Release) { r.Publisher.Maintainers[0].Name = "" }, `the maintainer "" with the email address "ada@example.com"`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			of := release()
			test.change(&of)
			if _, err := bundle.Generate(root(t), of); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error %v, want %q in it", err, test.want)
			}
		})
	}
	made, err := bundle.Generate(root(t), release())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := made.Catalog(""); err == nil {
		t.Error("there is a catalog without an image of the bundle")
	}
}

// TestOneSource: rights, Deployment, CRDs and examples are those of config/, object by object.
func TestOneSource(t *testing.T) {
	files, _ := generate(t, bundle.Release{Version: "0.2.0"})
	raw := parse(t, files["manifests/support-policy-operator.clusterserviceversion.yaml"])
	install := at(raw, "spec", "install", "spec")
	config := filepath.Join(root(t), "config")

	role := parse(t, readFile(t, filepath.Join(config, "rbac/role.yaml")))
	if diff := cmp.Diff([]any{map[string]any{"serviceAccountName": "support-policy-operator", "rules": role["rules"]}}, at(install, "clusterPermissions")); diff != "" {
		t.Errorf("the clusterPermissions are not the rules of config/rbac/role.yaml (-config +bundle):\n%s", diff)
	}
	lease := parse(t, []byte(strings.Split(string(readFile(t, filepath.Join(config, "rbac/leader_election.yaml"))), "\n---\n")[0]))
	if diff := cmp.Diff([]any{map[string]any{"serviceAccountName": "support-policy-operator", "rules": lease["rules"]}}, at(install, "permissions")); diff != "" {
		t.Errorf("the permissions are not the rules of config/rbac/leader_election.yaml (-config +bundle):\n%s", diff)
	}
	deployment := parse(t, readFile(t, filepath.Join(config, "manager/deployment.yaml")))
	if diff := cmp.Diff([]any{map[string]any{
		"name": at(deployment, "metadata", "name"), "label": at(deployment, "metadata", "labels"), "spec": deployment["spec"],
	}}, at(install, "deployments")); diff != "" {
		t.Errorf("the Deployment is not that of config/manager (-config +bundle):\n%s", diff)
	}
	var examples []any
	if err := json.Unmarshal([]byte(readCSV(t, files).Metadata.Annotations["alm-examples"]), &examples); err != nil {
		t.Fatal(err)
	}
	var samples []any
	for _, name := range []string{"supportpolicy", "clustersupport", "supportexception"} {
		samples = append(samples, parse(t, readFile(t, filepath.Join(config, "samples/support_v1alpha1_"+name+".yaml"))))
	}
	if diff := cmp.Diff(samples, examples); diff != "" {
		t.Errorf("the examples are not the samples of config/samples (-config +bundle):\n%s", diff)
	}
	suggested := readCSV(t, files).Metadata.Annotations["operatorframework.io/suggested-namespace-template"]
	if diff := cmp.Diff(parse(t, readFile(t, filepath.Join(config, "manager/namespace.yaml"))), parse(t, []byte(suggested))); diff != "" {
		t.Errorf("the suggested namespace is not that of config/manager (-config +bundle):\n%s", diff)
	}
	crds, err := filepath.Glob(filepath.Join(config, "crd/bases/*.yaml"))
	if err != nil || len(crds) != 3 {
		t.Fatalf("CRDs %q: %v", crds, err)
	}
	for _, crd := range crds {
		if diff := cmp.Diff(parse(t, readFile(t, crd)), parse(t, files["manifests/"+filepath.Base(crd)])); diff != "" {
			t.Errorf("%s (-config +bundle):\n%s", filepath.Base(crd), diff)
		}
	}
}

// TestEveryObjectHasAPlace: each object that config/default installs is in the bundle, or OLM makes it.
func TestEveryObjectHasAPlace(t *testing.T) {
	files, _ := generate(t, bundle.Release{Version: "0.2.0"})
	made := map[string]string{
		"Namespace support-policy-system":                     "OLM's user makes it",
		"ServiceAccount support-policy-operator":              "OLM makes it for the permissions",
		"ClusterRole support-policy-operator":                 "the clusterPermissions",
		"ClusterRoleBinding support-policy-operator":          "OLM makes it for the clusterPermissions",
		"Role support-policy-operator-leader-election":        "the permissions",
		"RoleBinding support-policy-operator-leader-election": "OLM makes it for the permissions",
		"Deployment support-policy-operator":                  "the deployments",
	}
	var inBundle []string
	for name, content := range files {
		if strings.HasPrefix(name, "manifests/") {
			o := parse(t, content)
			inBundle = append(inBundle, at(o, "kind").(string)+" "+at(o, "metadata", "name").(string)) //nolint:forcetypeassert // a panic fails the test
		}
	}
	manifest := repository.Build(t, repository.Overlay{Kustomization: "resources: [ROOT/config/default]"})
	for document := range strings.SplitSeq(manifest, "\n---\n") {
		o := parse(t, []byte(document))
		name := at(o, "kind").(string) + " " + at(o, "metadata", "name").(string) //nolint:forcetypeassert // the same
		if made[name] == "" && !slices.Contains(inBundle, name) {
			t.Errorf("%s is nowhere in the bundle", name)
		}
	}
}

// clusterServiceVersion is what the tests read of one.
type clusterServiceVersion struct {
	Metadata struct {
		Name        string
		Annotations map[string]string
	}
	Spec struct {
		MinKubeVersion string
		Provider       *struct{ Name, URL string }
		Maintainers    []bundle.Maintainer
		Install        struct{ Spec installSpec }
	}
}

func readCSV(t testing.TB, files bundle.Files) clusterServiceVersion {
	t.Helper()
	csv := clusterServiceVersion{}
	if err := yaml.Unmarshal(files["manifests/support-policy-operator.clusterserviceversion.yaml"], &csv); err != nil {
		t.Fatal(err)
	}
	return csv
}

func readFile(t testing.TB, path string) []byte {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return content
}

func read(t testing.TB, path string, into any) {
	t.Helper()
	if err := yaml.Unmarshal(readFile(t, path), into); err != nil {
		t.Fatal(err)
	}
}

func parse(t testing.TB, content []byte) map[string]any {
	t.Helper()
	o := map[string]any{}
	if err := yaml.Unmarshal(content, &o); err != nil {
		t.Fatal(err)
	}
	return o
}

func toYAML(t testing.TB, object any) []byte {
	t.Helper()
	content, err := yaml.Marshal(object)
	if err != nil {
		t.Fatal(err)
	}
	return content
}

// at is what is at a path of maps, or nil.
func at(o any, path ...string) any {
	for _, name := range path {
		m, _ := o.(map[string]any) // what is no map has nothing
		o = m[name]
	}
	return o
}
