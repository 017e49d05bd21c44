// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"io"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/d2iq-labs/support-policy-operator/api/v1alpha1"
	"github.com/d2iq-labs/support-policy-operator/internal/facts"
	"github.com/d2iq-labs/support-policy-operator/internal/manifest"
	"github.com/d2iq-labs/support-policy-operator/internal/support"
)

// commandLineName is the name of the cluster that --release describes.
const commandLineName = "command-line"

// readClusters reads ClusterSupports. What a person wrote has to be valid; what the operator wrote may hold a spec that it
// refused, and is answered as it answered. Those that can be judged are returned beside an error. What a newer operator wrote is noted.
func readClusters(errs io.Writer, reader *manifest.Reader, paths []string) ([]v1alpha1.ClusterSupport, error) {
	if len(paths) == 0 {
		return nil, nil
	}
	read, err := reader.Clusters(paths...)
	noteNews(errs, read)
	var failures failures
	clusters := make([]v1alpha1.ClusterSupport, 0, len(read))
	seen := map[string]manifest.Source{}
	for i := range read {
		object, source := &read[i].Object, read[i].Source
		first, isSecond := seen[displayName(object)]
		problems, _ := support.ValidateClusterSupport(object)
		if !isOffline(object) {
			problems = nil // the operator has refused it, and says so in the status
		}
		for _, problem := range read[i].Refused {
			if !isSaid(problem, problems) {
				problems = append(problems, problem)
			}
		}
		switch {
		case isSecond:
			failures.addAt(source, "ClusterSupport %s was read before (%s); two objects of one name are a mistake", displayName(object), first)
			continue
		case len(problems) > 0:
			failures.addAt(source.Field(problems[0].Field), "ClusterSupport %s: %s", displayName(object), facts.JoinProblems(problems))
			continue
		}
		seen[displayName(object)] = source
		clusters = append(clusters, *object)
	}
	return clusters, errors.Join(err, failures.err())
}

// maxNews is how many of the news are told one by one.
const maxNews = 20

// noteNews says what the statuses have that this version does not know.
func noteNews(errs io.Writer, read []manifest.Found[v1alpha1.ClusterSupport]) {
	told, all := 0, 0
	for i := range read {
		all += len(read[i].News)
		for _, one := range read[i].News[:min(len(read[i].News), maxNews-told)] {
			printLine(errs, "note: %s: ClusterSupport %s: %s that this version does not know: a newer operator wrote it",
				read[i].Source.Field(one.Field), displayName(&read[i].Object), one)
			told++
		}
	}
	if all > told {
		printLine(errs, "note: newer operators wrote %d more fields and values that this version does not know", all-told)
	}
}

// declaredReleases reads --release.
func declaredReleases(texts []string) ([]v1alpha1.DeclaredRelease, error) {
	var declared []v1alpha1.DeclaredRelease
	for _, text := range texts {
		release, err := facts.ParseDeclaredRelease(text)
		if err != nil {
			return nil, usageErrorf("--release: %v", err)
		}
		declared = append(declared, release)
	}
	if len(declared) > 0 {
		cluster := commandLineCluster(declared)
		if problems, _ := support.ValidateClusterSupport(&cluster); len(problems) > 0 {
			return nil, usageErrorf("--release: %s", facts.JoinProblems(problems))
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

// evaluate writes into the status of a cluster what the operator would write at an instant. Of a manifest that a person wrote
// nobody has observed anything, and what it declares is what there is.
func evaluate(set *support.Set, object *v1alpha1.ClusterSupport, at time.Time) {
	input := support.ClusterInput{Object: object, DuplicateOf: object.Status.DuplicateOf}
	if isOffline(object) {
		input.Facts = &facts.Facts{OnlyDeclared: true}
	}
	object.Status, _ = set.ClusterStatus(input, at)
}

// displayName names a cluster.
func displayName(object *v1alpha1.ClusterSupport) string {
	if object.Namespace == "" {
		return object.Name
	}
	return object.Namespace + "/" + object.Name
}
