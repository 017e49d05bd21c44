// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package observe

import (
	"context"

	"github.com/d2iq-labs/support-policy-operator/internal/facts"
)

// clusterID is the UID of the namespace kube-system, which no two clusters share, and which a cluster keeps for life. It is
// empty where there is no such namespace: in a new cluster it comes a little later.
func (c apiClient) clusterID(ctx context.Context) (string, error) {
	var namespace struct {
		Metadata struct {
			UID string `json:"uid"`
		} `json:"metadata"`
	}
	err := c.get(ctx, "/api/v1/namespaces/kube-system", acceptMetadata, &namespace)
	if outcomeOf(err) == outcomeNotFound {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	return facts.ClusterID(namespace.Metadata.UID), nil
}
