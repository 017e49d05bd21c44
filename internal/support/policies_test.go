// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package support

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/Masterminds/semver/v3"
	"github.com/google/go-cmp/cmp"

	"github.com/d2iq-labs/support-policy-operator/api/v1alpha1"
	"github.com/d2iq-labs/support-policy-operator/internal/facts"
	"github.com/d2iq-labs/support-policy-operator/test/expect"
)

// These tests hold the clauses of the shipped policies beyond days and ranges against what nodes report and what the
// vendor's tables say.

// stretch is an operating system that the versions from first to last support, by its name in the policy.
type stretch struct{ name, first, last string }

// What nodes report, and by which entry which versions of Konvoy support it. Where no kernel was seen with an image, it is
// one that the vendor's pages print.
var reportedSystems = []struct {
	image, kernel string
	want          []stretch
	reason        string
}{
	{"CentOS Linux 7 (Core)", "3.10.0-957.el7.x86_64", []stretch{{"CentOS 7.6", "1.0.0", "1.4.9"}}, ""},
	{"CentOS Linux 7 (Core)", "3.10.0-1062.9.1.el7.x86_64", []stretch{{"CentOS 7.7", "1.5.0", "2.0.0"}}, ""},
	{"CentOS Linux 7 (Core)", "3.10.0-1127.8.2.el7.x86_64", []stretch{{"CentOS 7.8", "1.5.0", "2.0.0"}}, "in 1.5 for GCP"},
	{"CentOS Linux 7 (Core)", "3.10.0-1160.el7.x86_64", []stretch{{"CentOS 7.9", "1.7.1", "2.2.3"}}, ""},
	{"CentOS Linux 7 (Core)", "3.10.0-1160.24.1.el7.x86_64", []stretch{{"CentOS 7.9", "1.7.1", "2.2.3"}}, "an update of it"},
	{"CentOS Linux 7 (Core)", "4.4.0-210-generic", nil, "a container with the kernel of its host"},
	{"CentOS Linux 7 (Core)", "4.4.245-1.el7.elrepo.x86_64", nil, "somebody else's kernel"},
	{"CentOS Linux 8 (Core)", "4.18.0-193.28.1.el8_2.x86_64", []stretch{{"CentOS 8.2", "1.6.0", "1.8.4"}, {"CentOS 8.2", "2.0.0", "2.0.0"}}, "not in 1.8.5"},
	{"CentOS Linux 8", "4.18.0-240.1.1.el8_3.x86_64", nil, "8.3"},
	{"CentOS Stream 8", "4.18.0-193.el8.x86_64", nil, "another system"},

	{"Red Hat Enterprise Linux Server 7.2 (Maipo)", "3.10.0-327.el7.x86_64", nil, ""},
	{"Red Hat Enterprise Linux Server 7.3 (Maipo)", "3.10.0-514.21.1.el7.x86_64", nil, ""},
	{"Red Hat Enterprise Linux Server 7.6 (Maipo)", "3.10.0-957.el7.x86_64", []stretch{{"RHEL 7.6", "1.1.2", "1.4.9"}}, "not installable before"},
	{"Red Hat Enterprise Linux Server 7.7 (Maipo)", "3.10.0-1062.12.1.el7.x86_64", []stretch{{"RHEL 7.7", "1.5.0", "2.0.0"}}, ""},
	{"Red Hat Enterprise Linux Server 7.8 (Maipo)", "3.10.0-1127.8.2.el7.x86_64", []stretch{{"RHEL 7.8", "1.6.0", "2.0.0"}}, ""},
	{"Red Hat Enterprise Linux Server 7.9 (Maipo)", "3.10.0-1160.el7.x86_64", []stretch{{"RHEL 7.9", "1.7.1", "2.2.3"}}, ""},
	{"Red Hat Enterprise Linux 8.1 (Ootpa)", "4.18.0-147.el8.x86_64", nil, ""},
	{"Red Hat Enterprise Linux 8.2 (Ootpa)", "4.18.0-193.6.3.el8_2.x86_64", []stretch{{"RHEL 8.2", "1.6.0", "2.2.3"}}, ""},
	{"Red Hat Enterprise Linux 8.4 (Ootpa)", "4.18.0-305.el8.x86_64", []stretch{{"RHEL 8.4", "2.1.0", "2.2.3"}}, "2.1 prints the kernel of 8.2"},
	{"Red Hat Enterprise Linux CoreOS 48.84.202203290727-0 (Ootpa)", "4.18.0-305.40.2.el8_4.x86_64", nil, "a node of OpenShift"},

	{"Ubuntu 16.04.2 LTS", "4.4.0-1052-aws", []stretch{{"Ubuntu 16.04", "1.1.1", "1.8.5"}}, ""},
	{"Ubuntu 16.04.4 LTS", "4.13.0-38-generic", []stretch{{"Ubuntu 16.04", "1.1.1", "1.8.5"}}, ""},
	{"Ubuntu 16.04.6 LTS", "4.4.0-134-generic", []stretch{{"Ubuntu 16.04", "1.1.1", "1.8.5"}}, ""},
	{"Ubuntu 18.04.3 LTS", "4.15.0-72-generic", []stretch{{"Ubuntu 18.04", "1.5.0", "1.8.5"}, {"Ubuntu 18.04", "2.1.0", "2.2.3"}}, "not in 2.0"},
	{"Ubuntu 18.04.5 LTS", "5.3.0-51-generic", []stretch{{"Ubuntu 18.04", "1.5.0", "1.8.5"}, {"Ubuntu 18.04", "2.1.0", "2.2.3"}}, ""},
	{"Ubuntu 18.04.6 LTS", "5.4.0-52-generic", []stretch{{"Ubuntu 18.04", "1.5.0", "1.8.5"}, {"Ubuntu 18.04", "2.1.0", "2.2.3"}}, ""},
	{"Ubuntu 20.04 LTS", "5.4.0-26-generic", []stretch{{"Ubuntu 20.04", "2.1.0", "2.2.3"}}, ""},
	{"Ubuntu 20.04.1 LTS", "5.4.0-52-generic", []stretch{{"Ubuntu 20.04", "2.1.0", "2.2.3"}}, ""},
	{"Ubuntu 20.04.3 LTS", "5.15.0-41-generic", []stretch{{"Ubuntu 20.04", "2.1.0", "2.2.3"}}, ""},
	{"Ubuntu 20.10", "5.8.0-25-generic", nil, ""},
	{"Debian GNU/Linux 9 (stretch)", "4.9.0-9-amd64", []stretch{{"Debian 9", "1.1.1", "1.8.5"}}, ""},
	{"Debian GNU/Linux 9 (stretch)", "4.9.0-11-amd64", []stretch{{"Debian 9", "1.1.1", "1.8.5"}}, ""},
	{"Debian GNU/Linux 10 (buster)", "4.19.0-11-amd64", []stretch{{"Debian 10", "1.3.0", "1.8.5"}}, ""},
	{"Debian GNU/Linux 10 (buster)", "4.19.0-17-cloud-amd64", []stretch{{"Debian 10", "1.3.0", "1.8.5"}}, ""},

	{"SUSE Linux Enterprise Server 15", "4.12.14-23-default", []stretch{{"SLES 15", "1.5.0", "2.1.5"}}, "narrowed to SP3 in 2.2"},
	{"SUSE Linux Enterprise Server 15 SP2", "5.3.18-24.67-default", []stretch{{"SLES 15", "1.5.0", "2.1.5"}}, ""},
	{"SUSE Linux Enterprise Server 15 SP2", "5.3.18-150200.24.115-default", []stretch{{"SLES 15", "1.5.0", "2.1.5"}}, ""},
	{"SUSE Linux Enterprise Server 15 SP3", "5.3.18-150300.59.63-default", []stretch{{"SLES 15", "1.5.0", "2.1.5"}, {"SLES 15 SP3", "2.2.0", "2.2.3"}}, ""},
	{"SUSE Linux Enterprise Server 12 SP5", "4.12.14-120-default", nil, ""},

	{"Oracle Linux Server 7.9", "3.10.0-1160.el7.x86_64", []stretch{{"Oracle Linux 7.9 (RHCK)", "2.1.0", "2.2.3"}}, ""},
	{"Oracle Linux Server 7.9", "3.10.0-1160.102.1.0.1.el7.x86_64", []stretch{{"Oracle Linux 7.9 (RHCK)", "2.1.0", "2.2.3"}}, "an update of it"},
	{"Oracle Linux Server 7.9", "5.4.17-2102.204.4.4.el7uek.x86_64", nil, "Oracle's own kernel"},
	{"Oracle Linux Server 8.3", "4.18.0-240.el8.x86_64", nil, ""},

	{"Flatcar Container Linux by Kinvolk 2512.2.0 (Oklo)", "4.19.128-flatcar", nil, ""},
	{"Flatcar Container Linux by Kinvolk 2765.2.0 (Oklo)", "5.10.19-flatcar", nil, ""},
	{"Flatcar Container Linux by Kinvolk 2905.2.0 (Oklo)", "5.10.52-flatcar", nil, ""},
	{"Flatcar Container Linux by Kinvolk 2905.2.1 (Oklo)", "5.10.55-flatcar", []stretch{{"Flatcar 2905.2.1 or higher", "2.0.0", "2.0.0"}, {"Flatcar 2905.2.1", "2.1.0", "2.1.5"}}, ""},
	{"Flatcar Container Linux by Kinvolk 2905.2.5 (Oklo)", "5.10.69-flatcar", []stretch{{"Flatcar 2905.2.1 or higher", "2.0.0", "2.0.0"}}, ""},
	{"Flatcar Container Linux by Kinvolk 2905.2.6 (Oklo)", "5.10.75-flatcar", []stretch{{"Flatcar 2905.2.1 or higher", "2.0.0", "2.0.0"}, {"Flatcar 2905.2.6", "2.1.0", "2.1.5"}}, ""},
	{"Flatcar Container Linux by Kinvolk 2983.2.0 (Oklo)", "5.10.77-flatcar", []stretch{{"Flatcar 2906 or higher", "2.0.0", "2.0.0"}}, ""},
	{"Flatcar Container Linux by Kinvolk 3033.2.0 (Oklo)", "5.10.84-flatcar", []stretch{{"Flatcar 2906 or higher", "2.0.0", "2.0.0"}, {"Flatcar 3033.2", "2.2.0", "2.2.3"}}, ""},
	{"Amazon Linux 2", "5.4.228-131.415.amzn2.x86_64", []stretch{{"Amazon Linux 2", "2.2.0", "2.2.3"}}, "EKS"},
	{"Amazon Linux 2", "4.14.62-70.117.amzn2.x86_64", []stretch{{"Amazon Linux 2", "2.2.0", "2.2.3"}}, ""},
	{"Amazon Linux 2023", "6.1.10-15.42.amzn2023.x86_64", nil, ""},
}

