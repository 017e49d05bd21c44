// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package support

import (
	"errors"
	"fmt"
	"time"
)

// day is a calendar day without a zone.
type day struct {
	year  int
	month time.Month
	day   int
}

func dayOf(t time.Time) day { return day{t.Year(), t.Month(), t.Day()} }

func (d day) String() string { return fmt.Sprintf("%04d-%02d-%02d", d.year, int(d.month), d.day) }

// plus counts calendar days, whether or not a zone skips some.
func (d day) plus(days int) day {
	return dayOf(time.Date(d.year, d.month, d.day+days, 0, 0, 0, 0, time.UTC))
}

// The years that a day can have. Instants in a status have four digits for the year, the day after 9999-12-31 has five;
// and the zero time, in the year 1, means that none is set.
const firstYear, lastYear = 1900, 9998

// parseDay reads a day such as 2021-05-05. Days that do not exist, such as 2021-02-30, are errors.
func parseDay(text string) (day, error) {
	t, err := time.Parse(time.DateOnly, text)
	if err != nil || t.Year() < firstYear || t.Year() > lastYear {
		return day{}, fmt.Errorf("%s is not a day such as 2021-05-05", quote(text))
	}
	return dayOf(t), nil
}

// errNoSuchDay means that the clocks of a zone were put from the day before it to the day after it.
var errNoSuchDay = errors.New("the zone skipped this day")

// startOfDay is the first instant of the day that exists in the zone: not 00:00 where the clocks were put forward at
// midnight, and the earlier one where 00:00 came twice.
func startOfDay(d day, zone *time.Location) (time.Time, error) {
	// The day's midnight as if the zone were UTC; the real one is less than 26 hours away, whatever the offset.
	midnight := time.Date(d.year, d.month, d.day, 0, 0, 0, 0, time.UTC)
	const furthest = 26 * time.Hour
	for period := midnight.Add(-furthest).In(zone); period.Before(midnight.Add(furthest)); {
		begin, end := period.ZoneBounds()
		if !end.IsZero() && !end.After(period) {
			// On the last days of leap years that are not in the zone's table Go gives an end that has passed.
			end = period.Add(time.Hour)
		}
		_, offset := period.Zone()
		first := midnight.Add(-time.Duration(offset) * time.Second).In(zone)
		if !begin.IsZero() && first.Before(begin) {
			first = begin
		}
		if (end.IsZero() || first.Before(end)) && dayOf(first) == d {
			return first.UTC(), nil
		}
		if end.IsZero() {
			break
		}
		period = end
	}
	return time.Time{}, errNoSuchDay
}

// startOfDayOrLater is the start of the first day from d on that exists in the zone.
func startOfDayOrLater(d day, zone *time.Location) time.Time {
	for {
		start, err := startOfDay(d, zone)
		if err == nil {
			return start
		}
		d = d.plus(1)
	}
}

// daysBefore is the start of the day that lies so many calendar days before the instant's own day in the zone.
func daysBefore(instant time.Time, days int, zone *time.Location) time.Time {
	return startOfDayOrLater(dayOf(instant.In(zone)).plus(-days), zone)
}

// loadZone reads an IANA zone by its name. "Local" depends on the machine and an empty name on Go, so both are refused.
func loadZone(name string) (*time.Location, error) {
	if name == "" || name == "Local" {
		return nil, fmt.Errorf("%s is not an IANA time zone", quote(name))
	}
	zone, err := time.LoadLocation(name)
	if err != nil {
		return nil, fmt.Errorf("%s is not an IANA time zone", quote(name))
	}
	return zone, nil
}
