// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

// Package calendar parses instants and time zones for tests.
package calendar

import (
	"testing"
	"time"
	_ "time/tzdata" // the machine may have no zones
)

// At parses an instant in RFC 3339, or a day, which stands for its start in UTC. It panics on anything else.
func At(text string) time.Time {
	layout := time.RFC3339Nano
	if len(text) == len(time.DateOnly) {
		layout = time.DateOnly
	}
	instant, err := time.Parse(layout, text)
	if err != nil {
		panic(err)
	}
	return instant
}

// Zone loads a time zone.
func Zone(t testing.TB, name string) *time.Location {
	t.Helper()
	zone, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	return zone
}

// StartOfDay returns the start of a day in a zone, or false where the zone skips the day. It tries every minute, to test
// facts.StartOfDay against.
func StartOfDay(day time.Time, zone *time.Location) (time.Time, bool) {
	wantYear, wantMonth, wantDay := day.Date()
	midnight := time.Date(wantYear, wantMonth, wantDay, 0, 0, 0, 0, time.UTC)
	for minute := -26 * 60; minute <= 26*60; minute++ {
		instant := midnight.Add(time.Duration(minute) * time.Minute)
		if year, month, date := instant.In(zone).Date(); year == wantYear && month == wantMonth && date == wantDay {
			return instant, true
		}
	}
	return time.Time{}, false
}
