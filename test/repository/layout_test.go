// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package repository_test

import (
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"

	"github.com/d2iq-labs/support-policy-operator/test/expect"
	"github.com/d2iq-labs/support-policy-operator/test/repository"
	"github.com/d2iq-labs/support-policy-operator/test/testfile"
)

// root is the repository, seen from this package.
const root = "../.."

// project is what PROJECT says, as far as the tests ask for it.
type project struct {
	Layout    []string `json:"layout"`
	Resources []kind   `json:"resources"`
}

// kind is a kind in PROJECT.
type kind struct {
	API struct {
		Namespaced bool `json:"namespaced"`
	} `json:"api"`
	Group   string `json:"group"`
	Domain  string `json:"domain"`
	Version string `json:"version"`
	Kind    string `json:"kind"`
	Path    string `json:"path"`
}

// lower is the kind as names of files have it.
func (k kind) lower() string { return strings.ToLower(k.Kind) }

// sample is the file of the kind's example.
func (k kind) sample() string {
	return "config/samples/" + k.Group + "_" + k.Version + "_" + k.lower() + ".yaml"
}

func readProject(t *testing.T) project {
	t.Helper()
	var found project
	testfile.Decode(t, read(t, "PROJECT"), &found)
	return found
}

func read(t *testing.T, path string) string {
	t.Helper()
	return testfile.Read(t, filepath.Join(root, path))
}

// glob returns the files of a pattern, seen from the root.
func glob(t *testing.T, pattern string) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(root, pattern))
	if err != nil {
		t.Fatal(err)
	}
	for i, file := range files {
		files[i] = strings.TrimPrefix(file, root+"/")
	}
	return files
}

// TestProject compares PROJECT with the files: each kind has its types, its controller and its CRD where kubebuilder's layout
// go/v3 has them, and there is no CRD of another kind.
func TestProject(t *testing.T) {
	found := readProject(t)
	if !slices.Equal(found.Layout, []string{"go.kubebuilder.io/v3"}) || len(glob(t, "main.go")) == 0 {
		t.Errorf("the layout is %q, and that of main.go and controllers on top is go.kubebuilder.io/v3", found.Layout)
	}
	crds := map[string]apiextensionsv1.CustomResourceDefinition{}
	for _, file := range glob(t, "config/crd/bases/*.yaml") {
		var crd apiextensionsv1.CustomResourceDefinition
		testfile.DecodeStrict(t, read(t, file), &crd)
		if want := "config/crd/bases/" + crd.Spec.Group + "_" + crd.Spec.Names.Plural + ".yaml"; file != want {
			t.Errorf("%s would be looked for in %s", file, want)
		}
		crds[crd.Spec.Names.Kind] = crd
	}
	for _, k := range found.Resources {
		types := "api/" + k.Version + "/" + k.lower() + "_types.go"
		if !strings.Contains(read(t, types), "\ntype "+k.Kind+" struct {\n") {
			t.Errorf("%s does not have the type %s", types, k.Kind)
		}
		if !strings.HasSuffix(k.Path, "/"+filepath.Dir(types)) {
			t.Errorf("PROJECT has %s in %s", k.Kind, k.Path)
		}
		if len(glob(t, "controllers/"+k.lower()+"*.go")) == 0 {
			t.Errorf("controllers has no file for %s", k.Kind)
		}
		crd := crds[k.Kind]
		isNamespaced := crd.Spec.Scope == apiextensionsv1.NamespaceScoped
		if crd.Spec.Group != k.Group+"."+k.Domain || isNamespaced != k.API.Namespaced {
			t.Errorf("PROJECT has %s in group %s.%s, namespaced %t; its CRD has %q, %t",
				k.Kind, k.Group, k.Domain, k.API.Namespaced, crd.Spec.Group, isNamespaced)
		}
		delete(crds, k.Kind)
	}
	for other := range crds {
		t.Errorf("PROJECT does not have the kind %s", other)
	}
}

// TestKustomizationsHaveEachKind: what is in the folders of CRDs and samples is also applied.
func TestKustomizationsHaveEachKind(t *testing.T) {
	var crds, samples []string
	for _, k := range readProject(t).Resources {
		crds, samples = append(crds, "CustomResourceDefinition"), append(samples, k.Kind)
	}
	for folder, want := range map[string][]string{"config/crd": crds, "config/samples": samples} {
		manifest := repository.Build(t, repository.Overlay{Kustomization: "resources: [ROOT/" + folder + "]"})
		var got []string
		for _, match := range regexp.MustCompile(`(?m)^kind: (\w+)$`).FindAllStringSubmatch(manifest, -1) {
			got = append(got, match[1])
		}
		slices.Sort(got)
		expect.Equal(t, slices.Sorted(slices.Values(want)), got, folder, "has other kinds than PROJECT names")
	}
}

