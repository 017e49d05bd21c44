// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package image

import (
	"debug/buildinfo"
	"debug/elf"
	"fmt"
	"slices"
	"strings"
)

// Dirty is the end of the revision of a program whose sources differ from the commit.
const Dirty = "+dirty"

// checkProgram refuses a program that cannot run in an empty image of the platform, or that says that it is of another
// commit.
func checkProgram(program, platform, revision string) error {
	build, err := buildinfo.ReadFile(program)
	if err != nil {
		return fmt.Errorf("%s is no Go program: %w", program, err)
	}
	settings := map[string]string{}
	for _, setting := range build.Settings {
		settings[setting.Key] = setting.Value
	}
	if built := settings["GOOS"] + "/" + settings["GOARCH"]; built != platform {
		return fmt.Errorf("%s is built for %s", program, built)
	}
	if stamped := settings["vcs.revision"]; stamped != "" {
		if settings["vcs.modified"] == "true" {
			stamped += Dirty
		}
		if stamped != revision {
			return fmt.Errorf("%s is built from the commit %s, and not from %s", program, stamped, revision)
		}
	}
	return checkStatic(program)
}

// checkStatic refuses a program that needs a dynamic linker.
func checkStatic(program string) error {
	read, err := elf.Open(program)
	if err != nil {
		return fmt.Errorf("%s is no program for Linux: %w", program, err)
	}
	defer read.Close()
	isInterpreter := func(p *elf.Prog) bool { return p.Type == elf.PT_INTERP }
	libraries, err := read.ImportedLibraries()
	if err != nil {
		return fmt.Errorf("%s: %w", program, err)
	}
	if slices.ContainsFunc(read.Progs, isInterpreter) || len(libraries) > 0 {
		return fmt.Errorf("%s is not static, it needs a linker and %q, and the image has neither: build it with CGO_ENABLED=0",
			program, strings.Join(libraries, ", "))
	}
	return nil
}
