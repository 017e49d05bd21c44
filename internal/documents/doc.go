// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

// Package documents reads the documents of a stream, and all of them: YAML as its specification 1.2 has it, with every line end and
// Unicode encoding, JSON values one after another, and both between separators. A document comes as JSON. What is not
// understood is an error with its line and column; nothing is dropped, doubled or replaced.
//
//	bytes ─ decode ─▶ UTF-8 ─ split at --- and ... ─▶ chunks ─▶ JSON: as many values as there are
//	                                                       └─▶ YAML: exactly one document, its aliases counted as what they repeat
//
// Plain YAML scalars have the types that kubectl gives them (YAML 1.1: an unquoted yes is a boolean), so that a file means
// here what it means to an API server.
package documents

import (
	"bytes"
	"fmt"
	"iter"
)

// The bounds on what one stream costs. Memory follows values more than bytes: a struct that is decoded from "{}" takes hundreds of bytes.
const (
	// maxDocuments bounds the documents of a stream.
	maxDocuments = 100_000
	// maxDepth bounds how deep values are nested.
	maxDepth = 200
	// maxValues bounds the values of a YAML document, which is read as a whole.
	maxValues = 1_500_000
	// maxStream bounds the values of a stream. 64 MiB of ClusterSupports with a status hold half of them.
	maxStream = 6_000_000
	// maxExpanded bounds a YAML document as JSON in bytes, with each alias as what it repeats.
	maxExpanded = 64 << 20
)

// Document is one document of a stream.
type Document struct {
	// JSON is the document as JSON. It may share memory with the content that was read.
	JSON []byte
	// Line is the line on which the document begins, from 1.
	Line int

	// text is the document as it stands in the stream, column the one of its first character on Line. Of YAML it is the whole
	// chunk, which begins on chunkLine.
	text      []byte
	column    int
	chunkLine int
	isJSON    bool
	// values counts the values in the document.
	values int
}

// Error is what is not understood, and where.
type Error struct {
	// Line and Column count from 1, Column in characters.
	Line, Column int
	Message      string
}

// Error returns the place and the message.
func (e *Error) Error() string {
	return fmt.Sprintf("line %d, column %d: %s", e.Line, e.Column, e.Message)
}

// Read returns the documents of a stream in their order, and an *Error for each part that is not understood; reading goes on at
// the next separator. Documents that are empty or hold comments only are left out. A stream in an encoding that is not understood,
// or with too many documents, ends with its error.
func Read(content []byte) iter.Seq2[Document, error] {
	return func(yield func(Document, error) bool) {
		text, refused := decode(content)
		if refused != nil {
			yield(Document{}, refused)
			return
		}
		count, values := 0, 0
		for chunk := range split(text) {
			for document, err := range chunk.documents() {
				if count++; count > maxDocuments {
					line := max(document.Line, chunk.line)
					yield(Document{}, &Error{Line: line, Column: 1, Message: fmt.Sprintf("there are more than %d documents; split the file", maxDocuments)})
					return
				}
				if values += document.values; values > maxStream {
					yield(Document{}, &Error{Line: document.Line, Column: document.column, Message: tooManyInStream})
					return
				}
				if !yield(document, err) {
					return
				}
			}
		}
	}
}

// tooManyInStream is the message where maxStream is exceeded.
var tooManyInStream = fmt.Sprintf("up to here there are more than %d values; split the file", maxStream)

// chunk is the part of a stream between separators.
type chunk struct {
	text []byte
	// line is that of the chunk's first character, from 1.
	line int
	// refused says what is wrong with the separator that the chunk is; the text is empty then.
	refused string
}

// errorAt returns an error at an offset of the chunk's text.
func (c chunk) errorAt(offset int, message string) *Error {
	place := cursor{text: c.text, line: c.line, column: 1}
	return place.errorAt(offset, message)
}

// documents returns the documents of the chunk.
func (c chunk) documents() iter.Seq2[Document, error] {
	return func(yield func(Document, error) bool) {
		if c.refused != "" {
			yield(Document{}, &Error{Line: c.line, Column: 1, Message: c.refused})
			return
		}
		if c.begin() == len(c.text) {
			return
		}
		values, refused := c.values()
		if refused != nil {
			// It may be YAML. Where it is neither, the error is that of the form that the text has.
			document, refusedYAML := c.yaml()
			switch {
			case refusedYAML == nil && document.JSON == nil:
				return
			case refusedYAML == nil:
				values, refused = []Document{document}, nil
			case !isStrictlyJSON(c.text[c.begin():]):
				values, refused = nil, refusedYAML
			}
		}
		for _, value := range values {
			if !yield(value, nil) {
				return
			}
		}
		if refused != nil {
			yield(Document{}, refused)
		}
	}
}

// oldLineEnds are line ends in YAML 1.1, and to the library and kubectl, that are characters as any other in YAML 1.2: what follows one
// in a comment may be content.
const oldLineEnds = "\u0085\u2028\u2029"

// begin returns the offset of the first character behind comments and a separator.
func (c chunk) begin() int {
	at := 0
	for line := range lines(c.text) {
		body := line
		if isSeparator(line, "---") {
			body = line[3:]
		}
		trimmed := bytes.TrimLeft(body, blanks)
		if len(trimmed) > 0 && (trimmed[0] != '#' || bytes.ContainsAny(trimmed, oldLineEnds)) {
			return at + len(line) - len(trimmed)
		}
		at += len(line)
	}
	return at
}
