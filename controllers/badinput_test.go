// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/d2iq-labs/support-policy-operator/api/v1alpha1"
	"github.com/d2iq-labs/support-policy-operator/internal/facts"
)

// policyWith is a policy for the example product with a spec of one's own, in which tabs are not needed.
func policyWith(name, product, spec string) string {
	return fmt.Sprintf(`
apiVersion: support.d2iq.io/v1alpha1
kind: SupportPolicy
metadata: {name: %s}
spec:
  product: %s
%s`, name, product, spec)
}

// What the schema can refuse never gets into the API server, and kubectl prints where the mistake is.
func TestRefusedAtApply(t *testing.T) {
	w := newWorld(t, "v1.19.9", "2021-03-01")
	host := func(spec string) string {
		return "apiVersion: support.d2iq.io/v1alpha1\nkind: ClusterSupport\nmetadata: {name: refused, namespace: team-a}\nspec: " + spec
	}
	release := func(fields string) string {
		return policyWith("refused", "Example", "  lifecycle: {window: {supportedMinors: 1}}\n  releases: ["+fields+"]")
	}
	clause := func(fields string) string {
		return policyWith("refused", "Example", "  lifecycle: {listed: {}}\n  "+fields)
	}
	exception := func(spec string) string {
		return "apiVersion: support.d2iq.io/v1alpha1\nkind: SupportException\nmetadata: {name: refused}\nspec: " + spec
	}
	for name, test := range map[string]struct {
		manifest string
		want     []string
	}{
		"a detection of nothing": {clause("detection: {}"), []string{"spec.detection", "should have at least 1 properties"}},
		"terms without a level":  {clause("supportTerms: {scopes: []}"), []string{"spec.supportTerms.level", "Required value"}},
		"a scope that is no word": {
			clause("supportTerms: {level: Secondary, scopes: [{scope: bug fixes, severities: [4]}]}"),
			[]string{"spec.supportTerms.scopes[0].scope", "bug fixes"},
		},
		"a scope twice": {
			clause("supportTerms: {level: Secondary, scopes: [{scope: A, severities: [4]}, {scope: A, severities: [3]}]}"),
			[]string{"spec.supportTerms.scopes[1]", "Duplicate value"},
		},
		"a component twice": {
			clause("experimental: {components: [{name: istio}, {name: istio}]}"),
			[]string{"spec.experimental.components[1]", "Duplicate value"},
		},
		"an operating system twice": {
			release(`{version: "1.0", operatingSystems: [{name: A, osImage: a}, {name: A, osImage: b}]}`),
			[]string{"spec.releases[0].operatingSystems[1]", "Duplicate value"},
		},
		"an operating system that cannot be recognized": {
			release(`{version: "1.0", operatingSystems: [{name: A}]}`),
			[]string{"spec.releases[0].operatingSystems[0].osImage", "Required value"},
		},
		"an exception without an end": {exception("{product: A, reference: r, reason: r}"), []string{"spec.through", "Required value"}},
		"an exception without a reference": {
			exception(`{product: A, through: "2021-12-31", reason: r}`),
			[]string{"spec.reference", "Required value"},
		},
		"an exception through no day": {
			exception(`{product: A, through: "2021-02-30", reference: r, reason: r}`),
			[]string{"spec.through", "2021-02-30", "date"},
		},
		"an exception for nothing": {
			exception(`{product: A, versions: [], through: "2021-12-31", reference: r, reason: r}`),
			[]string{"spec.versions", "should have at least 1 items"},
		},
		"an unknown environment": {host("{cluster: {host: {}}, environment: Staging}"), []string{"spec.environment", "Unsupported value", "NonProduction"}},
		"two lifecycles": {
			policyWith("refused", "Example", "  lifecycle: {window: {supportedMinors: 1}, rangeOf: {products: [Konvoy]}}"),
			[]string{"spec.lifecycle", "Too many: 2: must have at most 1"},
		},
		"an empty lifecycle": {
			policyWith("refused", "Example", "  lifecycle: {}"),
			[]string{"spec.lifecycle", "should have at least 1 properties"},
		},
		"no lifecycle":       {policyWith("refused", "Example", "  priority: 1"), []string{"spec.lifecycle", "Required value"}},
		"no product":         {policyWith("refused", `""`, "  lifecycle: {window: {supportedMinors: 1}}"), []string{"spec.product"}},
		"a 30 February":      {release(`{version: "1.0", generalAvailability: "2021-02-30"}`), []string{"spec.releases[0].generalAvailability", "2021-02-30", "date"}},
		"a day that is none": {release(`{version: "1.0", withdrawn: "soon"}`), []string{"spec.releases[0].withdrawn", "soon", "date"}},
		"an instant for a day": {
			release(`{version: "1.0", supportedThrough: "2021-02-28T00:00:00Z"}`),
			[]string{"spec.releases[0].supportedThrough", "2021-02-28T00:00:00Z", "date"},
		},
		"a release twice": {
			release(`{version: "1.0"}, {version: "1.1"}, {version: "1.0"}`),
			[]string{"spec.releases[2]", "Duplicate value", `"version":"1.0"`},
		},
		"a patch twice": {
			release(`{version: "1.0", patches: [{version: 1.0.1}, {version: 1.0.1}]}`),
			[]string{"spec.releases[0].patches[1]", "Duplicate value", `"version":"1.0.1"`},
		},
		"half a range":               {release(`{version: "1.0", kubernetes: {minimum: "1.18"}}`), []string{"spec.releases[0].kubernetes.maximum", "Required value"}},
		"an unknown field":           {release(`{version: "1.0", generallyAvailable: "2021-02-10"}`), []string{`unknown field "spec.releases[0].generallyAvailable"`}},
		"a number for text":          {release(`{version: 1.0}`), []string{"spec.releases[0].version", "must be of type string"}},
		"a cluster without a member": {host("{cluster: {}}"), []string{"spec.cluster", "should have at least 1 properties"}},
		"no cluster":                 {host("{declaredReleases: []}"), []string{"spec.cluster", "Required value"}},
		"an unknown kind of cluster": {host("{cluster: {moon: {}}}"), []string{`unknown field "spec.cluster.moon"`}},
		"a release declared twice": {
			host("{cluster: {host: {}}, declaredReleases: [{product: A, name: a, version: 1.0.0}, {product: A, name: a, version: 1.1.0}]}"),
			[]string{"spec.declaredReleases[1]", "Duplicate value"},
		},
	} {
		w.run(name, func(t *testing.T) {
			_, err := w.KubectlInput(t.Context(), []byte(test.manifest), "apply", "-f", "-")
			if err == nil {
				t.Fatal("kubectl apply accepted it")
			}
			for _, want := range test.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("the message does not have %q: %v", want, err)
				}
			}
		})
	}
	w.run("an unknown state in a status", func(t *testing.T) {
		w.apply(policyWith("refused", "Example", "  lifecycle: {window: {supportedMinors: 1}}"))
		_, err := w.Kubectl(t.Context(), "patch", "supportpolicy", "refused", "--subresource=status", "--type=merge",
			"-p", `{"status":{"releases":[{"version":"1.0","stage":"Fine"}]}}`)
		if err == nil || !strings.Contains(err.Error(), `Unsupported value: "Fine"`) {
			t.Errorf("the API server says %v", err)
		}
	})
}

