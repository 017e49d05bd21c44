// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package docs_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/d2iq-labs/support-policy-operator/test/repository"
	"github.com/d2iq-labs/support-policy-operator/test/testfile"
)

var (
	// proof is a test function of a file, as pages name it.
	proof = regexp.MustCompile("`([\\w./-]+_test\\.go)` `(Test\\w+)`")
	// pin is a file that pins versions.
	pin = regexp.MustCompile("`([\\w./-]*(?:go\\.mod|package\\.json))`")
	// fullVersion is a version with all three numbers.
	fullVersion = regexp.MustCompile(`v?\d+\.\d+\.\d+`)
)

// TestCompatibility: each row of the table names tests that exist, and each version that was tried stands in a file that pins it.
func TestCompatibility(t *testing.T) {
	rows := 0
	for line := range strings.Lines(testfile.Read(t, "compatibility.md")) {
		cells := strings.Split(line, " | ")
		if len(cells) != 5 || strings.HasPrefix(line, "| what ") {
			continue
		}
		rows++
		what, tried, tests, pins := cells[0], cells[2], cells[3], cells[4]
		proofs := proof.FindAllStringSubmatch(tests, -1)
		if len(proofs) == 0 {
			t.Errorf("%s: no test is named", what)
		}
		for _, named := range proofs {
			if err := repository.CheckFunction(named[1], named[2]); err != nil {
				t.Errorf("%s: %v", what, err)
			}
		}
		var pinned strings.Builder
		for _, named := range pin.FindAllStringSubmatch(pins, -1) {
			content, err := os.ReadFile(filepath.Join("..", named[1]))
			if err != nil {
				t.Errorf("%s: %v", what, err)
			}
			pinned.Write(content)
		}
		for _, version := range fullVersion.FindAllString(tried, -1) {
			if !strings.Contains(pinned.String(), version) {
				t.Errorf("%s: %s stands in none of %s", what, version, pins)
			}
		}
	}
	if rows < 10 {
		t.Errorf("the table has %d rows: perhaps its form has changed", rows)
	}
}
