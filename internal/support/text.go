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
// string, invalid UTF-8 included, and what is longer than 64 characters is cut, with "..." as the last three.
func Printable(text string) string {
	// Escaping at most multiplies, so the first 4 bytes a character are enough to fill the limit.
	if len(text) > utf8.UTFMax*(printableLimit+1) {
		text = text[:utf8.UTFMax*(printableLimit+1)]
	}
	quoted := strconv.Quote(text)
	plain := strings.ReplaceAll(quoted[1:len(quoted)-1], `\"`, `"`)
	if utf8.RuneCountInString(plain) <= printableLimit {
		return plain
	}
	return string([]rune(plain)[:printableLimit-3]) + "..."
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
	local := instant.In(zone)
	start, err := startOfDay(dayOf(local), zone)
	if err != nil || !start.Equal(instant) {
		return instant.UTC().Format(time.RFC3339)
	}
	day := local.Format(time.DateOnly)
	if zoneIsUTC(zone) {
		return day
	}
	return fmt.Sprintf("%s (%s)", day, zone)
}

func zoneIsUTC(zone *time.Location) bool {
	switch zone.String() {
	case "UTC", "Etc/UTC":
		return true
	}
	return false
}

func plural(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return strconv.Itoa(n) + " " + many
}
