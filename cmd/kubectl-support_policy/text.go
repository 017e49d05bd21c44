package main

import (
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// plain escapes what is not printable, as in a Go string, and leaves line ends alone: what comes from files must not
// command a terminal.
func plain(text string) string {
	var b strings.Builder
	for len(text) > 0 {
		r, size := utf8.DecodeRuneInString(text)
		isText := r != utf8.RuneError || size > 1
		if isText && (r == '\n' || unicode.IsPrint(r)) {
			b.WriteRune(r)
		} else {
			b.WriteString(strings.Trim(strconv.Quote(text[:size]), `"`))
		}
		text = text[size:]
	}
	return b.String()
}

// wrap breaks a text into lines that are not wider than a width, at spaces. A word that is wider has a line of its own.
func wrap(text string, width int) []string {
	var lines []string
	line := ""
	for word := range strings.FieldsSeq(text) {
		switch {
		case line == "":
			line = word
		case utf8.RuneCountInString(line)+1+utf8.RuneCountInString(word) <= width:
			line += " " + word
		default:
			lines = append(lines, line)
			line = word
		}
	}
	return append(lines, line)
}

// pad fills a text with spaces up to a width.
func pad(text string, width int) string {
	return text + strings.Repeat(" ", max(0, width-utf8.RuneCountInString(text)))
}
