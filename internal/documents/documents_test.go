// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package documents

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/google/go-cmp/cmp"
)

const (
	goodJSON, badJSON = `{"kind":"C","name":"g"}`, `{"kind":"C","name":"b"}`
	good, bad         = "kind: C\nname: g\n", "kind: C\nname: b\n"
)

// said returns each document as "line: JSON", and each error.
func said(content string) []string {
	var all []string
	for document, err := range Read([]byte(content)) {
		if err != nil {
			all = append(all, err.Error())
			continue
		}
		all = append(all, fmt.Sprintf("%d: %s", document.Line, document.JSON))
	}
	return all
}

// first and second are the documents of both texts, the second on a line.
func goodAt1() string            { return "1: " + goodJSON }
func badAt(line int) string      { return fmt.Sprintf("%d: %s", line, badJSON) }
func both(line int) []string     { return []string{goodAt1(), badAt(line)} }
func alone(said string) []string { return []string{said} }

// encoded returns a text in UTF-16, with little ends.
func encoded(text string) string {
	var all []byte
	for _, unit := range utf16.Encode([]rune(text)) {
		all = append(all, byte(unit), byte(unit>>8))
	}
	return string(all)
}

func TestRead(t *testing.T) {
	tests := []struct {
		name, reason, content string
		want                  []string
	}{
		// Separators.
		{"three hyphens", "the usual stream", good + "---\n" + bad, both(4)},
		{"three dots", "they end a document, and another one may follow without ---", good + "...\n" + bad, both(4)},
		{"dots with a comment", "a comment may follow", good + "... # end\n---\n" + bad, both(5)},
		{"dots with rubbish", "nothing else may", good + "... rubbish\n" + bad,
			[]string{goodAt1(), "line 3, column 1: after ... only a comment can stand on its line", badAt(4)}},
		{"rubbish after dots", "it is part of the next document", good + "...\nrubbish\n" + bad,
			[]string{goodAt1(), "line 5, column 5: is not YAML: mapping values are not allowed in this context"}},
		{"dots and hyphens within a text", "only at the beginning of a line they separate", "a: x --- y ... z\n", alone(`1: {"a":"x --- y ... z"}`)},
		{"hyphens within a block", "they separate even there", "a: |\n  x\n---\n" + bad, []string{`1: {"a":"x\n"}`, badAt(4)}},
		{"a document on the line of the separator", "YAML allows it", "--- {a: 1}\n--- {\"a\":\t2}\n", []string{`1: {"a":1}`, "2: {\"a\":\t2}"}},
		{"comments and separators alone", "they are no documents", "# a\n---\n# b\n---\n...\n---\n", nil},
		{"a line end of YAML 1.1 in a comment", "what follows is content to kubectl", "# a\u2028" + goodJSON, []string{"2: " + goodJSON}},
		{"nothing", "is no document", "", nil},
		{"directives", "a version and a tag", "%YAML 1.2\n%TAG ! tag:example.org,2000:\n---\n" + good, alone("4: " + goodJSON)},
		{"another version", "it is not known what it means", "%YAML 2.0\n---\na: 1\n", alone("line 1, column 1: is not YAML: found incompatible YAML document")},
		// Line ends and encodings.
		{"CRLF", "from Windows", strings.ReplaceAll(good+"---\n"+bad, "\n", "\r\n"), both(4)},
		{"CR", "a line end of YAML", strings.ReplaceAll(good+"---\n"+bad, "\n", "\r"), both(4)},
		{"a byte order mark", "at the beginning and at another document's", "\ufeff" + good + "...\n\ufeff" + bad, both(4)},
		{"a byte order mark before a separator", "files joined by cat", good + "\ufeff---\n" + bad, both(4)},
		{"UTF-16 with a mark and CRLF", "what PowerShell writes", "\xff\xfe" + encoded(strings.ReplaceAll(good+"---\n"+bad, "\n", "\r\n")), both(4)},
		{"UTF-16 without a mark", "its zeros tell", encoded(good), alone(goodAt1())},
		{"UTF-16 of a character beyond its plane", "two units are one", "\xff\xfe" + encoded("a: 😀"), alone(`1: {"a":"😀"}`)},
		{"UTF-32", "its zeros tell", "\x00\x00\x00a\x00\x00\x00:\x00\x00\x00 \x00\x00\x00b", alone(`1: {"a":"b"}`)},
		{"UTF-16 that is cut off", "half a unit", "\xff\xfe" + encoded("a: b\nc") + "x", alone("line 2, column 2: is cut off in the middle of a character of UTF-16")},
		{"UTF-16 with half a character", "nothing is replaced", "\xff\xfea\x00:\x00 \x00\x00\xd8x\x00", alone("line 1, column 5: is no character of UTF-16")},
		{"UTF-8 after UTF-16", "two encodings in one file", "\xff\xfe" + encoded(good) + bad,
			alone("line 4, column 1: is not YAML: could not find expected ':'")},
		{"not UTF-8", "nothing is replaced", "a: \xff", alone("line 1, column 4: is not UTF-8: byte 0xff")},
		{"a zero", "is no text", "a: b\nc: \x00", alone("line 2, column 4: is not YAML: control characters are not allowed (value: 0)")},
		// JSON.
		{"JSON lines", "they need no separators", goodJSON + "\n" + badJSON + "\n", both(2)},
		{"JSON without spaces", "not even lines", goodJSON + badJSON, both(1)},
		{"JSON behind a comment", "which is YAML's", "# c\n---\n" + goodJSON + "\n" + badJSON, []string{"3: " + goodJSON, badAt(4)}},
		{"a bracket too many", "the rest is not read, and that is said", goodJSON + "]" + badJSON,
			[]string{goodAt1(), "line 1, column 24: is not JSON: an object has to begin here, with {"}},
		{"commas", "JSON values are not separated by them", goodJSON + ",\n" + badJSON + ",\n",
			[]string{goodAt1(), "line 1, column 24: is not JSON: an object has to begin here, with {"}},
		{"a message among JSON lines", "both streams of kubectl in one file", goodJSON + "\nError from server (Forbidden): no\n" + badJSON,
			[]string{goodAt1(), "line 2, column 1: is not JSON: an object has to begin here, with {"}},
		{"a broken line", "behind two good ones", goodJSON + "\n" + badJSON + "\n{broken\n",
			append(both(2), "line 3, column 1: is not JSON: it is cut off; what begins here is not closed")},
		{"JSON that is cut off", "within a text", `{"a": "b`, alone("line 1, column 1: is not JSON: a string is not closed")},
		{"half an escaped character", "decoders replace it", `{"a":"\ud83d\ude00 \ud83d"}`, alone("line 1, column 20: is not JSON: \\ud83d is half a character")},
		{"an escaped backslash", "is no escape of a character", `{"a":"\\ud83d"}`, alone(`1: {"a":"\\ud83d"}`)},
		{"flow style", "it only looks like JSON", "{a: 1} # c\n", alone(`1: {"a":1}`)},
		{"two of flow style", "YAML separates them", "{a: 1}\n{b: 2}\n",
			alone("line 2, column 1: is not YAML: something follows the end of the document; a line --- has to separate documents")},
		// Keys.
		{"a key twice", "one of the values would be lost", "a: 1\nb: 1\na: 2\n", alone(`line 3, column 1: the key "a" stands twice, first in line 1`)},
		{"a key twice for JSON", "1 and \"1\" are one key there", "l: {1: a, \"1\": b}", alone(`line 1, column 11: the key "1" stands twice, first in line 1`)},
		{"a list as a key", "JSON has texts", "? [a]\n: b", alone("line 1, column 3: is a key and must be a text")},
		{"merged", "the mapping's own key and the earlier mapping count", "a: &a {x: 1, z: 1}\nb: &b {x: 2, w: 2}\nc: {<<: [*b, *a], w: 3}\n",
			alone(`1: {"a":{"x":1,"z":1},"b":{"x":2,"w":2},"c":{"w":3,"x":2,"z":1}}`)},
		{"merged twice", "a second merge key is a key twice", "a: &a {x: 1}\nc: {<<: *a, <<: *a}\n", alone("line 2, column 13: the key << stands twice")},
		{"a text is merged", "only mappings can be", "a: &a x\nc: {<<: *a}\n", alone("line 1, column 4: is merged by << and must be a mapping, or a list of mappings")},
		{"a quoted merge key", "is a key as any other", "c: {\"<<\": {a: 1}}\n", alone(`1: {"c":{"<<":{"a":1}}}`)},
		// Values.
		{"types of YAML 1.1", "as kubectl has them", "[yes, NO, 012, 0x1f, 1_000, 1.50, 1e3, ~, null, 2021-01-01, 12345678901234567890, 'yes', 1.2.3, v1, -x]",
			alone(`1: [true,false,10,31,1000,1.5,1000,null,null,"2021-01-01",12345678901234567890,"yes","1.2.3","v1","-x"]`)},
		{"nothing as a value", "it is null", "{a: , b: 0, c: 7, d: 00, e: 123456789012345}", alone(`1: {"a":null,"b":0,"c":7,"d":0,"e":123456789012345}`)},
		{"tags", "those of JSON's types", "[!!str 1, !!int 5, !!float 1, !!map {}, !!seq []]", alone(`1: ["1",5,1,{},[]]`)},
		{"other tags", "what they mean is not known", "a: !!binary aGk=", alone("line 1, column 4: has the tag !!binary, which is not understood here")},
		{"a number that JSON does not have", "", "a: .inf", alone("line 1, column 4: is a value that JSON does not have; put it into quotation marks")},
		{"an alias", "what it repeats", "a: &a [1]\nb: *a\n", alone(`1: {"a":[1],"b":[1]}`)},
		{"an alias within itself", "it would be endless", "a: &a [*a]", alone("line 1, column 8: the alias *a is within what it repeats")},
		{"null", "a document that says so is one", "---\nnull\n", alone("2: null")},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if diff := cmp.Diff(test.want, said(test.content)); diff != "" {
				t.Errorf("%s (-want +got):\n%s", test.reason, diff)
			}
		})
	}
}

