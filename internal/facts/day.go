// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package facts

import (
	"errors"
	"fmt"
	"time"
)

// Day is a calendar day without a zone.
type Day struct {
	Year  int
	Month time.Month
	Day   int
}

func DayOf(t time.Time) Day { return Day{t.Year(), t.Month(), t.Day()} }

func (d Day) String() string { return fmt.Sprintf("%04d-%02d-%02d", d.Year, int(d.Month), d.Day) }

// Plus counts calendar days, whether or not a zone skips some.
func (d Day) Plus(days int) Day {
	return DayOf(time.Date(d.Year, d.Month, d.Day+days, 0, 0, 0, 0, time.UTC))
}

// The years that a day can have. Instants in a status have four digits for the year, the day after 9999-12-31 has five;
// and the zero time, in the year 1, means that none is set.
const firstYear, lastYear = 1900, 9998

// ParseDay reads a day such as 2021-05-05. Days that do not exist, such as 2021-02-30, are errors.
func ParseDay(text string) (Day, error) {
	t, err := time.Parse(time.DateOnly, text)
	if err != nil || t.Year() < firstYear || t.Year() > lastYear {
		return Day{}, fmt.Errorf("%s is not a day such as 2021-05-05", Quote(text))
	}
	return DayOf(t), nil
}

// errNoSuchDay means that the clocks of a zone were put from the day before it to the day after it.
var errNoSuchDay = errors.New("the zone skipped this day")

// StartOfDay is the first instant of the day that exists in the zone: not 00:00 where the clocks were put forward at
// midnight, and the earlier one where 00:00 came twice.
func StartOfDay(d Day, zone *time.Location) (time.Time, error) {
	// The day's midnight as if the zone were UTC; the real one is less than 26 hours away, whatever the offset.
	midnight := time.Date(d.Year, d.Month, d.Day, 0, 0, 0, 0, time.UTC)
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
		if (end.IsZero() || first.Before(end)) && DayOf(first) == d {
			return first.UTC(), nil
		}
		if end.IsZero() {
			break
		}
		period = end
	}
	return time.Time{}, errNoSuchDay
}

// StartOfDayOrLater is the start of the first day from d on that exists in the zone.
func StartOfDayOrLater(d Day, zone *time.Location) time.Time {
	for {
		start, err := StartOfDay(d, zone)
		if err == nil {
			return start
		}
		d = d.Plus(1)
	}
}

// DaysBefore is the start of the day that lies so many calendar days before the instant's own day in the zone.
func DaysBefore(instant time.Time, days int, zone *time.Location) time.Time {
	return StartOfDayOrLater(DayOf(instant.In(zone)).Plus(-days), zone)
}

// LoadZone reads an IANA zone by its name. "Local" depends on the machine and an empty name on Go, so both are refused.
func LoadZone(name string) (*time.Location, error) {
	if name == "" || name == "Local" {
		return nil, fmt.Errorf("%s is not an IANA time zone", Quote(name))
	}
	zone, err := time.LoadLocation(name)
	if err != nil {
		return nil, fmt.Errorf("%s is not an IANA time zone", Quote(name))
	}
	return zone, nil
}
