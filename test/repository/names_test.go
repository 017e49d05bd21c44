// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package repository_test

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"

	"github.com/d2iq-labs/support-policy-operator/test/repository"
)

const (
	prefix = "acme-"
	suffix = "-eu"
)

// everything is an overlay of all that is applied to the operator's cluster, but for another program's objects.
const everything = `
resources: [ROOT/%s]
components:
- ROOT/monitoring/prometheus-operator
- ROOT/monitoring/cert-manager
- ROOT/monitoring/grafana
- ROOT/config/network-policy
`

// kept are the places in which a name stays as it is, by pattern, with the reason.
var kept = map[string]string{
	`\.(matchLabels|selector|labels)\.app\.kubernetes\.io/name$`:           "the label is not the name of an object",
	`^Role\.rules\.\d+\.resourceNames\.\d+$`:                               "a lease: the operator makes it, by a name of its own",
	`^Deployment\.spec\.template\.spec\.volumes\.\d+\.secret\.secretName$`: "cert-manager makes the Secret that the Certificate names",
	`^Certificate\.spec\.(secretName|commonName)$`:                         "cert-manager makes the Secret, and the name in the certificate is no address",
	`^ServiceMonitor\.spec\.endpoints\.\d+\.tlsConfig\.ca\.secret\.name$`:  "cert-manager makes the Secret that the Certificate names",
}

// TestNamePrefix: with a namePrefix and a nameSuffix each reference follows the name of its object. It searches the objects for
// names, so that a new reference is found without anybody's doing.
func TestNamePrefix(t *testing.T) {
	isUsed := map[string]bool{}
	for _, base := range []string{"config/default", "config/fleet", "config/sharded"} {
		overlay := fmt.Sprintf(everything, base)
		plain := build(t, overlay)
		renamed := build(t, overlay+"namePrefix: "+prefix+"\nnameSuffix: "+suffix+"\n")
		if len(plain) != len(renamed) || len(plain) < 20 {
			t.Fatalf("%s: %d objects, and %d with a prefix", base, len(plain), len(renamed))
		}
		names := map[string]bool{}
		for i := range plain {
			if name := nameOf(plain[i]); nameOf(renamed[i]) == prefix+name+suffix {
				names[name] = true
			} else if kind := plain[i]["kind"]; kind != "CustomResourceDefinition" && kind != "Namespace" {
				t.Errorf("%s: %v %s has the name %s with a prefix", base, kind, name, nameOf(renamed[i]))
			}
		}
		for i, object := range plain {
			other := places(renamed[i])
			for place, text := range places(object) {
				if !names[text] || other[place] == prefix+text+suffix {
					continue
				}
				if pattern := keeps(place); pattern != "" {
					isUsed[pattern] = true
				} else {
					t.Errorf("%s: %s of %s names %s, and does not follow it: add it to a nameReference, or say here why it stays", base, place, nameOf(object), text)
				}
			}
		}
	}
	for pattern := range kept {
		if !isUsed[pattern] {
			t.Errorf("nothing stays as it is by %s: take it out", pattern)
		}
	}
}

// build returns the objects of an overlay, in order.
func build(t *testing.T, overlay string) []map[string]any {
	t.Helper()
	var objects []map[string]any
	for document := range strings.SplitSeq(repository.Build(t, repository.Overlay{Kustomization: overlay}), "\n---\n") {
		var object map[string]any
		if err := yaml.Unmarshal([]byte(document), &object); err != nil {
			t.Fatal(err)
		}
		objects = append(objects, object)
	}
	return objects
}

func nameOf(object map[string]any) string {
	metadata, _ := object["metadata"].(map[string]any)
	return fmt.Sprint(metadata["name"])
}

// places are the texts of an object, by kind and path.
func places(object map[string]any) map[string]string {
	found := map[string]string{}
	var walk func(path string, value any)
	walk = func(path string, value any) {
		switch value := value.(type) {
		case map[string]any:
			for key, below := range value {
				walk(path+"."+key, below)
			}
		case []any:
			for i, below := range value {
				walk(fmt.Sprintf("%s.%d", path, i), below)
			}
		case string:
			found[path] = value
		}
	}
	walk(fmt.Sprint(object["kind"]), object)
	return found
}

// keeps returns the pattern by which a name stays as it is; empty for none.
func keeps(place string) string {
	for _, pattern := range slices.Sorted(maps.Keys(kept)) {
		if regexp.MustCompile(pattern).MatchString(place) {
			return pattern
		}
	}
	return ""
}