// Every node matches one entry of each release that supports it, and none of the others.
func TestShippedOperatingSystems(t *testing.T) {
	t.Parallel()
	konvoy := loadShipped(t).objects["konvoy"]
	for i := range konvoy.Spec.Releases {
		r := &konvoy.Spec.Releases[i]
		for j := range r.Patches {
			patch := &r.Patches[j]
			listed := r.OperatingSystems
			if patch.OperatingSystems != nil {
				listed = patch.OperatingSystems
			}
			for _, node := range reportedSystems {
				var want []string
				for _, s := range node.want {
					if atLeast(patch.Version, s.first) && atLeast(s.last, patch.Version) {
						want = append(want, s.name)
					}
				}
				if got := matching(listed, node.image, node.kernel); !slices.Equal(got, want) {
					t.Errorf("Konvoy %s: %s with kernel %s (%s) is %q, want %q", patch.Version, node.image, node.kernel, node.reason, got, want)
				}
			}
		}
	}
}

// matching are the names of all entries that match a node, by the rule of the API: both expressions match the whole.
func matching(listed []v1alpha1.OperatingSystem, image, kernel string) []string {
	whole := func(expression, text string) bool {
		return regexp.MustCompile(`^(?:` + expression + `)$`).MatchString(text)
	}
	var names []string
	for _, o := range listed {
		if whole(o.OSImage, image) && (o.Kernel == "" || whole(o.Kernel, kernel)) {
			names = append(names, o.Name)
		}
	}
	return names
}