// TestTargets: the targets that every kubebuilder project has are there, and `make help` tells what they do.
func TestTargets(t *testing.T) {
	makefile := read(t, "Makefile")
	for _, target := range []string{
		"manifests", "generate", "fmt", "vet", "test", "lint", "lint-fix", "build", "run", "install", "uninstall", "deploy",
		"undeploy", "build-installer", "docker-build",
	} {
		if !regexp.MustCompile(`(?m)^\.PHONY: ` + target + `\n` + target + `:[a-z -]* ## .`).MatchString(makefile) {
			t.Errorf("the Makefile has no target %s with a comment", target)
		}
	}
}

// TestBoilerplate: the linter wants the head of a file that controller-gen writes.
func TestBoilerplate(t *testing.T) {
	var config struct {
		Linters struct {
			Settings struct {
				GoHeader struct {
					Template string `json:"template"`
				} `json:"goheader"`
			} `json:"settings"`
		} `json:"linters"`
	}
	testfile.Decode(t, read(t, ".golangci.yml"), &config)
	want := strings.ReplaceAll(strings.TrimSpace(read(t, "hack/boilerplate.go.txt")), "// ", "")
	expect.Equal(t, want, config.Linters.Settings.GoHeader.Template,
		".golangci.yml has another head than hack/boilerplate.go.txt")
}

// TestDockerfile compares what the image is built from with the packages that the operator is made of. No test can build it:
// that takes a container engine.
func TestDockerfile(t *testing.T) {
	var copied []string
	for _, match := range regexp.MustCompile(`(?m)^COPY ([^-].*) \S+$`).FindAllStringSubmatch(read(t, "Dockerfile"), -1) {
		copied = append(copied, strings.Fields(match[1])...)
	}
	for _, source := range copied {
		if len(glob(t, source)) == 0 {
			t.Errorf("the Dockerfile copies %s, which is not there", source)
		}
	}
	_, sent, _ := strings.Cut(read(t, ".dockerignore"), "\n*\n")
	expect.Equal(t, "!"+strings.Join(copied, "\n!")+"\n", sent,
		".dockerignore keeps back what is copied, or sends more")
	for _, folder := range packages(t) {
		top, _, _ := strings.Cut(folder, "/")
		if top == "." {
			top = "main.go"
		}
		if !slices.Contains(copied, top) {
			t.Errorf("the operator is made of %s too, and the Dockerfile does not copy it", folder)
		}
	}
}

// TestDockerfileGo: a container engine builds with the Go that go.mod names, as make does.
func TestDockerfileGo(t *testing.T) {
	toolchain := regexp.MustCompile(`(?m)^toolchain go(\S+)$`).FindStringSubmatch(read(t, "go.mod"))
	base := regexp.MustCompile(`(?m)^FROM golang:([^@\s]+)(@\S+)? AS build$`).FindStringSubmatch(read(t, "Dockerfile"))
	if toolchain == nil || base == nil || toolchain[1] != base[1] {
		t.Errorf("go.mod has %q, the Dockerfile %q", toolchain, base)
	}
}

// TestDockerfileSays: an image of a container engine says the same about itself as one of hack/image.
func TestDockerfileSays(t *testing.T) {
	labels := regexp.MustCompile(`org\.opencontainers\.image\.[a-z]+(="[^"]*")?`)
	dockerfile, code := read(t, "Dockerfile"), read(t, "hack/image/image.go")
	for _, label := range labels.FindAllString(dockerfile, -1) {
		name, value, _ := strings.Cut(label, "=")
		if value = strings.Trim(value, `"`); !strings.Contains(code, `"`+name+`"`) || !strings.Contains(value, "$") && !strings.Contains(code, `"`+value+`"`) {
			t.Errorf("hack/image does not have %s", label)
		}
	}
	for _, label := range labels.FindAllString(code, -1) {
		if !strings.Contains(dockerfile, label+"=") {
			t.Errorf("the Dockerfile does not have %s", label)
		}
	}
}

// packages are the folders of this module's packages of which the operator is made.
func packages(t *testing.T) []string {
	t.Helper()
	list := exec.CommandContext(t.Context(), "go", "list", "-deps", "-f", "{{with .Module}}{{if .Main}}{{$.Dir}}{{end}}{{end}}", ".")
	list.Dir = root
	out, err := list.Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	top, err := repository.Root()
	if err != nil {
		t.Fatal(err)
	}
	var folders []string
	for _, folder := range strings.Fields(string(out)) {
		relative, err := filepath.Rel(top, folder)
		if err != nil {
			t.Fatal(err)
		}
		folders = append(folders, filepath.ToSlash(relative))
	}
	if !slices.Contains(folders, "controllers") {
		t.Fatalf("go list does not name the operator's packages: %q", folders)
	}
	return folders
}
