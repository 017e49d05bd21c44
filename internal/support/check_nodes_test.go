// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package support

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"k8s.io/utils/ptr"

	"github.com/d2iq-labs/support-policy-operator/api/v1alpha1"
	"github.com/d2iq-labs/support-policy-operator/internal/facts"
	"github.com/d2iq-labs/support-policy-operator/test/expect"
)

const (
	osCentOS7 = "CentOS Linux 7 (Core)"
	osCentOS8 = "CentOS Linux 8"
	osUbuntu  = "Ubuntu 20.04.2 LTS"
	osFlatcar = "Flatcar Container Linux by Kinvolk 2905.2.0 (Oklo)"
	kernel79  = "3.10.0-1160.el7.x86_64"
)

// systemsByMinor: CentOS 8 was given up with 1.8, Flatcar came with 1.9 and Ubuntu with 1.8.
func systemsByMinor() policyBuilder {
	centOS79 := system("CentOS 7.9", `CentOS Linux 7 \(Core\)`, `3\.10\.0-1160\..*`)
	centOS8 := system("CentOS 8", "CentOS Linux 8")
	ubuntu := system("Ubuntu 20.04", `Ubuntu 20\.04(\.[0-9]+)? LTS`)
	return policy("konvoy").window(9).
		minor("1.9", ga("2021-06-01"), runsUnder(centOS79, ubuntu, system("Flatcar", "Flatcar Container Linux by Kinvolk.*"))).
		minor("1.8", ga("2021-05-05"), runsUnder(centOS79, ubuntu)).
		minor("1.7", ga("2021-02-10"), runsUnder(centOS79, centOS8)).
		minor("1.6", ga("2020-11-16"), runsUnder(centOS8)).
		minor("1.5", ga("2020-07-20"))
}

// systemsByPatch: 1.8 differs from patch to patch.
func systemsByPatch() policyBuilder {
	centOS7, centOS8 := system("CentOS 7", `CentOS Linux 7 \(Core\)`), system("CentOS 8", "CentOS Linux 8")
	ubuntu := system("Ubuntu 20.04", "Ubuntu 20.*")
	return policy("konvoy").window(9).
		minor("2.0", ga("2021-08-26"), runsUnder(centOS7)).
		minor("1.8", ga("2021-05-05"), runsUnder(centOS7, centOS8),
			patched("1.8.5", under(centOS7, ubuntu)),
			patched("1.8.4"),
			patched("1.8.3", under(centOS8))).
		minor("1.7", ga("2021-02-10"), runsUnder(system("SLES", "SLES 15")), patched("1.7.3"))
}

