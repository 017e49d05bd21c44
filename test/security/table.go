// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package security

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
)

// ListedRole is a row of the table in docs/rights.md.
type ListedRole struct {
	// In says by what the role is shipped.
	In string
	// Tests are the tests that fail without one of its rights, each as a file and a function.
	Tests [][2]string
}

var (
	row   = regexp.MustCompile("(?m)^\\| `((?:Cluster)?Role/[-a-z0-9.]+)` \\| ([^|]+) \\| [^|]+ \\| (.+) \\|$")
	proof = regexp.MustCompile("`([a-z0-9_/-]+_test\\.go)` `(Test[A-Za-z]+)`")
)

// ListedRoles reads the table of docs/rights.md below the root of the repository: the rows by kind and name of the role.
func ListedRoles(root string) (map[string]ListedRole, error) {
	content, err := os.ReadFile(filepath.Join(root, "docs", "rights.md"))
	if err != nil {
		return nil, fmt.Errorf("read the table of the roles: %w", err)
	}
	found := map[string]ListedRole{}
	for _, match := range row.FindAllStringSubmatch(string(content), -1) {
		listed := ListedRole{In: match[2]}
		for _, test := range proof.FindAllStringSubmatch(match[3], -1) {
			listed.Tests = append(listed.Tests, [2]string{test[1], test[2]})
		}
		found[match[1]] = listed
	}
	return found, nil
}
