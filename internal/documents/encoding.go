// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package documents

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"unicode/utf16"
	"unicode/utf8"
)

// byteOrderMark may begin a document.
const byteOrderMark = "\ufeff"

// encodings are those of Unicode other than UTF-8, with how a text in them begins: with a byte order mark or, since the
// first character of YAML and JSON is one of ASCII, with where its zeros are. UTF-32 comes first: it begins as UTF-16 does.
var encodings = []struct {
	name    string
	width   int
	order   binary.ByteOrder
	matches func(start []byte) bool
}{
	{"UTF-32", 4, binary.BigEndian, begins("\x00\x00\xfe\xff", "000x")},
	{"UTF-32", 4, binary.LittleEndian, begins("\xff\xfe\x00\x00", "x000")},
	{"UTF-16", 2, binary.BigEndian, begins("\xfe\xff", "0x")},
	{"UTF-16", 2, binary.LittleEndian, begins("\xff\xfe", "x0")},
}

// begins returns whether a text begins with a mark, or with zeros (0) and other bytes (x) as in the pattern.
func begins(mark, pattern string) func([]byte) bool {
	return func(start []byte) bool {
		if bytes.HasPrefix(start, []byte(mark)) {
			return true
		}
		if len(start) < len(pattern) {
			return false
		}
		for i := range pattern {
			if (start[i] == 0) != (pattern[i] == '0') {
				return false
			}
		}
		return true
	}
}

// decode returns a text as UTF-8 without the byte order mark at its beginning. A sequence of bytes that is no character is an error.
func decode(content []byte) ([]byte, *Error) {
	for _, encoding := range encodings {
		if !encoding.matches(content) {
			continue
		}
		if len(content)%encoding.width != 0 {
			text := decodeUnits(content[:len(content)-len(content)%encoding.width], encoding.width, encoding.order)
			return nil, chunk{text: text, line: 1}.errorAt(len(text), "is cut off in the middle of a character of "+encoding.name)
		}
		text := decodeUnits(content, encoding.width, encoding.order)
		if at := bytes.IndexRune(text, utf8.RuneError); at >= 0 {
			return nil, chunk{text: text, line: 1}.errorAt(at, "is no character of "+encoding.name)
		}
		return bytes.TrimPrefix(text, []byte(byteOrderMark)), nil
	}
	if at := firstInvalid(content); at >= 0 {
		return nil, chunk{text: content, line: 1}.errorAt(at, fmt.Sprintf("is not UTF-8: byte %#02x", content[at]))
	}
	return bytes.TrimPrefix(content, []byte(byteOrderMark)), nil
}

// decodeUnits decodes UTF-16 or UTF-32. What is no character becomes utf8.RuneError.
func decodeUnits(content []byte, width int, order binary.ByteOrder) []byte {
	text := make([]byte, 0, len(content))
	for at := 0; at < len(content); at += width {
		var r rune
		if width == 4 {
			r = rune(order.Uint32(content[at:])) //nolint:gosec // AppendRune refuses what is no character
		} else if r = rune(order.Uint16(content[at:])); utf16.IsSurrogate(r) && at+2*width <= len(content) {
			if pair := utf16.DecodeRune(r, rune(order.Uint16(content[at+width:]))); pair != utf8.RuneError {
				r, at = pair, at+width
			}
		}
		text = utf8.AppendRune(text, r)
	}
	return text
}

// firstInvalid returns the offset of the first byte that is not UTF-8, or -1.
func firstInvalid(text []byte) int {
	if utf8.Valid(text) {
		return -1
	}
	for at := 0; ; {
		r, size := utf8.DecodeRune(text[at:])
		if r == utf8.RuneError && size <= 1 {
			return at
		}
		at += size
	}
}
