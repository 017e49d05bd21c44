// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package documents

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	yamlv4 "go.yaml.in/yaml/v4"
	kyaml "sigs.k8s.io/yaml"
)

// yaml reads the chunk as one YAML document. Its JSON is nil where the document is empty.
func (c chunk) yaml() (Document, *Error) {
	root, refused := c.parse()
	if refused != nil {
		return Document{}, refused
	}
	if root == nil {
		return Document{}, nil
	}
	converter := converter{chunk: c, open: map[*yamlv4.Node]bool{}, known: map[string]any{}}
	converter.encoder = json.NewEncoder(&converter.out)
	converter.encoder.SetEscapeHTML(false)
	if refused := converter.value(root, 0); refused != nil {
		return Document{}, refused
	}
	return Document{JSON: converter.out.Bytes(), Line: c.line + root.Line - 1, column: root.Column, text: c.text, chunkLine: c.line, values: converter.values}, nil
}

// parse returns the root of the chunk's document, nil where it is empty.
func (c chunk) parse() (*yamlv4.Node, *Error) {
	if at := tooManyValues(c.text); at >= 0 {
		return nil, c.errorAt(at, fmt.Sprintf("holds more than %d values; split it, or take JSON", maxValues))
	}
	var document yamlv4.Node
	err := yamlv4.Load(withoutVersion(c.text), &document)
	var load *yamlv4.LoadError
	switch {
	case errors.As(err, &load):
		mark := load.Mark
		if mark.Line == 0 {
			mark = load.ContextMark
		}
		if at := bytes.IndexFunc(c.text, isForbidden); at >= 0 {
			return nil, c.errorAt(at, "is not YAML: "+load.Message)
		}
		return nil, &Error{Line: c.line + max(mark.Line, 1) - 1, Column: max(mark.Column, 1), Message: "is not YAML: " + explain(load.Message)}
	case err != nil:
		return nil, c.errorAt(max(0, bytes.IndexFunc(c.text, isForbidden)), "is not YAML: "+explain(err.Error()))
	case len(document.Content) == 0:
		return nil, nil
	}
	root := document.Content[0]
	if isAbsent(root) {
		return nil, nil
	}
	return root, nil
}

// versionDirective says which YAML a document is in. The library refuses 1.2, and reads it all the same.
const versionDirective = "%YAML 1."

// withoutVersion returns the text with its version as a comment of the same length.
func withoutVersion(text []byte) []byte {
	at := 0
	for line := range lines(text) {
		switch {
		case isSeparator(line, "---"):
			return text
		case bytes.HasPrefix(line, []byte(versionDirective)):
			text = bytes.Clone(text)
			text[at] = '#'
			return text
		}
		at += len(line)
	}
	return text
}

// isForbidden tells whether a character cannot be in YAML. The library tells of one without its place.
func isForbidden(r rune) bool {
	return r < ' ' && r != '\t' && r != '\n' && r != '\r' || r > 0x7f && r < 0xa0 && r != 0x85 || r == 0xfffe || r == 0xffff
}

// explain puts messages of the library that a person would not understand into other words.
func explain(message string) string {
	for _, unclear := range []string{"did not find expected <document start>", "expected single document, found multiple"} {
		if strings.Contains(message, unclear) {
			return "something follows the end of the document; a line --- has to separate documents"
		}
	}
	return message
}

// isAbsent tells whether a node stands for nothing at all, not even the word null.
func isAbsent(node *yamlv4.Node) bool {
	return node.Kind == yamlv4.ScalarNode && node.Value == "" && node.Style == 0 && node.Anchor == ""
}

