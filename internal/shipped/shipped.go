// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

// Package shipped applies the policies that come with the operator. `kubectl apply` cannot: it asks the API server for the
// kinds of all objects of a file before it applies the first one, so a file with a CustomResourceDefinition and an object
// of its kind fails on a cluster that has neither. The Job of config/components/policies does it instead.
package shipped

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/wait"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"
)

const (
	// Owner is the field manager of what is applied.
	Owner = "support-policies"
	// Label is on each policy that is applied, with the value Owner, so that an uninstallation finds it.
	Label = "app.kubernetes.io/managed-by"

	kustomization = "kustomization.yaml"
	retryInterval = time.Second
	// patience is how long the API server may take to serve the kind, whose CRD comes from the same file.
	patience = 2 * time.Minute
)

// Apply applies the policies in files, and writes to out what became of each. A policy of which another manager has changed a
// field stays as it is, which is no error.
func Apply(ctx context.Context, server client.Client, files fs.FS, out io.Writer) error {
	policies, err := read(files)
	if err != nil {
		return err
	}
	var problems []error
	for _, policy := range policies {
		outcome, err := apply(ctx, server, policy)
		if err != nil {
			problems = append(problems, fmt.Errorf("apply SupportPolicy %s: %w", policy.GetName(), err))
			continue
		}
		if _, err := fmt.Fprintf(out, "SupportPolicy %s %s\n", policy.GetName(), outcome); err != nil {
			problems = append(problems, err)
		}
	}
	return errors.Join(problems...)
}

// read returns the policies, sorted by the names of their files.
func read(files fs.FS) ([]*unstructured.Unstructured, error) {
	names, err := fs.Glob(files, "*.yaml")
	if err != nil {
		return nil, fmt.Errorf("list the policies: %w", err)
	}
	var policies []*unstructured.Unstructured
	for _, name := range names {
		if name == kustomization {
			continue
		}
		text, err := fs.ReadFile(files, name)
		if err != nil {
			return nil, fmt.Errorf("read a policy: %w", err)
		}
		policy := &unstructured.Unstructured{}
		if err := yaml.UnmarshalStrict(text, &policy.Object); err != nil {
			return nil, fmt.Errorf("read the policy in %s: %w", name, err)
		}
		policy.SetLabels(map[string]string{Label: Owner})
		policies = append(policies, policy)
	}
	return policies, nil
}

// apply applies one policy, and waits until the API server serves its kind.
func apply(ctx context.Context, server client.Client, policy *unstructured.Unstructured) (outcome string, err error) {
	var last error
	err = wait.PollUntilContextTimeout(ctx, retryInterval, patience, true, func(ctx context.Context) (bool, error) {
		last = server.Apply(ctx, client.ApplyConfigurationFromUnstructured(policy.DeepCopy()), client.FieldOwner(Owner))
		if meta.IsNoMatchError(last) || apierrors.IsNotFound(last) {
			return false, nil
		}
		return true, nil
	})
	switch {
	case err == nil && apierrors.IsConflict(last):
		return "stays as it is: " + last.Error(), nil
	case last != nil:
		return "", last
	}
	return "applied", err
}
