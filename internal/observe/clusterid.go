// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package observe

import (
	"context"

	"github.com/d2iq-labs/support-policy-operator/internal/facts"
)

// clusterID asks for the UID of the namespace kube-system. Every cluster has one, of which there are no two with the same
// UID, and which is there for as long as the cluster. It is empty where there is no such namespace, which in a cluster
// that has just been made comes a little later.
func (c clients) clusterID(ctx context.Context) (string, error) {
	var namespace struct {
		Metadata struct {
			UID string `json:"uid"`
		} `json:"metadata"`
	}
	err := c.get(ctx, "/api/v1/namespaces/kube-system", onlyMetadata, &namespace)
	if answerOf(err) == missing {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	return facts.ClusterID(namespace.Metadata.UID), nil
}
