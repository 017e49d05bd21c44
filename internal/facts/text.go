// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package facts

import (
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"k8s.io/apimachinery/pkg/util/validation/field"
)

// MaxPrintable is the number of characters that Printable lets through.
const MaxPrintable = 64

// Printable makes foreign text fit for messages and status: everything but printable characters is escaped as in a Go
// string, invalid UTF-8 included, and what is longer than 64 characters is cut, with "..." as the last three. Text that
// is fit already stays as it is, so that a status which is read back and written again does not change.
func Printable(text string) string {
	// Escaping at most multiplies, so the first 4 bytes a character are enough to fill the limit.
	if len(text) > utf8.UTFMax*(MaxPrintable+1) {
		text = text[:utf8.UTFMax*(MaxPrintable+1)]
	}
	plain := Escaped(text)
	if utf8.RuneCountInString(plain) <= MaxPrintable {
		return plain
	}
	return string([]rune(plain)[:MaxPrintable-3]) + "..."
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

// Quote puts foreign text into quotation marks after making it printable.
func Quote(text string) string { return `"` + Printable(text) + `"` }

// ListOf joins words as in a sentence and counts what is beyond the limit: "a, b and 3 more".
func ListOf(words []string, limit int) string {
	return JoinSome(words, ", ", limit)
}

func JoinSome(words []string, separator string, limit int) string {
	if len(words) <= limit {
		return strings.Join(words, separator)
	}
	return fmt.Sprintf("%s and %d more", strings.Join(words[:limit], separator), len(words)-limit)
}

// DayText prints an instant as the day that begins with it in the zone, or in full where no day does. Zones other than
// UTC are named, since a day alone would be ambiguous.
func DayText(instant time.Time, zone *time.Location) string {
	if !BeginsDay(instant, zone) {
		return instant.UTC().Format(time.RFC3339)
	}
	day := instant.In(zone).Format(time.DateOnly)
	if ZoneIsUTC(zone) {
		return day
	}
	return fmt.Sprintf("%s (%s)", day, zone)
}

// BeginsDay tells whether a day of the zone begins at the instant. One of another zone need not.
func BeginsDay(instant time.Time, zone *time.Location) bool {
	start, err := StartOfDay(DayOf(instant.In(zone)), zone)
	return err == nil && start.Equal(instant)
}

func ZoneIsUTC(zone *time.Location) bool {
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

// maxReportedProblems is how many problems a sentence names.
const maxReportedProblems = 8

// JoinProblems puts problems into one sentence for a condition; it names at most eight.
func JoinProblems(list field.ErrorList) string {
	words := make([]string, 0, len(list))
	for _, problem := range list {
		words = append(words, problem.Error())
	}
	return JoinSome(words, "; ", maxReportedProblems)
}

func Truncate(text string, limit int) string {
	if len(text) <= limit {
		return text
	}
	return strings.ToValidUTF8(text[:limit-3], "") + "..."
}

// maxClusterID is how long the identity of a cluster may be in the status. A UID has 36 characters.
const maxClusterID = 64

// ClusterID is the text, if it can be a UID, else empty. What is too long is not cut: two that begin alike are no double.
func ClusterID(text string) string {
	if len(text) > maxClusterID || Printable(text) != text {
		return ""
	}
	return text
}