const exampleWindow = "  lifecycle: {window: {supportedMinors: 1}}\n"

// invalidPolicies are some of what the schema lets through: the spec below the product, and what the message has to
// have, which is the field, what was found and what is allowed. TestValidator of the engine has the others.
var invalidPolicies = []struct {
	name, spec string
	want       []string
}{
	{
		"control characters in a version",
		exampleWindow + `  releases: [{version: "1.\u0007\e[31m"}]`,
		[]string{`spec.releases[1.\a\x1b[31m].version`, "must be a minor such as 1.4"},
	},
	{
		"a selector that is none",
		exampleWindow + "  clusterSelector: {matchExpressions: [{key: stage, operator: Like, values: [prod]}]}",
		[]string{"spec.clusterSelector.matchExpressions[0]", "stage Like prod", "must be a term of a label selector"},
	},
	{
		"a lifecycle that depends on itself",
		"  lifecycle: {follows: {product: PRODUCT}}",
		[]string{"spec.lifecycle.follows.product", "must be another product"},
	},
	{
		"two mistakes",
		exampleWindow + "  timeZone: Mars\n  releases: [{version: x}]",
		[]string{"spec.timeZone", `"Mars"`, "spec.releases[x].version", `"x"`},
	},
}

// What the schema cannot refuse the operator does. Each policy is about a product of its own, all installed on the host.
func TestInvalidPolicies(t *testing.T) {
	w := newWorld(t, "v1.19.9", "2021-03-01")
	policy := func(i int) (name, product string) { return fmt.Sprintf("invalid-%d", i), fmt.Sprintf("Example%d", i) }
	var installed []string
	for i, test := range invalidPolicies {
		name, product := policy(i)
		w.apply(policyWith(name, product, strings.ReplaceAll(test.spec, "PRODUCT", product)))
		installed = append(installed, fmt.Sprintf("{product: %s, name: default, version: 1.0.3}", product))
	}
	w.apply(hostManifest("", "declaredReleases: ["+strings.Join(installed, ", ")+"]"))
	w.start()
	for i, test := range invalidPolicies {
		name, product := policy(i)
		w.run(test.name, func(*testing.T) {
			w.awaitInvalid(name, test.want...)
			w.awaitRow(product, v1alpha1.StateUnknown, v1alpha1.ReasonPolicyInvalid, "policy "+name+" is invalid")
			w.awaitPolicy(name, v1alpha1.ConditionSupported, metav1.ConditionUnknown, v1alpha1.ReasonPolicyInvalid)
		})
	}
	w.awaitHost(v1alpha1.ConditionSupported, metav1.ConditionUnknown, v1alpha1.ReasonPolicyInvalid)

	for i := range invalidPolicies {
		w.apply(examplePolicy(policy(i)))
	}
	for i, test := range invalidPolicies {
		name, product := policy(i)
		w.run(test.name+", mended", func(*testing.T) {
			w.awaitMended(name)
			w.awaitRow(product, v1alpha1.StateSupported, v1alpha1.ReasonLastInWindow, "is supported")
			w.awaitPolicy(name, v1alpha1.ConditionSupported, metav1.ConditionTrue, v1alpha1.ReasonSupported)
		})
	}
	w.awaitHost(v1alpha1.ConditionSupported, metav1.ConditionTrue, v1alpha1.ReasonSupported)
}