func atLeast(version, least string) bool {
	return !semver.MustParse(version).LessThan(semver.MustParse(least))
}

// What a cluster is told about nodes that a release does not clearly support.
func TestShippedOperatingSystemAnswers(t *testing.T) {
	s := loadShipped(t)
	now := instantsOf("2022-12-31")[0]
	for _, row := range []struct{ version, image, kernel, want string }{
		{"2.2.3", "Oracle Linux Server 7.9", "3.10.0-1160.el7.x86_64", v1alpha1.ReasonCompatible},
		{"2.2.3", "Oracle Linux Server 7.9", "5.4.17-2102.204.4.4.el7uek.x86_64", v1alpha1.ReasonKernelNotListed},
		{"2.2.3", "Red Hat Enterprise Linux CoreOS 48.84.202203290727-0 (Ootpa)", "4.18.0-305.el8.x86_64", v1alpha1.ReasonOperatingSystemNotInPolicy},
		{"2.2.3", "Amazon Linux 2", "5.4.228-131.415.amzn2.x86_64", v1alpha1.ReasonCompatible},
		{"2.2.3", "Amazon Linux 2023", "6.1.10-15.42.amzn2023.x86_64", v1alpha1.ReasonOperatingSystemNotInPolicy},
		{"1.8.4", "CentOS Linux 8 (Core)", "4.18.0-193.28.1.el8_2.x86_64", v1alpha1.ReasonCompatible},
		{"1.8.5", "CentOS Linux 8 (Core)", "4.18.0-193.28.1.el8_2.x86_64", v1alpha1.ReasonUnsupportedOperatingSystem},
		{"1.1.0", "Debian GNU/Linux 9 (stretch)", "4.9.0-9-amd64", v1alpha1.ReasonUnsupportedOperatingSystem},
		{"1.8.5", "CentOS Linux 7 (Core)", "4.4.0-210-generic", v1alpha1.ReasonKernelNotListed},
	} {
		c := cluster().with(konvoy(row.version)).running(3, row.image, row.kernel)
		assessment := s.set.assess(c.evaluationInput, now)
		expect.Equal(t, row.want, reasonOfType(rowOf(t, assessment, facts.Konvoy), v1alpha1.FindingOperatingSystem),
			"Konvoy", row.version, "on", row.image, "with kernel", row.kernel)
	}
}

