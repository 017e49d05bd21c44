// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package documents

import (
	"bytes"
	"encoding/json"
	"unicode/utf8"

	yamlv4 "go.yaml.in/yaml/v4"
)

// cursor is a place in a text. It moves forward only, so that all places of a text together cost one pass.
type cursor struct {
	text []byte
	at   int
	// line and column are those of the character at the offset, from 1; column counts characters.
	line, column int
}

// moveTo moves to an offset that is not before the current one.
func (c *cursor) moveTo(at int) {
	passed := c.text[c.at:min(at, len(c.text))]
	breaks := bytes.Count(passed, []byte("\n")) + bytes.Count(passed, []byte("\r")) - bytes.Count(passed, []byte("\r\n"))
	if breaks > 0 {
		c.line += breaks
		c.column = 1
		passed = passed[bytes.LastIndexAny(passed, "\n\r")+1:]
	}
	c.column += utf8.RuneCount(passed)
	c.at = min(at, len(c.text))
}

// errorAt returns an error at an offset that is not before the cursor.
func (c cursor) errorAt(at int, message string) *Error {
	c.moveTo(at)
	return &Error{Line: c.line, Column: c.column, Message: message}
}

// Position returns the line and column of a field, from 1. The path has a string for each key and an int for each index. Where the field
// is not there, it is the place of the nearest one above it.
func (d *Document) Position(path ...any) (line, column int) {
	if len(path) == 0 {
		return d.Line, d.column
	}
	if d.isJSON {
		return d.positionInJSON(path)
	}
	return d.positionInYAML(path)
}

func (d *Document) positionInYAML(path []any) (line, column int) {
	c := chunk{text: d.text, line: d.chunkLine}
	node, refused := c.parse()
	if refused != nil || node == nil {
		return d.Line, 1
	}
	line, column = node.Line, node.Column
	for _, step := range path {
		if node.Kind == yamlv4.AliasNode {
			node = node.Alias
		}
		key, value := child(node, step)
		if value == nil {
			break
		}
		node, line, column = value, key.Line, key.Column
	}
	return d.chunkLine + line - 1, column
}

// child returns what a step of a path leads to, and the node at whose place it stands; nil where there is none.
func child(node *yamlv4.Node, step any) (place, value *yamlv4.Node) {
	switch step := step.(type) {
	case int:
		if node.Kind == yamlv4.SequenceNode && step < len(node.Content) {
			return node.Content[step], node.Content[step]
		}
	case string:
		if node.Kind != yamlv4.MappingNode {
			return nil, nil
		}
		for i := 0; i+1 < len(node.Content); i += 2 {
			if node.Content[i].Value == step {
				return node.Content[i], node.Content[i+1]
			}
		}
	}
	return nil, nil
}

func (d *Document) positionInJSON(path []any) (line, column int) {
	decoder := json.NewDecoder(bytes.NewReader(d.text))
	found := 0
	_, _ = decoder.Token() // the bracket; the text is known to be JSON
	for _, step := range path {
		at, inside := enter(decoder, d.text, step)
		if at < 0 {
			break
		}
		found = at
		if !inside {
			break
		}
	}
	place := cursor{text: d.text, line: d.Line, column: d.column}
	place.moveTo(found)
	return place.line, place.column
}

// enter moves a decoder that is within an object or a list to a member of it, and into this where it is an object or a list
// itself. It returns the member's offset, or -1 where there is none.
func enter(decoder *json.Decoder, text []byte, step any) (at int, inside bool) {
	for index := 0; decoder.More(); index++ {
		at = next(text, int(decoder.InputOffset()))
		found := step == index
		if _, isKey := step.(string); isKey {
			key, err := decoder.Token()
			if err != nil {
				return -1, false
			}
			if _, isText := key.(string); !isText {
				return -1, false
			}
			found = key == step
		}
		if found {
			token, err := decoder.Token()
			_, inside = token.(json.Delim)
			return at, err == nil && inside
		}
		if decoder.Decode(&ignored{}) != nil {
			return -1, false
		}
	}
	return -1, false
}

// next returns the offset of the next value or key from an offset on.
func next(text []byte, at int) int {
	return at + len(text[at:]) - len(bytes.TrimLeft(text[at:], " \t\r\n,:"))
}
