// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package facts

import (
	"strings"
	"testing"
	"time"

	"github.com/d2iq-labs/support-policy-operator/test/calendar"
)

func FuzzPrintable(f *testing.F) {
	for _, text := range []string{
		"1.3.1", "v1.19.9-gke.1900", "", "1.3.1\n", "\xff\xfe", "１.３.１", strings.Repeat("\x00", 100), strings.Repeat("🙂", 70), `\x1b[31m`,
		strings.Repeat("a", 63) + "\xf0\x9f\x99",
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) { checkPrintable(t, text) })
}

// FuzzDay holds that a day begins after the day before it and with an instant that belongs to it.
func FuzzDay(f *testing.F) {
	for _, text := range []string{"2021-05-05", "2011-12-30", "2018-11-04", "2021-02-29", "9999-12-31", "0000-01-01", "1900-01-01", "1972-01-07", "x", ""} {
		for zone := range 14 {
			f.Add(text, zone)
		}
	}
	zones := []string{
		"Etc/UTC", "Pacific/Apia", "America/Sao_Paulo", "America/Havana", "Europe/Berlin", "America/St_Johns", "Africa/Monrovia", "Asia/Kathmandu",
		"Pacific/Kiritimati", "Etc/GMT+12", "Antarctica/Troll", "Asia/Gaza", "America/Juneau", "Asia/Manila",
	}
	f.Fuzz(func(t *testing.T, text string, zoneIndex int) {
		d, err := ParseDay(text)
		if err != nil {
			return
		}
		if d.String() != text {
			t.Fatalf("%q became %s", text, d)
		}
		zone := calendar.Zone(t, zones[((zoneIndex%len(zones))+len(zones))%len(zones)])
		start, err := StartOfDay(d, zone)
		if err != nil {
			if later := StartOfDayOrLater(d, zone); DayOf(later.In(zone)) == d {
				t.Errorf("%s %s was skipped, and yet %s belongs to it", zone, d, later)
			}
			return
		}
		if DayOf(start.In(zone)) != d || DayOf(start.Add(-1).In(zone)) == d {
			t.Errorf("%s %s does not begin at %s", zone, d, start)
		}
		next := StartOfDayOrLater(d.Plus(1), zone)
		if length := next.Sub(start); length <= 0 || length > 49*time.Hour {
			t.Errorf("%s %s lasts %s", zone, d, length)
		}
		if year := next.UTC().Year(); year > 9999 {
			t.Errorf("%s %s ends in the year %d, which a status cannot hold", zone, d, year)
		}
	})
}
