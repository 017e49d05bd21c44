// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package bundle_test

import (
	"archive/tar"
	"errors"
	"io"
	"net/http/httptest"
	"path"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/registry"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/remote"

	"github.com/d2iq-labs/support-policy-operator/hack/bundle"
	"github.com/d2iq-labs/support-policy-operator/hack/image"
)

// TestImages goes the way of OLM: from the image of the catalog, by its label, to the catalog, and from there, by digest, to
// the bundle, on each platform, out of a registry.
func TestImages(t *testing.T) {
	server := httptest.NewServer(registry.New())
	defer server.Close()
	host := strings.TrimPrefix(server.URL, "http://")

	made, err := bundle.Generate(root(t), release())
	if err != nil {
		t.Fatal(err)
	}
	index, err := made.Image()
	if err != nil {
		t.Fatal(err)
	}
	pushed, err := image.Push(t.Context(), index, host+"/support-policy-operator-bundle:v0.2.0")
	if err != nil {
		t.Fatal(err)
	}
	catalog, err := made.Catalog(pushed.String())
	if err != nil {
		t.Fatal(err)
	}
	catalogIndex, err := made.CatalogImage(catalog)
	if err != nil {
		t.Fatal(err)
	}
	pushedCatalog, err := image.Push(t.Context(), catalogIndex, host+"/support-policy-operator-catalog:v0.2.0")
	if err != nil {
		t.Fatal(err)
	}
	files, err := made.Files()
	if err != nil {
		t.Fatal(err)
	}
	for _, platform := range []string{"linux/amd64", "linux/arm64"} {
		t.Run(platform, func(t *testing.T) {
			labels, inCatalog := pull(t, pushedCatalog.String(), platform)
			folder := strings.TrimPrefix(labels["operators.operatorframework.io.index.configs.v1"], "/")
			content := inCatalog[path.Join(folder, bundle.CatalogFile)]
			if !strings.Contains(content, "\nimage: "+pushed.String()+"\n") {
				t.Fatalf("the catalog in %q does not name %s:\n%s", folder, pushed, content)
			}
			labels, inBundle := pull(t, pushed.String(), platform)
			want := map[string]string{}
			for name, content := range texts(files) {
				if name != "bundle.Dockerfile" {
					want[name] = content
				}
			}
			if diff := cmp.Diff(want, inBundle); diff != "" {
				t.Errorf("the bundle (-files +image):\n%s", diff)
			}
			for label, want := range map[string]string{"mediatype": "registry+v1", "manifests": "manifests/", "metadata": "metadata/", "package": bundle.Package} {
				if got := labels["operators.operatorframework.io.bundle."+label+".v1"]; got != want {
					t.Errorf("the label of %s is %q", label, got)
				}
			}
		})
	}
}

// pull returns the labels and the files of an image.
func pull(t *testing.T, reference, platform string) (labels, files map[string]string) {
	t.Helper()
	from, err := name.NewDigest(reference)
	if err != nil {
		t.Fatal(err)
	}
	on, err := v1.ParsePlatform(platform)
	if err != nil {
		t.Fatal(err)
	}
	pulled, err := remote.Image(from, remote.WithContext(t.Context()), remote.WithPlatform(*on))
	if err != nil {
		t.Fatal(err)
	}
	config, err := pulled.ConfigFile()
	if err != nil {
		t.Fatal(err)
	}
	unpacked := mutate.Extract(pulled)
	defer unpacked.Close()
	files = map[string]string{}
	for archive := tar.NewReader(unpacked); ; {
		header, err := archive.Next()
		if errors.Is(err, io.EOF) {
			return config.Config.Labels, files
		}
		if err != nil {
			t.Fatal(err)
		}
		content, err := io.ReadAll(archive)
		if err != nil {
			t.Fatal(err)
		}
		if header.Typeflag == tar.TypeReg {
			files[header.Name] = string(content)
		}
	}
}

// TestImagesAreReproducible: the same release has the same digests. Without a time there is no image.
func TestImagesAreReproducible(t *testing.T) {
	digest := func() string {
		made, err := bundle.Generate(root(t), release())
		if err != nil {
			t.Fatal(err)
		}
		index, err := made.Image()
		if err != nil {
			t.Fatal(err)
		}
		digest, err := index.Digest()
		if err != nil {
			t.Fatal(err)
		}
		return digest.String()
	}
	if first, second := digest(), digest(); first != second {
		t.Errorf("%s and %s", first, second)
	}
	made, err := bundle.Generate(root(t), bundle.Release{Version: "0.2.0"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := made.Image(); err == nil {
		t.Error("there is an image without a time")
	}
}
