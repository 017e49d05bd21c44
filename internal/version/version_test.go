// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package version

import (
	"os/exec"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestRead(t *testing.T) {
	built := func(main string, settings ...string) *debug.BuildInfo {
		info := &debug.BuildInfo{Main: debug.Module{Version: main}}
		for _, setting := range settings {
			key, value, _ := strings.Cut(setting, "=")
			info.Settings = append(info.Settings, debug.BuildSetting{Key: key, Value: value})
		}
		return info
	}
	for name, test := range map[string]struct {
		release string
		build   *debug.BuildInfo
		want    Info
		reason  string
	}{
		"release": {
			"v0.2.0", built("v0.1.1-0.20261201031800-6b7726f0c0ff", "vcs.revision=6b7726f", "vcs.time=2026-12-01T03:18:00Z", "vcs.modified=false"),
			Info{Version: "v0.2.0", Commit: "6b7726f", Date: "2026-12-01T03:18:00Z", Modified: "false"},
			"the version that the build gives comes first",
		},
		"no release": {
			"", built("v0.1.1-0.20261201031800-6b7726f0c0ff+dirty", "vcs.revision=6b7726f", "vcs.time=2026-12-01T03:18:00Z", "vcs.modified=true"),
			Info{Version: "v0.1.1-0.20261201031800-6b7726f0c0ff+dirty", Commit: "6b7726f", Date: "2026-12-01T03:18:00Z", Modified: "true"},
			"without one Go's own counts",
		},
		"go install": {
			"", built("v0.2.0"), Info{Version: "v0.2.0", Commit: Unknown, Date: Unknown, Modified: Unknown},
			"a module from a proxy has a version, and no commit",
		},
		"no Git": {
			"", built("(devel)", "CGO_ENABLED=0"), Info{Version: Unknown, Commit: Unknown, Date: Unknown, Modified: Unknown},
			"(devel) is no version",
		},
		"empty": {
			"", built("", "vcs.revision=", "vcs.time=", "vcs.modified="),
			Info{Version: Unknown, Commit: Unknown, Date: Unknown, Modified: Unknown},
			"an empty value says nothing",
		},
		"no build info": {
			"v0.2.0", nil, Info{Version: "v0.2.0", Commit: Unknown, Date: Unknown, Modified: Unknown},
			"what the build gave is known all the same",
		},
	} {
		t.Run(name, func(t *testing.T) {
			test.want.GoVersion, test.want.Platform = runtime.Version(), runtime.GOOS+"/"+runtime.GOARCH
			if diff := cmp.Diff(test.want, read(test.release, test.build)); diff != "" {
				t.Errorf("%s (-want +got):\n%s", test.reason, diff)
			}
		})
	}
}

func TestString(t *testing.T) {
	got := Info{"v0.2.0", "6b7726f", "2026-12-01T03:18:00Z", "false", "go1.26.10", "linux/arm64"}.String()
	want := `version:  v0.2.0
commit:   6b7726f
date:     2026-12-01T03:18:00Z
modified: false
go:       go1.26.10
platform: linux/arm64
`
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestVariable: the linker sets the variable by this name; it passes over a name that does not exist. It builds the plugin,
// which is smaller than the operator.
func TestVariable(t *testing.T) {
	program := filepath.Join(t.TempDir(), "program")
	build := exec.CommandContext(t.Context(), "go", "build", "-buildvcs=false", "-ldflags", "-X "+Variable+"=v9.8.7", "-o", program,
		"../../cmd/kubectl-support_policy")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	out, err := exec.CommandContext(t.Context(), program, "version").CombinedOutput()
	if err != nil || !strings.HasPrefix(string(out), "version:  v9.8.7\ncommit:   unknown\n") {
		t.Errorf("it says %q, %v", out, err)
	}
}
