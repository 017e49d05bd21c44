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

// DayOf returns the day of an instant in the zone of the instant.
func DayOf(t time.Time) Day { return Day{t.Year(), t.Month(), t.Day()} }

// String returns the day such as 2021-05-05.
func (d Day) String() string { return fmt.Sprintf("%04d-%02d-%02d", d.Year, int(d.Month), d.Day) }

// Plus returns the day so many calendar days later, including days that a zone skips.
func (d Day) Plus(days int) Day {
	return DayOf(time.Date(d.Year, d.Month, d.Day+days, 0, 0, 0, 0, time.UTC))
}

// The years that a day can have. In a status the year of an instant has four digits, so the day after the last one must,
// too; the zero time, in the year 1, means that no time is set.
const firstYear, lastYear = 1900, 9998

// ParseDay reads a day such as 2021-05-05. Days that do not exist, such as 2021-02-30, are errors.
func ParseDay(text string) (Day, error) {
	t, err := time.Parse(time.DateOnly, text)
	if err != nil || t.Year() < firstYear || t.Year() > lastYear {
		return Day{}, fmt.Errorf("%s is not a day such as 2021-05-05", Quote(text))
	}
	return DayOf(t), nil
}

// errNoSuchDay means that a zone went from the day before to the day after.
var errNoSuchDay = errors.New("the zone skipped this day")

// StartOfDay returns the first instant of a day in a zone, in UTC. It is later than 00:00 where the clocks go forward at
// midnight, and the earlier one where there are two midnights. It is an error where the zone skips the day.
func StartOfDay(d Day, zone *time.Location) (time.Time, error) {
	// The midnight in UTC. That of the zone is less than 26 hours away, at any offset.
	midnight := time.Date(d.Year, d.Month, d.Day, 0, 0, 0, 0, time.UTC)
	const furthest = 26 * time.Hour
	for period := midnight.Add(-furthest).In(zone); period.Before(midnight.Add(furthest)); {
		begin, end := period.ZoneBounds()
		if !end.IsZero() && !end.After(period) {
			// For the last days of leap years beyond the zone's table Go returns an end that has passed.
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

// StartOfDayOrLater returns the start of the day, or, where the zone skips it, of the next one that exists.
func StartOfDayOrLater(d Day, zone *time.Location) time.Time {
	for {
		start, err := StartOfDay(d, zone)
		if err == nil {
			return start
		}
		d = d.Plus(1)
	}
}

// DaysBefore returns the start of the day that is so many calendar days before the day of the instant in the zone.
func DaysBefore(instant time.Time, days int, zone *time.Location) time.Time {
	return StartOfDayOrLater(DayOf(instant.In(zone)).Plus(-days), zone)
}
