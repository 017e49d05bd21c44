// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"iter"
	"reflect"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/yaml"

	"github.com/d2iq-labs/support-policy-operator/api/v1alpha1"
	"github.com/d2iq-labs/support-policy-operator/internal/facts"
)

// Everything that the plugin prints goes through this file: what comes from files must neither command a terminal, nor begin a line
// of its own in a log, nor turn the text around. Texts for people have what is not printable as in a Go string; JSON and YAML
// have it as escapes of their own, so that a program reads what was there.

// printLine prints a line for a person.
func printLine(to io.Writer, format string, arguments ...any) {
	_, _ = fmt.Fprintln(to, facts.Escaped(fmt.Sprintf(format, arguments...))) // there is nowhere to report that this fails
}

// printError prints each of the errors that were joined in a line of its own.
func printError(to io.Writer, err error) {
	if joined, isJoined := err.(interface{ Unwrap() []error }); isJoined {
		for _, one := range joined.Unwrap() {
			printError(to, one)
		}
		return
	}
	printLine(to, "error: %s", err)
}

// forPeople yields the clusters with texts that are printable. Each is a copy, and only as long as it is printed.
func (r *report) forPeople() iter.Seq[*v1alpha1.ClusterSupport] {
	return func(yield func(*v1alpha1.ClusterSupport) bool) {
		for i := range r.clusters {
			cluster := r.clusters[i].DeepCopy()
			escapeTexts(reflect.ValueOf(cluster).Elem())
			if !yield(cluster) {
				return
			}
		}
	}
}

// escapeTexts makes each text within a value printable, keys of maps included.
func escapeTexts(value reflect.Value) {
	switch value.Kind() { //nolint:exhaustive // the other kinds hold no texts
	case reflect.String:
		if value.CanSet() {
			value.SetString(facts.Escaped(value.String()))
		}
	case reflect.Pointer, reflect.Interface:
		if !value.IsNil() {
			escapeTexts(value.Elem())
		}
	case reflect.Struct:
		for i := range value.NumField() {
			escapeTexts(value.Field(i))
		}
	case reflect.Slice:
		for i := range value.Len() {
			escapeTexts(value.Index(i))
		}
	case reflect.Map:
		escapeMap(value)
	}
}

func escapeMap(value reflect.Value) {
	if value.Type().Key().Kind() != reflect.String || !value.CanInterface() {
		return
	}
	for _, key := range value.MapKeys() {
		escaped, element := reflect.New(key.Type()).Elem(), reflect.New(value.Type().Elem()).Elem()
		escaped.Set(key)
		escapeTexts(escaped)
		element.Set(value.MapIndex(key))
		escapeTexts(element)
		value.SetMapIndex(key, reflect.Value{})
		value.SetMapIndex(escaped, element)
	}
}

// toJSON returns an object as JSON with escapes for what is not printable, which stands only within texts.
func toJSON(object runtime.Object) ([]byte, error) {
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetIndent("", "    ")
	if err := encoder.Encode(object); err != nil {
		return nil, err
	}
	return escapeJSON(text.Bytes()), nil
}

// escapeJSON escapes what is not printable in a text of JSON. Line ends and spaces between values stay.
func escapeJSON(text []byte) []byte {
	if !bytes.ContainsFunc(text, isUnprintable) {
		return text
	}
	var escaped bytes.Buffer
	for _, r := range string(text) {
		if !isUnprintable(r) {
			escaped.WriteRune(r)
			continue
		}
		escaped.WriteString(jsonEscape(r))
	}
	return escaped.Bytes()
}

// jsonEscape returns the escape of a character, which JSON and YAML have in common.
func jsonEscape(r rune) string {
	if r > 0xffff {
		r -= 0x10000
		return fmt.Sprintf(`\u%04x\u%04x`, 0xd800+r>>10, 0xdc00+r&0x3ff)
	}
	return fmt.Sprintf(`\u%04x`, r)
}

// isUnprintable tells whether a character of JSON must be escaped: its line ends are those between values.
func isUnprintable(r rune) bool { return r != '\n' && !strconv.IsPrint(r) }

// toYAML returns an object as YAML. The library escapes control characters and leaves others as they are, such as those that
// turn the text around; it also breaks the lines of a text that has several. So these are marked for it by a control character,
// and each mark is replaced by what it stands for.
func toYAML(object runtime.Object) ([]byte, error) {
	text, err := json.Marshal(object)
	if err != nil {
		return nil, err
	}
	marked, mark := markUnprintable(text)
	plain, err := yaml.JSONToYAML(marked)
	if err != nil {
		return nil, err
	}
	return unmark(plain, mark), nil
}

// markUnprintable replaces each character of JSON that is not printable, and the escapes of such characters, by a bell, the mark and its number. The
// mark is a text that stands nowhere else.
func markUnprintable(text []byte) (marked []byte, mark string) {
	for i := 0; mark == "" || bytes.Contains(text, []byte(mark)); i++ {
		mark = fmt.Sprintf("mark%d-", i)
	}
	var out bytes.Buffer
	for at := 0; at < len(text); {
		r, size := runeOrEscape(text[at:])
		if r == '\n' || isUnprintable(r) {
			fmt.Fprintf(&out, `\u0007%s%06x`, mark, r)
		} else {
			out.Write(text[at : at+size])
		}
		at += size
	}
	return out.Bytes(), mark
}

// runeOrEscape returns the character that a text of JSON begins with, as itself or as an escape, and its length.
func runeOrEscape(text []byte) (rune, int) {
	if text[0] != '\\' {
		return utf8.DecodeRune(text)
	}
	switch text[1] {
	case 'n':
		return '\n', 2
	case 'r', 't', 'b', 'f':
		return map[byte]rune{'r': '\r', 't': '\t', 'b': '\b', 'f': '\f'}[text[1]], 2
	case 'u':
		code, err := strconv.ParseUint(string(text[2:6]), 16, 16)
		if err != nil || utf16.IsSurrogate(rune(code)) {
			return utf8.RuneError, 6 // half of a character, or not JSON: it stays as it is
		}
		return rune(code), 6
	}
	return rune(text[1]), 2
}

// unmark replaces each mark, of which the library has escaped the bell, by the escape of the character it stands for.
func unmark(text []byte, mark string) []byte {
	before, rest, found := strings.Cut(string(text), `\a`+mark)
	var out strings.Builder
	for found {
		var r rune
		_, _ = fmt.Sscanf(rest[:6], "%06x", &r) // it was written so
		out.WriteString(before)
		if r > 0xffff {
			fmt.Fprintf(&out, `\U%08x`, r)
		} else {
			fmt.Fprintf(&out, `\u%04x`, r)
		}
		before, rest, found = strings.Cut(rest[6:], `\a`+mark)
	}
	out.WriteString(before)
	return []byte(out.String())
}
