// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package support

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/d2iq-labs/support-policy-operator/api/v1alpha1"
	"github.com/d2iq-labs/support-policy-operator/internal/facts"
	"github.com/d2iq-labs/support-policy-operator/test/expect"
	"github.com/d2iq-labs/support-policy-operator/test/testfile"
)

// These tests hold the shipped policies against what the vendor's pages said at their time: the rules of the version
// policy page, the lists of supported versions, and the versions that each Konvoy installed by default.

const shippedFolder = "../../config/policies"

// shipped are the policies in config/policies, each as it is written and all of them compiled.
type shipped struct {
	objects map[string]*v1alpha1.SupportPolicy
	set     *Set
}

func loadShipped(t testing.TB) shipped {
	t.Helper()
	s := shipped{objects: map[string]*v1alpha1.SupportPolicy{}}
	var policies []*Policy
	for _, file := range shippedFiles(t) {
		object := &v1alpha1.SupportPolicy{}
		testfile.DecodeStrict(t, testfile.Read(t, filepath.Join(shippedFolder, file)), object)
		s.objects[object.Name] = object
		policies = append(policies, Compile(object))
	}
	s.set = NewSet(policies)
	return s
}

// shippedFiles are the resources of the kustomization, which has to name all files of the folder.
func shippedFiles(t testing.TB) []string {
	t.Helper()
	const own = "kustomization.yaml"
	var kustomization struct {
		metav1.TypeMeta `json:",inline"`

		CommonAnnotations map[string]string `json:"commonAnnotations"`
		Resources         []string          `json:"resources"`
	}
	testfile.DecodeStrict(t, testfile.Read(t, filepath.Join(shippedFolder, own)), &kustomization)
	entries, err := os.ReadDir(shippedFolder)
	if err != nil {
		t.Fatal(err)
	}
	var files []string
	for _, entry := range entries {
		if entry.Name() != own {
			files = append(files, entry.Name())
		}
	}
	slices.Sort(kustomization.Resources)
	if diff := cmp.Diff(files, kustomization.Resources); diff != "" {
		t.Fatalf("%s does not name what is in the folder (-folder +named):\n%s", own, diff)
	}
	return files
}

// patches are the listed versions of a minor of the shipped policy for a product.
func (s shipped) patches(t *testing.T, product, minor string) []string {
	t.Helper()
	var versions []string
	for _, object := range s.objects {
		for i := range object.Spec.Releases {
			if r := &object.Spec.Releases[i]; object.Spec.Product == product && r.Version == minor {
				for j := range r.Patches {
					versions = append(versions, r.Patches[j].Version)
				}
			}
		}
	}
	if len(versions) == 0 {
		t.Fatalf("no patches of %s %s are listed", product, minor)
	}
	return versions
}

// installed is a product with its version.
type installed struct{ product, version string }

// assess evaluates a cluster that consists of these releases; without a Kubernetes version where that is not known.
func (s shipped) assess(now time.Time, kubernetes string, releases ...installed) clusterAssessment {
	c := cluster().on(kubernetes)
	for _, r := range releases {
		c = c.with(product(r.product, r.version))
	}
	return s.set.assess(c.evaluationInput, now)
}

// reasonOfType is the reason of the one finding of a type, empty when there is none.
func reasonOfType(row v1alpha1.InstalledRelease, question v1alpha1.FindingType) string {
	for _, finding := range row.Findings {
		if finding.Type == question {
			return finding.Reason
		}
	}
	return ""
}

// instantsOf are the first and the last second of a day; the shipped policies count in UTC.
func instantsOf(day string) []time.Time {
	return []time.Time{at(day), at(day).Add(24*time.Hour - time.Second)}
}

func TestShippedPoliciesAreValid(t *testing.T) {
	s := loadShipped(t)
	expect.Equal(t, 9, len(s.objects), "policies are shipped under different names")
	for name, object := range s.objects {
		if want := v1alpha1.GroupVersion.WithKind("SupportPolicy"); object.GroupVersionKind() != want {
			t.Errorf("%s is a %s, want %s", name, object.GroupVersionKind(), want)
		}
		for _, problem := range s.set.Problems(name) {
			t.Errorf("%s: %v", name, problem)
		}
	}
}

