// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"io"
	"math/rand/v2"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/d2iq-labs/support-policy-operator/api/v1alpha1"
	"github.com/d2iq-labs/support-policy-operator/internal/manifest"
	"github.com/d2iq-labs/support-policy-operator/internal/support"
)

// These tests ask about texts with two clusters, in every form and damaged in every way: nothing that stands in the text and is no comment
// is missing in what was judged, or there is an error.

// markers stand in the bad cluster only, each once.
var markers = []string{"lost-cluster", "atlantis", "elsewhere", "1.6.1"}

// markedJSON is the bad cluster with the markers.
const markedJSON = `{"apiVersion": "support.d2iq.io/v1alpha1", "kind": "ClusterSupport", "metadata": {"name": "lost-cluster", "labels": {"region": "atlantis"}},` +
	` "spec": {"cluster": {"host": {}}, "declaredReleases": [{"product": "Konvoy", "name": "elsewhere", "version": "1.6.1"}]}}`

// markedYAML is the same in block style.
const markedYAML = `apiVersion: support.d2iq.io/v1alpha1
kind: ClusterSupport
metadata:
  name: lost-cluster
  labels: {region: atlantis}
spec:
  cluster: {host: {}}
  declaredReleases:
  - product: Konvoy
    name: elsewhere
    version: 1.6.1
`

// markedLong is the same as JSON of several lines.
var markedLong = strings.NewReplacer(", ", ",\n  ", "{", "{\n ", "}", "\n}").Replace(markedJSON)

// joined are the ways in which two texts stand in one. The first ones separate documents of YAML, the others values of JSON.
var joined = []string{
	"\n---\n", "\n...\n", "\n...\n---\n", "\n--- # next\n", "\n... # end\n", "\n# between\n---\n\n", "\n...\n%YAML 1.2\n---\n",
	"\n", "", " ", "\n\n", ",\n",
}

const separators = 7

// twoClusterTexts are texts with the good and the marked cluster: every style, joined in every way and in both orders, and in Lists.
func twoClusterTexts() []string {
	good := []string{goodJSON, goodYAML, strings.NewReplacer(`"`, "", ":", ": ").Replace(goodJSON)}
	marked := []string{markedJSON, markedYAML, markedLong, strings.ReplaceAll(markedJSON, `"`, "")}
	var all []string
	for _, g := range good {
		for _, m := range marked {
			for i, join := range joined {
				if i >= separators && (g != goodJSON || m != markedJSON && m != markedLong) {
					continue
				}
				all = append(all, strings.TrimSuffix(g, "\n")+join+m, strings.TrimSuffix(m, "\n")+join+g)
			}
		}
	}
	for _, metadata := range []string{"", `"resourceVersion": ""`, `"continue": "abc"`, `"remainingItemCount": 1`} {
		all = append(all, listOf(metadata, goodJSON, markedJSON), listOf(metadata, markedJSON, goodJSON), listOf(metadata, goodJSON, "null", markedJSON),
			listOf(metadata, goodJSON)+"\n"+listOf(metadata, markedJSON), listOf(metadata, goodJSON)+"\n---\n"+listOf(metadata, markedJSON))
	}
	item := func(block string) string {
		return "- " + strings.ReplaceAll(strings.TrimSpace(block), "\n", "\n  ") + "\n"
	}
	comment := "# " + strings.ReplaceAll(strings.TrimSpace(markedYAML), "\n", "\n# ") + "\n"
	return append(all,
		"apiVersion: v1\nkind: List\nitems:\n"+item(goodYAML)+item(markedYAML),
		"apiVersion: support.d2iq.io/v1alpha1\nkind: ClusterSupportList\nmetadata: {continue: \"\"}\nitems:\n"+item(markedYAML)+item(goodYAML),
		goodYAML+comment, goodYAML+"---\n"+comment, goodYAML+"---\n"+comment+"---\n"+markedYAML, comment+goodYAML, goodJSON+" # "+markedJSON+"\n",
	)
}

