// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package licences

import (
	"debug/buildinfo"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/debug"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const root = "../.."

// compile builds a program with one module.
func compile(t *testing.T) (string, *debug.BuildInfo) {
	t.Helper()
	program := filepath.Join(t.TempDir(), "program")
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-buildvcs=false", "-o", program, "./testdata/program").CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	build, err := buildinfo.ReadFile(program)
	if err != nil {
		t.Fatal(err)
	}
	return program, build
}

func TestCollect(t *testing.T) {
	program, build := compile(t)
	// Of two programs with the same modules each text is there once.
	files, err := Collect(t.Context(), root, program, program)
	if err != nil {
		t.Fatal(err)
	}
	var paths []string
	for _, file := range files {
		paths = append(paths, file.Path)
		if len(file.Content) == 0 {
			t.Errorf("%s is empty", file.Path)
		}
	}
	want := []string{"LICENSE", build.Deps[0].Path + "@" + build.Deps[0].Version + "/LICENSE.txt", "std@" + build.GoVersion + "/LICENSE", "std@" + build.GoVersion + "/PATENTS"}
	if diff := cmp.Diff(want, paths); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestOfModule(t *testing.T) {
	files, err := OfModule(t.Context(), root, "go.yaml.in/yaml/v3")
	if err != nil {
		t.Fatal(err)
	}
	var paths []string
	for _, file := range files {
		_, name, _ := strings.Cut(file.Path, "@")
		_, name, _ = strings.Cut(name, "/")
		paths = append(paths, name)
	}
	if diff := cmp.Diff([]string{"LICENSE", "NOTICE"}, paths); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if _, err := OfModule(t.Context(), root, "example.com/unknown"); err == nil || !strings.Contains(err.Error(), "example.com/unknown") {
		t.Errorf("a module that go.mod does not name gives %v", err)
	}
}

// TestMismatch: texts of other versions than those that are linked are not passed on.
func TestMismatch(t *testing.T) {
	program, build := compile(t)
	for want, other := range map[string]debug.BuildInfo{
		"go1.2.3 built it": {GoVersion: "go1.2.3"},
		"github.com/Masterminds/semver/v3@v3.0.1 is linked": {
			GoVersion: build.GoVersion, Deps: []*debug.Module{{Path: "github.com/Masterminds/semver/v3", Version: "v3.0.1"}},
		},
		"example.com/unknown": {GoVersion: build.GoVersion, Deps: []*debug.Module{{Path: "example.com/unknown", Version: "v1.0.0"}}},
	} {
		if _, err := ofBuild(t.Context(), root, &other); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("the error is %v, want %q", err, want)
		}
	}
	if _, err := Collect(t.Context(), root, "licences.go"); err == nil || !strings.Contains(err.Error(), "licences.go is no Go program") {
		t.Errorf("a text gives %v", err)
	}
	if _, err := Collect(t.Context(), t.TempDir(), program); err == nil || !strings.Contains(err.Error(), "that of the project") {
		t.Errorf("a project without a licence gives %v", err)
	}
}

func TestFilesBelow(t *testing.T) {
	for name, test := range map[string]struct {
		files, want []string
		err, reason string
	}{
		"all names": {
			[]string{"LICENSE.md", "LICENCE", "COPYING", "NOTICE.txt", "PATENTS", "UNLICENSE", "LICENSE-APACHE-2.0.txt", "License", "COPYRIGHT"},
			[]string{"m@v1/COPYING", "m@v1/COPYRIGHT", "m@v1/LICENCE", "m@v1/LICENSE-APACHE-2.0.txt", "m@v1/LICENSE.md", "m@v1/License", "m@v1/NOTICE.txt", "m@v1/PATENTS", "m@v1/UNLICENSE"},
			"", "licences have many names",
		},
		"code": {
			[]string{"LICENSE", "license.go", "licensing.md", "license/check.go"}, []string{"m@v1/LICENSE"},
			"", "what is about licences is none",
		},
		"folders": {
			[]string{"LICENSE", "forked/LICENSE", "testdata/LICENSE", "vendor/m/LICENSE"}, []string{"m@v1/LICENSE", "m@v1/forked/LICENSE"},
			"", "forked code is linked, tests and vendored modules are not",
		},
		"none":        {[]string{"README.md"}, nil, "m@v1 has no licence file in", "nothing permits to pass it on"},
		"notice only": {[]string{"NOTICE"}, nil, "m@v1 has no licence file in", "a notice permits nothing"},
		"below only":  {[]string{"forked/LICENSE"}, nil, "m@v1 has no licence file in", "it is that of the forked code"},
	} {
		t.Run(name, func(t *testing.T) {
			folder := t.TempDir()
			for _, file := range test.files {
				path := filepath.Join(folder, file)
				if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(path, []byte("text"), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			files, err := ofModule(module{Path: "m", Version: "v1", Dir: folder})
			if (err == nil) != (test.err == "") || err != nil && !strings.Contains(err.Error(), test.err) {
				t.Errorf("the error is %v, want %q, as %s", err, test.err, test.reason)
			}
			var got []string
			for _, file := range files {
				got = append(got, file.Path)
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("%s (-want +got):\n%s", test.reason, diff)
			}
		})
	}
}
