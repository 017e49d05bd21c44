// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/d2iq-labs/support-policy-operator/internal/facts"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/d2iq-labs/support-policy-operator/api/v1alpha1"
	"github.com/d2iq-labs/support-policy-operator/internal/manifest"
	"github.com/d2iq-labs/support-policy-operator/internal/support"
)

// commandLineName is the name of the cluster that --release describes.
const commandLineName = "command-line"

// readClusters reads ClusterSupports. What a person wrote has to be valid; what the operator wrote may hold a spec that it
// refused, and is answered as it answered.
func readClusters(stdin io.Reader, paths []string) ([]v1alpha1.ClusterSupport, error) {
	if len(paths) == 0 {
		return nil, nil
	}
	read, err := manifest.ReadClusters(stdin, paths...)
	if err != nil {
		return nil, err
	}
	if len(read) == 0 {
		return nil, errors.New("--cluster: there is no ClusterSupport in what was read")
	}
	clusters := make([]v1alpha1.ClusterSupport, 0, len(read))
	var failures []error
	seen := map[string]manifest.Source{}
	for i := range read {
		object := &read[i].Object
		if first, twice := seen[title(object)]; twice {
			failures = append(failures, fmt.Errorf("%s: ClusterSupport %s was read before (%s); two objects of one name are a mistake",
				read[i].Source, title(object), first))
		}
		seen[title(object)] = read[i].Source
		if problems, _ := support.ValidateClusterSupport(object); len(problems) > 0 && isOffline(object) {
			failures = append(failures, fmt.Errorf("%s: ClusterSupport %s: %s", read[i].Source, title(object), facts.JoinProblems(problems)))
		}
		clusters = append(clusters, *object)
	}
	return clusters, errors.Join(failures...)
}

// declaredReleases reads --release.
func declaredReleases(texts []string) ([]v1alpha1.DeclaredRelease, error) {
	var declared []v1alpha1.DeclaredRelease
	for _, text := range texts {
		release, err := facts.ParseDeclaredRelease(text)
		if err != nil {
			return nil, misuse("--release: %v", err)
		}
		declared = append(declared, release)
	}
	if len(declared) > 0 {
		cluster := commandLineCluster(declared)
		if problems, _ := support.ValidateClusterSupport(&cluster); len(problems) > 0 {
			return nil, misuse("--release: %s", facts.JoinProblems(problems))
		}
	}
	return declared, nil
}

// commandLineCluster is the cluster that --release describes.
func commandLineCluster(declared []v1alpha1.DeclaredRelease) v1alpha1.ClusterSupport {
	return v1alpha1.ClusterSupport{
		TypeMeta:   metav1.TypeMeta{APIVersion: v1alpha1.GroupVersion.String(), Kind: "ClusterSupport"},
		ObjectMeta: metav1.ObjectMeta{Name: commandLineName},
		Spec: v1alpha1.ClusterSupportSpec{
			Cluster:          v1alpha1.ClusterReference{Host: &v1alpha1.HostReference{}},
			DeclaredReleases: declared,
		},
	}
}

// isOffline tells a manifest that a person wrote from an object that an API server has seen. The latter has a status from
// its beginning, and of its cluster nothing may be known yet. The answer about the former says nothing about contact, and
// nothing that was observed.
func isOffline(object *v1alpha1.ClusterSupport) bool {
	if support.HasFacts(&object.Status) {
		return false
	}
	if len(object.Status.Conditions) > 0 {
		return meta.FindStatusCondition(object.Status.Conditions, v1alpha1.ConditionReachable) == nil
	}
	return object.Status.ObservedGeneration == nil
}

// judge writes into the status of a cluster what the operator would write at an instant.
func judge(set *support.Set, object *v1alpha1.ClusterSupport, at time.Time) {
	if isRefused(object) {
		return
	}
	problems, reason := support.ValidateClusterSupport(object)
	assessment := support.Keeping(&object.Status, reason, invalidSpec+": "+facts.JoinProblems(problems))
	if len(problems) == 0 {
		assessment, _ = set.Evaluate(support.Cluster{
			Labels: object.Labels, Facts: factsOf(object), Environment: cmp.Or(object.Spec.Environment, object.Status.Environment),
			DuplicateOf: object.Status.DuplicateOf, Declared: object.Spec.DeclaredReleases,
		}, at)
	}
	besides := append(readiness(object, problems, reason), contact(object, problems)...)
	object.Status = assessment.Status(object, besides, at)
}

// isRefused tells whether the operator refused the object for a reason that only it can know. Then its answer stands.
func isRefused(object *v1alpha1.ClusterSupport) bool {
	ready := meta.FindStatusCondition(object.Status.Conditions, v1alpha1.ConditionReady)
	return ready != nil && ready.Reason == v1alpha1.ReasonHostNotAllowed
}

// factsOf are what the operator observed. Of a manifest that a person wrote nobody observed anything, and what it declares
// is what there is.
func factsOf(object *v1alpha1.ClusterSupport) *facts.Facts {
	if isOffline(object) {
		return &facts.Facts{OnlyDeclared: true}
	}
	return support.FactsOf(&object.Status)
}

// readiness keeps what the operator said of a spec that it took, which may be that the kubeconfig is not to be used.
func readiness(object *v1alpha1.ClusterSupport, problems field.ErrorList, reason string) []support.Condition {
	ready := meta.FindStatusCondition(object.Status.Conditions, v1alpha1.ConditionReady)
	taken := []string{v1alpha1.ReasonEvaluated, v1alpha1.ReasonInsecureKubeconfig, v1alpha1.ReasonInvalidKubeconfig}
	if len(problems) == 0 && ready != nil && slices.Contains(taken, ready.Reason) {
		return keep(object, v1alpha1.ConditionReady, v1alpha1.ConditionStalled)
	}
	return support.Readiness(problems, reason)
}

// invalidSpec is what the operator says of a cluster into which it does not look for that reason.
const invalidSpec = "the spec is not valid"

// contact is what the status says about the contact with the cluster. That stays true while the spec is valid.
func contact(object *v1alpha1.ClusterSupport, problems field.ErrorList) []support.Condition {
	if len(problems) > 0 {
		return []support.Condition{{
			Type: v1alpha1.ConditionReachable, Status: metav1.ConditionUnknown, Reason: v1alpha1.ReasonNotContacted, Message: invalidSpec,
		}}
	}
	return keep(object, v1alpha1.ConditionReachable, v1alpha1.ConditionReconciling)
}

// keep are the conditions of the types as the status has them.
func keep(object *v1alpha1.ClusterSupport, types ...string) []support.Condition {
	var kept []support.Condition
	for _, c := range object.Status.Conditions {
		if slices.Contains(types, c.Type) {
			kept = append(kept, support.Condition{Type: c.Type, Status: c.Status, Reason: c.Reason, Message: c.Message})
		}
	}
	return kept
}

// title names a cluster.
func title(object *v1alpha1.ClusterSupport) string {
	if object.Namespace == "" {
		return object.Name
	}
	return object.Namespace + "/" + object.Name
}