// tooManyValues returns the offset at which a text may hold more values than are read, or -1. Each value needs one of the
// characters that are counted, where it is YAML. Where it is not, the library may find that out at the end of a line only: quotation marks,
// aliases, anchors and tags cost as much as values then, and need no separators.
func tooManyValues(text []byte) int {
	count, quotes := 0, 0
	for at, b := range text {
		switch b {
		case ',', '[', '{', ':', '*', '&', '!':
			count++
		case '"', '\'':
			quotes++
		case '-', '?':
			if at+1 < len(text) && bytes.IndexByte([]byte(blanks), text[at+1]) >= 0 {
				count++
			}
		}
		if count+quotes/2 > maxValues {
			return at
		}
	}
	return -1
}

// maxKnown bounds the values that a converter remembers.
const maxKnown = 1000

// converter writes the nodes of a document as JSON.
type converter struct {
	chunk   chunk
	out     bytes.Buffer
	encoder *json.Encoder
	// open are the anchors of which an alias is being written.
	open map[*yamlv4.Node]bool
	// values counts what is written, aliases as what they repeat.
	values int
	// known are the values of plain scalars that the library has read, up to maxKnown.
	known map[string]any
}

func (c *converter) refuse(node *yamlv4.Node, format string, arguments ...any) *Error {
	return &Error{Line: c.chunk.line + node.Line - 1, Column: node.Column, Message: fmt.Sprintf(format, arguments...)}
}

// value writes a node.
func (c *converter) value(node *yamlv4.Node, depth int) *Error {
	c.values++
	switch {
	case depth > maxDepth:
		return c.refuse(node, "is nested deeper than %d", maxDepth)
	case c.values > maxValues || c.out.Len() > maxExpanded:
		return c.refuse(node, "holds, with each alias as what it repeats, more than %d values or %d MiB", maxValues, maxExpanded>>20)
	}
	switch node.Kind {
	case yamlv4.AliasNode:
		return c.alias(node, depth)
	case yamlv4.MappingNode:
		return c.mapping(node, depth)
	case yamlv4.SequenceNode:
		return c.sequence(node, depth)
	case yamlv4.ScalarNode:
		value, refused := c.scalar(node)
		if refused != nil {
			return refused
		}
		return c.write(node, value)
	case yamlv4.DocumentNode, yamlv4.StreamNode:
	}
	return c.refuse(node, "is not understood")
}

func (c *converter) write(node *yamlv4.Node, value any) *Error {
	if err := c.encoder.Encode(value); err != nil {
		return c.refuse(node, "is a value that JSON does not have: %v", value)
	}
	c.out.Truncate(c.out.Len() - 1) // the line end
	return nil
}

func (c *converter) alias(node *yamlv4.Node, depth int) *Error {
	if c.open[node.Alias] {
		return c.refuse(node, "the alias *%s is within what it repeats", node.Value)
	}
	c.open[node.Alias] = true
	defer delete(c.open, node.Alias)
	return c.value(node.Alias, depth)
}

func (c *converter) sequence(node *yamlv4.Node, depth int) *Error {
	if refused := c.refuseTag(node, "!!seq"); refused != nil {
		return refused
	}
	c.out.WriteByte('[')
	for i, item := range node.Content {
		if i > 0 {
			c.out.WriteByte(',')
		}
		if refused := c.value(item, depth+1); refused != nil {
			return refused
		}
	}
	c.out.WriteByte(']')
	return nil
}

// member is a key of a mapping, as JSON has it, with its value.
type member struct {
	key         string
	node, value *yamlv4.Node
}

func (c *converter) mapping(node *yamlv4.Node, depth int) *Error {
	members, refused := c.members(node, depth)
	if refused != nil {
		return refused
	}
	c.out.WriteByte('{')
	for i, m := range members {
		if i > 0 {
			c.out.WriteByte(',')
		}
		if refused := c.write(m.node, m.key); refused != nil {
			return refused
		}
		c.out.WriteByte(':')
		if refused := c.value(m.value, depth+1); refused != nil {
			return refused
		}
	}
	c.out.WriteByte('}')
	return nil
}