// The table of 2022-08-10 in konvoy/2.2/dkp-upgrade/index.md at 1688ede6f95c; its columns say from where, its rows where to.
// A dash is what the page calls not applicable.
const upgradeTable = `
        1.8.4  1.8.5  2.1.0  2.1.1  2.1.2  2.2.0  2.2.1  2.2.2
1.8.5   Yes    -      -      -      -      -      -      -
2.1.0   Yes    Yes    -      -      -      -      -      -
2.1.1   Yes    Yes    No     -      -      -      -      -
2.1.2   Yes    Yes    No     No     -      -      -      -
2.2.0   No     No     Yes    Yes    No     -      -      -
2.2.1   No     No     Yes    Yes    Yes    Yes    -      -
2.2.2   No     No     Yes    Yes    Yes    Yes    Yes    -
`

// furtherUpgrades are what other pages say. The way to the 2.1 is from 1.8.3 on, by its plan page.
var furtherUpgrades = []struct {
	from, to   string
	documented bool
}{
	{"1.8.2", "2.1.2", false}, {"1.8.3", "2.1.0", true}, {"1.8.3", "2.1.2", true}, {"1.8.5", "2.1.5", true},
	{"2.1.2", "2.1.3", false}, {"2.1.3", "2.1.4", false}, {"2.1.0", "2.1.5", false},
	{"2.0.0", "2.1.0", false}, {"1.8.5", "2.0.0", false}, {"2.0.0", "2.2.0", false},
}

// konvoyUpgrades hold for Konvoy 1.x alone: the notes of 1.6.3, and the pages about the CLI.
var konvoyUpgrades = []struct {
	from, to   string
	documented bool
}{
	{"1.5.6", "1.6.3", true}, {"1.5.5", "1.6.3", false}, {"1.5.6", "1.6.2", false}, {"1.5.0", "1.6.0", false},
	{"1.6.0", "1.6.3", true}, {"1.6.1", "1.6.2", true}, {"1.5.5", "1.5.6", true},
	{"1.6.3", "1.7.5", true}, {"1.5.6", "1.7.5", false}, {"1.7.5", "1.8.5", true}, {"1.8.0", "1.8.5", true},
}

// kommanderOf is the Kommander of a DKP 1.8; from 2.0 on the versions are the same.
var kommanderOf = map[string]string{"1.8.2": "1.4.1", "1.8.3": "1.4.2", "1.8.4": "1.4.3", "1.8.5": "1.4.4"}