// encodings are those that a text can come in.
var encodings = []func(string) []byte{
	func(text string) []byte { return []byte(text) },
	func(text string) []byte { return []byte("\ufeff" + text) },
	func(text string) []byte { return inUTF16("\ufeff"+text, binary.LittleEndian) },
	func(text string) []byte { return inUTF16("\ufeff"+text, binary.BigEndian) },
	func(text string) []byte { return inUTF16(text, binary.LittleEndian) },
	func(text string) []byte { return inUTF32("\ufeff"+text, binary.LittleEndian) },
	func(text string) []byte { return inUTF32(text, binary.BigEndian) },
}

func inUTF16(text string, order binary.AppendByteOrder) []byte {
	var all []byte
	for _, unit := range utf16.Encode([]rune(text)) {
		all = order.AppendUint16(all, unit)
	}
	return all
}

func inUTF32(text string, order binary.AppendByteOrder) []byte {
	var all []byte
	for _, r := range text {
		all = order.AppendUint32(all, uint32(r))
	}
	return all
}

// fragments mean something to a reader.
var fragments = []string{
	"\n---\n", "\n...\n", "\n--- ", "\n... ", "---", "...", "\n", "\r", "\r\n", "\t", " ", "#", " # ", "\n#", "\n# ", "{", "}", "[", "]", ",", ":", ": ", "- ", "\n- ",
	"? ", "\"", "'", "|", ">", " |\n", " >-\n", "&a ", "*a", "!", "!!str ", "!!null ", "%", "\n%YAML 1.2\n", "\n%X ", "@", "`", "\\", "\\u0000", "null", "~", "\nnull\n",
	"{}", "[]", "\n{}\n", "\ufeff", "\u2028", "\u0085", "\u00a0", "\x00", "\x1b", "\x7f", "\xff", "\xc3", "\xff\xfe", "//", "/*", "*/", "\nError from server (Forbidden): no\n",
	"\"continue\": \"x\", ", "continue: x\n", "items:", "\nitems: []\n", "kind: List\n", "status: {}\n", "\n  status: {}\n", "\"status\": {}, ", "<!--", ";", "1", "0",
}

// harmless stand between lines of many files.
var harmless = []string{"\n", "# a comment\n", "---\n", "...\n", "--- # next\n", "... # end\n", "---\n---\n", "  # indented\n", "\t\n", " \n", "\ufeff", "# " + markedJSON + "\n"}

// withHarmless returns a text with something harmless before one of its lines.
func withHarmless(rng *rand.Rand, text string) string {
	lines := strings.SplitAfter(text, "\n")
	at := rng.IntN(len(lines) + 1)
	return strings.Join(lines[:at], "") + pick(rng, harmless...) + strings.Join(lines[at:], "")
}

// damaged returns a text with some edits: bytes, insertions, deletions, repetitions, moves, cuts.
func damaged(rng *rand.Rand, text string, edits int) string {
	for range edits {
		at, to := rng.IntN(len(text)+1), rng.IntN(len(text)+1)
		switch rng.IntN(4) {
		case 0: // where a line begins
			at = strings.LastIndexByte(text[:at], '\n') + 1
		case 1: // where one ends
			at += max(0, strings.IndexByte(text[at:], '\n'))
		}
		from, end := min(at, to), max(at, to)
		if rng.IntN(2) == 0 {
			end = min(end, from+1+rng.IntN(8))
		}
		switch rng.IntN(9) {
		case 0, 1, 2, 3:
			text = text[:at] + fragments[rng.IntN(len(fragments))] + text[at:]
		case 4:
			text = text[:from] + text[end:]
		case 5:
			text = text[:end] + text[from:end] + text[end:]
		case 6:
			moved := text[from:end]
			rest := text[:from] + text[end:]
			into := rng.IntN(len(rest) + 1)
			text = rest[:into] + moved + rest[into:]
		case 7:
			if at < len(text) {
				text = text[:at] + string([]byte{byte(rng.IntN(256))}) + text[at+1:]
			}
		case 8:
			text = text[:from] + fragments[rng.IntN(len(fragments))] + text[end:]
		}
	}
	return text
}

// commented returns a text of which some lines are comments.
func commented(rng *rand.Rand, text string) string {
	lines := strings.SplitAfter(text, "\n")
	from := rng.IntN(len(lines))
	to := from + 1 + rng.IntN(len(lines)-from)
	if rng.IntN(2) == 0 {
		to = len(lines)
	}
	for i := from; i < to; i++ {
		lines[i] = "# " + lines[i]
	}
	return strings.Join(lines, "")
}

