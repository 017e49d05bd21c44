// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package facts

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
)

func TestParseVersion(t *testing.T) {
	for _, row := range []struct {
		text, want string
		reason     string
	}{
		{"1.3.1", "1.3.1", "plain"},
		{"v1.8.5", "1.8.5", "a leading v is dropped"},
		{"1.2.0-36", "1.2.0", "a packaging revision is no prerelease"},
		{"v0.0.79-1", "0.0.79", "a packaging revision behind a leading v"},
		{"3.0.2-0", "3.0.2", "a packaging revision of 0"},
		{"1.2.0-rc.5", "1.2.0-rc.5", "a prerelease"},
		{"1.4.0-36.1", "1.4.0-36.1", "only a bare number is a packaging revision"},
		{"1.4.0-beta", "1.4.0-beta", "a prerelease"},
		{"2.4.0+sha256.4f", "2.4.0", "build metadata is dropped"},
		{"1.2.0-36+build", "1.2.0", "both are dropped"},
		{"1.3", "", "two numbers"},
		{"1.3.x", "", "a pattern is no version"},
		{"1", "", "one number"},
		{"vv1.3.1", "", "two leading v"},
		{"V1.3.1", "", "a capital V"},
		{"1.03.1", "", "a leading zero"},
		{"1.3.1-036", "", "a leading zero in a revision"},
		{"1.3.1.4", "", "four numbers"},
		{" 1.3.1", "", "a space"},
		{"1.3.1\n", "", "a line end"},
		{"１.3.1", "", "a digit of another script"},
		{"-1.3.1", "", "negative"},
		{"1.3.99999999999999999999", "", "a number that does not fit"},
		{"latest", "", "a word"},
		{"", "", "nothing"},
		{"1.3.1+" + strings.Repeat("a", 58), "1.3.1", "as long as a version can be"},
		{"1.3.1+" + strings.Repeat("a", 60), "", "longer than a version can be"},
	} {
		got, err := ParseVersion(row.text)
		text := ""
		if err == nil {
			text = got.String()
		}
		if text != row.want {
			t.Errorf("%q (%s): got %q, %v, want %q", row.text, row.reason, text, err, row.want)
		}
	}
}

func TestParseMinor(t *testing.T) {
	for text, want := range map[string]Minor{"1.4": {1, 4}, "2.0": {2, 0}, "1.10": {1, 10}, "0.0": {}, "999999999.1": {999999999, 1}} {
		if got, err := ParseMinor(text); err != nil || got != want || got.String() != text {
			t.Errorf("%s: got %v, %v", text, got, err)
		}
	}
	for _, text := range []string{"", "1", "1.4.0", "v1.4", "1.x", "1.04", "01.4", "1.4 ", "1,4", "1.-4", "9999999999.1", "1.4\n"} {
		if got, err := ParseMinor(text); err == nil {
			t.Errorf("%q became %s", text, got)
		}
	}
	for _, row := range []struct {
		a, b Minor
		want int
	}{{Minor{1, 9}, Minor{1, 10}, -1}, {Minor{2, 0}, Minor{1, 99}, 1}, {Minor{1, 4}, Minor{1, 4}, 0}} {
		if got := row.a.Compare(row.b); got != row.want {
			t.Errorf("%s against %s: %d", row.a, row.b, got)
		}
	}
}

func TestParseKubernetesVersion(t *testing.T) {
	for text, want := range map[string]string{
		"v1.19.9": "1.19.9", "1.19.9": "1.19.9", "v1.19.9+d2iq.1": "1.19.9", "v1.19.9-gke.1900": "1.19.9", "v1.18.20-eks-8c49e2": "1.18.20",
		"v1.20.6+fips.0": "1.20.6", "v1.21.1-rc.0.31+abc": "1.21.1", "v1.37.0-alpha.1": "1.37.0",
	} {
		if got, err := ParseKubernetesVersion(text); err != nil || got.String() != want {
			t.Errorf("%s: got %s, %v", text, got, err)
		}
	}
	for _, text := range []string{"", "v1.19", "1.19+", "v1.19.", "v1.019.1", "vv1.19.9", "v1.19.9.1", "v1.19.9 ", "v1.19.x", "v1.19.9999999999"} {
		if got, err := ParseKubernetesVersion(text); err == nil {
			t.Errorf("%q became %s", text, got)
		}
	}
}

