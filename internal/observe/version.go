// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package observe

import (
	"context"
	"errors"
	"fmt"
	"regexp"

	"k8s.io/apimachinery/pkg/version"

	"github.com/d2iq-labs/support-policy-operator/internal/facts"
)

// gitVersion is how the gitVersion of every distribution begins.
var gitVersion = regexp.MustCompile(`^v?[0-9]+\.[0-9]+`)

// kubernetesVersion is the answer to GET /version. Other than any field of an object it is what runs.
func (c apiClient) kubernetesVersion(ctx context.Context) (string, error) {
	var info version.Info
	if err := c.get(ctx, "/version", acceptJSON, &info); err != nil {
		return "", fmt.Errorf("GET /version: %w", err)
	}
	if !gitVersion.MatchString(info.GitVersion) {
		return "", errors.New("the answer to GET /version has no gitVersion that is one")
	}
	return facts.Printable(info.GitVersion), nil
}