// Which minors a page called supported from a day on, and which the archive called unsupported. A list held until the next
// minor came; what is unsupported remains so.
func TestPublishedLists(t *testing.T) {
	t.Parallel()
	s := loadShipped(t)
	tests := []struct {
		source, day, through, policy string
		// supported are all supported minors; empty where the source does not list them.
		supported []string
		// endedUpTo is the newest minor that the source calls unsupported.
		endedUpTo string
	}{
		{"version policy page of Kommander 1.4", "2021-05-05", "2021-08-25", "kommander", []string{"1.4", "1.3", "1.2"}, "1.1"},
		{"archive page", "2021-08-06", timelineTo, "konvoy", nil, "1.5"},
		{"archive page", "2021-08-06", timelineTo, "kommander", nil, "1.1"},
		{"pages of 2.0", "2021-08-26", "2021-11-17", "konvoy", []string{"2.0", "1.8", "1.7"}, ""},
		{"pages of 2.0", "2021-08-26", "2021-11-18", "kommander", []string{"2.0", "1.4", "1.3"}, ""},
		{"pages of 2.2", "2022-04-08", timelineTo, "konvoy", []string{"2.2", "2.1", "1.8"}, ""},
		{"pages of 2.2", "2022-04-08", timelineTo, "kommander", []string{"2.2", "2.1", "1.4"}, ""},
		{"archive page", "2022-05-17", timelineTo, "konvoy", nil, "1.7"},
		{"archive page", "2022-05-17", timelineTo, "kommander", nil, "1.3"},
		{"version policy page of Kaptain 1.1.0", "2021-05-12", "2021-08-15", "kaptain", []string{"1.1", "1.0", "0.6"}, "0.5"},
		{"version policy page of Kaptain 1.2.0", "2021-08-16", "2022-01-18", "kaptain", []string{"1.2", "1.1", "1.0"}, "0.6"},
		{"version policy page of Kaptain 2.0.0", "2022-04-26", timelineTo, "kaptain", []string{"2.0", "1.3", "1.2"}, "1.1"},
	}
	for _, test := range tests {
		t.Run(test.policy+" "+test.day, func(t *testing.T) {
			product := s.objects[test.policy].Spec.Product
			// All days for the list of the policy, and the first and the last for every patch of every minor.
			for now := range daysBetween(test.day, test.through) {
				description, _ := s.set.describePolicy(test.policy, now)
				if want := strings.Join(test.supported, ", "); test.supported != nil && description.SupportedVersions != want {
					t.Errorf("at %s the policy's list is %s, on the %s it is %s", now, description.SupportedVersions, test.source, want)
				}
			}
			for _, now := range []time.Time{instantsOf(test.day)[0], instantsOf(test.through)[1]} {
				states := s.statesOfMinors(t, product, now)
				var supported []string
				for _, one := range states {
					if one.state == v1alpha1.StateSupported {
						supported = append(supported, one.minor)
					}
					if test.endedUpTo != "" && !newerMinor(t, one.minor, test.endedUpTo) && one.reason != v1alpha1.ReasonSupportEnded {
						t.Errorf("at %s %s %s is %s (%s), and the %s calls it unsupported",
							now, product, one.minor, one.state, one.reason, test.source)
					}
				}
				if diff := cmp.Diff(test.supported, supported); test.supported != nil && diff != "" {
					t.Errorf("at %s not as on the %s (-page +policy):\n%s", now, test.source, diff)
				}
				description, _ := s.set.describePolicy(test.policy, now)
				if want := strings.Join(supported, ", "); description.SupportedVersions != want {
					t.Errorf("at %s the policy's list is %s, its clusters say %s", now, description.SupportedVersions, want)
				}
			}
		})
	}
}

type stateOfMinor struct {
	minor, reason string
	state         v1alpha1.State
}

