// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package support

import (
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// printableLimit is the number of characters that Printable lets through.
const printableLimit = 64

// Printable makes foreign text fit for messages and status: everything but printable characters is escaped as in a Go
// string, invalid UTF-8 included, and what is longer than 64 characters is cut, with "..." as the last three. Text that
// is fit already stays as it is, so that a status which is read back and written again does not change.
func Printable(text string) string {
	// Escaping at most multiplies, so the first 4 bytes a character are enough to fill the limit.
	if len(text) > utf8.UTFMax*(printableLimit+1) {
		text = text[:utf8.UTFMax*(printableLimit+1)]
	}
	plain := Escaped(text)
	if utf8.RuneCountInString(plain) <= printableLimit {
		return plain
	}
	return string([]rune(plain)[:printableLimit-3]) + "..."
}

// Escaped writes what is not printable as in a Go string, invalid UTF-8 included, and leaves the rest alone.
func Escaped(text string) string {
	var plain strings.Builder
	for len(text) > 0 {
		r, size := utf8.DecodeRuneInString(text)
		if isText := r != utf8.RuneError || size > 1; isText && strconv.IsPrint(r) {
			plain.WriteRune(r)
		} else {
			plain.WriteString(strings.Trim(strconv.Quote(text[:size]), `"`))
		}
		text = text[size:]
	}
	return plain.String()
}

// quote puts foreign text into quotation marks after making it printable.
func quote(text string) string { return `"` + Printable(text) + `"` }

// listOf joins words as in a sentence and counts what is beyond the limit: "a, b and 3 more".
func listOf(words []string, limit int) string {
	return joinSome(words, ", ", limit)
}

func joinSome(words []string, separator string, limit int) string {
	if len(words) <= limit {
		return strings.Join(words, separator)
	}
	return fmt.Sprintf("%s and %d more", strings.Join(words[:limit], separator), len(words)-limit)
}

// dayText prints an instant as the day that begins with it in the zone, or in full where no day does. Zones other than
// UTC are named, since a day alone would be ambiguous.
func dayText(instant time.Time, zone *time.Location) string {
	if !beginsDay(instant, zone) {
		return instant.UTC().Format(time.RFC3339)
	}
	day := instant.In(zone).Format(time.DateOnly)
	if zoneIsUTC(zone) {
		return day
	}
	return fmt.Sprintf("%s (%s)", day, zone)
}

// beginsDay tells whether a day of the zone begins at the instant. One of another zone need not.
func beginsDay(instant time.Time, zone *time.Location) bool {
	start, err := startOfDay(dayOf(instant.In(zone)), zone)
	return err == nil && start.Equal(instant)
}

func zoneIsUTC(zone *time.Location) bool {
	switch zone.String() {
	case "UTC", "Etc/UTC":
		return true
	}
	return false
}

// Plural counts in words: "1 node", "3 nodes".
func Plural(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return strconv.Itoa(n) + " " + many
}