// members returns the keys of a mapping with their values. A key that stands twice is an error, also where only JSON has the
// two as one (1 and "1"). A key of the mapping overrides one that is merged, and an earlier merged mapping a later one.
func (c *converter) members(node *yamlv4.Node, depth int) ([]*member, *Error) {
	if depth > maxDepth {
		return nil, c.refuse(node, "is nested deeper than %d", maxDepth)
	}
	if refused := c.refuseTag(node, "!!map"); refused != nil {
		return nil, refused
	}
	all := make([]*member, 0, len(node.Content)/2)
	known := map[string]*member{}
	var merge *yamlv4.Node
	for i := 0; i+1 < len(node.Content); i += 2 {
		key, value := node.Content[i], node.Content[i+1]
		if isMerge(key) {
			if merge != nil {
				return nil, c.refuse(key, "the key << stands twice")
			}
			merge = value
			continue
		}
		name, refused := c.key(key)
		if refused != nil {
			return nil, refused
		}
		if first := known[name]; first != nil {
			return nil, c.refuse(key, "the key %q stands twice, first in line %d", name, c.chunk.line+first.node.Line-1)
		}
		known[name] = &member{key: name, node: key, value: value}
		all = append(all, known[name])
	}
	if merge == nil {
		return all, nil
	}
	merged, refused := c.merged(merge, depth)
	if refused != nil {
		return nil, refused
	}
	for _, m := range merged {
		if known[m.key] == nil {
			known[m.key] = m
			all = append(all, m)
		}
	}
	return all, nil
}

// merged returns what a key << brings: a mapping, or a list of mappings.
func (c *converter) merged(node *yamlv4.Node, depth int) ([]*member, *Error) {
	if node.Kind == yamlv4.AliasNode {
		if c.open[node.Alias] {
			return nil, c.refuse(node, "the alias *%s is within what it repeats", node.Value)
		}
		c.open[node.Alias] = true
		defer delete(c.open, node.Alias)
		node = node.Alias
	}
	switch node.Kind {
	case yamlv4.MappingNode:
		members, refused := c.members(node, depth+1)
		c.values += 1 + len(members)
		if c.values > maxValues {
			return nil, c.refuse(node, "holds, with each alias as what it repeats, more than %d values", maxValues)
		}
		return members, refused
	case yamlv4.SequenceNode:
		var all []*member
		for _, one := range node.Content {
			if one.Kind == yamlv4.SequenceNode || one.Kind == yamlv4.AliasNode && one.Alias.Kind != yamlv4.MappingNode {
				return nil, c.refuse(one, "is merged by << and must be a mapping")
			}
			members, refused := c.merged(one, depth+1)
			if refused != nil {
				return nil, refused
			}
			all = append(all, members...)
		}
		return all, nil
	case yamlv4.ScalarNode, yamlv4.AliasNode, yamlv4.DocumentNode, yamlv4.StreamNode:
	}
	return nil, c.refuse(node, "is merged by << and must be a mapping, or a list of mappings")
}

// isMerge tells whether a key is the merge key, which stands without quotation marks.
func isMerge(key *yamlv4.Node) bool {
	return key.Kind == yamlv4.ScalarNode && key.Value == "<<" && (key.Style == 0 || key.ShortTag() == "!!merge")
}

// key returns a key as JSON has it.
func (c *converter) key(node *yamlv4.Node) (string, *Error) {
	target := node
	if node.Kind == yamlv4.AliasNode {
		target = node.Alias
	}
	if target.Kind != yamlv4.ScalarNode {
		return "", c.refuse(node, "is a key and must be a text")
	}
	value, refused := c.scalar(target)
	if refused != nil {
		return "", refused
	}
	switch value := value.(type) {
	case string:
		return value, nil
	case nil:
		return "", c.refuse(node, "is a key and must be a text; put it into quotation marks")
	default:
		return fmt.Sprint(value), nil
	}
}