func TestOperatingSystems(t *testing.T) {
	on := func(version string) clusterBuilder { return cluster().with(konvoy(version)) }
	counted := func(count, omitted *int32, systems ...v1alpha1.NodeOperatingSystem) *v1alpha1.NodesStatus {
		return &v1alpha1.NodesStatus{Count: count, Omitted: omitted, OperatingSystems: systems}
	}
	for _, row := range []struct {
		name    string
		policy  policyBuilder
		cluster clusterBuilder
		want    []string
		reason  string
	}{
		{
			"supported", systemsByMinor(), on("1.8.2").running(3, osCentOS7, kernel79).running(2, osUbuntu, "5.4.0"),
			[]string{"Compatible Konvoy 1.8.2 supports what 5 nodes run (policy konvoy)"}, "both are listed",
		},
		{
			"one node", systemsByMinor(), on("1.8.2").running(1, osUbuntu, "5.4.0"),
			[]string{"Compatible Konvoy 1.8.2 supports what 1 node runs (policy konvoy)"}, "in the singular",
		},
		{
			"another kernel", systemsByMinor(), on("1.8.2").running(3, osCentOS7, "3.10.0-957.el7.x86_64").running(1, osCentOS7, kernel79),
			[]string{
				"KernelNotListed Konvoy 1.8.2 supports what some nodes run, but was tested with other kernels: 3 nodes run CentOS Linux 7 (Core)" +
					" with kernel 3.10.0-957.el7.x86_64; ask the vendor about these kernels (policy konvoy)",
			},
			"vendors name what they tested, and never say that another kernel is unsupported",
		},
		{
			"part of a kernel", systemsByMinor(), on("1.8.2").running(1, osCentOS7, "x3.10.0-1160.el7"),
			[]string{
				"KernelNotListed Konvoy 1.8.2 supports what some nodes run, but was tested with other kernels: 1 node runs CentOS Linux 7 (Core)" +
					" with kernel x3.10.0-1160.el7; ask the vendor about these kernels (policy konvoy)",
			},
			"the whole text has to match",
		},
		{
			"until an older minor", systemsByMinor(), on("1.8.2").running(2, osCentOS8, "4.18.0").running(1, osCentOS8, "4.18.1"),
			[]string{
				"UnsupportedOperatingSystem Konvoy 1.8.2 does not support what some nodes run: 3 nodes run CentOS 8, supported until 1.7; replace these nodes (policy konvoy)",
			},
			"the newest of the older ones, and kernels count together",
		},
		{
			"from a newer minor", systemsByMinor(), on("1.6.2").running(2, osUbuntu, "5.4.0"),
			[]string{
				"UnsupportedOperatingSystem Konvoy 1.6.2 does not support what some nodes run: 2 nodes run Ubuntu 20.04, supported from 1.8; replace these nodes (policy konvoy)",
			},
			"the oldest of the newer ones",
		},
		{
			"listed nowhere", systemsByMinor(), on("1.8.2").running(1, "Arch Linux", "5.11").running(4, "Arch Linux", "5.12"),
			[]string{"OperatingSystemNotInPolicy Konvoy 1.8.2 cannot be compared with what some nodes run, which the policy lists nowhere: 5 nodes run Arch Linux; ask the vendor, and bring the policy up to date (policy konvoy)"},
			"the policy says nothing about it",
		},
		{
			"part of a name", systemsByMinor(), on("1.8.2").running(1, "Ubuntu 20.04.2 LTSx", "5.4").running(1, "my Ubuntu 20.04 LTS", "5.4"),
			[]string{
				"OperatingSystemNotInPolicy Konvoy 1.8.2 cannot be compared with what some nodes run, which the policy lists nowhere: 1 node runs Ubuntu 20.04.2 LTSx," +
					" 1 node runs my Ubuntu 20.04 LTS; ask the vendor, and bring the policy up to date (policy konvoy)",
			},
			"the whole text has to match, at both ends",
		},
		{
			"elsewhere with another kernel", systemsByMinor(), on("1.6.2").running(1, osCentOS7, "3.10.0-957"),
			[]string{
				"UnsupportedOperatingSystem Konvoy 1.6.2 does not support what some nodes run: 1 node runs CentOS Linux 7 (Core), which only other releases list;" +
					" replace these nodes (policy konvoy)",
			},
			"no release has that kernel, which is weak evidence, so the image alone tells, under the name that the node gives",
		},
		{
			"until an older one, with another kernel", systemsByMinor().edit(func(spec *v1alpha1.SupportPolicySpec) {
				spec.Releases[0].OperatingSystems = spec.Releases[0].OperatingSystems[1:]
			}), on("1.9.2").running(1, osCentOS7, "3.10.0-957").running(2, osCentOS7, kernel79),
			[]string{
				"UnsupportedOperatingSystem Konvoy 1.9.2 does not support what some nodes run: 1 node runs CentOS Linux 7 (Core), which only other releases list," +
					" 2 nodes run CentOS 7.9, supported until 1.8; replace these nodes (policy konvoy)",
			},
			"with the listed kernel it has the name of the policy",
		},
		{
			"everything at once", systemsByMinor(),
			on("1.8.2").running(1, osCentOS7, "3.10.0-957").running(2, osCentOS8, "4.18").running(3, "Arch Linux", "5.12").running(4, osUbuntu, "5.4").
				running(5, osFlatcar, "5.10"),
			[]string{
				"UnsupportedOperatingSystem Konvoy 1.8.2 does not support what some nodes run: 2 nodes run CentOS 8, supported until 1.7," +
					" 5 nodes run Flatcar, supported from 1.9; replace these nodes (policy konvoy)",
				"KernelNotListed Konvoy 1.8.2 supports what some nodes run, but was tested with other kernels: 1 node runs CentOS Linux 7 (Core)" +
					" with kernel 3.10.0-957; ask the vendor about these kernels (policy konvoy)",
				"OperatingSystemNotInPolicy Konvoy 1.8.2 cannot be compared with what some nodes run, which the policy lists nowhere: 3 nodes run Arch Linux; ask the vendor, and bring the policy up to date (policy konvoy)",
			},
			"each kind of node has its finding, the worst first",
		},
		{
			"many", systemsByMinor(),
			on("1.8.2").running(1, "A", "1").running(1, "B", "1").running(1, "C", "1").running(1, "D", "1").running(1, "E", "1"),
			[]string{
				"OperatingSystemNotInPolicy Konvoy 1.8.2 cannot be compared with what some nodes run, which the policy lists nowhere: 1 node runs A, 1 node runs B, 1 node runs C, 1 node runs D" +
					" and 1 more; ask the vendor, and bring the policy up to date (policy konvoy)",
			},
			"four are named",
		},
		{
			"no omitted nodes", systemsByMinor(),
			on("1.8.2").onNodes(counted(ptr.To[int32](2), ptr.To[int32](0), v1alpha1.NodeOperatingSystem{OSImage: osUbuntu, KernelVersion: "5.4", Nodes: ptr.To[int32](2)})),
			[]string{"Compatible Konvoy 1.8.2 supports what 2 nodes run (policy konvoy)"}, "0 is none",
		},
		{
			"refused", systemsByMinor(), on("1.8.2").onNodes(counted(nil, nil)),
			[]string{
				"NodesUnknown Konvoy 1.8.2 supports certain operating systems only, and the cluster refuses to list its nodes; grant the operator list on" +
					" nodes (policy konvoy)",
			},
			"who may not look does not know",
		},
		{"no nodes", systemsByMinor(), on("1.8.2").onNodes(counted(ptr.To[int32](0), nil)), nil, "nothing runs anything"},
		{"nobody looked", systemsByMinor(), on("1.8.2"), nil, "an answer will come with the first look"},
		{"nothing published", systemsByMinor(), on("1.5.2").running(1, "Arch Linux", "5.12"), nil, "the minor has no list"},
		{"refused, nothing published", systemsByMinor(), on("1.5.2").onNodes(counted(nil, nil)), nil, "nobody needs to know"},
		{"a minor that is not listed", systemsByMinor(), on("1.4.2").running(1, "Arch Linux", "5.12"), nil, "its rules are not known at all"},
		{"no version", systemsByMinor(), cluster().with(found(facts.Konvoy, "default")).running(1, "Arch Linux", "5.12"), nil, "which list holds nobody knows"},

		{
			"a patch's own list", systemsByPatch(), on("1.8.5").running(1, osUbuntu, "5.4"),
			[]string{"Compatible Konvoy 1.8.5 supports what 1 node runs (policy konvoy)"}, "it replaces the minor's",
		},
		{
			"a patch without a list", systemsByPatch(), on("1.8.4").running(1, osCentOS8, "4.18"),
			[]string{"Compatible Konvoy 1.8.4 supports what 1 node runs (policy konvoy)"}, "the minor's holds",
		},
		{
			"a patch that is not listed", systemsByPatch(), on("1.8.1").running(1, osCentOS7, "3.10"),
			[]string{"Compatible Konvoy 1.8.1 supports what 1 node runs (policy konvoy)"}, "the minor's holds",
		},
		{
			"until an older patch", systemsByPatch(), on("1.8.5").running(1, osCentOS8, "4.18"),
			[]string{"UnsupportedOperatingSystem Konvoy 1.8.5 does not support what some nodes run: 1 node runs CentOS 8, supported until 1.8.4; replace these nodes (policy konvoy)"},
			"1.8.4 has the minor's list",
		},
		{
			"from a newer patch", systemsByPatch(), on("1.8.3").running(1, osUbuntu, "5.4").running(1, osCentOS7, "3.10"),
			[]string{
				"UnsupportedOperatingSystem Konvoy 1.8.3 does not support what some nodes run: 1 node runs Ubuntu 20.04, supported from 1.8.5," +
					" 1 node runs CentOS 7, supported from 1.8.4; replace these nodes (policy konvoy)",
			},
			"the oldest of those that come later",
		},
		{
			"from a patch of a newer minor", systemsByPatch(), on("1.7.0").running(1, osCentOS8, "4.18"),
			[]string{"UnsupportedOperatingSystem Konvoy 1.7.0 does not support what some nodes run: 1 node runs CentOS 8, supported from 1.8.3; replace these nodes (policy konvoy)"},
			"the oldest patch with it",
		},
		{
			"until an older minor, in newer words", systemsByPatch(), on("2.0.0").running(1, "SLES 15", "5.3"),
			[]string{"UnsupportedOperatingSystem Konvoy 2.0.0 does not support what some nodes run: 1 node runs SLES, supported until 1.7; replace these nodes (policy konvoy)"},
			"a minor whose patches do not differ is named as a whole",
		},
	} {
		t.Run(row.name, func(t *testing.T) {
			got := rowOf(t, assess(validSet(t, row.policy), row.cluster, "2021-09-01"), facts.Konvoy)
			var said []string
			for _, f := range got.Findings {
				if f.Type == v1alpha1.FindingOperatingSystem {
					said = append(said, f.Reason+" "+f.Message)
				}
			}
			expect.Equal(t, row.want, said, row.reason)
		})
	}
}