// randomText returns one of the texts, some with lines as comments, damaged, with some line ends and in some encoding; sometimes damaged again as bytes.
func randomText(rng *rand.Rand, texts []string) []byte {
	text := texts[rng.IntN(len(texts))]
	for range rng.IntN(3) {
		text = withHarmless(rng, text)
	}
	if rng.IntN(5) == 0 {
		text = commented(rng, text)
	}
	text = damaged(rng, text, pick(rng, 0, 0, 0, 1, 1, 1, 2, 3))
	if rng.IntN(3) == 0 {
		text = lineEnds(text, pick(rng, "\r\n", "\r"))
	}
	encoding := 0
	if rng.IntN(3) == 0 {
		encoding = rng.IntN(len(encodings))
	}
	content := encodings[encoding](text)
	if encoding > 0 && rng.IntN(3) == 0 {
		content = []byte(damaged(rng, string(content), 1))
	}
	return content
}

// konvoySet is the policy that decides about both clusters, made ready once.
var konvoySet = sync.OnceValues(func() (*support.Set, error) {
	read, err := manifest.ReadPolicies(nil, konvoyPolicy)
	if err != nil {
		return nil, err
	}
	all, err := compile(read)
	return all.set, err
})

// judge reads and judges clusters as check does, without the reading of policies and without the printing.
func judge(t testing.TB, content []byte) (code int, clusters []v1alpha1.ClusterSupport) {
	t.Helper()
	set, err := konvoySet()
	if err != nil {
		t.Fatal(err)
	}
	at, err := time.Parse(time.DateOnly, twoClustersAt)
	if err != nil {
		t.Fatal(err)
	}
	clusters, err = readClusters(io.Discard, &manifest.Reader{Stdin: bytes.NewReader(content)}, []string{manifest.Stdin})
	if err != nil {
		return int(exitError), nil
	}
	for i := range clusters {
		evaluate(set, &clusters[i], at)
	}
	answer := report{clusters: clusters, at: at}
	return int(answer.exitCode()), clusters
}

// asUTF8 decodes a text as far as it can: what is no character is replaced, since of such a text only the markers in it matter.
func asUTF8(content []byte) string {
	zeros := func(at ...int) bool {
		return !slices.ContainsFunc(at, func(i int) bool { return i >= len(content) || content[i] != 0 })
	}
	var width int
	order := binary.ByteOrder(binary.LittleEndian)
	switch {
	case bytes.HasPrefix(content, []byte("\xff\xfe\x00\x00")), zeros(1, 2, 3):
		width = 4
	case zeros(0, 1):
		width, order = 4, binary.BigEndian
	case bytes.HasPrefix(content, []byte("\xff\xfe")), zeros(1):
		width = 2
	case bytes.HasPrefix(content, []byte("\xfe\xff")), zeros(0):
		width, order = 2, binary.BigEndian
	default:
		return string(content)
	}
	var text []byte
	for at := 0; at+width <= len(content); at += width {
		r := rune(order.Uint16(content[at:]))
		if width == 4 {
			r = rune(order.Uint32(content[at:]))
		}
		text = utf8.AppendRune(text, r)
	}
	return string(text)
}

// anchor is the name of an anchor, which is gone from what YAML reads.
var anchor = regexp.MustCompile(`&[^\s,\[\]{}]+`)

// withoutComments returns a text without its comments, by a rule much simpler than the reader's: # begins one at the beginning of a line
// and behind a space, outside of double quotation marks. It counts them within a line: what it takes for text beyond is the more to be found.
func withoutComments(text string) string {
	var kept strings.Builder
	for line := range strings.FieldsFuncSeq(text, func(r rune) bool { return r == '\n' || r == '\r' || r == '\u0085' || r == '\u2028' || r == '\u2029' }) {
		quoted := false
		end := len(line)
		for i := 0; i < len(line); i++ {
			switch line[i] {
			case '\\':
				if quoted {
					i++
				}
			case '"':
				quoted = !quoted
			case '#':
				if !quoted && (strings.TrimLeft(line[:i], "\ufeff") == "" || line[i-1] == ' ' || line[i-1] == '\t') {
					end = i
				}
			}
			if end == i {
				break
			}
		}
		kept.WriteString(line[:end] + "\n")
	}
	return anchor.ReplaceAllString(kept.String(), "&")
}

