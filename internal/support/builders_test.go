// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package support

import (
	"slices"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	"github.com/d2iq-labs/support-policy-operator/api/v1alpha1"
	"github.com/d2iq-labs/support-policy-operator/internal/facts"
	"github.com/d2iq-labs/support-policy-operator/test/calendar"
)

// The builders read like what they build:
//
//	policy("kommander").window(3).minor("1.4", ga("2021-05-05"))
//	cluster().with(kommander("1.3.1")).on("v1.19.7")

// at reads an instant: a day means its beginning in UTC.
func at(text string) time.Time { return calendar.At(text) }

// justBefore is the last instant before another one.
func justBefore(instant time.Time) time.Time { return instant.Add(-time.Nanosecond) }

// policyBuilder builds a SupportPolicy. Every step returns a copy, so that a table can vary one beginning.
type policyBuilder struct{ object *v1alpha1.SupportPolicy }

// policy begins a policy. The names of the shipped ones are about their product, any other is about a product of that
// name.
func policy(name string) policyBuilder {
	product := map[string]string{
		"konvoy": facts.Konvoy, "kommander": facts.Kommander, "bps": facts.BasePlatformServices, "kubernetes": facts.Kubernetes,
	}[name]
	if product == "" {
		product = name
	}
	return policyBuilder{&v1alpha1.SupportPolicy{
		ObjectMeta: metav1.ObjectMeta{Name: name},
		Spec:       v1alpha1.SupportPolicySpec{Product: product},
	}}
}

// edit changes a copy of the spec; for what the other steps do not offer, mistakes above all.
func (b policyBuilder) edit(change func(*v1alpha1.SupportPolicySpec)) policyBuilder {
	object := b.object.DeepCopy()
	change(&object.Spec)
	return policyBuilder{object}
}

func (b policyBuilder) named(name string) policyBuilder {
	object := b.object.DeepCopy()
	object.Name = name
	return policyBuilder{object}
}

func (b policyBuilder) about(product string) policyBuilder {
	return b.edit(func(spec *v1alpha1.SupportPolicySpec) { spec.Product = product })
}

func (b policyBuilder) window(minors int32) policyBuilder {
	return b.edit(func(spec *v1alpha1.SupportPolicySpec) {
		spec.Lifecycle.Window = &v1alpha1.WindowLifecycle{SupportedMinors: &minors}
	})
}

func (b policyBuilder) rangeOf(products ...string) policyBuilder {
	return b.edit(func(spec *v1alpha1.SupportPolicySpec) {
		spec.Lifecycle.RangeOf = &v1alpha1.RangeOfLifecycle{Products: products}
	})
}

func (b policyBuilder) follows(product string) policyBuilder {
	return b.edit(func(spec *v1alpha1.SupportPolicySpec) {
		spec.Lifecycle.Follows = &v1alpha1.FollowsLifecycle{Product: product}
	})
}

func (b policyBuilder) listed() policyBuilder {
	return b.edit(func(spec *v1alpha1.SupportPolicySpec) { spec.Lifecycle.Listed = &v1alpha1.ListedLifecycle{} })
}

// terms are the support terms of the product.
func (b policyBuilder) terms(level string, scopes ...v1alpha1.SupportScope) policyBuilder {
	return b.edit(func(spec *v1alpha1.SupportPolicySpec) {
		spec.SupportTerms = &v1alpha1.SupportTerms{Level: level, Scopes: scopes}
	})
}

// experimental names a component as experimental, in all versions of the product or in some.
func (b policyBuilder) experimental(name string, versions ...string) policyBuilder {
	return b.edit(func(spec *v1alpha1.SupportPolicySpec) {
		if spec.Experimental == nil {
			spec.Experimental = &v1alpha1.Experimental{}
		}
		spec.Experimental.Components = append(spec.Experimental.Components,
			v1alpha1.ExperimentalComponent{Name: name, Versions: versions})
	})
}

// production chooses the production clusters.
func (b policyBuilder) production(key, value string) policyBuilder {
	return b.edit(func(spec *v1alpha1.SupportPolicySpec) {
		if spec.Experimental == nil {
			spec.Experimental = &v1alpha1.Experimental{}
		}
		spec.Experimental.ProductionClusters = &metav1.LabelSelector{MatchLabels: map[string]string{key: value}}
	})
}

func (b policyBuilder) detects(detection v1alpha1.Detection) policyBuilder {
	return b.edit(func(spec *v1alpha1.SupportPolicySpec) { spec.Detection = &detection })
}

