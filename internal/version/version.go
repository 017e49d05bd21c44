// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

// Package version is what a program of this module knows about itself. What is not known is Unknown; nothing is guessed.
package version

import (
	"fmt"
	"runtime"
	"runtime/debug"
)

// Unknown stands for what the program does not know.
const Unknown = "unknown"

// Variable is the variable that the build of a release sets: go build -ldflags "-X Variable=v0.2.0".
const Variable = "github.com/d2iq-labs/support-policy-operator/internal/version.release"

// release is the version that the build gives.
var release string

// Info is what the program knows about itself.
type Info struct {
	// Version is the version that the build gave, such as v0.2.0; without one what Go makes of the tags in Git.
	Version string `json:"version"`
	// Commit is the Git commit from which the program is built.
	Commit string `json:"commit"`
	// Date is the time of the commit, not that of the build, in RFC 3339.
	Date string `json:"date"`
	// Modified is "true" where the sources differ from the commit, "false" where they do not.
	Modified string `json:"modified"`
	// GoVersion is the version of Go that built the program.
	GoVersion string `json:"goVersion"`
	// Platform is the operating system and the architecture for which the program is built, such as linux/amd64.
	Platform string `json:"platform"`
}

// Get returns what this program knows about itself.
func Get() Info {
	build, _ := debug.ReadBuildInfo()
	return read(release, build)
}

// read takes from the build info what is there. A nil build says nothing.
func read(release string, build *debug.BuildInfo) Info {
	info := Info{
		Version: release, Commit: Unknown, Date: Unknown, Modified: Unknown,
		GoVersion: runtime.Version(), Platform: runtime.GOOS + "/" + runtime.GOARCH,
	}
	if build == nil {
		build = &debug.BuildInfo{}
	}
	if info.Version == "" {
		info.Version = build.Main.Version
	}
	// Go says (devel) where it has no version.
	if info.Version == "" || info.Version == "(devel)" {
		info.Version = Unknown
	}
	for _, setting := range build.Settings {
		switch {
		case setting.Value == "":
		case setting.Key == "vcs.revision":
			info.Commit = setting.Value
		case setting.Key == "vcs.time":
			info.Date = setting.Value
		case setting.Key == "vcs.modified":
			info.Modified = setting.Value
		}
	}
	return info
}

// String is the form for people.
func (i Info) String() string {
	return fmt.Sprintf("version:  %s\ncommit:   %s\ndate:     %s\nmodified: %s\ngo:       %s\nplatform: %s\n",
		i.Version, i.Commit, i.Date, i.Modified, i.GoVersion, i.Platform)
}
