// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"github.com/d2iq-labs/support-policy-operator/api/v1alpha1"
	"github.com/d2iq-labs/support-policy-operator/test/sandbox"
)

// repository is the Git repository with the policies, which a GitOps tool applies: the shipped files, without what was
// published after a day.
type repository struct {
	shipped []v1alpha1.SupportPolicy
	applied map[string]v1alpha1.SupportPolicySpec
}

// plan is a planned release. It is in the repository from the day of its announcement until its release is confirmed. The
// demo makes plans up: the vendor announced hardly any.
type plan struct {
	policy, minor                 string
	announced, planned, confirmed time.Time
}

func openRepository(folder string) (*repository, error) {
	r := &repository{applied: map[string]v1alpha1.SupportPolicySpec{}}
	for _, name := range []string{"konvoy", "kommander", "kubernetes", "base-platform-services"} {
		text, err := os.ReadFile(filepath.Join(folder, name+".yaml"))
		if err != nil {
			return nil, fmt.Errorf("read a policy: %w", err)
		}
		var policy v1alpha1.SupportPolicy
		if err := yaml.UnmarshalStrict(text, &policy); err != nil {
			return nil, fmt.Errorf("read policy %s: %w", name, err)
		}
		r.shipped = append(r.shipped, policy)
	}
	return r, nil
}

// policyOn returns the spec of a policy that the repository has on a day.
func policyOn(policy v1alpha1.SupportPolicy, day time.Time, plans []plan) v1alpha1.SupportPolicySpec {
	spec := *policy.Spec.DeepCopy()
	spec.Releases = slices.DeleteFunc(spec.Releases, func(r v1alpha1.Release) bool {
		return isAfter(r.GeneralAvailability, day) && !slices.ContainsFunc(plans, func(p plan) bool { return p.appliesOn(policy.Name, r.Version, day) })
	})
	for i := range spec.Releases {
		r := &spec.Releases[i]
		if isAfter(r.Withdrawn, day) {
			r.Withdrawn = ""
		}
		r.Patches = slices.DeleteFunc(r.Patches, func(p v1alpha1.Patch) bool { return isAfter(p.GeneralAvailability, day) })
		for _, p := range plans {
			if p.appliesOn(policy.Name, r.Version, day) {
				*r = v1alpha1.Release{Version: r.Version, PlannedGeneralAvailability: p.planned.Format(time.DateOnly)}
			}
		}
	}
	return spec
}

// appliesOn tells whether the repository has the plan, for this minor, on a day.
func (p plan) appliesOn(policy, minor string, day time.Time) bool {
	return p.policy == policy && p.minor == minor && !day.Before(p.announced) && day.Before(p.confirmed)
}

func isAfter(published string, day time.Time) bool {
	return published != "" && date(published).After(day)
}

// sync applies the policies of a day, and returns the subjects of the commits since the last sync.
func (r *repository) sync(ctx context.Context, hub *sandbox.Sandbox, day time.Time) ([]string, error) {
	var commits []string
	for _, policy := range r.shipped {
		spec := policyOn(policy, day, plans)
		before, exists := r.applied[policy.Name]
		if exists && equality.Semantic.DeepEqual(before, spec) {
			continue
		}
		if exists {
			commits = append(commits, policy.Name+": "+strings.Join(describeChanges(before, spec), ", "))
		}
		r.applied[policy.Name] = spec
		if err := apply(ctx, hub, policy.Name, spec); err != nil {
			return nil, err
		}
	}
	return commits, nil
}

func apply(ctx context.Context, hub *sandbox.Sandbox, name string, spec v1alpha1.SupportPolicySpec) error {
	fields, err := runtime.DefaultUnstructuredConverter.ToUnstructured(&spec)
	if err != nil {
		return fmt.Errorf("write policy %s: %w", name, err)
	}
	object := &unstructured.Unstructured{Object: map[string]any{"spec": fields}}
	object.SetGroupVersionKind(v1alpha1.GroupVersion.WithKind("SupportPolicy"))
	object.SetName(name)
	err = hub.Client.Apply(ctx, client.ApplyConfigurationFromUnstructured(object), client.FieldOwner("gitops"), client.ForceOwnership)
	if err != nil {
		return fmt.Errorf("apply policy %s: %w", name, err)
	}
	return nil
}

// describeChanges returns the parts of the subject of a commit.
func describeChanges(before, after v1alpha1.SupportPolicySpec) []string {
	var words []string
	for _, r := range after.Releases {
		old := releaseOf(before, r.Version)
		switch {
		case r.PlannedGeneralAvailability != "" && old.PlannedGeneralAvailability == "":
			words = append(words, fmt.Sprintf("%s is planned for %s", r.Version, r.PlannedGeneralAvailability))
		case r.GeneralAvailability != "" && old.GeneralAvailability == "":
			words = append(words, fmt.Sprintf("%s is generally available since %s", r.Version, r.GeneralAvailability))
		case len(r.Patches) > len(old.Patches):
			words = append(words, "patch "+r.Patches[0].Version)
		}
		if r.Withdrawn != "" && old.Withdrawn == "" {
			words = append(words, r.Version+" is withdrawn")
		}
	}
	return words
}

func releaseOf(spec v1alpha1.SupportPolicySpec, version string) v1alpha1.Release {
	for _, r := range spec.Releases {
		if r.Version == version {
			return r
		}
	}
	return v1alpha1.Release{}
}