// TestOmittedNodes: what was not counted may be anything.
func TestOmittedNodes(t *testing.T) {
	s := validSet(t, systemsByMinor())
	ubuntu := v1alpha1.NodeOperatingSystem{OSImage: osUbuntu, KernelVersion: "5.4", Nodes: ptr.To[int32](2)}
	for _, row := range []struct {
		nodes *v1alpha1.NodesStatus
		want  string
	}{
		{&v1alpha1.NodesStatus{Count: ptr.To[int32](9), Omitted: ptr.To[int32](7), OperatingSystems: []v1alpha1.NodeOperatingSystem{ubuntu}}, "cannot be compared with what 7 more nodes run: there are too many different ones"},
		{&v1alpha1.NodesStatus{Count: ptr.To[int32](1), Omitted: ptr.To[int32](1)}, "cannot be compared with what 1 more node runs: there are too many different ones"},
	} {
		got := rowOf(t, assess(s, cluster().with(konvoy("1.8.2")).onNodes(row.nodes), "2021-09-01"), facts.Konvoy)
		said := findings(got, v1alpha1.FindingOperatingSystem)
		if len(said) != 1 || said[0] != v1alpha1.ReasonNodesUnknown || !strings.Contains(messageOf(got, said[0]), row.want) {
			t.Errorf("%v: %s", said, messageOf(got, v1alpha1.ReasonNodesUnknown))
		}
	}
}

