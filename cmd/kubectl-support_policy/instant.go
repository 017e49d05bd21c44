// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"time"

	"github.com/spf13/pflag"
	"k8s.io/utils/clock"
)

// asOfUsage describes the flag --as-of, which both commands have.
const asOfUsage = "the `DATE` (00:00 of it in UTC) or the RFC 3339 instant at which to judge; now by default"

// The years that an instant can have: those of the days in a policy.
const firstYear, lastYear = 1900, 9998

// asOf returns the instant of --as-of, and now where the flag is not given. A flag that is given and empty is an error: mostly it is a
// variable that nobody has set.
func asOf(flags *pflag.FlagSet, text string, now clock.PassiveClock) (time.Time, error) {
	if !flags.Changed("as-of") {
		return now.Now().UTC(), nil
	}
	for _, layout := range []string{time.DateOnly, time.RFC3339} {
		at, err := time.Parse(layout, text)
		if err == nil && at.UTC().Year() >= firstYear && at.UTC().Year() <= lastYear {
			return at.UTC(), nil
		}
	}
	return time.Time{}, usageErrorf("--as-of: %q is neither a day such as 2021-05-05 nor an instant such as 2021-05-05T12:00:00Z,"+
		" of the years %d to %d", text, firstYear, lastYear)
}
