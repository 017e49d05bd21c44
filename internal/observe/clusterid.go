// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package observe

import (
	"context"

	"github.com/d2iq-labs/support-policy-operator/internal/facts"
)

// maxClusterIDBytes is what the status has room for. A UID has 36.
const maxClusterIDBytes = 64

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
	return clusterID(namespace.Metadata.UID), nil
}

// clusterID is the text, if it can be a UID. What is too long is not cut: two that begin alike are no double.
func clusterID(text string) string {
	if len(text) > maxClusterIDBytes || facts.Printable(text) != text {
		return ""
	}
	return text
}