// TestOperatingSystemsOfEachRelease: what one release says of the nodes is not what another one says.
func TestOperatingSystemsOfEachRelease(t *testing.T) {
	s := validSet(t, systemsByMinor(), systemsByMinor().about("Other").edit(func(spec *v1alpha1.SupportPolicySpec) {
		for i := range spec.Releases {
			spec.Releases[i].OperatingSystems = []v1alpha1.OperatingSystem{system("Arch", "Arch Linux")}
		}
	}).named("other"))
	c := cluster().running(1, osCentOS8, "4.18").with(
		found(facts.Konvoy, "a", sign(v1alpha1.SourceLabel, "1.7.0")), found(facts.Konvoy, "b", sign(v1alpha1.SourceLabel, "1.8.0")), product("Other", "1.7.0"))
	for range 2 {
		assessment, _ := s.evaluate(c.evaluationInput, at("2021-04-01"))
		var said []string
		for _, row := range assessment.Releases {
			said = append(said, row.Name+" "+strings.Join(findings(row, v1alpha1.FindingOperatingSystem), " "))
		}
		expect.Equal(t, []string{"a Compatible", "b UnsupportedOperatingSystem", "default OperatingSystemNotInPolicy"},
			said)
		slices.Reverse(c.Facts.Installations)
	}
}

// TestOperatingSystemFeedsCompatible: and nothing else.
func TestOperatingSystemFeedsCompatible(t *testing.T) {
	s := validSet(t, systemsByMinor())
	for _, row := range []struct {
		osImage, kernel string
		want            string
	}{
		{osUbuntu, "5.4", "True Compatible"},
		{osCentOS7, "3.10.0-957", "Unknown KernelNotListed"},
		{"Arch Linux", "5.12", "Unknown OperatingSystemNotInPolicy"},
		{osCentOS8, "4.18", "False UnsupportedOperatingSystem"},
	} {
		assessment := assess(s, cluster().with(konvoy("1.8.2")).running(1, row.osImage, row.kernel), "2021-09-01")
		expect.Equal(t, row.want, conditionOf(t, assessment, v1alpha1.ConditionCompatible), row.osImage, "Compatible")
		if row := rowOf(t, assessment, facts.Konvoy); row.State != v1alpha1.StateSupported {
			t.Errorf("%s: %s", row.Name, row.State)
		}
	}
	refused := assess(s, cluster().with(konvoy("1.8.2")).onNodes(&v1alpha1.NodesStatus{}), "2021-09-01")
	expect.Equal(t, "Unknown NodesUnknown", conditionOf(t, refused, v1alpha1.ConditionCompatible))
}

