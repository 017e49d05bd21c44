// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

// Generate writes bundle/ and catalog/ below a folder, as they are in the repository: of the version of the Helm chart, with
// the image of config/manager and without a publisher. A release has its own.
package main

import (
	"fmt"
	"os"
	"path/filepath"

	"sigs.k8s.io/yaml"

	"github.com/d2iq-labs/support-policy-operator/hack/bundle"
	"github.com/d2iq-labs/support-policy-operator/test/repository"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "generate the bundle:", err)
		os.Exit(1)
	}
}

func run(arguments []string) error {
	if len(arguments) != 1 {
		return fmt.Errorf("want the folder to write below, got %q", arguments)
	}
	root, err := repository.Root()
	if err != nil {
		return err
	}
	version, err := chartVersion(root)
	if err != nil {
		return err
	}
	made, err := bundle.Generate(root, bundle.Release{Version: version})
	if err != nil {
		return err
	}
	files, err := made.Files()
	if err != nil {
		return err
	}
	catalog, err := made.Catalog(bundle.Package + "-bundle:" + version)
	if err != nil {
		return err
	}
	if err := files.Write(filepath.Join(arguments[0], "bundle")); err != nil {
		return err
	}
	return catalog.Write(filepath.Join(arguments[0], "catalog"))
}

// chartVersion is the version of the operator that the Helm chart installs.
func chartVersion(root string) (string, error) {
	content, err := os.ReadFile(filepath.Join(root, "charts", bundle.Package, "Chart.yaml"))
	if err != nil {
		return "", fmt.Errorf("find the version: %w", err)
	}
	var chart struct {
		AppVersion string `json:"appVersion"`
	}
	if err := yaml.Unmarshal(content, &chart); err != nil {
		return "", fmt.Errorf("find the version: %w", err)
	}
	return chart.AppVersion, nil
}
