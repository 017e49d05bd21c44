// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package support

import (
	"slices"
	"time"

	"github.com/d2iq-labs/support-policy-operator/api/v1alpha1"
	"github.com/d2iq-labs/support-policy-operator/internal/facts"
)

// maxHistory is how many ended installations a status names.
const maxHistory = 20

// carryOver carries over since when each release is observed, which the assessment does not know, and moves releases that are
// gone into the history. It writes times only when a release has come or gone, so that a status at rest does not change.
func carryOver(releases []v1alpha1.InstalledRelease, before *v1alpha1.ClusterSupportStatus, now time.Time) (
	[]v1alpha1.InstalledRelease, []v1alpha1.EndedInstallation,
) {
	remembered, past := slices.Clone(releases), slices.Clone(before.History)
	for i := range remembered {
		row := &remembered[i]
		if !isObserved(row) {
			continue
		}
		row.ObservedSince = timestamp(now)
		if j := slices.IndexFunc(before.Releases, sameRelease(row)); j >= 0 && before.Releases[j].ObservedSince != nil {
			row.ObservedSince = before.Releases[j].ObservedSince
		} else if j := slices.IndexFunc(past, isReturnOf(row, past)); j >= 0 && wasHidden(row.Product, before) {
			// It was there all the time: for a while the cluster refused access.
			row.ObservedSince = past[j].From
			past = slices.Delete(past, j, j+1)
		}
	}
	var ended []v1alpha1.EndedInstallation
	for i := range before.Releases {
		if gone := &before.Releases[i]; isObserved(gone) && !slices.ContainsFunc(remembered, sameRelease(gone)) {
			ended = append(ended, v1alpha1.EndedInstallation{
				Product: gone.Product, Name: gone.Name, Version: gone.Version, From: gone.ObservedSince, To: timestamp(now),
			})
		}
	}
	history := append(ended, past...)
	return remembered, history[:min(len(history), maxHistory)]
}

// sameRelease finds a release of the same product and version under the same name, or another name for the same object: a second
// installation of the product can change the name of the first one.
func sameRelease(one *v1alpha1.InstalledRelease) func(v1alpha1.InstalledRelease) bool {
	return func(other v1alpha1.InstalledRelease) bool {
		isObject := one.Evidence.Object != "" && !facts.IsDeclared(one.Evidence) && one.Evidence.Object == other.Evidence.Object
		isOne := one.Name == other.Name || isObject
		return one.Product == other.Product && one.Version == other.Version && isOne
	}
}

// isObserved tells a release that was seen from one that may be there or not.
func isObserved(r *v1alpha1.InstalledRelease) bool {
	return r.Evidence.Source != v1alpha1.SourceForbidden
}

// wasHidden tells whether a product may have been there without a row: the operator was not allowed to look for it.
func wasHidden(product string, before *v1alpha1.ClusterSupportStatus) bool {
	if product == facts.Kubernetes {
		// It has a row only while a policy speaks about it; its version is known all the time.
		return !slices.ContainsFunc(before.Releases, func(r v1alpha1.InstalledRelease) bool { return r.Product == facts.Kubernetes }) &&
			before.KubernetesVersion != ""
	}
	return slices.ContainsFunc(before.Releases, func(r v1alpha1.InstalledRelease) bool { return r.Product == product && !isObserved(&r) })
}

// isReturnOf finds the release among those that were taken for gone when its product was hidden, which are the last of the
// product that went.
func isReturnOf(row *v1alpha1.InstalledRelease, past []v1alpha1.EndedInstallation) func(v1alpha1.EndedInstallation) bool {
	last := slices.IndexFunc(past, func(e v1alpha1.EndedInstallation) bool { return e.Product == row.Product })
	return func(e v1alpha1.EndedInstallation) bool {
		return e.Product == row.Product && e.Name == row.Name && e.Version == row.Version && e.To.Equal(past[last].To)
	}
}