// A cycle is the fault of both, and mending one mends both.
func TestCycleOfPolicies(t *testing.T) {
	w := newWorld(t, "v1.19.9", "2021-03-01")
	closed := policyWith("other", "Other", "  lifecycle: {follows: {product: Example}}")
	open := policyWith("other", "Other", exampleWindow+`  releases: [{version: "1.19", generalAvailability: "2021-01-01"}]`)
	w.apply(policyWith("example", "Example", "  lifecycle: {follows: {product: Other}}"))
	w.apply(closed)
	w.start()
	w.awaitInvalid("example", "spec.lifecycle.follows.product", `"Other"`, "must not lead back to the policy's own product: Example, Other, Example")
	w.awaitInvalid("other", "spec.lifecycle.follows.product", `"Example"`, "must not lead back to the policy's own product: Other, Example, Other")
	// No cluster has the products, so the policies have only each other to learn it from.
	w.apply(open)
	w.awaitMended("other")
	w.awaitMended("example")

	w.apply(closed)
	w.apply(strings.Replace(exampleHost, "1.0.3", "stable-1.19", 1))
	w.awaitRow("Example", v1alpha1.StateUnknown, v1alpha1.ReasonPolicyInvalid, "policy example is invalid")
	w.awaitInvalid("example")
	w.apply(open)
	w.awaitRow("Example", v1alpha1.StateSupported, v1alpha1.ReasonLastInWindow, "follows Other 1.19")
	w.awaitMended("example")
}

// awaitInvalid waits until a policy is stalled with all of these in its message.
func (w *world) awaitInvalid(name string, want ...string) {
	w.t.Helper()
	w.awaitPolicyThat(name, func(policy *v1alpha1.SupportPolicy) error {
		conditions := policy.Status.Conditions
		wrong := []error{
			says(conditions, v1alpha1.ConditionReady, metav1.ConditionFalse, v1alpha1.ReasonInvalidPolicy, want...),
			expect(conditions, v1alpha1.ConditionStalled, metav1.ConditionTrue, v1alpha1.ReasonInvalidPolicy),
		}
		if ready := meta.FindStatusCondition(conditions, v1alpha1.ConditionReady); ready != nil {
			if strings.ContainsFunc(ready.Message, func(r rune) bool { return r < ' ' }) {
				wrong = append(wrong, fmt.Errorf("the message has control characters: %q", ready.Message))
			}
		}
		if policy.Status.SupportedVersions != "" || len(policy.Status.Releases) > 0 || policy.Status.NextTransitionTime != nil {
			wrong = append(wrong, fmt.Errorf("it still decides: %+v", policy.Status))
		}
		return errors.Join(wrong...)
	})
}