// refuseTag refuses a collection with a tag of another kind than its own.
func (c *converter) refuseTag(node *yamlv4.Node, own string) *Error {
	if tag := node.ShortTag(); node.Style&yamlv4.TaggedStyle != 0 && tag != own && tag != "!" {
		return c.refuse(node, "has the tag %s, which is not understood here", tag)
	}
	return nil
}

// scalar returns the value of a scalar: nil, a bool, a number or a text.
func (c *converter) scalar(node *yamlv4.Node) (any, *Error) {
	isTagged := node.Style&yamlv4.TaggedStyle != 0
	isPlain := node.Style&(yamlv4.DoubleQuotedStyle|yamlv4.SingleQuotedStyle|yamlv4.LiteralStyle|yamlv4.FoldedStyle) == 0
	tag := node.ShortTag()
	switch {
	case isTagged && (tag == "!!str" || tag == "!"), !isTagged && !isPlain:
		return node.Value, nil
	}
	value, refused := c.plain(node)
	if refused == nil && isTagged && tagOf(value) != tag && (tag != "!!float" || tagOf(value) != "!!int") {
		return nil, c.refuse(node, "has the tag %s, which is not understood here", tag)
	}
	return value, refused
}

// plain returns the value of a plain scalar, by the rules of the library that kubectl uses.
func (c *converter) plain(node *yamlv4.Node) (any, *Error) {
	switch {
	case !mayBeTyped(node.Value):
		return node.Value, nil
	case isSmallInteger(node.Value):
		return json.Number(node.Value), nil
	}
	if value, isKnown := c.known[node.Value]; isKnown {
		return value, nil
	}
	var value any
	if err := kyaml.Unmarshal([]byte(node.Value), &value, useNumber); err != nil {
		return nil, c.refuse(node, "is a value that JSON does not have; put it into quotation marks")
	}
	if _, isText := value.(string); isText {
		value = node.Value
	}
	if len(c.known) < maxKnown {
		c.known[node.Value] = value
	}
	return value, nil
}

// isSmallInteger tells whether a text is an integer in every version of YAML, and in JSON as it stands. The library is slow, and most
// scalars that are no texts are of this kind.
func isSmallInteger(text string) bool {
	if text == "" || len(text) > 15 || text[0] == '0' && len(text) > 1 {
		return false
	}
	return strings.Trim(text, "0123456789") == ""
}

// useNumber keeps numbers as they are written: those of more than 53 bits lose nothing.
func useNumber(decoder *json.Decoder) *json.Decoder {
	decoder.UseNumber()
	return decoder
}

// longestNumber is longer than any number: they may have underscores and leading zeros, but nobody writes a thousand.
const longestNumber = 1000

// typedWords are the words that stand for booleans and for nothing in YAML 1.1, in lower case.
var typedWords = []string{"", "~", "null", "true", "false", "yes", "no", "on", "off", "y", "n"}

// mayBeTyped tells whether a plain scalar may be something other than a text. Only those go through the library: it is slow, and to it a
// text such as "a: b" would be a mapping.
func mayBeTyped(text string) bool {
	if len(text) <= len("false") && slices.Contains(typedWords, strings.ToLower(text)) {
		return true
	}
	if text == "" || len(text) > longestNumber || !strings.ContainsRune("+-.0123456789", rune(text[0])) {
		return false
	}
	for i := range len(text) {
		switch b := text[i]; {
		case b >= '0' && b <= '9', b >= 'a' && b <= 'z', b >= 'A' && b <= 'Z', b == '+', b == '-', b == '.', b == '_':
		default:
			return false
		}
	}
	return text != "---" && text != "..." && text != "-"
}

// tagOf returns the tag that a value would have.
func tagOf(value any) string {
	switch value := value.(type) {
	case nil:
		return "!!null"
	case bool:
		return "!!bool"
	case json.Number:
		if _, err := strconv.ParseInt(value.String(), 10, 64); err == nil {
			return "!!int"
		}
		return "!!float"
	}
	return "!!str"
}
