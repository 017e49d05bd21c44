// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package release

import (
	"bytes"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/d2iq-labs/support-policy-operator/test/repository"
)

// TestMake makes a release for one platform twice, in two folders, with equal digests, and reads what is in it. `make
// verify-release` does so for all platforms.
func TestMake(t *testing.T) {
	if testing.Short() {
		t.Skip("it compiles the programs, and perhaps Helm")
	}
	snapshot := repository.NewSnapshot(t)
	platforms := []string{"linux/" + runtime.GOARCH}
	options := Options{
		Root: snapshot.Folder, Version: "v0.2.0", Publisher: someone, Folder: filepath.Join(snapshot.Folder, "dist"),
		Operator: platforms, Plugin: platforms,
	}
	if err := Make(t.Context(), options); err != nil {
		t.Fatal(err)
	}
	t.Run("files", func(t *testing.T) { checkFiles(t, options.Folder) })
	t.Run("sums", func(t *testing.T) { checkSums(t, options.Folder) })
	t.Run("images", func(t *testing.T) { checkImages(t, options.Folder) })
	t.Run("chart", func(t *testing.T) { checkChart(t, options.Folder) })
	t.Run("programs", func(t *testing.T) { checkProgram(t, options.Folder) })
	t.Run("again", func(t *testing.T) {
		if err := Verify(t.Context(), options); err != nil {
			t.Error(err)
		}
	})
}

// checkFiles: what a release consists of. Of the bundle and the catalog it counts that they are there.
func checkFiles(t *testing.T, folder string) {
	entries, err := os.ReadDir(folder)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, e := range entries {
		got = append(got, e.Name())
	}
	platform := "linux_" + runtime.GOARCH
	want := []string{
		sumsFile, "bundle", "catalog", fleetFile, installFile, "kubectl-support_policy_v0.2.0_" + platform + ".tar.gz",
		templateFile, policiesFile, recordFile, "support-policies-0.2.0.tgz", "support-policy-operator-0.2.0.tgz",
		"support-policy-operator_v0.2.0_bundle_oci.tar", "support-policy-operator_v0.2.0_catalog_oci.tar",
		"support-policy-operator_v0.2.0_image_" + platform + ".tar", "support-policy-operator_v0.2.0_image_oci.tar",
		"support-policy-operator_v0.2.0_" + platform + ".tar.gz", uninstallFile,
	}
	slices.Sort(want)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("files (-want +got):\n%s", diff)
	}
}

// checkSums: sha256sum takes the digests, and each file has one.
func checkSums(t *testing.T, folder string) {
	command := exec.CommandContext(t.Context(), "sha256sum", "--check", "--strict", sumsFile)
	command.Dir = folder
	out, err := command.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	files := 0
	err = filepath.WalkDir(folder, func(_ string, entry fs.DirEntry, err error) error {
		if err == nil && !entry.IsDir() {
			files++
		}
		return err
	})
	if checked := strings.Count(string(out), ": OK\n"); err != nil || checked != files-1 {
		t.Errorf("%d of %d files are checked, %v", checked, files, err)
	}
}

