package support

import (
	"slices"
	"time"

	"github.com/d2iq-labs/support-policy-operator/api/v1alpha1"
)

// maxHistory is how many ended installations a status names.
const maxHistory = 20

// remember carries over what the verdict does not know, since when each release is there, and moves what is there no
// longer into the history. It writes times only when something has come or gone: nothing in it beats at rest.
func remember(releases []v1alpha1.InstalledRelease, before *v1alpha1.ClusterSupportStatus, now time.Time) (
	[]v1alpha1.InstalledRelease, []v1alpha1.EndedInstallation,
) {
	remembered := slices.Clone(releases)
	for i := range remembered {
		remembered[i].ObservedSince = timestamp(now)
		if j := slices.IndexFunc(before.Releases, same(&remembered[i])); j >= 0 && before.Releases[j].ObservedSince != nil {
			remembered[i].ObservedSince = before.Releases[j].ObservedSince
		}
	}
	var ended []v1alpha1.EndedInstallation
	for i := range before.Releases {
		if gone := &before.Releases[i]; !slices.ContainsFunc(remembered, same(gone)) {
			ended = append(ended, v1alpha1.EndedInstallation{
				Product: gone.Product, Name: gone.Name, Version: gone.Version, From: gone.ObservedSince, To: timestamp(now),
			})
		}
	}
	history := append(ended, before.History...)
	return remembered, history[:min(len(history), maxHistory)]
}

// same finds a release of the same product, name and version.
func same(one *v1alpha1.InstalledRelease) func(v1alpha1.InstalledRelease) bool {
	return func(other v1alpha1.InstalledRelease) bool {
		return one.Product == other.Product && one.Name == other.Name && one.Version == other.Version
	}
}
