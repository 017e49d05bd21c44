// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package documents

import (
	"bytes"
	"iter"
)

// blanks separate words and values.
const blanks = " \t\r\n"

// split splits a stream at its separators. They stand at the beginning of a line, where YAML forbids them to mean anything else, even
// within quotation marks and block scalars; JSON has none. A chunk has the separator that begins its document, and the
// directives before that.
func split(text []byte) iter.Seq[chunk] {
	return func(yield func(chunk) bool) {
		line, start, startLine, at := 1, 0, 1, 0
		isPrefix := true
		for one := range lines(text) {
			switch body := bytes.TrimPrefix(one, []byte(byteOrderMark)); {
			case isSeparator(body, "..."):
				if !yield(chunk{text: trimMark(text[start:at]), line: startLine}) {
					return
				}
				if rest := bytes.TrimLeft(body[3:], blanks); len(rest) > 0 && rest[0] != '#' {
					if !yield(chunk{line: line, refused: "after ... only a comment can stand on its line"}) {
						return
					}
				}
				start, startLine, isPrefix = at+len(one), line+1, true
			case isSeparator(body, "---"):
				if !isPrefix {
					if !yield(chunk{text: trimMark(text[start:at]), line: startLine}) {
						return
					}
					start, startLine = at, line
				}
				isPrefix = false
			case isPrefix:
				trimmed := bytes.TrimLeft(body, blanks)
				isPrefix = len(trimmed) == 0 || trimmed[0] == '#' || body[0] == '%'
			}
			at += len(one)
			line++
		}
		yield(chunk{text: trimMark(text[start:]), line: startLine})
	}
}

// trimMark removes the byte order mark that a document may begin with.
func trimMark(text []byte) []byte { return bytes.TrimPrefix(text, []byte(byteOrderMark)) }

// isSeparator tells whether a line is a separator: alone, or with a space behind it.
func isSeparator(line []byte, separator string) bool {
	rest, found := bytes.CutPrefix(line, []byte(separator))
	return found && (len(rest) == 0 || bytes.IndexByte([]byte(blanks), rest[0]) >= 0)
}

// lines returns the lines of a text with their ends: LF, CR, or both.
func lines(text []byte) iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		for len(text) > 0 {
			end := bytes.IndexAny(text, "\n\r")
			switch {
			case end < 0:
				end = len(text)
			case text[end] == '\r' && end+1 < len(text) && text[end+1] == '\n':
				end += 2
			default:
				end++
			}
			if !yield(text[:end]) {
				return
			}
			text = text[end:]
		}
	}
}
