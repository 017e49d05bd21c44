// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package controlplane

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/d2iq-labs/support-policy-operator/test/expect"
	"github.com/d2iq-labs/support-policy-operator/test/testfile"
)

func TestBuiltVersion(t *testing.T) {
	tests := map[string]struct {
		goMod, want, wantErr string
	}{
		"in a block": {
			goMod: "require (\n\tk8s.io/kubectl v0.37.2 // indirect\n\tk8s.io/kubernetes v1.37.2\n)\n",
			want:  "v1.37.2",
		},
		"on a line of its own": {goMod: "require k8s.io/kubernetes v1.38.0\n", want: "v1.38.0"},
		"as an indirect one":   {goMod: "require (\n\tk8s.io/kubernetes v1.37.2 // indirect\n)\n", want: "v1.37.2"},
		"not at all": {
			goMod:   "tool k8s.io/kubernetes/cmd/kubectl\n",
			wantErr: "requires no k8s.io/kubernetes",
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			goMod := filepath.Join(t.TempDir(), "go.mod")
			testfile.Write(t, goMod, test.goMod)
			got, err := builtVersion(goMod)
			if test.wantErr != "" {
				if err == nil || !strings.Contains(err.Error(), test.wantErr) {
					t.Errorf("error %v, want one with %q", err, test.wantErr)
				}
			} else if err != nil {
				t.Error(err)
			}
			expect.Equal(t, test.want, got, "version")
		})
	}
}

// TestAssetsAreThoseOfThisRepository: build.sh and Assets agree on the folder.
func TestAssetsAreThoseOfThisRepository(t *testing.T) {
	working, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	root := filepath.Dir(filepath.Dir(working))
	for version, prefix := range map[string]string{"": "v1.", Old: Old + "."} {
		got, err := ownAssets(version)
		if err != nil {
			t.Fatal(err)
		}
		expect.Equal(t, filepath.Join(root, ".cache", "controlplane"), filepath.Dir(got), "folder of", version)
		if name := filepath.Base(got); !strings.HasPrefix(name, prefix) {
			t.Errorf("folder of %q: %s, want %s…", version, name, prefix)
		}
	}
}

// TestUnknownVersionIsNotMissing: a version that does not exist fails the test that names it, rather than skip it.
func TestUnknownVersionIsNotMissing(t *testing.T) {
	t.Setenv(oldAssetsVariable, "")
	if _, err := assets("v1.0"); err == nil || errors.Is(err, ErrMissing) {
		t.Fatalf("error %v, want another one than ErrMissing", err)
	}
}

func TestAssetsNamesWhatIsMissing(t *testing.T) {
	for version, variable := range map[string]string{"": assetsVariable, Old: oldAssetsVariable} {
		empty := t.TempDir()
		t.Setenv(variable, empty)
		_, err := assets(version)
		if !errors.Is(err, ErrMissing) {
			t.Fatalf("error %v, want ErrMissing", err)
		}
		for _, want := range []string{filepath.Join(empty, "etcd"), "make controlplane", variable} {
			if !strings.Contains(err.Error(), want) {
				t.Errorf("error %q does not say %q", err, want)
			}
		}
	}
}

func TestAssetsOutsideOfTheRepository(t *testing.T) {
	t.Setenv(assetsVariable, "")
	t.Chdir(t.TempDir())
	if _, err := Assets(); !errors.Is(err, ErrMissing) {
		t.Fatalf("error %v, want ErrMissing", err)
	}
}

func TestStartSaysWhichProgramIsMissing(t *testing.T) {
	_, err := Start(t.Context(), Options{Dir: t.TempDir()})
	if !errors.Is(err, ErrMissing) {
		t.Fatalf("error %v, want ErrMissing", err)
	}
}
