// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package release

import (
	"context"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/d2iq-labs/support-policy-operator/hack/image"
	"github.com/d2iq-labs/support-policy-operator/hack/licences"
	"github.com/d2iq-labs/support-policy-operator/internal/version"
)

// plugin is the name of the plugin's program, by which kubectl finds it.
const plugin = "kubectl-support_policy"

// The platforms of a release.
var (
	operatorPlatforms = []string{"linux/amd64", "linux/arm64", "darwin/amd64", "darwin/arm64"}
	pluginPlatforms   = append(slices.Clone(operatorPlatforms), "windows/amd64", "windows/arm64")
)

// environment are the settings of Go that change what it makes, so that those of the machine do not.
var environment = []string{
	"CGO_ENABLED=0", "GOFLAGS=", "GOWORK=off", "GOEXPERIMENT=", "GOAMD64=v1", "GOARM64=v8.0", "GOFIPS140=off",
}

// compile compiles the programs for each platform.
func (b *build) compile(ctx context.Context) (err error) {
	if b.Operator == nil {
		b.Operator = operatorPlatforms
	}
	if b.Plugin == nil {
		b.Plugin = pluginPlatforms
	}
	if b.operators, err = b.compileFor(ctx, b.Operator, ".", image.Name); err != nil {
		return err
	}
	b.plugins, err = b.compileFor(ctx, b.Plugin, "./cmd/"+plugin, plugin)
	return err
}

// compileFor compiles one program, and returns the paths by platform.
func (b *build) compileFor(ctx context.Context, platforms []string, source, name string) (map[string]string, error) {
	programs := map[string]string{}
	for _, platform := range platforms {
		system, architecture, _ := strings.Cut(platform, "/")
		program := filepath.Join(b.scratch, "programs", system+"_"+architecture, name)
		if system == "windows" {
			program += ".exe"
		}
		_, err := run(ctx, b.Root, append(slices.Clone(environment), "GOOS="+system, "GOARCH="+architecture), "go", "build",
			"-trimpath", "-buildvcs=true", "-ldflags=-s -w -X "+version.Variable+"="+b.Version, "-o", program, source)
		if err != nil {
			return nil, err
		}
		programs[platform] = program
	}
	return programs, nil
}

// packPrograms writes an archive for each program, with the licences of what is linked into it.
func (b *build) packPrograms(ctx context.Context) error {
	for _, programs := range []map[string]string{b.operators, b.plugins} {
		for _, platform := range slices.Sorted(maps.Keys(programs)) {
			if err := b.packProgram(ctx, platform, programs[platform]); err != nil {
				return fmt.Errorf("%s: %w", platform, err)
			}
		}
	}
	return nil
}

func (b *build) packProgram(ctx context.Context, platform, program string) error {
	content, err := os.ReadFile(program)
	if err != nil {
		return err
	}
	entries := []entry{{name: filepath.Base(program), content: content, mode: 0o755}}
	texts, err := licences.Collect(ctx, b.Root, program)
	if err != nil {
		return err
	}
	for _, text := range texts {
		entries = append(entries, entry{name: licenceName(text.Path), content: text.Content, mode: 0o644})
	}
	name := b.named(strings.TrimSuffix(filepath.Base(program), ".exe"), strings.ReplaceAll(platform, "/", "_"))
	if strings.HasPrefix(platform, "windows/") {
		archive, err := zipped(entries, b.at)
		if err != nil {
			return err
		}
		return write(b.Folder, name+".zip", archive)
	}
	archive, err := gzipped(entries, b.at)
	if err != nil {
		return err
	}
	return write(b.Folder, name+".tar.gz", archive)
}

// licenceName is the name of a licence in an archive: those of the project are at its top.
func licenceName(path string) string {
	if !strings.Contains(path, "/") {
		return path
	}
	return "licenses/" + path
}

// named is the name of a file of the release, without its extension.
func (b *build) named(piece, kind string) string { return piece + "_" + b.Version + "_" + kind }