func TestUpgradeTable(t *testing.T) {
	s := loadShipped(t)
	konvoy, kommander := s.objects["konvoy"], s.objects["kommander"]
	ask := func(from, to string, want bool) {
		expect.Equal(t, want, documented(t, konvoy, from, to), "Konvoy", from, "to", to, "is documented")
		for konvoy, kommander := range kommanderOf {
			from, to = strings.ReplaceAll(from, konvoy, kommander), strings.ReplaceAll(to, konvoy, kommander)
		}
		expect.Equal(t, want, documented(t, kommander, from, to), "Kommander", from, "to", to, "is documented")
	}
	rows := strings.Split(strings.TrimSpace(upgradeTable), "\n")
	columns := strings.Fields(rows[0])
	for _, row := range rows[1:] {
		cells := strings.Fields(row)
		for i, cell := range cells[1:] {
			if cell != "-" {
				ask(columns[i], cells[0], cell == "Yes")
			}
		}
	}
	for _, u := range furtherUpgrades {
		ask(u.from, u.to, u.documented)
	}
	for _, u := range konvoyUpgrades {
		expect.Equal(t, u.documented, documented(t, konvoy, u.from, u.to),
			"Konvoy", u.from, "to", u.to, "is documented")
	}
}

// documented reads a policy by the rule of the API: what the patch lists; else the older patches of its minor, and what
// its minor lists; else the minor before.
func documented(t *testing.T, object *v1alpha1.SupportPolicy, from, to string) bool {
	t.Helper()
	minor := func(version string) string { return version[:strings.LastIndex(version, ".")] }
	for i := range object.Spec.Releases {
		r := &object.Spec.Releases[i]
		for j := range r.Patches {
			patch := &r.Patches[j]
			switch {
			case patch.Version != to:
				continue
			case patch.UpgradesFrom != nil:
				return slices.Contains(patch.UpgradesFrom, from) || slices.Contains(patch.UpgradesFrom, minor(from)+".x")
			case minor(from) == r.Version:
				return atLeast(to, from)
			case r.UpgradesFrom != nil:
				return slices.Contains(r.UpgradesFrom, minor(from))
			}
			// The shipped lists are ordered newest first.
			return i+1 < len(object.Spec.Releases) && object.Spec.Releases[i+1].Version == minor(from)
		}
	}
	t.Fatalf("%s does not list %s", object.Name, to)
	return false
}

// Where the engine sends clusters whose way is not the obvious one.
func TestShippedUpgradeTargets(t *testing.T) {
	s := loadShipped(t)
	now := instantsOf("2022-12-31")[0]
	for _, row := range []struct{ version, upgradeTo, says string }{
		{"2.1.0", "", ""},
		{"1.8.4", "1.8.5", ""},
		{"1.8.5", "", "upgrade to 2.1.5"},
		{"1.5.2", "1.5.6", "upgrade to 1.5.6 first"},
		{"1.5.6", "", "upgrade to 1.6.3"},
		{"2.0.0", "", "no minor to which an upgrade is documented"},
	} {
		assessment := s.assess(now, "", installed{facts.Konvoy, row.version})
		expect.Equal(t, row.upgradeTo, rowOf(t, assessment, facts.Konvoy).UpgradeTo, "Konvoy", row.version, "upgradeTo")
		if said := strings.Join(upgradeOf(t, assessment, facts.Konvoy), "; "); !strings.Contains(said, row.says) {
			t.Errorf("Konvoy %s: %q does not say %q", row.version, said, row.says)
		}
	}
}

