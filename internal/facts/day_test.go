// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package facts

import (
	"errors"
	"testing"
	"time"

	"github.com/d2iq-labs/support-policy-operator/test/calendar"
)

func dayOn(t testing.TB, text string) Day {
	t.Helper()
	parsed, err := ParseDay(text)
	if err != nil {
		t.Fatal(err)
	}
	return parsed
}

func TestStartOfDay(t *testing.T) {
	for _, row := range []struct {
		zone, day, want string
		reason          string
	}{
		{"Etc/UTC", "2021-05-05", "2021-05-05T00:00:00Z", "midnight"},
		{"Europe/Berlin", "2021-01-05", "2021-01-04T23:00:00Z", "one hour ahead"},
		{"Europe/Berlin", "2021-07-05", "2021-07-04T22:00:00Z", "two hours ahead in summer"},
		{"Europe/Berlin", "2021-03-28", "2021-03-27T23:00:00Z", "the clocks change after the day has begun"},
		{"America/New_York", "2021-05-05", "2021-05-05T04:00:00Z", "behind UTC"},
		{"Pacific/Kiritimati", "2021-05-05", "2021-05-04T10:00:00Z", "the furthest ahead"},
		{"Etc/GMT+12", "2021-05-05", "2021-05-05T12:00:00Z", "the furthest behind"},
		{"Asia/Kathmandu", "2021-05-05", "2021-05-04T18:15:00Z", "an offset of quarters"},
		{"America/Sao_Paulo", "2018-11-04", "2018-11-04T03:00:00Z", "the clocks were put from 00:00 to 01:00, where the day begins"},
		{"Asia/Beirut", "2022-03-27", "2022-03-26T22:00:00Z", "another gap at midnight"},
		{"America/Sao_Paulo", "2018-02-18", "2018-02-18T03:00:00Z", "at 24:00 the clocks were put back to 23:00, so that the day began late"},
		{"America/Asuncion", "2024-03-24", "2024-03-24T04:00:00Z", "the same in Paraguay"},
		{"America/Havana", "2021-11-07", "2021-11-07T04:00:00Z", "00:00 to 01:00 came twice, the first one counts"},
		{"Asia/Amman", "2014-10-31", "2014-10-30T21:00:00Z", "00:00 to 01:00 came twice, the first one counts"},
		{"America/St_Johns", "2009-11-01", "2009-11-01T02:30:00Z", "00:00 came, and a minute later the clocks were put back to the day before"},
		{"Pacific/Apia", "2011-12-29", "2011-12-29T10:00:00Z", "the last day on the old side of the date line"},
		{"Pacific/Apia", "2011-12-30", "", "the day was skipped"},
		{"Pacific/Apia", "2011-12-31", "2011-12-30T10:00:00Z", "the first day on the new side"},
		{"Pacific/Kwajalein", "1993-08-21", "", "the day was skipped"},
		{"Pacific/Enderbury", "1994-12-31", "", "the day was skipped"},
		{"Africa/Monrovia", "1972-01-07", "1972-01-07T00:44:30Z", "an offset with seconds; the clocks were put forward at the day's midnight"},
	} {
		t.Run(row.zone+" "+row.day, func(t *testing.T) {
			got, err := StartOfDay(dayOn(t, row.day), calendar.Zone(t, row.zone))
			if row.want == "" {
				if !errors.Is(err, errNoSuchDay) {
					t.Fatalf("%s: got %s, %v", row.reason, got, err)
				}
				return
			}
			if err != nil || got.Format(time.RFC3339Nano) != row.want {
				t.Errorf("%s: got %s, %v, want %s", row.reason, got.Format(time.RFC3339Nano), err, row.want)
			}
		})
	}
}

// TestStartOfDayAgainstTheClock compares with the naive walk around every change of the clocks of zones that have had
// strange ones.
func TestStartOfDayAgainstTheClock(t *testing.T) {
	for _, name := range []string{
		"America/Sao_Paulo", "America/Havana", "America/Asuncion", "America/St_Johns", "America/Caracas", "America/Scoresbysund",
		"Pacific/Apia", "Pacific/Kwajalein", "Asia/Amman", "Asia/Beirut", "Asia/Gaza", "Asia/Tehran", "Asia/Pyongyang", "Africa/Cairo",
		"Africa/Casablanca", "Antarctica/Troll", "Atlantic/Azores", "Australia/Lord_Howe", "Europe/Berlin",
	} {
		zone := calendar.Zone(t, name)
		// Before, offsets had seconds here and there.
		for change := calendar.At("1973-01-01").In(zone); change.Year() < 2038; {
			_, next := change.ZoneBounds()
			if next.IsZero() {
				break
			}
			change = next
			for _, days := range []int{-1, 0, 1} {
				d := DayOf(change).Plus(days)
				want, exists := calendar.StartOfDay(time.Date(d.Year, d.Month, d.Day, 0, 0, 0, 0, time.UTC), zone)
				got, err := StartOfDay(d, zone)
				if exists != (err == nil) || !got.Equal(want) {
					t.Errorf("%s %s: got %s, %v, want %s", name, d, got, err, want)
				}
			}
		}
	}
}