func (b policyBuilder) zone(name string) policyBuilder {
	return b.edit(func(spec *v1alpha1.SupportPolicySpec) { spec.TimeZone = &name })
}

func (b policyBuilder) warns(days int32) policyBuilder {
	return b.edit(func(spec *v1alpha1.SupportPolicySpec) { spec.ExpiringSoonDays = &days })
}

func (b policyBuilder) priority(priority int32) policyBuilder {
	return b.edit(func(spec *v1alpha1.SupportPolicySpec) { spec.Priority = &priority })
}

func (b policyBuilder) selects(key, value string) policyBuilder {
	return b.edit(func(spec *v1alpha1.SupportPolicySpec) {
		spec.ClusterSelector = &metav1.LabelSelector{MatchLabels: map[string]string{key: value}}
	})
}

func (b policyBuilder) minor(version string, options ...func(*v1alpha1.Release)) policyBuilder {
	return b.edit(func(spec *v1alpha1.SupportPolicySpec) {
		one := v1alpha1.Release{Version: version}
		for _, option := range options {
			option(&one)
		}
		spec.Releases = append(spec.Releases, one)
	})
}

// ga is a day of general availability.
func ga(day string) func(*v1alpha1.Release) {
	return func(r *v1alpha1.Release) { r.GeneralAvailability = day }
}

func planned(day string) func(*v1alpha1.Release) {
	return func(r *v1alpha1.Release) { r.PlannedGeneralAvailability = day }
}

func through(day string) func(*v1alpha1.Release) {
	return func(r *v1alpha1.Release) { r.SupportedThrough = day }
}

func withdrawn(day string) func(*v1alpha1.Release) {
	return func(r *v1alpha1.Release) { r.Withdrawn = day }
}

// runs is a Kubernetes range: minimum, maximum and, where it is given, default.
func runs(bounds ...string) func(*v1alpha1.Release) {
	return func(r *v1alpha1.Release) { r.Kubernetes = rangeSpec(bounds) }
}

func rangeSpec(bounds []string) *v1alpha1.KubernetesRange {
	spec := &v1alpha1.KubernetesRange{Minimum: bounds[0], Maximum: bounds[1]}
	if len(bounds) > 2 {
		spec.Default = bounds[2]
	}
	return spec
}

// attaches is the Kubernetes range of a minor of Kommander for attached clusters.
func attaches(bounds ...string) func(*v1alpha1.Release) {
	return func(r *v1alpha1.Release) { r.AttachKubernetes = rangeSpec(bounds) }
}

func needs(product string, versions ...string) func(*v1alpha1.Release) {
	return func(r *v1alpha1.Release) {
		r.Requires = append(r.Requires, v1alpha1.Requirement{Product: product, Versions: versions})
	}
}

// upgradesFrom without any minor says that no upgrade is documented.
func upgradesFrom(minors ...string) func(*v1alpha1.Release) {
	return func(r *v1alpha1.Release) { r.UpgradesFrom = append([]string{}, minors...) }
}

// runsUnder are the operating systems of a minor.
func runsUnder(systems ...v1alpha1.OperatingSystem) func(*v1alpha1.Release) {
	return func(r *v1alpha1.Release) { r.OperatingSystems = systems }
}

// system is an operating system by its expressions for osImage and, where it is given, for the kernel.
func system(name, image string, kernel ...string) v1alpha1.OperatingSystem {
	return v1alpha1.OperatingSystem{Name: name, OSImage: image, Kernel: strings.Join(kernel, "")}
}

func patched(version string, options ...func(*v1alpha1.Patch)) func(*v1alpha1.Release) {
	return func(r *v1alpha1.Release) {
		one := v1alpha1.Patch{Version: version}
		for _, option := range options {
			option(&one)
		}
		r.Patches = append(r.Patches, one)
	}
}

// dated is the day of a patch.
func dated(day string) func(*v1alpha1.Patch) {
	return func(p *v1alpha1.Patch) { p.GeneralAvailability = day }
}

func avoided(why string) func(*v1alpha1.Patch) {
	return func(p *v1alpha1.Patch) { p.Avoid = why }
}

// runsOn is the Kubernetes range of a patch.
func runsOn(bounds ...string) func(*v1alpha1.Patch) {
	return func(p *v1alpha1.Patch) { p.Kubernetes = rangeSpec(bounds) }
}

// under are the operating systems of a patch.
func under(systems ...v1alpha1.OperatingSystem) func(*v1alpha1.Patch) {
	return func(p *v1alpha1.Patch) { p.OperatingSystems = systems }
}

