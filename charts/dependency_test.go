// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package charts_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// umbrella is a chart that depends on both charts, each with a condition.
const umbrella = `
apiVersion: v2
name: platform
version: 1.0.0
dependencies:
- {name: support-policy-operator, version: "*", condition: support-policy-operator.enabled}
- {name: support-policies, version: "*", condition: support-policies.enabled}
`

// TestDependency renders the charts as parts of another one, where Helm adds the value `global`, and the condition the value
// `enabled`.
func TestDependency(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	for _, part := range []string{operatorChart, policiesChart} {
		if err := os.CopyFS(filepath.Join(folder, "charts", part), os.DirFS(part)); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(folder, "Chart.yaml"), []byte(umbrella), 0o600); err != nil {
		t.Fatal(err)
	}
	shipped, err := runHelm(t, "", "template", "policies", "charts/"+policiesChart)
	if err != nil {
		t.Fatal(err)
	}
	operator, policies := chart(t, operatorChart, system, allValues), parse(t, shipped)
	for name, test := range map[string]struct {
		values string
		want   []objects
	}{
		"no condition is set":     {"global: {region: eu}\nsupport-policy-operator:\n" + indent(allValues), []objects{operator, policies}},
		"both conditions are met": {"support-policies: {enabled: true}\nsupport-policy-operator:\n  enabled: true\n" + indent(allValues), []objects{operator, policies}},
		"the operator is left out": {
			"support-policy-operator: {enabled: false}", []objects{policies},
		},
		"the policies are left out": {
			"support-policies: {enabled: false}\nsupport-policy-operator:\n  enabled: true\n" + indent(allValues), []objects{operator},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			out, err := runHelm(t, test.values, "template", "platform", folder, "--namespace="+system, "--values=-", "--skip-tests")
			if err != nil {
				t.Fatal(err)
			}
			want := objects{}
			for _, part := range test.want {
				for name, content := range part {
					want[name] = content
				}
			}
			// The objects of the policies never had Helm's labels.
			got := parse(t, out)
			for name := range got {
				if _, is := policies[name]; is {
					continue
				}
				got[name] = withoutHelm(objects{name: got[name]})[name]
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("(-alone +in another chart):\n%s", diff)
			}
		})
	}
}