// checkImages: every image that is named anywhere is that of the release, by its digest.
func checkImages(t *testing.T, folder string) {
	name := regexp.MustCompile(`(?m)^\s*(?:- )?(?:image|containerImage): (\S+)$`)
	record := read(t, folder, recordFile)
	want := name.FindStringSubmatch(record)
	if want == nil || !strings.HasPrefix(want[1], someone.Image+"@sha256:") {
		t.Fatalf("%s names no image by its digest:\n%s", recordFile, record)
	}
	for file, count := range map[string]int{installFile: 2, fleetFile: 2} {
		found := name.FindAllStringSubmatch(read(t, folder, file), -1)
		if len(found) != count {
			t.Errorf("%s names %d images, want %d", file, len(found), count)
		}
		for _, one := range found {
			if one[1] != want[1] {
				t.Errorf("%s names the image %s, want %s", file, one[1], want[1])
			}
		}
	}
	bundleImage := regexp.MustCompile(`(?m)^bundleImage: (\S+)$`).FindStringSubmatch(record)[1]
	if catalog := read(t, folder, "catalog/support-policy-operator/catalog.yaml"); !strings.Contains(catalog, "image: "+bundleImage+"\n") {
		t.Errorf("the catalog does not name the image %s of the bundle", bundleImage)
	}
	for kind, reference := range map[string]string{"image": want[1], "bundle": bundleImage} {
		layout := filepath.Join(folder, "support-policy-operator_v0.2.0_"+kind+"_oci.tar")
		_, digest, _ := strings.Cut(reference, "@")
		index, err := exec.CommandContext(t.Context(), "tar", "-xOf", layout, "index.json").Output()
		if err != nil || !bytes.Contains(index, []byte(digest)) {
			t.Errorf("the index of the layout %s is %s, %v, and lacks %s", kind, index, err, digest)
		}
	}
}

// checkChart: the chart has the version, the image and the maintainers of the release.
func checkChart(t *testing.T, folder string) {
	packed, err := os.ReadFile(filepath.Join(folder, "support-policy-operator-0.2.0.tgz"))
	if err != nil {
		t.Fatal(err)
	}
	entries, err := ungzipped(bytes.NewReader(packed))
	if err != nil {
		t.Fatal(err)
	}
	files := map[string]string{}
	for _, e := range entries {
		files[e.name] = string(e.content)
	}
	record := read(t, folder, recordFile)
	digest := regexp.MustCompile(`(?m)^image: \S+@(sha256:[0-9a-f]{64})$`).FindStringSubmatch(record)[1]
	for name, wanted := range map[string][]string{
		"support-policy-operator/Chart.yaml":  {"version: 0.2.0\n", "appVersion: v0.2.0\n", "jo@publisher.test"},
		"support-policy-operator/values.yaml": {"repository: \"" + someone.Image + "\"\n", "digest: \"" + digest + "\"\n", "# The image, without its tag.\n"},
	} {
		for _, text := range wanted {
			if !strings.Contains(files[name], text) {
				t.Errorf("%s lacks %q:\n%s", name, text, files[name])
			}
		}
	}
}

// checkProgram: the program knows its version and commit, and has its licences beside it.
func checkProgram(t *testing.T, folder string) {
	unpacked := t.TempDir()
	archive := filepath.Join(folder, "kubectl-support_policy_v0.2.0_linux_"+runtime.GOARCH+".tar.gz")
	if out, err := exec.CommandContext(t.Context(), "tar", "-xzf", archive, "-C", unpacked).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	commit := regexp.MustCompile(`commit: (\w+)`).FindStringSubmatch(read(t, folder, recordFile))[1]
	if runtime.GOOS == "linux" {
		out, err := exec.CommandContext(t.Context(), filepath.Join(unpacked, plugin), "version").Output()
		if err != nil || !strings.Contains(string(out), "v0.2.0") || !strings.Contains(string(out), commit) {
			t.Errorf("it says %s, %v; want v0.2.0 and %s", out, err, commit)
		}
	}
	for _, pattern := range []string{"LICENSE", "licenses/std@go*/LICENSE", "licenses/sigs.k8s.io/yaml@*/LICENSE"} {
		if found, err := filepath.Glob(filepath.Join(unpacked, pattern)); err != nil || len(found) != 1 {
			t.Errorf("%s: %q, %v", pattern, found, err)
		}
	}
}

func read(t *testing.T, folder, name string) string {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(folder, name))
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

// TestCompare: a file that differs, or is there once only, is named.
func TestCompare(t *testing.T) {
	same := "1  install.yaml\n"
	if err := compare([]byte(same), []byte(same)); err != nil {
		t.Error(err)
	}
	for _, other := range []string{"2  install.yaml\n", same + "3  more\n", ""} {
		if err := compare([]byte(same), []byte(other)); err == nil {
			t.Errorf("%q and %q are the same", same, other)
		}
	}
}