// from are the versions from which a patch can be reached; without any it is said that there are none.
func from(versions ...string) func(*v1alpha1.Patch) {
	return func(p *v1alpha1.Patch) { p.UpgradesFrom = append([]string{}, versions...) }
}

// exceptionBuilder builds a SupportException; its steps return copies.
type exceptionBuilder struct{ object *v1alpha1.SupportException }

// exception begins a valid one, which covers all of a product everywhere through a day.
func exception(name, product, lastDay string) exceptionBuilder {
	return exceptionBuilder{&v1alpha1.SupportException{
		ObjectMeta: metav1.ObjectMeta{Name: name},
		Spec: v1alpha1.SupportExceptionSpec{
			Product: product, Through: lastDay, Reference: "OPS-7", Reason: "the migration takes until then",
		},
	}}
}

func (b exceptionBuilder) edit(change func(*v1alpha1.SupportExceptionSpec)) exceptionBuilder {
	object := b.object.DeepCopy()
	change(&object.Spec)
	return exceptionBuilder{object}
}

func (b exceptionBuilder) covering(versions ...string) exceptionBuilder {
	return b.edit(func(spec *v1alpha1.SupportExceptionSpec) { spec.Versions = versions })
}

func (b exceptionBuilder) zone(name string) exceptionBuilder {
	return b.edit(func(spec *v1alpha1.SupportExceptionSpec) { spec.TimeZone = &name })
}

func (b exceptionBuilder) warns(days int32) exceptionBuilder {
	return b.edit(func(spec *v1alpha1.SupportExceptionSpec) { spec.ExpiringSoonDays = &days })
}

func (b exceptionBuilder) selects(key, value string) exceptionBuilder {
	return b.edit(func(spec *v1alpha1.SupportExceptionSpec) {
		spec.ClusterSelector = &metav1.LabelSelector{MatchLabels: map[string]string{key: value}}
	})
}

// excepting adds exceptions to a set.
func (s *Set) excepting(builders ...exceptionBuilder) *Set {
	compiled := make([]*Exception, 0, len(builders))
	for _, b := range builders {
		compiled = append(compiled, CompileException(b.object))
	}
	return NewSet(s.policies, compiled...)
}

// set compiles policies as they are.
func set(builders ...policyBuilder) *Set {
	compiled := make([]*Policy, 0, len(builders))
	for _, b := range builders {
		compiled = append(compiled, Compile(b.object))
	}
	return NewSet(compiled)
}

// validSet compiles policies that have to be valid.
func validSet(t testing.TB, builders ...policyBuilder) *Set {
	t.Helper()
	compiled := set(builders...)
	for _, p := range compiled.policies {
		if problems := compiled.Problems(p.name); len(problems) > 0 {
			t.Fatalf("policy %s: %s", p.name, facts.JoinProblems(problems))
		}
	}
	return compiled
}

// clusterBuilder builds the input of an evaluation; its steps return copies too.
type clusterBuilder struct{ evaluationInput }

// cluster begins a cluster that was contacted and in which nothing was found.
func cluster() clusterBuilder { return clusterBuilder{evaluationInput{Facts: &facts.Facts{}}} }

// observing changes a copy of the facts.
func (c clusterBuilder) observing(change func(*facts.Facts)) clusterBuilder {
	observed := *c.Facts
	change(&observed)
	c.Facts = &observed
	return c
}

// on sets the version that the API server reports.
func (c clusterBuilder) on(kubernetes string) clusterBuilder {
	return c.observing(func(observed *facts.Facts) { observed.KubernetesVersion = kubernetes })
}

func (c clusterBuilder) with(found ...facts.Installation) clusterBuilder {
	return c.observing(func(observed *facts.Facts) {
		observed.Installations = append(append([]facts.Installation{}, observed.Installations...), found...)
	})
}

func (c clusterBuilder) declaring(product, name, version string) clusterBuilder {
	c.Declared = append(append([]v1alpha1.DeclaredRelease{}, c.Declared...),
		v1alpha1.DeclaredRelease{Product: product, Name: name, Version: version})
	return c
}

func (c clusterBuilder) labelled(key, value string) clusterBuilder {
	c.Labels = map[string]string{key: value}
	return c
}

func (c clusterBuilder) in(environment v1alpha1.Environment) clusterBuilder {
	c.Environment = environment
	return c
}

// managedBy attaches the cluster to a Kommander of that version; empty where it is not known.
func (c clusterBuilder) managedBy(version string) clusterBuilder {
	return c.observing(func(observed *facts.Facts) {
		observed.Manager = &v1alpha1.ManagingKommander{Object: facts.OnHub("HelmRelease/kommander/kommander"), Version: version}
	})
}