// The table of secondary support on the version policy page of Kommander 1.4.
func TestSecondarySupport(t *testing.T) {
	s := loadShipped(t)
	want := map[string][]int32{
		"Configuration": {4}, "FailureAssistance": {3, 4}, "BugFixes": {3, 4}, "DocumentationErrors": {4},
	}
	var secondary []string
	for name, object := range s.objects {
		terms := object.Spec.SupportTerms
		if terms == nil {
			continue
		}
		secondary = append(secondary, name)
		got := map[string][]int32{}
		for _, scope := range terms.Scopes {
			got[scope.Scope] = scope.Severities
		}
		if diff := cmp.Diff(want, got); diff != "" || terms.Level != "Secondary" {
			t.Errorf("%s has level %s and these severities (-page +policy):\n%s", name, terms.Level, diff)
		}
	}
	slices.Sort(secondary)
	expect.Equal(t, []string{"cassandra", "kafka", "spark"}, secondary, "terms are published for")
	for product, version := range map[string]string{facts.Cassandra: "1.0.2", facts.Kafka: "1.3.3", facts.Spark: "1.1.0"} {
		row := rowOf(t, s.assess(instantsOf(policyPageDay)[0], "v1.19.9", installed{product, version}), product)
		if row.State != v1alpha1.StateSupported || !strings.Contains(row.Terms, "level Secondary") {
			t.Errorf("%s %s is %s, with the terms %q", product, version, row.State, row.Terms)
		}
	}
}

// Every minor of BPS from 3.2 on contains istio, ambassador, jaeger and kiali as experimental ones; of Kommander 2.2 alone
// DKP Insights is a technical preview.
func TestShippedExperimentalComponents(t *testing.T) {
	s := loadShipped(t)
	experimental := func(policy string) map[string][]string {
		components := map[string][]string{}
		for _, c := range s.objects[policy].Spec.Experimental.Components {
			components[c.Name] = c.Versions
		}
		return components
	}
	var versions []string
	for i := range s.objects["base-platform-services"].Spec.Releases {
		if minor := s.objects["base-platform-services"].Spec.Releases[i].Version; !newerMinor(t, "3.2", minor) {
			versions = append(versions, minor+".x")
		}
	}
	slices.Sort(versions)
	want := map[string][]string{"istio": versions, "ambassador": versions, "jaeger": versions, "kiali": versions}
	expect.Equal(t, want, experimental("base-platform-services"), "of BPS")
	insights := map[string][]string{"dkp-insights-management": {"2.2.x"}, "dkp-insights": {"2.2.x"}}
	expect.Equal(t, insights, experimental("kommander"), "of Kommander")
	for name, object := range s.objects {
		if e := object.Spec.Experimental; e != nil && e.ProductionClusters != nil {
			t.Errorf("%s says which clusters are production clusters; that is the customer's to say", name)
		}
	}
}

// The operator is told how to find what it does not find by itself.
func TestShippedDetections(t *testing.T) {
	var got []string
	for _, d := range loadShipped(t).set.Detections(nil) {
		switch {
		case d.Addon != nil:
			got = append(got, fmt.Sprintf("%s: addon %s", d.Product, d.Addon.Name))
		case d.HelmRelease != nil:
			got = append(got, fmt.Sprintf("%s: HelmRelease %s", d.Product, d.HelmRelease.Name))
		}
	}
	expect.Equal(t, []string{"Dispatch: addon dispatch", "Kaptain: HelmRelease kaptain-1"}, got)
}

// TestShippedAdviceFitsTheNodes: whoever follows the advice must not be told afterwards that his nodes are not supported.
func TestShippedAdviceFitsTheNodes(t *testing.T) {
	s := loadShipped(t)
	for _, row := range []struct{ konvoy, image, kernel, want, reason string }{
		{
			"1.8.4", "CentOS Linux 8", "4.18.0-193.28.1.el8_2.x86_64",
			"has a newer patch: 1.8.5, which does not support what 3 nodes run (CentOS 8.2): replace these nodes first",
			"1.8.5 dropped CentOS 8",
		},
		{
			"1.8.5", "Debian GNU/Linux 10 (buster)", "4.19.0-17-cloud-amd64",
			"Konvoy 2.1.1 does not support what 3 nodes run (Debian 10)", "2.1 has no Debian",
		},
		{"1.8.4", "CentOS Linux 7 (Core)", "3.10.0-1160.24.1.el7.x86_64", "has a newer patch: 1.8.5 (policy konvoy)", "both support it"},
	} {
		c := cluster().on("v1.20.13").with(konvoy(row.konvoy)).running(3, row.image, row.kernel)
		assessment := assess(s.set, c, "2022-03-01")
		said := fmt.Sprint(rowOf(t, assessment, facts.Konvoy).Findings)
		if !strings.Contains(said, row.want) {
			t.Errorf("%s: %s on %s says %s, want %q", row.reason, row.konvoy, row.image, said, row.want)
		}
	}
}