// statesOfMinors asks for every listed patch of every minor; they have to agree.
func (s shipped) statesOfMinors(t *testing.T, product string, now time.Time) []stateOfMinor {
	t.Helper()
	var states []stateOfMinor
	for _, object := range s.objects {
		if object.Spec.Product != product {
			continue
		}
		for i := range object.Spec.Releases {
			one := stateOfMinor{minor: object.Spec.Releases[i].Version}
			for _, version := range s.patches(t, product, one.minor) {
				row := rowOf(t, s.assess(now, "", installed{product, version}), product)
				reason := reasonOfType(row, v1alpha1.FindingLifecycle)
				if one.state != "" && (one.state != row.State || one.reason != reason) {
					t.Errorf("at %s %s %s is %s (%s), other patches of its minor are %s (%s)",
						now, product, version, row.State, reason, one.state, one.reason)
				}
				one.state, one.reason = row.State, reason
			}
			states = append(states, one)
		}
	}
	return states
}

func newerMinor(t *testing.T, a, b string) bool {
	t.Helper()
	first, err := facts.ParseMinor(a)
	if err != nil {
		t.Fatal(err)
	}
	second, err := facts.ParseMinor(b)
	if err != nil {
		t.Fatal(err)
	}
	return first.Compare(second) > 0
}

// policyPageDay is a day on which the version policy page of Kommander 1.4 was in force, with the statements below.
const policyPageDay = "2021-06-01"

// "Kommander 1.3 runs on Konvoy 1.7 only", and so on: 1.2 on 1.7 and 1.1 on 1.6 are prohibited, as is every other pair.
func TestPolicyPagePairs(t *testing.T) {
	t.Parallel()
	runsOn := map[string]string{
		"1.0": "1.4", "1.1": "1.5", "1.2": "1.6", "1.3": "1.7", "1.4": "1.8", "2.0": "2.0", "2.1": "2.1", "2.2": "2.2",
	}
	s := loadShipped(t)
	now := instantsOf(policyPageDay)[0]
	for i := range s.objects["kommander"].Spec.Releases {
		for j := range s.objects["konvoy"].Spec.Releases {
			kommanderMinor := s.objects["kommander"].Spec.Releases[i].Version
			konvoyMinor := s.objects["konvoy"].Spec.Releases[j].Version
			want := v1alpha1.ReasonProhibitedCombination
			if runsOn[kommanderMinor] == konvoyMinor {
				want = v1alpha1.ReasonCompatible
			}
			for _, kommander := range s.patches(t, facts.Kommander, kommanderMinor) {
				for _, konvoy := range s.patches(t, facts.Konvoy, konvoyMinor) {
					assessment := s.assess(now, "", installed{facts.Kommander, kommander}, installed{facts.Konvoy, konvoy})
					expect.Equal(t, want, reasonOfType(rowOf(t, assessment, facts.Kommander), v1alpha1.FindingRequires),
						"Kommander", kommander, "on Konvoy", konvoy)
				}
			}
		}
	}
}

// "Kommander 1.3 supports Kubernetes 1.17 to 1.19."
func TestPolicyPageKubernetesRange(t *testing.T) {
	s := loadShipped(t)
	now := instantsOf(policyPageDay)[0]
	for _, test := range []struct {
		minor   string
		patches []string
		want    string
	}{
		{"1.16", []string{"v1.16.0", "v1.16.15"}, v1alpha1.ReasonOutsideKubernetesRange},
		{"1.17", []string{"v1.17.0", "v1.17.17"}, v1alpha1.ReasonCompatible},
		{"1.18", []string{"v1.18.0", "v1.18.20"}, v1alpha1.ReasonCompatible},
		{"1.19", []string{"v1.19.0", "v1.19.16"}, v1alpha1.ReasonCompatible},
		{"1.20", []string{"v1.20.0", "v1.20.15"}, v1alpha1.ReasonOutsideKubernetesRange},
	} {
		for _, kubernetes := range test.patches {
			for _, kommander := range s.patches(t, facts.Kommander, "1.3") {
				row := rowOf(t, s.assess(now, kubernetes, installed{facts.Kommander, kommander}), facts.Kommander)
				expect.Equal(t, test.want, reasonOfType(row, v1alpha1.FindingKubernetesRange),
					"Kommander", kommander, "on", kubernetes)
			}
		}
	}
}