// known adds what the hub knows, in place of what it knew before.
func (c clusterBuilder) known(hub facts.HubFacts) clusterBuilder {
	c.Facts = c.Facts.WithHub(hub)
	return c
}

// identified sets the UID of the namespace kube-system.
func (c clusterBuilder) identified(id string) clusterBuilder {
	return c.observing(func(observed *facts.Facts) { observed.ClusterID = id })
}

// doubling says that an older object stands for the same cluster.
func (c clusterBuilder) doubling(older string) clusterBuilder {
	c.DuplicateOf = older
	return c
}

// containing adds a component. Without a product nothing tells to which one it belongs, without a stage it is as any
// other.
func (c clusterBuilder) containing(name, product, stage string) clusterBuilder {
	return c.observing(func(observed *facts.Facts) {
		observed.Components = append(append([]v1alpha1.Component{}, observed.Components...),
			v1alpha1.Component{Name: name, Object: "ClusterAddon/" + name, Product: product, Stage: stage})
	})
}

// running adds nodes that run an operating system.
func (c clusterBuilder) running(nodes int32, osImage, kernel string) clusterBuilder {
	return c.observing(func(observed *facts.Facts) {
		all := v1alpha1.NodesStatus{}
		if observed.Nodes != nil {
			all = *observed.Nodes.DeepCopy()
		}
		all.Count = ptr.To(ptr.Deref(all.Count, 0) + nodes)
		all.OperatingSystems = append(all.OperatingSystems, v1alpha1.NodeOperatingSystem{OSImage: osImage, KernelVersion: kernel, Nodes: &nodes})
		observed.Nodes = &all
	})
}

// onNodes sets what is known about the nodes as it is.
func (c clusterBuilder) onNodes(nodes *v1alpha1.NodesStatus) clusterBuilder {
	return c.observing(func(observed *facts.Facts) { observed.Nodes = nodes })
}

// found is an installation with its evidence; without any it is there, and nothing tells its version.
func found(product, name string, evidence ...v1alpha1.Evidence) facts.Installation {
	if len(evidence) == 0 {
		evidence = []v1alpha1.Evidence{sign(v1alpha1.SourceCustomResource, "")}
	}
	return facts.Installation{Product: product, Name: name, Evidence: evidence}
}

func sign(source v1alpha1.EvidenceSource, version string) v1alpha1.Evidence {
	return v1alpha1.Evidence{Source: source, Object: string(source) + "/object", Version: version}
}

func product(name, version string) facts.Installation {
	return found(name, facts.DefaultInstallation, sign(v1alpha1.SourceCustomResource, version))
}

func konvoy(version string) facts.Installation { return product(facts.Konvoy, version) }

func kommander(version string) facts.Installation {
	return found(facts.Kommander, "kommander", sign(v1alpha1.SourceAnnotation, version))
}

func bps(tags ...string) facts.Installation {
	evidence := make([]v1alpha1.Evidence, 0, len(tags))
	for _, text := range tags {
		evidence = append(evidence, sign(v1alpha1.SourceLabel, text))
	}
	return found(facts.BasePlatformServices, facts.DefaultInstallation, evidence...)
}

// forbidden is a product for which the cluster does not let the operator look.
func forbidden(product string) facts.Installation {
	return found(product, facts.DefaultInstallation, v1alpha1.Evidence{Source: v1alpha1.SourceForbidden, Object: "things"})
}

// hubBuilder builds what the hub knows about a cluster; its steps return copies.
type hubBuilder struct{ facts.HubFacts }

func onHub() hubBuilder { return hubBuilder{} }

// describing adds evidence about the cluster's Konvoy.
func (b hubBuilder) describing(evidence ...v1alpha1.Evidence) hubBuilder {
	b.Installations = append(slices.Clone(b.Installations), found(facts.Konvoy, facts.DefaultInstallation, evidence...))
	return b
}

// told adds a release that an annotation of the KommanderCluster declares.
func (b hubBuilder) told(product, name, version string) hubBuilder {
	b.Declared = append(slices.Clone(b.Declared), v1alpha1.DeclaredRelease{Product: product, Name: name, Version: version})
	b.DeclaredBy = "KommanderCluster/workspace-a/prod"
	return b
}

func (b hubBuilder) managing(version string) hubBuilder {
	b.Manager = cluster().managedBy(version).Facts.Manager
	return b
}

