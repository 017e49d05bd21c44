// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package image_test

import (
	"archive/tar"
	"bytes"
	"crypto/x509"
	"debug/buildinfo"
	"encoding/pem"
	"errors"
	"io"
	"log"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/registry"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"github.com/google/go-containerregistry/pkg/v1/types"
	"github.com/google/go-containerregistry/pkg/v1/validate"
	"golang.org/x/crypto/x509roots/fallback/bundle"

	"github.com/d2iq-labs/support-policy-operator/hack/image"
	"github.com/d2iq-labs/support-policy-operator/internal/version"
)

const (
	root        = "../.."
	testVersion = "v9.8.7"
	revision    = "0123456789abcdef0123456789abcdef01234567"
)

var (
	created = time.Date(2026, 12, 1, 3, 18, 0, 0, time.UTC)
	// platform is the one on which the tests can run the operator, and other one on which they cannot.
	platform = "linux/" + runtime.GOARCH
	other    = map[string]string{"linux/amd64": "linux/arm64", "linux/arm64": "linux/amd64"}[platform]
)

// scratch is the folder of the programs that the tests build.
var scratch string

func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) int {
	var err error
	if scratch, err = os.MkdirTemp("", "image-"); err != nil {
		panic(err)
	}
	defer func() { _ = os.RemoveAll(scratch) }()
	return m.Run()
}

// compile builds a package for a platform as a release does, but without the commit, which a copy of the sources may not have.
func compile(into, platform, path string, flags ...string) error {
	goos, goarch, _ := strings.Cut(platform, "/")
	arguments := append([]string{"build", "-trimpath", "-buildvcs=false", "-ldflags=-s -w -X " + version.Variable + "=" + testVersion, "-o", into}, flags...)
	build := exec.Command("go", append(arguments, path)...)
	build.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS="+goos, "GOARCH="+goarch)
	if out, err := build.CombinedOutput(); err != nil {
		return errors.New(string(out))
	}
	return nil
}

// programs are the operator for the platform, and a tiny program for the other one.
var programs = sync.OnceValues(func() (map[string]string, error) {
	paths := map[string]string{platform: filepath.Join(scratch, "operator"), other: filepath.Join(scratch, "tiny")}
	return paths, errors.Join(compile(paths[platform], platform, root), compile(paths[other], other, "./testdata/tiny"))
})

func optionsFor(t *testing.T) image.Options {
	t.Helper()
	paths, err := programs()
	if err != nil {
		t.Fatal(err)
	}
	return image.Options{Programs: paths, Root: root, Version: testVersion, Revision: revision, Created: created}
}

func build(t *testing.T) v1.ImageIndex {
	t.Helper()
	index, err := image.Build(t.Context(), optionsFor(t))
	if err != nil {
		t.Fatal(err)
	}
	return index
}

// of returns the image of a platform.
func of(t *testing.T, index v1.ImageIndex, platform string) v1.Image {
	t.Helper()
	for _, one := range must(index.IndexManifest())(t).Manifests {
		if one.Platform.String() == platform {
			return must(index.Image(one.Digest))(t)
		}
	}
	t.Fatalf("there is no image for %s", platform)
	return nil
}

// must ends the test where there is an error.
func must[T any](value T, err error) func(testing.TB) T {
	return func(t testing.TB) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return value
	}
}