// "The Kubernetes version in the tag must be that of the cluster", whoever built it.
func TestPolicyPageBasePlatformServices(t *testing.T) {
	s := loadShipped(t)
	now := instantsOf(policyPageDay)[0]
	const tag = "stable-1.19-3.2.0"
	for _, test := range []struct{ kubernetes, want string }{
		{"v1.19.0", v1alpha1.ReasonCompatible},
		{"v1.19.7", v1alpha1.ReasonCompatible},
		{"v1.19.15+d2iq.1", v1alpha1.ReasonCompatible},
		{"v1.19.9-gke.1900", v1alpha1.ReasonCompatible},
		{"v1.19.6-eks-49a6c0", v1alpha1.ReasonCompatible},
		{"v1.18.16", v1alpha1.ReasonKubernetesMismatch},
		{"v1.18.19-gke.1700", v1alpha1.ReasonKubernetesMismatch},
		{"v1.20.6", v1alpha1.ReasonKubernetesMismatch},
		{"v1.20.4-eks-6b7464", v1alpha1.ReasonKubernetesMismatch},
	} {
		row := rowOf(t, s.assess(now, test.kubernetes, installed{facts.BasePlatformServices, tag}), facts.BasePlatformServices)
		expect.Equal(t, test.want, reasonOfType(row, v1alpha1.FindingKubernetesPart), tag, "on", test.kubernetes)
		expect.Equal(t, v1alpha1.StateSupported, row.State,
			tag, "on", test.kubernetes, "its support follows its own Kubernetes, whatever the cluster runs")
	}
}

// konvoyDefault is a row of testdata/konvoy-defaults.yaml.
type konvoyDefault struct {
	Version    string `json:"version"`
	Day        string `json:"day"`
	Kubernetes string `json:"kubernetes,omitempty"`
	BPS        string `json:"bps,omitempty"`
	Kommander  string `json:"kommander,omitempty"`
}

// notGreen are the fresh installations that are not all green on their first day, with all that is amiss.
var notGreen = map[string]struct {
	amiss []string
	why   string
}{
	"2.1.0": {
		[]string{"Kommander: Unknown (NotYetAvailable)"},
		"the notes of Kommander 2.1.0 are dated one day after those of Konvoy 2.1.0",
	},
	"2.1.2": {unknownKubernetes, "the notes do not name the Kubernetes version"},
	"2.1.3": {unknownKubernetes, "the notes do not name the Kubernetes version"},
	"2.1.4": {unknownKubernetes, "the notes do not name the Kubernetes version"},
	"2.1.5": {unknownKubernetes, "the notes do not name the Kubernetes version"},
}

// unknownKubernetes leaves the rest green: the releases themselves and that they may run together.
var unknownKubernetes = []string{"Konvoy: KubernetesRange (KubernetesUnknown)", "Kubernetes: Unknown (VersionUnknown)"}

func TestFreshInstallationIsGreen(t *testing.T) {
	s := loadShipped(t)
	for _, fresh := range loadDefaults(t) {
		t.Run(fresh.Version, func(t *testing.T) {
			exception := notGreen[fresh.Version]
			for _, now := range instantsOf(fresh.Day) {
				assessment := s.assess(now, fresh.kubernetes(), fresh.releases()...)
				expect.Equal(t, exception.amiss, amiss(assessment), "at", now, exception.why)
				if unasked := fresh.unasked(t, assessment); len(unasked) > 0 {
					t.Errorf("at %s there was no answer about %s", now, strings.Join(unasked, ", "))
				}
				for _, c := range assessment.Conditions {
					feeds := c.Type == v1alpha1.ConditionSupported || c.Type == v1alpha1.ConditionCompatible
					if feeds && len(exception.amiss) == 0 && c.Status != metav1.ConditionTrue {
						t.Errorf("at %s %s is %s (%s): %s", now, c.Type, c.Status, c.Reason, c.Message)
					}
				}
			}
		})
	}
}

func loadDefaults(t *testing.T) []konvoyDefault {
	t.Helper()
	var defaults []konvoyDefault
	testfile.DecodeStrict(t, testfile.Read(t, filepath.Join("testdata", "konvoy-defaults.yaml")), &defaults)
	return defaults
}