// described is the KonvoyCluster of the hub, made that Konvoy 2.x made the cluster, and concluded a version that follows from
// the hub's Kommander.
func described(version string) v1alpha1.Evidence {
	return v1alpha1.Evidence{Source: v1alpha1.SourceCustomResource, Object: facts.OnHub("KonvoyCluster/workspace-a/prod"), Version: version}
}

func made() v1alpha1.Evidence {
	return v1alpha1.Evidence{Source: v1alpha1.SourceLabel, Object: facts.OnHub("Cluster/workspace-a/prod")}
}

func concluded(version string) v1alpha1.Evidence {
	return v1alpha1.Evidence{Source: v1alpha1.SourceInferred, Object: facts.OnHub("HelmRelease/kommander/kommander"), Version: version}
}

// hidden is what the operator may not look at on the hub.
func hidden() v1alpha1.Evidence {
	return v1alpha1.Evidence{Source: v1alpha1.SourceForbidden, Object: facts.OnHub("konvoyclusters")}
}

// answer is what a table compares of one release.
type answer struct {
	state  v1alpha1.State
	reason string
	// end is in UTC, with a day alone for midnight; empty when there is none.
	end string
}

func supported(reason, end string) answer { return answer{v1alpha1.StateSupported, reason, end} }

func unsupportedFor(reason, end string) answer { return answer{v1alpha1.StateUnsupported, reason, end} }

func unknownFor(reason string) answer { return answer{v1alpha1.StateUnknown, reason, ""} }

func endText(end *metav1.Time) string {
	if end == nil {
		return ""
	}
	return strings.TrimSuffix(end.UTC().Format(time.RFC3339Nano), "T00:00:00Z")
}

// instantText is an instant as endText writes it.
func instantText(instant time.Time) string {
	if instant.IsZero() {
		return ""
	}
	return endText(&metav1.Time{Time: instant})
}

// assess evaluates a cluster at an instant.
func assess(s *Set, c clusterBuilder, now string) clusterAssessment {
	assessment, _ := s.evaluate(c.evaluationInput, at(now))
	return assessment
}

// rowOf finds what an assessment says about a product.
func rowOf(t testing.TB, assessment clusterAssessment, product string) v1alpha1.InstalledRelease {
	t.Helper()
	for _, row := range assessment.Releases {
		if row.Product == product {
			return row
		}
	}
	t.Fatalf("the assessment has no %s: %+v", product, assessment)
	return v1alpha1.InstalledRelease{}
}

func answerOf(row v1alpha1.InstalledRelease) answer {
	return answer{state: row.State, reason: row.Findings[0].Reason, end: endText(row.SupportEndTime)}
}

// evidenceOn lists the evidence of a row as it is believed, the used piece first: "source object version".
func evidenceOn(row v1alpha1.InstalledRelease) []string {
	var all []string
	for _, e := range append([]v1alpha1.Evidence{row.Evidence}, row.OtherEvidence...) {
		all = append(all, strings.TrimSpace(string(e.Source)+" "+e.Object+" "+e.Version))
	}
	return all
}

// findings lists the reasons of all findings of a type.
func findings(row v1alpha1.InstalledRelease, kind v1alpha1.FindingType) []string {
	var reasons []string
	for _, f := range row.Findings {
		if f.Type == kind {
			reasons = append(reasons, f.Reason)
		}
	}
	return reasons
}

// messageOf is the sentence of the finding with a reason, of any type; empty when there is none.
func messageOf(row v1alpha1.InstalledRelease, reason string) string {
	for _, f := range row.Findings {
		if f.Reason == reason {
			return f.Message
		}
	}
	return ""
}

// conditionNamed finds the condition of a type.
func conditionNamed(t testing.TB, assessment clusterAssessment, kind string) condition {
	t.Helper()
	for _, c := range assessment.Conditions {
		if c.Type == kind {
			return c
		}
	}
	t.Fatalf("the assessment has no condition %s", kind)
	return condition{}
}

// conditionOf gives a condition as "status reason".
func conditionOf(t testing.TB, assessment clusterAssessment, kind string) string {
	t.Helper()
	c := conditionNamed(t, assessment, kind)
	return string(c.Status) + " " + c.Reason
}

func conditionMessage(t testing.TB, assessment clusterAssessment, kind string) string {
	t.Helper()
	return conditionNamed(t, assessment, kind).Message
}

// assess is evaluate without the search for the next change.
func (s *Set) assess(c evaluationInput, now time.Time) clusterAssessment {
	if c.Facts == nil {
		assessment, _ := s.evaluate(c, now)
		return assessment
	}
	return s.prepare(c).at(now).assess()
}
