// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package observe

import (
	"context"
	"errors"
	"fmt"
	"regexp"

	"github.com/d2iq-labs/support-policy-operator/internal/facts"

	"k8s.io/apimachinery/pkg/version"
)

// gitVersion is how that of each distribution begins.
var gitVersion = regexp.MustCompile(`^v?[0-9]+\.[0-9]+`)

// kubernetesVersion asks GET /version. No field of any object is as good: it is what runs.
func (c clients) kubernetesVersion(ctx context.Context) (string, error) {
	var found version.Info
	if err := c.get(ctx, "/version", allFields, &found); err != nil {
		return "", fmt.Errorf("GET /version: %w", err)
	}
	if !gitVersion.MatchString(found.GitVersion) {
		return "", errors.New("the answer to GET /version has no gitVersion that is one")
	}
	return facts.Printable(found.GitVersion), nil
}
