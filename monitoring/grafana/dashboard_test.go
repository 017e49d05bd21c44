// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package grafana

import (
	"testing"

	"github.com/d2iq-labs/support-policy-operator/test/golden"
)

// TestFileIsUpToDate comes first: the other tests read the file.
func TestFileIsUpToDate(t *testing.T) {
	golden.Expect(t, "dashboard.json", string(JSON()))
}
