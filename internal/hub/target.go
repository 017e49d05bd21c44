// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package hub

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/d2iq-labs/support-policy-operator/api/v1alpha1"
	"github.com/d2iq-labs/support-policy-operator/internal/detect"
	"github.com/d2iq-labs/support-policy-operator/internal/facts"
	"github.com/d2iq-labs/support-policy-operator/internal/fleet"
)

// phaseJoined is the phase of a KommanderCluster with a kubeconfig.
const phaseJoined = "Joined"

// The keys of kubeconfigs in Secrets: of Kommander 1.x and of clusters that are attached by hand, and of Cluster API.
const (
	keyKubeconfig = "kubeconfig"
	keyValue      = "value"
)

// TargetFor is where the kubeconfig of the cluster is to which a reference from a namespace leads, or what is in the way.
// Exactly one of the results is set.
func (s *State) TargetFor(namespace string, reference *v1alpha1.ClusterReference) (*fleet.Target, *facts.Obstacle) {
	secret := func(name string, keys ...string) *fleet.Target {
		return &fleet.Target{Secret: types.NamespacedName{Namespace: namespace, Name: name}, Keys: keys}
	}
	if r := reference.KubeconfigSecret; r != nil {
		if r.Key != "" {
			return secret(r.Name, r.Key), nil
		}
		return secret(r.Name, keyKubeconfig, keyValue), nil
	}
	id, is := IDOf(namespace, reference)
	c := s.clusters[id]
	switch {
	case !is:
		return nil, &facts.Obstacle{Status: metav1.ConditionFalse, Reason: v1alpha1.ReasonInvalidSpec, Message: "the reference leads nowhere"}
	case c == nil:
		return nil, s.missingObstacle(id)
	case id.Kind == ClusterAPICluster:
		return secret(id.Name+"-kubeconfig", keyValue, keyKubeconfig), nil
	case c.kommander.Phase != phaseJoined:
		return nil, notJoinedObstacle(id, c.kommander.Phase)
	case c.kommander.KubeconfigSecret != "":
		return secret(c.kommander.KubeconfigSecret, keyKubeconfig, keyValue), nil
	case c.tunnelSecret != "":
		return secret(c.tunnelSecret, keyKubeconfig, keyValue), nil
	case c.kommander.Tunnel != "" && s.isForbidden(detect.TunnelConnectors):
		return nil, forbiddenObstacle("the tunnel of "+id.String(), detect.TunnelConnectors)
	case c.kommander.Tunnel != "" && !s.Complete:
		return nil, pendingObstacle()
	}
	return nil, &facts.Obstacle{Status: metav1.ConditionFalse, Reason: v1alpha1.ReasonSecretMissing,
		Message: id.String() + " names no Secret with a kubeconfig yet: see to it that it is attached"}
}

// missingObstacle is for an object that does not exist, or that the operator may not read.
func (s *State) missingObstacle(id ID) *facts.Obstacle {
	resource, reason := detect.KommanderClusters, v1alpha1.ReasonKommanderClusterMissing
	if id.Kind == ClusterAPICluster {
		resource, reason = detect.CAPIClusters, v1alpha1.ReasonClusterAPIClusterMissing
	}
	switch {
	case s.isForbidden(resource):
		return forbiddenObstacle(id.String(), resource)
	case !s.Complete:
		return pendingObstacle()
	}
	return &facts.Obstacle{Status: metav1.ConditionFalse, Reason: reason,
		Message: "there is no " + id.String() + ": create it, or delete this object"}
}

func forbiddenObstacle(what, resource string) *facts.Obstacle {
	return &facts.Obstacle{Status: metav1.ConditionUnknown, Reason: v1alpha1.ReasonHubUnknown,
		Message: "the operator may not look for " + what + ": grant it list and watch on " + resource}
}

func pendingObstacle() *facts.Obstacle {
	return &facts.Obstacle{Reason: v1alpha1.ReasonHubUnknown, Message: "the operator's own cluster was not looked at yet"}
}

func notJoinedObstacle(id ID, phase string) *facts.Obstacle {
	why := "it has no phase yet"
	if phase != "" {
		why = "its phase is " + facts.Printable(phase)
	}
	return &facts.Obstacle{Status: metav1.ConditionUnknown, Reason: v1alpha1.ReasonNotJoined,
		Message: id.String() + " has not joined, " + why + ": it is looked into once it has"}
}
