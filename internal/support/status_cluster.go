// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package support

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/validation/field"
	"k8s.io/utils/ptr"

	"github.com/d2iq-labs/support-policy-operator/api/v1alpha1"
	"github.com/d2iq-labs/support-policy-operator/internal/facts"
)

// ClusterInput is all that the status of a ClusterSupport depends on, apart from the policies and the instant.
type ClusterInput struct {
	// Object is the ClusterSupport: its spec, labels and generation, and the status that it has.
	Object *v1alpha1.ClusterSupport
	// HostNamespace is that of the object "host", the operator's own. Empty: not known, and what the status says of a spec
	// that claims to be the host stays.
	HostNamespace string
	// Contact is how the contact with the cluster stands. Nil: there was no new contact since the status was written, and what it
	// says of the contact stays.
	Contact *facts.Contact
	// Facts are what was observed. Nil: nothing since the operator started, and what the status records still holds.
	Facts *facts.Facts
	// Hub is what the hub knows of the cluster. Nil: it cannot tell, and what it knew last stays.
	Hub *facts.HubFacts
	// DuplicateOf is the older object that stands for the same cluster, as namespace/name; empty when there is none.
	DuplicateOf string
}

// observed are the facts about the cluster: what was observed since the operator started, else what the status records.
func (in *ClusterInput) observed() *facts.Facts {
	observed := in.Facts
	if observed == nil {
		observed = FactsOf(&in.Object.Status)
	}
	if in.Hub != nil {
		observed = observed.WithHub(*in.Hub)
	}
	return observed
}

// ClusterID is the identity of the cluster, by which its duplicates are found; empty where it is not known.
func (in *ClusterInput) ClusterID() string {
	if observed := in.observed(); observed != nil {
		return observed.ClusterID
	}
	return ""
}

// ClusterStatus is the whole status that a ClusterSupport ought to have at an instant, and the next instant at which it
// changes by time alone; zero when none is known. Of the status that the object has it keeps the times at which things
// began, and what was not observed again. It shares nothing with the input.
func (s *Set) ClusterStatus(in ClusterInput, now time.Time) (v1alpha1.ClusterSupportStatus, time.Time) {
	if refusal := in.refusedSpec(); refusal != nil {
		contact := append(stalledConditions(refusal.Reason, refusal.Message), notContacted(invalidSpec))
		assessment := keptAssessment(&in.Object.Status, refusal.Reason, invalidSpec+": "+refusal.Message)
		return assessment.status(in.Object, contact, now), time.Time{}
	}
	environment := in.Object.Status.Environment
	if in.Hub != nil {
		environment = in.Hub.Environment
	}
	assessment, next := s.evaluate(evaluationInput{
		Labels: in.Object.Labels, Facts: in.observed(), Environment: cmp.Or(in.Object.Spec.Environment, environment),
		Declared: in.Object.Spec.DeclaredReleases, DuplicateOf: in.DuplicateOf,
	}, now)
	return assessment.status(in.Object, in.contactConditions(), now), next
}

const invalidSpec = "the spec is not valid"

// Validate finds what is wrong with the spec, and the reason to give for it; none is valid. Of a cluster whose spec is not
// valid nothing but that is said.
func (in *ClusterInput) Validate() (field.ErrorList, string) {
	problems, reason := ValidateClusterSupport(in.Object)
	isHost := in.Object.Name == v1alpha1.HostName && in.Object.Namespace == in.HostNamespace
	if in.Object.Spec.Cluster.Host == nil || in.HostNamespace == "" || isHost {
		return problems, reason
	}
	refused := field.Forbidden(field.NewPath("spec", "cluster", "host"), fmt.Sprintf(
		"only the object %s/%s may stand for the operator's own cluster; delete this one", in.HostNamespace, v1alpha1.HostName))
	return append(field.ErrorList{refused}, problems...), v1alpha1.ReasonHostNotAllowed
}

// refusedSpec is why nothing else is said of the cluster than that its spec is refused; nil where it is valid. Whether the object may be the
// host only the operator can know: without it, what it said of that counts, and nothing else that the status says.
func (in *ClusterInput) refusedSpec() *facts.Problem {
	ready := meta.FindStatusCondition(in.Object.Status.Conditions, v1alpha1.ConditionReady)
	if in.HostNamespace == "" && ready != nil && ready.Reason == v1alpha1.ReasonHostNotAllowed {
		return &facts.Problem{Reason: ready.Reason, Message: ready.Message}
	}
	problems, reason := in.Validate()
	if len(problems) == 0 {
		return nil
	}
	return &facts.Problem{Reason: reason, Message: facts.JoinProblems(problems)}
}

// contactConditions are Ready and Reachable of an object whose spec is valid, with Stalled and Reconciling where they are
// True.
func (in *ClusterInput) contactConditions() []condition {
	if in.Contact == nil {
		return in.recordedConditions()
	}
	ready := readyConditions(nil, "")
	if refusal := in.refusal(); refusal != nil {
		ready = stalledConditions(refusal.Reason, refusal.Message)
	} else if in.Hub != nil && len(in.Hub.Warnings) > 0 {
		ready[0].Message += "; " + strings.Join(in.Hub.Warnings[:min(len(in.Hub.Warnings), maxWarnings)], "; ")
	}
	reachable := in.reachable()
	conditions := append(ready, reachable)
	if reachable.Reason == v1alpha1.ReasonNotContacted {
		conditions = append(conditions, condition{Type: v1alpha1.ConditionReconciling, Status: metav1.ConditionTrue,
			Reason: v1alpha1.ReasonConnecting, Message: "the first look at the cluster is under way"})
	}
	return conditions
}

