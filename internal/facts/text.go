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

// MaxPrintable is the longest text that Printable returns, in characters.
const MaxPrintable = 64

// Printable makes text of unknown origin fit for messages and status. It escapes what is not printable as in a Go string,
// invalid UTF-8 included, and truncates what is longer than 64 characters, with "..." at the end. It changes nothing in its
// own results, so that a status which is read and written again stays the same.
func Printable(text string) string {
	// Escaping never shortens, and a character has at most 4 bytes, so these fill the limit.
	if len(text) > utf8.UTFMax*(MaxPrintable+1) {
		text = text[:utf8.UTFMax*(MaxPrintable+1)]
	}
	plain := Escaped(text)
	if utf8.RuneCountInString(plain) <= MaxPrintable {
		return plain
	}
	return string([]rune(plain)[:MaxPrintable-3]) + "..."
}

// Escaped escapes what is not printable as in a Go string, invalid UTF-8 included, and changes nothing else.
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

// Quote returns the printable text in quotation marks.
func Quote(text string) string { return `"` + Printable(text) + `"` }

// ListOf joins words with commas. Of those beyond the limit it says only how many there are: "a, b and 3 more".
func ListOf(words []string, limit int) string {
	return JoinSome(words, ", ", limit)
}

// JoinSome joins words with a separator, and counts those beyond the limit as ListOf does.
func JoinSome(words []string, separator string, limit int) string {
	if len(words) <= limit {
		return strings.Join(words, separator)
	}
	return fmt.Sprintf("%s and %d more", strings.Join(words[:limit], separator), len(words)-limit)
}

// DayText returns an instant as the day that begins with it in the zone, or in RFC 3339 where none does. It names zones
// other than UTC: a day alone would be ambiguous.
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

// BeginsDay tells whether a day of the zone begins at the instant.
func BeginsDay(instant time.Time, zone *time.Location) bool {
	start, err := StartOfDay(DayOf(instant.In(zone)), zone)
	return err == nil && start.Equal(instant)
}

// ZoneIsUTC tells whether the zone is UTC by one of its names.
func ZoneIsUTC(zone *time.Location) bool {
	switch zone.String() {
	case "UTC", "Etc/UTC":
		return true
	}
	return false
}

// Plural returns a number with its noun: "1 node", "3 nodes".
func Plural(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return strconv.Itoa(n) + " " + many
}

// maxProblems is how many problems JoinProblems names.
const maxProblems = 8

// JoinProblems joins problems for the message of a condition. It names at most eight and counts the others.
func JoinProblems(list field.ErrorList) string {
	words := make([]string, 0, len(list))
	for _, problem := range list {
		words = append(words, problem.Error())
	}
	return JoinSome(words, "; ", maxProblems)
}

// Truncate returns a text of at most limit bytes, which ends in "..." where something is missing.
func Truncate(text string, limit int) string {
	if len(text) <= limit {
		return text
	}
	return strings.ToValidUTF8(text[:limit-3], "") + "..."
}

// maxClusterID is the longest identity of a cluster that a status can hold. A UID has 36 characters.
const maxClusterID = 64

// ClusterID returns the text if it can be a UID, and else nothing. It truncates nothing: the results for two clusters
// must differ.
func ClusterID(text string) string {
	if len(text) > maxClusterID || Printable(text) != text {
		return ""
	}
	return text
}