// TestConfiguration: what the index and its images say about themselves, in full.
func TestConfiguration(t *testing.T) {
	index := build(t)
	says := map[string]string{
		"org.opencontainers.image.title":       "support-policy-operator",
		"org.opencontainers.image.description": "Makes a vendor's version support policy executable: says of each cluster whether, and until when, what is installed is supported",
		"org.opencontainers.image.source":      "https://github.com/d2iq-labs/support-policy-operator",
		"org.opencontainers.image.licenses":    "Apache-2.0",
		"org.opencontainers.image.version":     "v9.8.7",
		"org.opencontainers.image.revision":    revision,
		"org.opencontainers.image.created":     "2026-12-01T03:18:00Z",
	}
	manifest := must(index.IndexManifest())(t)
	if manifest.MediaType != types.OCIImageIndex {
		t.Errorf("the index is %s", manifest.MediaType)
	}
	if diff := cmp.Diff(says, manifest.Annotations); diff != "" {
		t.Errorf("annotations of the index (-want +got):\n%s", diff)
	}
	var platforms []string
	for _, one := range manifest.Manifests {
		platforms = append(platforms, one.Platform.String())
		if one.MediaType != types.OCIManifestSchema1 {
			t.Errorf("%s is %s", one.Platform, one.MediaType)
		}
	}
	if diff := cmp.Diff([]string{"linux/amd64", "linux/arm64"}, platforms); diff != "" {
		t.Errorf("platforms (-want +got):\n%s", diff)
	}
	for _, platform := range platforms {
		one := of(t, index, platform)
		if diff := cmp.Diff(says, must(one.Manifest())(t).Annotations); diff != "" {
			t.Errorf("%s: annotations (-want +got):\n%s", platform, diff)
		}
		config := must(one.ConfigFile())(t)
		want := v1.Config{User: "65532:65532", WorkingDir: "/", Entrypoint: []string{"/support-policy-operator"}, Labels: says}
		if diff := cmp.Diff(want, config.Config); diff != "" {
			t.Errorf("%s: configuration (-want +got):\n%s", platform, diff)
		}
		if got := config.OS + "/" + config.Architecture; got != platform || !config.Created.Equal(created) || len(config.History) != 2 {
			t.Errorf("%s: it is for %s, of %s, with the history %v", platform, got, config.Created, config.History)
		}
	}
}

// TestFiles: there is the program, what it trusts, and the licences. There is no shell. Nobody but root can change anything,
// and nothing has the time or the owner of the machine that made it.
func TestFiles(t *testing.T) {
	operator := of(t, build(t), platform)
	content := mutate.Extract(operator)
	defer content.Close()
	var files []string
	var size int64
	for archive := tar.NewReader(content); ; {
		header, err := archive.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		mode := header.FileInfo().Mode()
		if header.Uid != 0 || header.Gid != 0 || header.Uname+header.Gname != "" || !header.ModTime.Equal(created) || mode.Perm()&0o022 != 0 ||
			!mode.IsDir() && !mode.IsRegular() {
			t.Errorf("%s has the mode %s, the owner %d:%d, the time %s", header.Name, mode, header.Uid, header.Gid, header.ModTime)
		}
		if mode.IsRegular() && !strings.HasPrefix(header.Name, "licenses/") {
			files = append(files, header.Name)
		}
		size += header.Size
	}
	slices.Sort(files)
	if diff := cmp.Diff([]string{"etc/ssl/certs/ca-certificates.crt", "support-policy-operator"}, files); diff != "" {
		t.Errorf("files beside the licences (-want +got):\n%s", diff)
	}
	var compressed int64
	for _, layer := range must(operator.Layers())(t) {
		compressed += must(layer.Size())(t)
	}
	t.Logf("the image for %s: %.1f MB to download, %.1f MB unpacked", platform, float64(compressed)/1e6, float64(size)/1e6)
}

// fileIn returns a file of an image.
func fileIn(t *testing.T, from v1.Image, path string) []byte {
	t.Helper()
	content := mutate.Extract(from)
	defer content.Close()
	for archive := tar.NewReader(content); ; {
		switch header, err := archive.Next(); {
		case err != nil:
			t.Errorf("%s: %v", path, err)
			return nil
		case header.Name == path:
			return must(io.ReadAll(archive))(t)
		}
	}
}

// TestLicences: each module that the operator names in its build info has its licence in the image, as have the project and Go.
func TestLicences(t *testing.T) {
	operator := of(t, build(t), platform)
	info := must(buildinfo.ReadFile(optionsFor(t).Programs[platform]))(t)
	if len(info.Deps) < 50 {
		t.Fatalf("the operator is said to have %d modules", len(info.Deps))
	}
	if want, got := must(os.ReadFile(filepath.Join(root, "LICENSE")))(t), fileIn(t, operator, "licenses/LICENSE"); !bytes.Equal(want, got) {
		t.Errorf("the licence of the project is %.40q, want %.40q", got, want)
	}
	var found []string
	content := mutate.Extract(operator)
	defer content.Close()
	for archive := tar.NewReader(content); ; {
		header, err := archive.Next()
		if err != nil {
			break
		}
		if header.Size > 100 {
			found = append(found, strings.TrimPrefix(header.Name, "licenses/"))
		}
	}
	modules := []string{"std@" + info.GoVersion, "golang.org/x/crypto/x509roots/fallback@"}
	for _, linked := range info.Deps {
		modules = append(modules, linked.Path+"@"+linked.Version+"/")
	}
	for _, module := range modules {
		if !slices.ContainsFunc(found, func(name string) bool { return strings.HasPrefix(name, module) }) {
			t.Errorf("there is no licence of %s", module)
		}
	}
	t.Logf("%d files for %d modules", len(found), len(modules))
}