func TestOperatingSystemValidator(t *testing.T) {
	minor := func(systems ...v1alpha1.OperatingSystem) policyBuilder {
		return policy("konvoy").window(3).minor("1.8", runsUnder(systems...))
	}
	many := func(n int) []v1alpha1.OperatingSystem {
		var all []v1alpha1.OperatingSystem
		for i := range n {
			all = append(all, system(fmt.Sprint("s", i), "x"))
		}
		return all
	}
	all := policy("konvoy").window(3)
	for i := range 16 {
		all = all.minor(fmt.Sprintf("1.%d", i), runsUnder(many(64)...), patched(fmt.Sprintf("1.%d.0", i), under(many(64)...)))
	}
	long := strings.Repeat("x", 257)
	const small = "a regular expression that is not larger than 512 when its repetitions are written out"
	expectProblems(t, []problemsOf{
		{"as many as there may be", all, nil},
		{
			"too many in total", all.minor("1.16", runsUnder(many(1)...)),
			[]string{`spec.releases: Invalid value: "2049 operating systems in all releases": must be at most 2048`},
		},
		{
			"too many of one release", minor(many(65)...),
			[]string{`spec.releases[1.8].operatingSystems: Invalid value: "65 operating systems": must be at most 64`},
		},
		{
			"no name", minor(system("", "x")),
			[]string{`spec.releases[1.8].operatingSystems[].name: Invalid value: "": must be the name of an operating system, such as CentOS 7.9`},
		},
		{
			"long name", minor(system(long[:65], "x")),
			[]string{`spec.releases[1.8].operatingSystems[` + long[:61] + `...].name: Invalid value: "65 characters": must be at most 64`},
		},
		{"twice", minor(system("A", "x"), system("A", "y")), []string{`spec.releases[1.8].operatingSystems[A]: Duplicate value: "A"`}},
		{
			"no expression", minor(system("A", "")),
			[]string{`spec.releases[1.8].operatingSystems[A].osImage: Invalid value: "": must be a regular expression that matches what a node reports`},
		},
		{
			"no expressions, however often they are the same", minor(system("A", "("), system("B", "(")),
			[]string{
				`spec.releases[1.8].operatingSystems[A].osImage: Invalid value: "(": must be a regular expression (RE2): error parsing regexp: missing closing ): ` + "`(`",
				`spec.releases[1.8].operatingSystems[B].osImage: Invalid value: "(": must be a regular expression (RE2): error parsing regexp: missing closing ): ` + "`(`",
			},
		},
		{
			"expression that closes the bracket around it", minor(system("A", "a)|(?:b")),
			[]string{`spec.releases[1.8].operatingSystems[A].osImage: Invalid value: "a)|(?:b": must be a regular expression (RE2): error parsing regexp:` +
				" unexpected ): `a)|(?:b`"},
		},
		{"repetitions", minor(system("A", "x{0,100}[0-9]{2,4}(ab?)*")), nil},
		{
			"large repetitions", minor(system("A", "x{999}", "(.?){999}")),
			[]string{
				`spec.releases[1.8].operatingSystems[A].osImage: Invalid value: "x{999}": must be ` + small,
				`spec.releases[1.8].operatingSystems[A].kernel: Invalid value: "(.?){999}": must be ` + small,
			},
		},
		{
			"repetitions of repetitions", minor(system("A", "((x{10}){10}){10}")),
			[]string{`spec.releases[1.8].operatingSystems[A].osImage: Invalid value: "((x{10}){10}){10}": must be ` + small},
		},
		{
			"open repetitions", minor(system("A", "x{999,}")),
			[]string{`spec.releases[1.8].operatingSystems[A].osImage: Invalid value: "x{999,}": must be ` + small},
		},
		{
			"many repetitions", minor(system("A", strings.Repeat(".{99}", 42))),
			[]string{`spec.releases[1.8].operatingSystems[A].osImage: Invalid value: "` + strings.Repeat(".{99}", 42)[:61] + `...": must be ` + small},
		},
		{
			"beyond RE2", minor(system("A", "a", "(?=b)")),
			[]string{
				`spec.releases[1.8].operatingSystems[A].kernel: Invalid value: "(?=b)": must be a regular expression (RE2): error parsing regexp: invalid or` +
					" unsupported Perl syntax: `(?=`",
			},
		},
		{
			"long expressions", minor(system("A", long, long)),
			[]string{
				`spec.releases[1.8].operatingSystems[A].osImage: Invalid value: "257 characters": must be at most 256`,
				`spec.releases[1.8].operatingSystems[A].kernel: Invalid value: "257 characters": must be at most 256`,
			},
		},
		{
			"of a patch", policy("konvoy").window(3).minor("1.8", patched("1.8.1", under(system("A", "[")))),
			[]string{
				`spec.releases[1.8].patches[1.8.1].operatingSystems[A].osImage: Invalid value: "[": must be a regular expression (RE2): error parsing regexp:` +
					" missing closing ]: `[`",
			},
		},
	})
}

