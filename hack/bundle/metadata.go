// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package bundle

import (
	_ "embed" // the configuration of the scorecard
	"fmt"
	"maps"
	"slices"
	"strings"

	"sigs.k8s.io/yaml"
)

// metadataFile has the annotations of the bundle.
const metadataFile = "metadata/annotations.yaml"

// scorecard is the configuration of operator-sdk's scorecard: its tests of bundles.
//
//go:embed scorecard.yaml
var scorecard []byte

// annotations say what kind of bundle it is, where its parts are and which channel it belongs to.
func annotations() map[string]string {
	return map[string]string{
		"operators.operatorframework.io.bundle.mediatype.v1":       "registry+v1",
		"operators.operatorframework.io.bundle.manifests.v1":       "manifests/",
		"operators.operatorframework.io.bundle.metadata.v1":        "metadata/",
		"operators.operatorframework.io.bundle.package.v1":         Package,
		"operators.operatorframework.io.bundle.channels.v1":        Channel,
		"operators.operatorframework.io.bundle.channel.default.v1": Channel,
		"operators.operatorframework.io.test.mediatype.v1":         "scorecard+v1",
		"operators.operatorframework.io.test.config.v1":            "tests/scorecard/",
	}
}

// Labels are those of the image of the bundle, which has manifests/, metadata/ and tests/ in its root: the annotations
// again, since tools that do not unpack the image read them there.
func Labels() map[string]string { return annotations() }

// catalogFolder is where the catalog's files are in its image.
const catalogFolder = "/configs"

// CatalogLabels are those of the image of the catalog: where its files are.
func CatalogLabels() map[string]string {
	return map[string]string{"operators.operatorframework.io.index.configs.v1": catalogFolder}
}

// dockerfile builds the image of the bundle in the bundle's folder.
func dockerfile() []byte {
	labels := Labels()
	lines := []string{"FROM scratch", ""}
	for _, name := range slices.Sorted(maps.Keys(labels)) {
		lines = append(lines, "LABEL "+name+"="+labels[name])
	}
	lines = append(lines, "", "COPY manifests /manifests/", "COPY metadata /metadata/", "COPY tests/scorecard /tests/scorecard/", "")
	return []byte(strings.Join(lines, "\n"))
}

func toYAML(object any) ([]byte, error) {
	content, err := yaml.Marshal(object)
	if err != nil {
		return nil, fmt.Errorf("write the bundle: %w", err)
	}
	return content, nil
}