func (d konvoyDefault) kubernetes() string {
	if d.Kubernetes == "" {
		return ""
	}
	return "v" + d.Kubernetes
}

func (d konvoyDefault) releases() []installed {
	all := []installed{{facts.Konvoy, d.Version}}
	if d.BPS != "" {
		all = append(all, installed{facts.BasePlatformServices, d.BPS})
	}
	if d.Kommander != "" {
		all = append(all, installed{facts.Kommander, d.Kommander})
	}
	return all
}

// unasked are the questions that the versions in the row raise and that have no answer: green must not mean unasked.
func (d konvoyDefault) unasked(t *testing.T, assessment clusterAssessment) []string {
	t.Helper()
	questions := map[string][]v1alpha1.FindingType{
		facts.Konvoy:     {v1alpha1.FindingLifecycle, v1alpha1.FindingKubernetesRange},
		facts.Kubernetes: {v1alpha1.FindingLifecycle},
	}
	if d.BPS != "" {
		questions[facts.BasePlatformServices] = []v1alpha1.FindingType{v1alpha1.FindingLifecycle, v1alpha1.FindingKubernetesPart}
	}
	if d.Kommander != "" {
		questions[facts.Kommander] = []v1alpha1.FindingType{v1alpha1.FindingLifecycle, v1alpha1.FindingRequires}
	}
	var unasked []string
	for product, types := range questions {
		row := rowOf(t, assessment, product)
		for _, question := range types {
			if reasonOfType(row, question) == "" {
				unasked = append(unasked, fmt.Sprintf("%s of %s", question, product))
			}
		}
	}
	slices.Sort(unasked)
	return unasked
}

// amiss is all that is not green, ordered: releases that are not supported, and what is not compatible.
func amiss(assessment clusterAssessment) []string {
	compatibility := []v1alpha1.FindingType{v1alpha1.FindingRequires, v1alpha1.FindingKubernetesRange, v1alpha1.FindingKubernetesPart}
	var all []string
	for _, row := range assessment.Releases {
		if row.State != v1alpha1.StateSupported {
			all = append(all, fmt.Sprintf("%s: %s (%s)", row.Product, row.State, reasonOfType(row, v1alpha1.FindingLifecycle)))
		}
		for _, finding := range row.Findings {
			if slices.Contains(compatibility, finding.Type) && finding.Reason != v1alpha1.ReasonCompatible {
				all = append(all, fmt.Sprintf("%s: %s (%s)", row.Product, finding.Type, finding.Reason))
			}
		}
	}
	slices.Sort(all)
	return all
}

// The table of defaults has every Konvoy that the policy lists, with the same day and the same default.
func TestKonvoyPolicyAgreesWithDefaults(t *testing.T) {
	s := loadShipped(t)
	var want, got []konvoyDefault
	for _, row := range loadDefaults(t) {
		want = append(want, konvoyDefault{Version: row.Version, Day: row.Day, Kubernetes: row.Kubernetes})
	}
	releases := s.objects["konvoy"].Spec.Releases
	for i := range slices.Backward(releases) {
		r := &releases[i]
		for j := range slices.Backward(r.Patches) {
			patch := &r.Patches[j]
			allowed := r.Kubernetes
			if patch.Kubernetes != nil {
				allowed = patch.Kubernetes
			}
			got = append(got, konvoyDefault{Version: patch.Version, Day: patch.GeneralAvailability, Kubernetes: allowed.Default})
		}
	}
	expect.Equal(t, want, got, "konvoy.yaml is not as in the table")
}

// What the pages announce in a draft is not supported by default.
func TestDraftIsUnknown(t *testing.T) {
	s := loadShipped(t)
	now := instantsOf("2022-12-06")[0]
	for _, product := range []string{facts.Konvoy, facts.Kommander} {
		row := rowOf(t, s.assess(now, "v1.23.7", installed{product, "2.3.0"}), product)
		if reason := reasonOfType(row, v1alpha1.FindingLifecycle); row.State != v1alpha1.StateUnknown || reason != v1alpha1.ReasonNotInPolicy {
			t.Errorf("%s 2.3.0 is %s (%s), want Unknown (NotInPolicy)", product, row.State, reason)
		}
	}
}
