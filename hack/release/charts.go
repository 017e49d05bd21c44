// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package release

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/d2iq-labs/support-policy-operator/hack/image"
)

// packageCharts packages the Helm charts with the version and the image of the release.
func (b *build) packageCharts(ctx context.Context) error {
	helm, err := run(ctx, b.Root, nil, "go", "tool", "-n", "-modfile=hack/helm/go.mod", "helm")
	if err != nil {
		return err
	}
	for _, chart := range []string{image.Name, "support-policies"} {
		if err := b.packageChart(ctx, strings.TrimSpace(string(helm)), chart); err != nil {
			return fmt.Errorf("%s: %w", chart, err)
		}
	}
	return nil
}

func (b *build) packageChart(ctx context.Context, helm, chart string) error {
	folder := filepath.Join(b.scratch, "charts", chart)
	if err := os.CopyFS(folder, os.DirFS(filepath.Join(b.Root, "charts", chart))); err != nil {
		return err
	}
	if err := b.editChart(folder, chart); err != nil {
		return err
	}
	if _, err := run(ctx, b.scratch, nil, helm, "package", folder, "--destination="+b.scratch); err != nil {
		return err
	}
	name := chart + "-" + strings.TrimPrefix(b.Version, "v") + ".tgz"
	packed, err := os.ReadFile(filepath.Join(b.scratch, name))
	if err != nil {
		return err
	}
	// Helm gives the files the time at which it runs.
	entries, err := ungzipped(bytes.NewReader(packed))
	if err != nil {
		return err
	}
	archive, err := gzipped(entries, b.at)
	if err != nil {
		return err
	}
	return write(b.Folder, name, archive)
}

// editChart gives a copy of a chart the version, the maintainers and the image of the release.
func (b *build) editChart(folder, chart string) error {
	about := filepath.Join(folder, "Chart.yaml")
	if err := edit(about, strings.TrimPrefix(b.Version, "v"), "version"); err != nil {
		return err
	}
	if err := b.addMaintainers(about); err != nil {
		return err
	}
	if chart != image.Name {
		return nil
	}
	_, digest, _ := strings.Cut(b.image, "@")
	prerelease := strconv.FormatBool(strings.Contains(b.Version, "-"))
	values := filepath.Join(folder, "values.yaml")
	for _, change := range []struct {
		file, value string
		path        []string
	}{
		{about, b.Version, []string{"appVersion"}},
		{about, prerelease, []string{"annotations", "artifacthub.io/prerelease"}},
		{values, b.Publisher.Image, []string{"image", "repository"}},
		{values, digest, []string{"image", "digest"}},
	} {
		if err := edit(change.file, change.value, change.path...); err != nil {
			return err
		}
	}
	return nil
}

// edit replaces the value of a field in its line, and so keeps the rest of the file as it is.
func edit(file, value string, path ...string) error {
	text, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	var document yaml.Node
	if err := yaml.Unmarshal(text, &document); err != nil {
		return fmt.Errorf("%s: %w", filepath.Base(file), err)
	}
	node := document.Content[0]
	for _, key := range path {
		if node = field(node, key); node == nil {
			return fmt.Errorf("%s has no %s", filepath.Base(file), strings.Join(path, "."))
		}
	}
	lines := strings.SplitAfter(string(text), "\n")
	lines[node.Line-1] = lines[node.Line-1][:node.Column-1] + strconv.Quote(value) + "\n"
	return os.WriteFile(file, []byte(strings.Join(lines, "")), 0o600)
}

// addMaintainers appends the maintainers, whom the chart in the repository does not name.
func (b *build) addMaintainers(file string) error {
	text, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	if bytes.Contains(text, []byte("\nmaintainers:")) {
		return fmt.Errorf("%s names maintainers: take them out, they are the publisher's", filepath.Base(file))
	}
	added, err := yaml.Marshal(map[string]any{"maintainers": b.Publisher.Maintainers})
	if err != nil {
		return err
	}
	return os.WriteFile(file, append(text, added...), 0o600)
}

// field returns the value of a key of a mapping, or nil.
func field(mapping *yaml.Node, key string) *yaml.Node {
	for i := 0; i+1 < len(mapping.Content); i += 2 {
		if mapping.Content[i].Value == key {
			return mapping.Content[i+1]
		}
	}
	return nil
}