// TestCertificates: the file is one that Go reads, each certificate in it is an authority that is still valid, and none is
// trusted under a condition that the file does not have.
func TestCertificates(t *testing.T) {
	text := fileIn(t, of(t, build(t), platform), "etc/ssl/certs/ca-certificates.crt")
	count := 0
	for block, rest := pem.Decode(text); block != nil; block, rest = pem.Decode(rest) {
		certificate := must(x509.ParseCertificate(block.Bytes))(t)
		if !certificate.IsCA || certificate.NotAfter.Before(created) {
			t.Errorf("%s: an authority %t, until %s", certificate.Subject, certificate.IsCA, certificate.NotAfter)
		}
		count++
	}
	for trusted := range bundle.Roots() {
		encoded := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: trusted.Certificate})
		if is := bytes.Contains(text, encoded); is != (trusted.Constraint == nil) {
			t.Errorf("an authority is there %t, with a condition %t:\n%s", is, trusted.Constraint != nil, encoded)
		}
	}
	if !x509.NewCertPool().AppendCertsFromPEM(text) || count < 100 {
		t.Errorf("there are %d authorities", count)
	}
	t.Logf("%d authorities", count)
}

// TestReproducible: the same sources, built and packed again elsewhere, give the same digest. Another version, commit or time
// gives another one.
func TestReproducible(t *testing.T) {
	want := must(build(t).Digest())(t)
	again := optionsFor(t)
	again.Programs = map[string]string{platform: filepath.Join(t.TempDir(), "p1"), other: filepath.Join(t.TempDir(), "p2")}
	again.Created = created.In(time.FixedZone("elsewhere", 3600)).Add(time.Millisecond)
	if err := errors.Join(compile(again.Programs[platform], platform, root), compile(again.Programs[other], other, "./testdata/tiny")); err != nil {
		t.Fatal(err)
	}
	if got := must(must(image.Build(t.Context(), again))(t).Digest())(t); got != want {
		t.Errorf("built again it is %s, and not %s", got, want)
	}
	t.Logf("the index is %s, built with %s", want, runtime.Version())
	for field, change := range map[string]func(*image.Options){
		"version":  func(o *image.Options) { o.Version = "v9.8.8" },
		"revision": func(o *image.Options) { o.Revision = strings.Repeat("f", 40) },
		"created":  func(o *image.Options) { o.Created = created.Add(time.Second) },
	} {
		options := optionsFor(t)
		options.Programs = map[string]string{other: options.Programs[other]}
		before := must(must(image.Build(t.Context(), options))(t).Digest())(t)
		change(&options)
		if after := must(must(image.Build(t.Context(), options))(t).Digest())(t); after == before {
			t.Errorf("the digest does not depend on the %s", field)
		}
	}
}