// TestBounds: what costs much is refused, whatever its size in bytes.
func TestBounds(t *testing.T) {
	mergeBomb := "a0: &a0 {x: 1}\n"
	for i := range 40 {
		mergeBomb += fmt.Sprintf("a%d: &a%d {<<: [*a%d, *a%d]}\n", i+1, i+1, i, i)
	}
	tests := []struct{ name, content, want string }{
		{"aliases of a long text", "x: &a \"" + strings.Repeat("y", 100_000) + "\"\nl: [" + strings.Repeat("*a, ", 1000) + "]",
			"with each alias as what it repeats, more than 1500000 values or 64 MiB"},
		{"merges of merges", mergeBomb, "with each alias as what it repeats, more than 1500000 values"},
		{"depth", strings.Repeat("[", 203) + strings.Repeat("]", 203), "is nested deeper than 200"},
		{"depth of blocks", strings.Repeat("- ", 202), "is nested deeper than 200"},
		{"width", "[" + strings.Repeat("1,", maxValues), "holds more than 1500000 values"},
		{"quotation marks", strings.Repeat(`"`, 2*maxValues+2), "holds more than 1500000 values"},
		{"aliases that are none", strings.Repeat("*a ", maxValues+1), "holds more than 1500000 values"},
		{"width of JSON", `{"a":[` + strings.Repeat("0,", maxStream) + "0]}", "line 1, column 1: up to here there are more than 6000000 values; split the file"},
		{"width of a stream", strings.Repeat(`{"a":[`+strings.Repeat("0,", maxStream/4)+"0]}\n", 5), "line 4, column 1: up to here there are more than 6000000 values"},
		{"documents", strings.Repeat("{}\n", maxDocuments+1), "line 100001, column 1: there are more than 100000 documents; split the file"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			all := said(test.content)
			if last := all[len(all)-1]; !strings.Contains(last, test.want) {
				t.Errorf("got %.200s\nwant %s", last, test.want)
			}
		})
	}
}