func TestPrintable(t *testing.T) {
	for _, row := range []struct {
		text, want string
		reason     string
	}{
		{"1.3.1", "1.3.1", "plain text stays"},
		{`say "hi"`, `say "hi"`, "quotation marks stay"},
		{"a\tb\nc\x1b[31m\x00", `a\tb\nc\x1b[31m\x00`, "control characters are escaped"},
		{"\x80\xff", `\x80\xff`, "bytes that are no text are escaped"},
		{"a\u202eb\u200b", `a\u202eb\u200b`, "characters that turn or hide text are escaped"},
		{"Zürich 漢字 🙂", "Zürich 漢字 🙂", "other scripts stay"},
		{strings.Repeat("a", 64), strings.Repeat("a", 64), "64 characters are allowed"},
		{strings.Repeat("a", 65), strings.Repeat("a", 61) + "...", "more are cut"},
		{strings.Repeat("é", 65), strings.Repeat("é", 61) + "...", "characters count, not bytes"},
		{strings.Repeat("a", 10000), strings.Repeat("a", 61) + "...", "whatever the length"},
		{strings.Repeat("🙂", 64), strings.Repeat("🙂", 64), "characters of four bytes"},
		{`C:\new`, `C:\new`, "a backslash stays"},
		{"", "", "nothing stays nothing"},
	} {
		if got := Printable(row.text); got != row.want {
			t.Errorf("%q: %s (-want +got):\n%s", row.text, row.reason, cmp.Diff(row.want, got))
		}
	}
}

// checkPrintable holds what the status relies on: it fits the schema, survives JSON and a terminal, and does not change
// when it is read back and written again.
func checkPrintable(t testing.TB, text string) {
	t.Helper()
	got := Printable(text)
	if !utf8.ValidString(got) {
		t.Errorf("%q became %q, which is no text", text, got)
	}
	if n := utf8.RuneCountInString(got); n > 64 {
		t.Errorf("%q became %q, which has %d characters", text, got, n)
	}
	for _, r := range got {
		if !unicode.IsPrint(r) {
			t.Errorf("%q became %q, with %q", text, got, r)
		}
	}
	if again := Printable(got); again != got {
		t.Errorf("%q became %q and then %q", text, got, again)
	}
	if (text == "") != (got == "") {
		t.Errorf("%q became %q", text, got)
	}
}

func TestPrintableSettles(t *testing.T) {
	for _, text := range []string{
		"", "1.3.1", "\x00", `\x00`, `\\x00`, strings.Repeat("\x00", 64), strings.Repeat(`\`, 100), strings.Repeat("a", 62) + "\x00",
		strings.Repeat("a", 60) + "\xf0\x9f\x99", strings.Repeat("🙂", 63) + "\xf0\x9f", `"`, `\"`, strings.Repeat(`"`, 70),
	} {
		checkPrintable(t, text)
	}
}

func TestTruncate(t *testing.T) {
	for text, want := range map[string]string{"abcdef": "abcdef", "abcdefg": "abc...", "abéfgh": "ab..."} {
		if got := Truncate(text, 6); got != want {
			t.Errorf("%q became %q, want %q", text, got, want)
		}
	}
}

func TestClusterID(t *testing.T) {
	for text, want := range map[string]string{
		"0aa3": "0aa3", strings.Repeat("a", 64): strings.Repeat("a", 64), strings.Repeat("a", 65): "", "0aa3\n": "", "": "",
	} {
		if got := ClusterID(text); got != want {
			t.Errorf("%q became %q, want %q", text, got, want)
		}
	}
}
