// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package repository_test

import (
	"go/parser"
	"go/token"
	"io/fs"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/d2iq-labs/support-policy-operator/test/repository"
)

const module = "github.com/d2iq-labs/support-policy-operator/"

// layers are the packages of the product, each with those of this module that it may import. Go refuses
// cycles of imports; the test refuses imports that break the layers.
var layers = map[string][]string{
	"api/v1alpha1":               {},
	"internal/facts":             {"api/v1alpha1"},
	"internal/detect":            {"api/v1alpha1", "internal/facts"},
	"internal/contact":           {"api/v1alpha1", "internal/facts"},
	"internal/observe":           {"api/v1alpha1", "internal/facts", "internal/detect", "internal/contact"},
	"internal/fleet":             {"api/v1alpha1", "internal/facts", "internal/contact", "internal/observe"},
	"internal/hub":               {"api/v1alpha1", "internal/facts", "internal/detect", "internal/observe", "internal/fleet"},
	"internal/support":           {"api/v1alpha1", "internal/facts"},
	"internal/version":           {},
	"internal/metrics":           {"api/v1alpha1", "internal/version"},
	"internal/documents":         {},
	"internal/schema":            {"config"},
	"internal/manifest":          {"api/v1alpha1", "internal/documents", "internal/facts", "internal/schema"},
	"internal/endpoint":          {},
	"cmd/kubectl-support_policy": {"api/v1alpha1", "internal/facts", "internal/manifest", "internal/support", "internal/version"},
	"controllers": {
		"api/v1alpha1", "internal/facts", "internal/observe", "internal/fleet", "internal/hub", "internal/support",
		"internal/metrics", "internal/endpoint", "internal/version",
	},
	"internal/shipped": {},
	"internal/verdict": {"api/v1alpha1"},
	".":                {"controllers", "internal/version", "internal/shipped", "internal/verdict", "config"},
}

// pure are the packages without requests: their results depend on their arguments only.
var pure = []string{"api/v1alpha1", "internal/facts", "internal/detect", "internal/support", "internal/version"}

// clients are the prefixes of imports by which a package could send requests.
var clients = []string{"k8s.io/client-go/", "sigs.k8s.io/controller-runtime/pkg/client", "sigs.k8s.io/controller-runtime/pkg/manager", "net/http", "net"}

// TestImports: the packages of the product keep to their layers, and the pure ones import no client.
func TestImports(t *testing.T) {
	imports := productImports(t)
	for folder := range imports {
		if layers[folder] == nil {
			t.Errorf("package %s has no row in the table of layers: say what it may import", folder)
		}
	}
	for folder, allowed := range layers {
		if imports[folder] == nil {
			t.Errorf("there is no package %s: take its row out of the table of layers", folder)
		}
		for _, imported := range imports[folder] {
			if own, is := strings.CutPrefix(imported, module); is && !slices.Contains(allowed, own) {
				t.Errorf("package %s imports %s, which is none of the packages below it", folder, own)
			}
		}
		for _, own := range allowed {
			if !slices.Contains(imports[folder], module+own) {
				t.Errorf("package %s does not import %s: take it out of the table of layers", folder, own)
			}
		}
	}
	for _, folder := range pure {
		for _, imported := range imports[folder] {
			if slices.ContainsFunc(clients, func(client string) bool {
				return imported == client || strings.HasSuffix(client, "/") && strings.HasPrefix(imported, client)
			}) {
				t.Errorf("package %s imports %s, and must import no client", folder, imported)
			}
		}
	}
}

// tools are the prefixes of imports that are for building the product, and go.mod has them for hack alone.
var tools = []string{module + "hack/", module + "test/", "github.com/google/go-containerregistry/", "golang.org/x/crypto/x509roots/"}

// TestToolsAreNotLinked: neither the operator nor the plugin is made of them, be it by another package.
func TestToolsAreNotLinked(t *testing.T) {
	list := exec.CommandContext(t.Context(), "go", "list", "-deps", ".", "./cmd/...")
	list.Dir = root
	out, err := list.Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	linked := strings.Fields(string(out))
	if !slices.Contains(linked, module+"controllers") {
		t.Fatalf("the operator is said to be made of %d packages, and not of its controllers", len(linked))
	}
	for _, one := range linked {
		if slices.ContainsFunc(tools, func(tool string) bool { return strings.HasPrefix(one, tool) }) {
			t.Errorf("%s is linked into the operator or the plugin, and is for building them", one)
		}
	}
}

// productImports are the imports of each package of the product, tests and test tools left out.
func productImports(t *testing.T) map[string][]string {
	t.Helper()
	root, err := repository.Root()
	if err != nil {
		t.Fatal(err)
	}
	found := map[string][]string{}
	for _, folder := range []string{"api", "cmd", "controllers", "internal"} {
		err := filepath.WalkDir(filepath.Join(root, folder), func(file string, entry fs.DirEntry, err error) error {
			if err == nil && !entry.IsDir() {
				err = addImports(found, root, file)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := addImports(found, root, filepath.Join(root, "main.go")); err != nil {
		t.Fatal(err)
	}
	return found
}

func addImports(found map[string][]string, root, file string) error {
	if !strings.HasSuffix(file, ".go") || strings.HasSuffix(file, "_test.go") {
		return nil
	}
	parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ImportsOnly)
	if err != nil {
		return err
	}
	relative, err := filepath.Rel(root, file)
	if err != nil {
		return err
	}
	folder := path.Dir(filepath.ToSlash(relative))
	if found[folder] == nil {
		found[folder] = []string{}
	}
	for _, one := range parsed.Imports {
		imported, err := strconv.Unquote(one.Path.Value)
		if err != nil {
			return err
		}
		found[folder] = append(found[folder], imported)
	}
	return nil
}
