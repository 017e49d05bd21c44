// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package fleet

import (
	"context"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"github.com/d2iq-labs/support-policy-operator/api/v1alpha1"
	"github.com/d2iq-labs/support-policy-operator/internal/contact"
	"github.com/d2iq-labs/support-policy-operator/internal/facts"
)

// readKubeconfig returns the kubeconfig, or why there is none.
func (a *accessor) readKubeconfig(ctx context.Context) ([]byte, *contact.Failure) {
	if !a.options.IsAllowed(a.target.Secret.Namespace) {
		return nil, &contact.Failure{Reason: v1alpha1.ReasonSecretNotAllowed}
	}
	ctx, cancel := context.WithTimeout(ctx, a.intervals.secretTimeout)
	defer cancel()
	data, err := a.options.Secret(ctx, a.target.Secret)
	switch {
	case apierrors.IsNotFound(err):
		return nil, &contact.Failure{Reason: v1alpha1.ReasonSecretMissing, Cause: err}
	case err != nil:
		return nil, &contact.Failure{Reason: v1alpha1.ReasonSecretUnreadable, Cause: err}
	}
	for _, key := range a.target.Keys {
		if kubeconfig := data[key]; len(kubeconfig) > 0 {
			return kubeconfig, nil
		}
	}
	return nil, &contact.Failure{Reason: v1alpha1.ReasonKubeconfigMissing}
}

func isForbidden(failure *contact.Failure) bool { return apierrors.IsForbidden(failure.Cause) }

// maxNamedKeys bounds how many keys a message names.
const maxNamedKeys = 4

// secretProblem is the problem with the Secret, which it names. Names come from objects of any author.
func (t Target) secretProblem(reason string) *facts.Problem {
	about := "Secret " + facts.Printable(t.Secret.Namespace) + "/" + facts.Printable(t.Secret.Name)
	if reason == v1alpha1.ReasonKubeconfigMissing {
		var keys []string
		for _, key := range t.Keys[:min(len(t.Keys), maxNamedKeys)] {
			keys = append(keys, facts.Printable(key))
		}
		about += ", " + strings.Join(keys, " or ")
	}
	return &facts.Problem{Reason: reason, Message: contact.Message(reason) + " (" + about + ")"}
}