// TestWholeTextMatches: alternatives and flags do not loosen the ends.
func TestWholeTextMatches(t *testing.T) {
	for _, row := range []struct {
		expression, text string
		want             bool
	}{
		{"a|b", "a", true}, {"a|b", "b", true}, {"a|b", "ab", false}, {"a|b", "xb", false}, {"a|b", "ax", false},
		{"(?m)a", "a", true}, {"(?m)a", "a\nb", false}, {"(?i)centos", "CentOS", true}, {"a$", "a", true}, {"^a", "ba", false},
		{"", "", false}, {".*", "", true}, {`\Qa.b\E`, "a.b", true}, {`\Qa.b\E`, "axb", false},
	} {
		var c compiler
		compiled := c.expression(row.expression, nil)
		expect.Equal(t, row.want, compiled != nil && compiled.MatchString(row.text),
			row.expression, "matches", row.text)
	}
}

// TestCatastrophicExpressionStaysFast: with backtracking this would take for ever.
func TestCatastrophicExpressionStaysFast(t *testing.T) {
	s := validSet(t, policy("konvoy").window(3).minor("1.8", runsUnder(system("A", "(a+)+b"), system("B", "(a|aa)*b"), system("C", "(.*)*x(.*)*y"))))
	done := make(chan struct{})
	go func() {
		defer close(done)
		assess(s, cluster().with(konvoy("1.8.0")).running(1, strings.Repeat("a", 64), strings.Repeat("a", 64)), "2021-09-01")
	}()
	select {
	case <-done:
	case <-time.After(10 * time.Second):
		t.Fatal("the expressions take for ever")
	}
}

// TestLargestExpressionsStayFast: what a policy may contain is compiled and matched in little time.
func TestLargestExpressionsStayFast(t *testing.T) {
	b := policy("konvoy").window(3)
	for i := range 2 {
		var systems []v1alpha1.OperatingSystem
		for j := range 64 {
			systems = append(systems, system(fmt.Sprint("s", j), fmt.Sprintf("(.?){100}.*%d", 64*i+j)))
		}
		b = b.minor(fmt.Sprintf("1.%d", i), ga(fmt.Sprintf("2021-01-%02d", i+1)), runsUnder(systems...))
	}
	start := time.Now()
	assess(validSet(t, b), cluster().with(konvoy("1.1.0")).running(1, strings.Repeat("a", 64), "1"), "2021-09-01")
	if took := time.Since(start); took > 5*time.Second {
		t.Errorf("128 expressions took %s", took)
	}
}

// TestOrderOfOperatingSystemsMeansNothing: neither in the policy nor that of equal nodes.
func TestOrderOfOperatingSystemsMeansNothing(t *testing.T) {
	c := cluster().with(konvoy("1.8.3")).running(1, osCentOS8, "4.18").running(2, osUbuntu, "5.4")
	b := systemsByPatch()
	want := assess(validSet(t, b), c, "2021-09-01")
	turned := b.edit(func(spec *v1alpha1.SupportPolicySpec) {
		slices.Reverse(spec.Releases)
		for i := range spec.Releases {
			slices.Reverse(spec.Releases[i].Patches)
			slices.Reverse(spec.Releases[i].OperatingSystems)
		}
	})
	expect.Equal(t, want, assess(validSet(t, turned), c, "2021-09-01"))
}