// TestStartOfDayInTheFarFuture: beyond the years that its tables list, Go's ZoneBounds takes leap years for shorter than
// they are, and gives on their last days an end that has passed.
func TestStartOfDayInTheFarFuture(t *testing.T) {
	for _, name := range []string{"Etc/UTC", "Europe/Berlin", "Africa/Cairo", "America/New_York", "America/St_Johns", "Australia/Lord_Howe", "Asia/Kathmandu"} {
		zone := calendar.Zone(t, name)
		for _, year := range []int{2038, 2039, 2040, 2041, 2044, 2100, 2104, 9912, 9996, 9998} {
			for days := -3; days <= 3; days++ {
				d := DayOf(time.Date(year+1, 1, 1+days, 0, 0, 0, 0, time.UTC))
				want, _ := calendar.StartOfDay(time.Date(d.Year, d.Month, d.Day, 0, 0, 0, 0, time.UTC), zone)
				if got, err := StartOfDay(d, zone); err != nil || !got.Equal(want) {
					t.Errorf("%s %s: got %s, %v, want %s", name, d, got, err, want)
				}
			}
		}
	}
}

func TestDaysBefore(t *testing.T) {
	for _, row := range []struct {
		zone, instant string
		days          int
		want          string
		reason        string
	}{
		{"Etc/UTC", "2021-11-30T00:00:00Z", 90, "2021-09-01T00:00:00Z", "calendar days"},
		{"Etc/UTC", "2021-11-30T00:00:00Z", 0, "2021-11-30T00:00:00Z", "no days"},
		{"Etc/UTC", "2020-03-01T00:00:00Z", 1, "2020-02-29T00:00:00Z", "a leap day"},
		{"Europe/Berlin", "2021-04-09T22:00:00Z", 30, "2021-03-10T23:00:00Z", "over the change to summer time: an hour less than 30 times 24"},
		{"Europe/Berlin", "2021-11-14T23:00:00Z", 30, "2021-10-15T22:00:00Z", "over the change from summer time: an hour more"},
		{"America/Sao_Paulo", "2018-11-14T02:00:00Z", 10, "2018-11-04T03:00:00Z", "to a day that begins at 01:00"},
		{"Pacific/Apia", "2012-01-04T10:00:00Z", 5, "2011-12-30T10:00:00Z", "to 2011-12-31, the day after the one that was skipped"},
		{"Pacific/Apia", "2012-01-04T10:00:00Z", 6, "2011-12-30T10:00:00Z", "to the day that was skipped: the next one"},
		{"Pacific/Apia", "2012-01-04T10:00:00Z", 7, "2011-12-29T10:00:00Z", "calendar days count, whether or not one was skipped"},
		{"Europe/Berlin", "2021-11-15T00:00:00Z", 0, "2021-11-14T23:00:00Z", "an instant within a day belongs to that day"},
	} {
		t.Run(row.reason, func(t *testing.T) {
			got := DaysBefore(calendar.At(row.instant), row.days, calendar.Zone(t, row.zone))
			if got.Format(time.RFC3339Nano) != row.want {
				t.Errorf("got %s, want %s", got.Format(time.RFC3339Nano), row.want)
			}
		})
	}
}

func TestParseDay(t *testing.T) {
	for _, row := range []struct {
		text  string
		valid bool
	}{
		{"2021-05-05", true},
		{"2020-02-29", true},
		{"1970-01-01", true},
		{"1900-01-01", true},
		{"1899-12-31", false},
		{"9998-12-31", true},
		{"2021-02-29", false},
		{"2021-02-30", false},
		{"2021-13-01", false},
		{"2021-00-10", false},
		{"2021-5-5", false},
		{"05.05.2021", false},
		{"2021-05-05T00:00:00Z", false},
		{"2021-05-05 ", false},
		{" 2021-05-05", false},
		{"20210505", false},
		{"", false},
		{"0000-01-01", false},
		{"0001-01-01", false},
		{"9999-12-31", false},
		{"10000-01-01", false},
		{"-001-01-01", false},
	} {
		got, err := ParseDay(row.text)
		if (err == nil) != row.valid {
			t.Errorf("%q: %v, %v", row.text, got, err)
		}
		if err == nil && got.String() != row.text {
			t.Errorf("%q became %s", row.text, got)
		}
	}
}

func TestDayText(t *testing.T) {
	for _, row := range []struct {
		instant, zone, want string
	}{
		{"2021-05-05T00:00:00Z", "Etc/UTC", "2021-05-05"},
		{"2021-05-05T00:00:00Z", "UTC", "2021-05-05"},
		{"2021-05-05T00:00:01Z", "Etc/UTC", "2021-05-05T00:00:01Z"},
		{"2021-05-04T22:00:00Z", "Europe/Berlin", "2021-05-05 (Europe/Berlin)"},
		{"2021-05-05T00:00:00Z", "Europe/Berlin", "2021-05-05T00:00:00Z"},
		{"2018-11-04T03:00:00Z", "America/Sao_Paulo", "2018-11-04 (America/Sao_Paulo)"},
	} {
		if got := DayText(calendar.At(row.instant), calendar.Zone(t, row.zone)); got != row.want {
			t.Errorf("%s in %s: got %s, want %s", row.instant, row.zone, got, row.want)
		}
	}
}
