// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package support

import (
	"testing"
	"time"
)

// TestWarningOverClockChange: the warning begins with a day of the policy's zone, and not a multiple of 24 hours before.
func TestWarningOverClockChange(t *testing.T) {
	s := validSet(t, policy("kommander").zone("Europe/Berlin").warns(30).window(1).minor("1.4", ga("2021-04-10")).minor("1.3", ga("2020-01-01")))
	for _, row := range []struct {
		now  time.Time
		want string
		next string
	}{
		{justBefore(at("2021-03-10T23:00:00Z")), "False EndNotNear", "2021-03-10T23:00:00Z"},
		{at("2021-03-10T23:00:00Z"), "True SupportEndsSoon", "2021-04-09T22:00:00Z"},
		{justBefore(at("2021-04-09T22:00:00Z")), "True SupportEndsSoon", "2021-04-09T22:00:00Z"},
	} {
		assessment, next := s.evaluate(cluster().with(kommander("1.3.0")).evaluationInput, row.now)
		if got := conditionOf(t, assessment, "ExpiringSoon"); got != row.want || next.Format(time.RFC3339Nano) != row.next {
			t.Errorf("%s: got %s, next %s, want %s, next %s", row.now, got, next, row.want, row.next)
		}
	}
}