// TestWrite reads back what is written, by the formats' own readers.
func TestWrite(t *testing.T) {
	index, folder := build(t), t.TempDir()
	digest := must(index.Digest())(t)
	// The second time replaces the first.
	for range 2 {
		if err := image.Write(folder, index, "registry.example/operators/support-policy-operator"); err != nil {
			t.Fatal(err)
		}
	}
	top := must(must(layout.FromPath(filepath.Join(folder, image.Layout)))(t).ImageIndex())(t)
	if err := validate.Index(top); err != nil {
		t.Error(err)
	}
	if manifests := must(top.IndexManifest())(t).Manifests; len(manifests) != 1 || manifests[0].Digest != digest {
		t.Errorf("the layout has %v, want the index %s alone", manifests, digest)
	}
	if got := must(must(image.Read(folder))(t).Digest())(t); got != digest {
		t.Errorf("read back, the index is %s, and not %s", got, digest)
	}
	for _, platform := range []string{platform, other} {
		path := filepath.Join(folder, image.Tarball(platform))
		// A name without a tag gets the tag that everybody means.
		tag := must(name.NewTag("registry.example/operators/support-policy-operator:latest"))(t)
		read := must(tarball.ImageFromPath(path, &tag))(t)
		if err := validate.Image(read); err != nil {
			t.Errorf("%s: %v", path, err)
		}
		if got, want := must(read.ConfigName())(t), must(of(t, index, platform).ConfigName())(t); got != want {
			t.Errorf("%s: the configuration is %s, and not %s", path, got, want)
		}
		manifest := must(tarball.LoadManifest(func() (io.ReadCloser, error) { return os.Open(path) }))(t)
		if len(manifest) != 1 || !slices.Equal(manifest[0].RepoTags, []string{tag.String()}) {
			t.Errorf("%s: %+v", path, manifest)
		}
	}
	if err := image.Write(folder, index, "Registry.example/UPPER"); err == nil || !strings.Contains(err.Error(), "the name of the image") {
		t.Errorf("a name that cannot be gives %v", err)
	}
}

// TestPush pushes to a registry, and pulls what a node would.
func TestPush(t *testing.T) {
	server := httptest.NewServer(registry.New(registry.Logger(log.New(io.Discard, "", 0))))
	defer server.Close()
	index := build(t)
	reference := strings.TrimPrefix(server.URL, "http://") + "/operators/support-policy-operator:v9.8.7"
	pushed, err := image.Push(t.Context(), index, reference)
	if err != nil {
		t.Fatal(err)
	}
	if want := must(index.Digest())(t).String(); pushed.DigestStr() != want {
		t.Errorf("it says that it pushed %s, and not %s", pushed.DigestStr(), want)
	}
	for _, from := range []name.Reference{pushed, must(name.ParseReference(reference))(t)} {
		pulled := must(remote.Index(from, remote.WithContext(t.Context())))(t)
		if got := must(pulled.Digest())(t).String(); got != pushed.DigestStr() {
			t.Errorf("%s is %s, and not %s", from, got, pushed.DigestStr())
		}
		if err := validate.Index(pulled); err != nil {
			t.Error(err)
		}
	}
	for _, platform := range []string{platform, other} {
		node := must(v1.ParsePlatform(platform))(t)
		pulled := must(remote.Image(pushed, remote.WithPlatform(*node)))(t)
		if got, want := must(pulled.Digest())(t), must(of(t, index, platform).Digest())(t); got != want {
			t.Errorf("a node of %s gets %s, and not %s", platform, got, want)
		}
	}
	server.Close()
	if _, err := image.Push(t.Context(), index, reference); err == nil || !strings.Contains(err.Error(), "image: push "+reference) {
		t.Errorf("without a registry there is the error %v", err)
	}
}

// TestRefusals: what cannot be a good image is none.
func TestRefusals(t *testing.T) {
	linked := filepath.Join(t.TempDir(), "dynamic")
	if err := compile(linked, "linux/amd64", "./testdata/tiny", "-buildmode=pie"); err != nil {
		t.Fatal(err)
	}
	paths := optionsFor(t).Programs
	for want, change := range map[string]func(*image.Options){
		"there is no program":      func(o *image.Options) { o.Programs = nil },
		`version ""`:               func(o *image.Options) { o.Version = "" },
		`revision ""`:              func(o *image.Options) { o.Revision = "" },
		"created 0001-01-01":       func(o *image.Options) { o.Created = time.Time{} },
		"is built for " + other:    func(o *image.Options) { o.Programs = map[string]string{platform: paths[other]} },
		"is no Go program":         func(o *image.Options) { o.Programs = map[string]string{platform: "image_test.go"} },
		"is not static":            func(o *image.Options) { o.Programs = map[string]string{"linux/amd64": linked} },
		"licences: that of the pr": func(o *image.Options) { o.Root = "testdata" },
	} {
		options := optionsFor(t)
		change(&options)
		if _, err := image.Build(t.Context(), options); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("the error is %v, want %q", err, want)
		}
	}
}
