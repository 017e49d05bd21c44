// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package documents

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"unicode/utf16"
)

// isStrictlyJSON tells whether a text begins as JSON objects do, with a key in quotation marks: its errors are those of JSON.
func isStrictlyJSON(text []byte) bool {
	return bytes.HasPrefix(text, []byte("{")) && bytes.HasPrefix(bytes.TrimLeft(text[1:], blanks), []byte(`"`))
}

// values returns the JSON values of the chunk, which need no separators, up to the first error.
func (c chunk) values() ([]Document, *Error) {
	var all []Document
	at := c.begin()
	place := cursor{text: c.text, line: c.line, column: 1}
	for {
		at += len(c.text[at:]) - len(bytes.TrimLeft(c.text[at:], blanks))
		if at == len(c.text) || len(all) > maxDocuments {
			return all, nil
		}
		place.moveTo(at)
		if first := c.text[at]; first != '{' && first != '[' {
			return all, place.errorAt(at, "is not JSON: an object has to begin here, with {")
		}
		length, values, problem := extent(c.text[at:])
		if problem != "" {
			return all, place.errorAt(at, problem)
		}
		value := c.text[at : at+length]
		if offset, problem := invalid(value); problem != "" {
			return all, place.errorAt(at+offset, problem)
		}
		all = append(all, Document{JSON: value, Line: place.line, text: value, column: place.column, isJSON: true, values: values})
		at += length
	}
}

// CountValues returns how many values a JSON text holds: a measure of what it costs to decode.
func CountValues(text []byte) int {
	_, values, _ := extent(text)
	return values
}

// extent returns the length of the value that a text begins with, by its brackets, and how many values it holds; or why it has no end.
func extent(text []byte) (length, values int, problem string) {
	depth := 0
	for at := 0; at < len(text); at++ {
		switch text[at] {
		case '"':
			if at = endOfString(text, at); at < 0 {
				return 0, 0, "is not JSON: a string is not closed"
			}
		case ',':
			values++
		case '{', '[':
			depth++
			values++
			if depth > maxDepth {
				return 0, 0, fmt.Sprintf("is nested deeper than %d", maxDepth)
			}
		case '}', ']':
			if depth--; depth == 0 {
				return at + 1, values, ""
			}
		}
		if values > maxStream {
			return 0, 0, tooManyInStream
		}
	}
	return 0, 0, "is not JSON: it is cut off; what begins here is not closed"
}

// endOfString returns the offset of the quotation mark that closes a string, or -1.
func endOfString(text []byte, at int) int {
	for at++; at < len(text); at++ {
		switch text[at] {
		case '\\':
			at++
		case '"':
			return at
		}
	}
	return -1
}

// ignored takes every JSON value.
type ignored struct{}

// UnmarshalJSON implements json.Unmarshaler.
func (*ignored) UnmarshalJSON([]byte) error { return nil }

// invalid returns where a text is not JSON, and why; an empty reason says that it is. Escapes of halves of characters are refused: the
// decoders replace them without a word.
func invalid(value []byte) (offset int, problem string) {
	if !json.Valid(value) {
		var syntax *json.SyntaxError
		err := json.Unmarshal(value, &ignored{})
		if errors.As(err, &syntax) {
			offset = int(max(0, syntax.Offset-1))
		}
		return offset, fmt.Sprintf("is not JSON: %v", err)
	}
	for at := 0; at < len(value); {
		next := bytes.IndexByte(value[at:], '\\')
		if next < 0 {
			break
		}
		at += next
		r, size := escape(value[at:])
		switch {
		case !utf16.IsSurrogate(r):
		case utf16.DecodeRune(r, second(value[at+size:])) == '\ufffd':
			return at, fmt.Sprintf("is not JSON: %s is half a character", value[at:at+size])
		default:
			size *= 2
		}
		at += size
	}
	return 0, ""
}

// escape returns the character of the escape that a text begins with, where it has a number, and the length of the escape.
func escape(text []byte) (rune, int) {
	if len(text) < 6 || text[0] != '\\' || text[1] != 'u' {
		return 0, 2
	}
	code, err := strconv.ParseUint(string(text[2:6]), 16, 16)
	if err != nil {
		return 0, 2
	}
	return rune(code), 6
}

// second returns the character of the escape that a text begins with, or 0.
func second(text []byte) rune {
	r, size := escape(text)
	if size != 6 {
		return 0
	}
	return r
}