// TestPosition: the place of a field is where a person finds it, in YAML and in JSON.
func TestPosition(t *testing.T) {
	const yaml = "# c\na: 1\nitems:\n- {b: 1}\n- b:\n    c: [x, y]\n"
	const json = "\n {\"a\": 1,\n\"items\": [{\"b\":1},\n {\"b\" : {\"c\": [1,\n2]}}]}"
	tests := []struct {
		path       []any
		yaml, json string
	}{
		{nil, "2:1", "2:2"},
		{[]any{"a"}, "2:1", "2:3"},
		{[]any{"items", 0, "b"}, "4:4", "3:12"},
		{[]any{"items", 1, "b", "c", 1}, "6:12", "5:1"},
		{[]any{"items", 1, "none"}, "5:3", "4:2"},
		{[]any{"items", 7}, "3:1", "3:1"},
	}
	for _, test := range tests {
		for text, want := range map[string]string{"---\n" + yaml: test.yaml, json: test.json} {
			for document, err := range Read([]byte(text)) {
				if err != nil {
					t.Fatal(err)
				}
				line, column := document.Position(test.path...)
				if strings.HasPrefix(text, "---") {
					line--
				}
				if got := fmt.Sprintf("%d:%d", line, column); got != want {
					t.Errorf("%v of %q: got %s, want %s", test.path, text, got, want)
				}
			}
		}
	}
}

// FuzzRead: each document is JSON, each error has a place within the text, and reading again gives the same.
func FuzzRead(f *testing.F) {
	for _, seed := range []string{good + "---\n" + bad, goodJSON + "\n" + badJSON, "a: &a [1]\nb: *a", "\xff\xfea\x00", "%YAML 1.2\n--- {a: 1}\n..."} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, content string) {
		// Those of YAML 1.1 are line ends to the library, too; an encoding of two or four bytes has more lines than it seems.
		lines := 1 + len(content)
		for document, err := range Read([]byte(content)) {
			switch refused := (*Error)(nil); {
			case err == nil && !json.Valid(document.JSON):
				t.Errorf("%q is not JSON", document.JSON)
			case err == nil:
				if line, _ := document.Position("a", 1); line < 1 || line > lines {
					t.Errorf("position in line %d of %d", line, lines)
				}
			case !asError(err, &refused) || refused.Line < 1 || refused.Line > lines+1 || refused.Column < 1:
				t.Errorf("error without a place: %v", err)
			}
		}
		if !slices.Equal(said(content), said(content)) {
			t.Error("another answer when read again")
		}
	})
}

func asError(err error, into **Error) bool {
	found, is := err.(*Error) //nolint:errorlint // Read returns no other
	*into = found
	return is
}