// awaitMended waits until a policy is ready and not stalled.
func (w *world) awaitMended(name string) {
	w.t.Helper()
	w.awaitPolicyThat(name, func(policy *v1alpha1.SupportPolicy) error {
		return errors.Join(lacks(policy.Status.Conditions, v1alpha1.ConditionStalled),
			expect(policy.Status.Conditions, v1alpha1.ConditionReady, metav1.ConditionTrue, v1alpha1.ReasonEvaluated))
	})
}

// awaitRow waits until the first finding on a product's default installation on the host says this.
func (w *world) awaitRow(product string, state v1alpha1.State, reason, message string) {
	w.t.Helper()
	w.awaitKey(hostKey, func(host *v1alpha1.ClusterSupport) error {
		i := slices.IndexFunc(host.Status.Releases, func(r v1alpha1.InstalledRelease) bool { return r.Product == product })
		if i < 0 {
			return fmt.Errorf("%s is not among the releases", product)
		}
		found := &host.Status.Releases[i]
		if found.State != state || found.Findings[0].Reason != reason || !strings.Contains(found.Findings[0].Message, message) {
			return fmt.Errorf("%s is %s because of %s, expected is %s because of %s, %q: %s",
				product, found.State, found.Findings[0].Reason, state, reason, message, found.Findings[0].Message)
		}
		return nil
	})
}

// What cannot be read in the cluster is quoted, and cannot harm a reader of the status.
func TestUnreadableVersions(t *testing.T) {
	w := newShippedWorld(t, "v1.19.9", "2021-03-01")
	w.start()
	long := strings.Repeat("x", 200)
	for _, test := range []struct {
		name, manifest, product string
		// version is what the status has, and the message between quotation marks.
		version string
	}{
		{"a version that is none", kommanderAddon("later", "none", "0.0.0", "v0"), facts.Kommander, "none"},
		{
			"control characters", kommanderAddon("1.0.0", `"1.3\u0007.\e[31m1\n\u202e"`, "0.0.0", "v0"), facts.Kommander,
			`1.3\a.\x1b[31m1\n\u202e`,
		},
		{"too long", kommanderAddon("1.0.0", long, "0.0.0", "v0"), facts.Kommander, long[:61] + "..."},
		{
			"too long when it is escaped", kommanderAddon("1.0.0", `"`+strings.Repeat(`\u0000`, 64)+`"`, "0.0.0", "v0"),
			facts.Kommander, strings.Repeat(`\x00`, 15) + `\...`,
		},
		{"a tag of a mistaken Kubernetes", bpsAddon("stable-1.5-2.0.0"), facts.BasePlatformServices, "stable-1.5-2.0.0"},
		{"a tag that is none", bpsAddon("stable-x"), facts.BasePlatformServices, "stable-x"},
	} {
		w.run(test.name, func(t *testing.T) {
			w.apply(test.manifest)
			w.awaitRow(test.product, v1alpha1.StateUnknown, v1alpha1.ReasonUnreadableVersion, `"`+test.version+`"`)
			for _, r := range w.mustHost().Status.Releases {
				if r.Product == test.product && r.Version != test.version {
					t.Errorf("the version is %q, expected is %q", r.Version, test.version)
				}
			}
			for kind, status := range w.statuses() {
				if strings.ContainsFunc(status, func(r rune) bool { return r != '\n' && !strconv.IsPrint(r) }) {
					t.Errorf("%s has characters that cannot be printed: %q", kind, status)
				}
			}
		})
	}
	w.awaitHost(v1alpha1.ConditionSupported, metav1.ConditionUnknown, v1alpha1.ReasonUnreadableVersion)
}

func bpsAddon(ref string) string {
	return fmt.Sprintf(`
apiVersion: kubeaddons.mesosphere.io/v1beta2
kind: ClusterAddon
metadata:
  name: cert-manager
  labels:
    kubeaddons.mesosphere.io/repository-name: mesosphere-kubernetes-base-addons
    kubeaddons.mesosphere.io/repository-ref: %s
spec: {namespace: cert-manager, chartReference: {chart: cert-manager-setup, version: 0.2.7}}
`, ref)
}