// maxWarnings bounds what is said of annotations that cannot be read.
const maxWarnings = 4

// recordedConditions are those of the contact as the status has them. Ready stays only where it was about the contact: a
// spec that was refused may be valid by now.
func (in *ClusterInput) recordedConditions() []condition {
	keep := func(types ...string) []condition {
		var kept []condition
		for _, c := range in.Object.Status.Conditions {
			if slices.Contains(types, c.Type) {
				kept = append(kept, condition{Type: c.Type, Status: c.Status, Reason: c.Reason, Message: c.Message})
			}
		}
		return kept
	}
	ready := readyConditions(nil, "")
	before := meta.FindStatusCondition(in.Object.Status.Conditions, v1alpha1.ConditionReady)
	aboutContact := []string{v1alpha1.ReasonEvaluated, v1alpha1.ReasonInsecureKubeconfig, v1alpha1.ReasonInvalidKubeconfig}
	if before != nil && slices.Contains(aboutContact, before.Reason) {
		ready = keep(v1alpha1.ConditionReady, v1alpha1.ConditionStalled)
	}
	return append(ready, keep(v1alpha1.ConditionReachable, v1alpha1.ConditionReconciling)...)
}

// isKnown tells whether anything is known of the contact since the operator started.
func (in *ClusterInput) isKnown() bool {
	c := in.Contact
	return c.Problem != nil || c.Complete || c.Obstacle != nil && c.Obstacle.Status != ""
}

// reachable is the condition Reachable: what is known now, else what was known last, which a restart does not change.
func (in *ClusterInput) reachable() condition {
	reachable := func(status metav1.ConditionStatus, reason, message string) condition {
		return condition{Type: v1alpha1.ConditionReachable, Status: status, Reason: reason, Message: message}
	}
	switch c := in.Contact; {
	case c.Obstacle != nil && c.Obstacle.Status != "":
		return reachable(c.Obstacle.Status, c.Obstacle.Reason, c.Obstacle.Message)
	case c.Problem != nil:
		return reachable(metav1.ConditionFalse, c.Problem.Reason, c.Problem.Message)
	case c.Complete:
		return reachable(metav1.ConditionTrue, v1alpha1.ReasonConnected, "the cluster answers")
	}
	before := meta.FindStatusCondition(in.Object.Status.Conditions, v1alpha1.ConditionReachable)
	leadsToCluster := in.Contact.Obstacle == nil
	if before == nil || leadsToCluster && slices.Contains(beforeContact, before.Reason) {
		return notContacted("the cluster was not contacted yet")
	}
	return reachable(before.Status, before.Reason, before.Message)
}

// beforeContact are the reasons of Reachable that are about what comes before a contact. Once the reference leads to a
// cluster they are outdated.
var beforeContact = []string{
	v1alpha1.ReasonNotContacted, v1alpha1.ReasonNotJoined, v1alpha1.ReasonHubUnknown, v1alpha1.ReasonKommanderClusterMissing,
	v1alpha1.ReasonClusterAPIClusterMissing,
}

// refusal is why the kubeconfig is not used: what is known now, else what was known last; nil while it is used.
func (in *ClusterInput) refusal() *facts.Problem {
	if in.isKnown() {
		if in.Contact.Problem.IsRefusal() {
			return in.Contact.Problem
		}
		return nil
	}
	stalled := meta.FindStatusCondition(in.Object.Status.Conditions, v1alpha1.ConditionStalled)
	if stalled == nil {
		return nil
	}
	before := &facts.Problem{Reason: stalled.Reason, Message: stalled.Message}
	if !before.IsRefusal() {
		return nil
	}
	return before
}

func notContacted(why string) condition {
	return condition{
		Type: v1alpha1.ConditionReachable, Status: metav1.ConditionUnknown, Reason: v1alpha1.ReasonNotContacted, Message: why,
	}
}

// status is the assessment as a status, with the conditions of the contact. All that it keeps of the earlier status are the
// times at which things began. It shares nothing with the facts: what is written is read back into it.
func (a *clusterAssessment) status(object *v1alpha1.ClusterSupport, contact []condition, now time.Time) v1alpha1.ClusterSupportStatus {
	releases, history := carryOver(a.Releases, &object.Status, now)
	conditions := append(slices.Clone(contact), a.Conditions...)
	status := v1alpha1.ClusterSupportStatus{
		ObservedGeneration: ptr.To(object.Generation),
		Conditions:         stampConditions(conditions, object.Status.Conditions, object.Generation, now),
		Cluster:            describedReference(object, contact),
		ClusterID:          a.ClusterID,
		DuplicateOf:        a.DuplicateOf,
		Environment:        a.Environment,
		Manager:            a.Manager,
		KubernetesVersion:  a.KubernetesVersion,
		InstalledVersions:  a.InstalledVersions,
		SupportEndTime:     a.SupportEndTime,
		Releases:           releases,
		Components:         a.Components,
		Nodes:              a.Nodes,
		Findings:           a.Findings,
		History:            history,
	}
	return *status.DeepCopy()
}

// describedReference is the reference whose cluster the status describes: the first one that was not refused. While an object is
// stalled from the start, no cluster is known, and the reference may change.
func describedReference(object *v1alpha1.ClusterSupport, contact []condition) *v1alpha1.ClusterReference {
	isRefused := slices.ContainsFunc(contact, func(c condition) bool { return c.Type == v1alpha1.ConditionStalled })
	if object.Status.Cluster != nil || isRefused {
		return object.Status.Cluster
	}
	return object.Spec.Cluster.DeepCopy()
}
