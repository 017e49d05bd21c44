// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package repository_test

import (
	"path/filepath"
	"testing"

	"github.com/d2iq-labs/support-policy-operator/api/v1alpha1"
	"github.com/d2iq-labs/support-policy-operator/internal/manifest"
	"github.com/d2iq-labs/support-policy-operator/internal/support"
	"github.com/d2iq-labs/support-policy-operator/test/expect"
)

// samples are the objects of config/samples, read strictly.
type samples struct {
	policy    v1alpha1.SupportPolicy
	exception v1alpha1.SupportException
	cluster   v1alpha1.ClusterSupport
}

func readSamples(t *testing.T) samples {
	t.Helper()
	path := map[string]string{}
	for _, k := range readProject(t).Resources {
		path[k.Kind] = filepath.Join(root, k.sample())
	}
	policies, err := manifest.ReadPolicies(nil, path["SupportPolicy"], path["SupportException"])
	if err != nil {
		t.Fatal(err)
	}
	clusters, err := manifest.ReadClusters(nil, path["ClusterSupport"])
	if err != nil {
		t.Fatal(err)
	}
	if len(policies.Policies) != 1 || len(policies.Exceptions) != 1 || len(clusters) != 1 {
		t.Fatalf("there is not one sample of each kind: %d, %d and %d", len(policies.Policies), len(policies.Exceptions), len(clusters))
	}
	return samples{policies.Policies[0].Object, policies.Exceptions[0].Object, clusters[0].Object}
}

// TestSamplesAreValid has the operator's own validators look at each sample.
func TestSamplesAreValid(t *testing.T) {
	found := readSamples(t)
	exception := support.CompileException(&found.exception)
	for _, problem := range support.NewSet([]*support.Policy{support.Compile(&found.policy)}, exception).Problems(found.policy.Name) {
		t.Errorf("SupportPolicy: %v", problem)
	}
	for _, problem := range exception.Problems() {
		t.Errorf("SupportException: %v", problem)
	}
	problems, _ := support.ValidateClusterSupport(&found.cluster)
	for _, problem := range problems {
		t.Errorf("ClusterSupport: %v", problem)
	}
}

// fact is what a policy says of a release or a patch.
type fact struct {
	GeneralAvailability string
	Kubernetes          *v1alpha1.KubernetesRange
	Avoid               string
}

// facts are those of a policy by version.
func facts(policy *v1alpha1.SupportPolicy) map[string]fact {
	found := map[string]fact{}
	for _, release := range policy.Spec.Releases {
		found[release.Version] = fact{GeneralAvailability: release.GeneralAvailability, Kubernetes: release.Kubernetes}
		for _, patch := range release.Patches {
			found[patch.Version] = fact{patch.GeneralAvailability, patch.Kubernetes, patch.Avoid}
		}
	}
	return found
}

// TestSamplesAreFacts: the sample says nothing else than the shipped policy, which has the sources.
func TestSamplesAreFacts(t *testing.T) {
	shipped, err := manifest.ReadPolicies(nil, filepath.Join(root, "config/policies/konvoy.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	known := facts(&shipped.Policies[0].Object)
	policy := readSamples(t).policy
	for version, sampled := range facts(&policy) {
		expect.Equal(t, known[version], sampled, policy.Spec.Product, version, "is another one in config/policies")
	}
}