// lost returns the markers that stand in a text oftener than in the clusters that were read from it.
func lost(content []byte, clusters []v1alpha1.ClusterSupport) (missing []string, err error) {
	var read strings.Builder
	for i := range clusters {
		for _, part := range []any{clusters[i].ObjectMeta, clusters[i].Spec} {
			text, err := json.Marshal(part)
			if err != nil {
				return nil, err
			}
			read.Write(text)
		}
	}
	text := withoutComments(asUTF8(content))
	for _, marker := range markers {
		if strings.Count(text, marker) > strings.Count(read.String(), marker) {
			missing = append(missing, marker)
		}
	}
	return missing, nil
}

// judgements counts what became of texts.
type judgements struct {
	// texts are all, whole those in which each marker stands outside of comments, refused those with an error, green those that were answered
	// by 0.
	texts, whole, refused, green int
	// greenCommented are the green ones with a marker, which stands in a comment then, or in what was read.
	greenCommented int
}

// expectNothingLost judges a text, and fails where it was judged without something that stands in it.
func (j *judgements) expectNothingLost(t testing.TB, content []byte) int {
	t.Helper()
	code, clusters := judge(t, content)
	text := asUTF8(content)
	hasMarker := func(marker string) bool { return strings.Contains(text, marker) }
	j.texts++
	if stripped := withoutComments(text); !slices.ContainsFunc(markers, func(marker string) bool { return !strings.Contains(stripped, marker) }) {
		j.whole++
	}
	switch exitCode(code) {
	case exitError:
		j.refused++
		return code
	case exitNone:
		j.green++
		if slices.ContainsFunc(markers, hasMarker) {
			j.greenCommented++
		}
	case exitExpiring, exitUnsupported, exitUnknown:
	}
	missing, err := lost(content, clusters)
	if err != nil || len(missing) > 0 {
		t.Errorf("%q: answered by exit code %d without %q, %v", content, code, missing, err)
	}
	return code
}

// TestTwoClusters judges a hundred thousand texts, always the same ones; of some it asks the whole plugin, which answers the same.
func TestTwoClusters(t *testing.T) {
	count, sample := 100_000, 500
	if testing.Short() {
		count = 5_000
	}
	rng := rand.New(rand.NewPCG(randomSeed, 14))
	texts := twoClusterTexts()
	var all judgements
	for i := range count {
		content := randomText(rng, texts)
		if i < len(texts) {
			content = []byte(texts[i])
		}
		code := all.expectNothingLost(t, content)
		if i%sample == 0 || i < len(texts) && i%20 == 0 {
			got := plugin(string(content), "check", "-f", konvoyPolicy, "--as-of", twoClustersAt, "--cluster", "-")
			if got.Code != code || (code == int(exitError)) != (got.Out == "") {
				t.Errorf("%q: the plugin answers %+v, want exit code %d", content, got, code)
			}
			going := plugin(string(content), "check", "-f", konvoyPolicy, "--as-of", twoClustersAt, "--cluster", "-", "--keep-going")
			if going.Code != code || code == int(exitError) && going.Out != "" && !strings.Contains(going.Out, "Not everything was read") {
				t.Errorf("%q: with --keep-going the plugin answers %+v, want exit code %d", content, going, code)
			}
		}
		if t.Failed() {
			t.Fatalf("text %d", i)
		}
	}
	t.Logf("%+v", all)
	// Otherwise the texts are too much damaged, or too little, for the test to mean something.
	if all.whole < count/2 || all.refused < count/4 || all.texts-all.refused < count/5 || all.greenCommented < count/100 {
		t.Errorf("of %d texts too few are of some kind: %+v", count, all)
	}
}

// FuzzTwoClusters lets the fuzzer do the damage.
func FuzzTwoClusters(f *testing.F) {
	for i, text := range twoClusterTexts() {
		f.Add(encodings[i%len(encodings)](text))
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, content []byte) {
		new(judgements).expectNothingLost(t, content)
	})
}
