package hub

import (
	"fmt"
	"strings"

	"github.com/d2iq-labs/support-policy-operator/api/v1alpha1"
	"github.com/d2iq-labs/support-policy-operator/internal/observe"
	"github.com/d2iq-labs/support-policy-operator/internal/support"
)

// The annotations of a KommanderCluster, as observe reads them.
const (
	annotationEnvironment = "support.d2iq.io/environment"
	annotationDeclared    = "support.d2iq.io/declared-releases"
)

// Knowledge is what the hub knows about one cluster.
type Knowledge struct {
	support.Hub

	// Environment is what an annotation of its KommanderCluster says; empty where none does.
	Environment v1alpha1.Environment
	// Remarks are what is wrong with the annotations; what is wrong is not used.
	Remarks []string
}

// Knows tells what the hub knows about the cluster of an object in the namespace. False: the hub cannot tell, since it was
// not looked at yet or may not be.
func (s *State) Knows(namespace string, reference *v1alpha1.ClusterReference) (Knowledge, bool) {
	if !s.Complete {
		return Knowledge{}, false
	}
	if reference.Host != nil {
		return s.host.knowledge(), true
	}
	id, is := IDOf(namespace, reference)
	if !is {
		return Knowledge{}, true
	}
	return s.clusters[id].knowledge(), s.clusters[id] != nil || s.missing(id).Reason != v1alpha1.ReasonHubUnknown
}

// knowledge of a cluster that nothing describes is empty.
func (c *cluster) knowledge() Knowledge {
	if c == nil {
		return Knowledge{}
	}
	var k Knowledge
	if c.Kommander != nil && !c.IsHost {
		k.Manager = c.Manager
	}
	k.Installations = c.konvoy()
	if c.Kommander != nil {
		k.annotated(c.Kommander)
	}
	return k
}

// konvoy is what the hub has about the cluster's Konvoy: its description in 1.x, and in 2.x that Konvoy made it. Nothing
// tells the version of that, which goes in lock-step with Kommander's.
func (c *cluster) konvoy() []support.Installation {
	var evidence []v1alpha1.Evidence
	if c.Konvoy != nil {
		described := c.Konvoy.Evidence()
		described.Object = support.OnHub(described.Object)
		evidence = append(evidence, described)
	}
	if c.CAPI != nil && c.CAPI.IsKonvoy {
		made := ID{ClusterAPICluster, c.CAPI.Namespace, c.CAPI.Name}
		evidence = append(evidence, v1alpha1.Evidence{Source: v1alpha1.SourceLabel, Object: support.OnHub(made.String())})
		if c.Manager != nil && isSecondLine(c.Manager.Version) {
			evidence = append(evidence, v1alpha1.Evidence{
				Source: v1alpha1.SourceInferred, Object: c.Manager.Object, Version: c.Manager.Version,
			})
		}
	}
	if len(evidence) == 0 {
		return nil
	}
	return []support.Installation{{Product: support.Konvoy, Name: support.DefaultInstallation, Evidence: evidence}}
}

// isSecondLine tells whether the version is one of 2.x, in which Konvoy and Kommander have the same.
func isSecondLine(version string) bool {
	parsed, err := support.ParseVersion(version)
	return err == nil && parsed.Major() >= 2
}

// annotated reads the annotations of the KommanderCluster.
func (k *Knowledge) annotated(described *observe.KommanderCluster) {
	id := ID{KommanderCluster, described.Namespace, described.Name}
	switch e := v1alpha1.Environment(described.Environment); e {
	case "", v1alpha1.EnvironmentProduction, v1alpha1.EnvironmentNonProduction:
		k.Environment = e
	default:
		k.Remarks = append(k.Remarks, fmt.Sprintf("annotation %s of %s: %q is not used, it must be Production or NonProduction",
			annotationEnvironment, id, support.Printable(described.Environment)))
	}
	for text := range strings.SplitSeq(described.DeclaredReleases, ",") {
		if strings.TrimSpace(text) == "" {
			continue
		}
		declared, err := support.ParseDeclaredRelease(strings.TrimSpace(text))
		if err != nil {
			k.Remarks = append(k.Remarks, fmt.Sprintf("annotation %s of %s: %v", annotationDeclared, id, err))
			continue
		}
		k.Installations = append(k.Installations, support.Installation{
			Product: declared.Product, Name: declared.Name,
			Evidence: []v1alpha1.Evidence{support.DeclaredOnHub(id.String(), declared.Version)},
		})
	}
}
