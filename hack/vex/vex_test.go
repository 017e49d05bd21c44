// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package vex_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/d2iq-labs/support-policy-operator/hack/vex"
)

// now is the day of these tests.
var now = time.Date(2026, 11, 30, 12, 0, 0, 0, time.UTC)

// calls is what govulncheck 1.9.0 printed for a program that calls language.ParseAcceptLanguage of golang.org/x/text v0.3.5: two
// vulnerabilities are called, and a third one is in the module.
const calls = "testdata/calls.json"

func called(t *testing.T) []vex.Vulnerability {
	t.Helper()
	scan, err := os.Open(calls)
	if err != nil {
		t.Fatal(err)
	}
	defer scan.Close()
	found, err := vex.Called(scan)
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func TestCalled(t *testing.T) {
	path := []string{"example.org/calls.main", "golang.org/x/text/language.ParseAcceptLanguage"}
	want := []vex.Vulnerability{
		{"GO-2021-0113", "Out-of-bounds read in golang.org/x/text/language", "golang.org/x/text", "v0.3.5", "v0.3.7", path},
		{"GO-2022-1059", "Denial of service via crafted Accept-Language header in golang.org/x/text/language", "golang.org/x/text", "v0.3.5", "v0.3.8", path},
	}
	if diff := cmp.Diff(want, called(t)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestCalledOfNoScan(t *testing.T) {
	for name, test := range map[string]struct{ output, want, reason string }{
		"nothing":        {"", "not that of a scan for symbols", "govulncheck ended before it began"},
		"cut off":        {`{"config": {"scan_level": "symbol"`, "unexpected EOF", "govulncheck was killed"},
		"text":           {"No vulnerabilities found.", "invalid character", "-format json was forgotten"},
		"modules only":   {`{"config": {"scan_level": "module"}}`, "not that of a scan for symbols", "it does not tell what is called"},
		"nothing called": {`{"config": {"scan_level": "symbol"}}`, "", "that is how it ought to be"},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := vex.Called(strings.NewReader(test.output)); !isMeant(err, test.want) {
				t.Errorf("got %v, want %q: %s", err, test.want, test.reason)
			}
		})
	}
}

// isMeant tells whether an error has a text; the empty one is that of no error.
func isMeant(err error, text string) bool {
	if text == "" || err == nil {
		return text == "" && err == nil
	}
	return strings.Contains(err.Error(), text)
}

// good is a document with a statement about GO-2022-1059.
func good() vex.Document {
	statement := vex.Statement{
		Status: vex.NotAffected, Justification: "vulnerable_code_cannot_be_controlled_by_adversary",
		ImpactStatement: "the argument is a constant",
		Products:        []vex.Component{{ID: "pkg:golang/github.com/d2iq-labs/support-policy-operator"}},
	}
	statement.Vulnerability.Name = "GO-2022-1059"
	return vex.Document{
		Context: "https://openvex.dev/ns/v0.2.0", ID: "https://example.org/vex/1", Author: "an author", Version: 1,
		Timestamp: "2026-11-01T12:00:00Z", Statements: []vex.Statement{statement},
	}
}

// write writes documents into a folder.
func write(t *testing.T, documents ...vex.Document) string {
	t.Helper()
	folder := t.TempDir()
	for i, document := range documents {
		content, err := json.Marshal(document)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(folder, string(rune('a'+i))+".json"), content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return folder
}

func TestRead(t *testing.T) {
	for name, test := range map[string]struct {
		change func(*vex.Document)
		want   string
		reason string
	}{
		"a good one":            {func(*vex.Document) {}, "", "it has all"},
		"a date of its own":     {func(d *vex.Document) { d.Timestamp, d.Statements[0].Timestamp = "", "2026-11-02T12:00:00Z" }, "", "it needs no other"},
		"a version of products": {func(d *vex.Document) { d.Statements[0].Products[0].ID += "@v0.2.0" }, "", "OpenVEX lets a purl have one"},
		"under investigation":   {func(d *vex.Document) { d.Statements[0].Status = vex.UnderInvestigation }, "", "OpenVEX has it; it excuses nothing"},

		"no date":                 {func(d *vex.Document) { d.Timestamp = "" }, "statements[0] (GO-2022-1059): there is no timestamp", "nobody could tell whether it is still true"},
		"no such date":            {func(d *vex.Document) { d.Timestamp = "1 November" }, `timestamp is "1 November"`, "OpenVEX wants RFC 3339"},
		"a date to come":          {func(d *vex.Document) { d.Timestamp = "2026-12-24T00:00:00Z" }, "is to come", "it was not decided yet"},
		"no reason":               {func(d *vex.Document) { d.Statements[0].ImpactStatement = " " }, "impact_statement is empty", "the reason is the point of it"},
		"no justification":        {func(d *vex.Document) { d.Statements[0].Justification = "" }, `justification is ""`, "OpenVEX wants one"},
		"an own justification":    {func(d *vex.Document) { d.Statements[0].Justification = "we_hope_so" }, `justification is "we_hope_so"`, "OpenVEX has five"},
		"affected":                {func(d *vex.Document) { d.Statements[0].Status = "affected" }, `status is "affected"`, "it is mended and not stated"},
		"a CVE":                   {func(d *vex.Document) { d.Statements[0].Vulnerability.Name = "CVE-2022-32149" }, "a CVE is an alias", "it would be compared with nothing"},
		"another product":         {func(d *vex.Document) { d.Statements[0].Products[0].ID = "pkg:golang/example.org/other" }, "products does not have", "it is about somebody else"},
		"the beginning of a name": {func(d *vex.Document) { d.Statements[0].Products[0].ID += "-2" }, "products does not have", "that is another module"},
		"no author":               {func(d *vex.Document) { d.Author = "" }, "author is empty", "somebody answers for it"},
		"no IRI":                  {func(d *vex.Document) { d.ID = "" }, "@id is empty", "OpenVEX wants one"},
		"no version":              {func(d *vex.Document) { d.Version = 0 }, "version is 0", "OpenVEX wants one"},
		"another OpenVEX":         {func(d *vex.Document) { d.Context = "https://openvex.dev/ns" }, "@context is", "its fields are others"},
		"no statement":            {func(d *vex.Document) { d.Statements = nil }, "statements is empty", "the file says nothing"},
	} {
		t.Run(name, func(t *testing.T) {
			document := good()
			test.change(&document)
			if _, err := vex.Read(write(t, document), now); !isMeant(err, test.want) {
				t.Errorf("got %v, want %q: %s", err, test.want, test.reason)
			}
		})
	}
}

func TestReadFolder(t *testing.T) {
	if _, err := vex.Read(write(t, good(), good()), now); !isMeant(err, "GO-2022-1059 has a statement in") {
		t.Errorf("two statements: got %v", err)
	}
	folder := t.TempDir()
	if err := os.WriteFile(filepath.Join(folder, "a.json"), []byte(`{"@context": "https://openvex.dev/ns/v0.2.0", "autor": "a"}`), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := vex.Read(folder, now); !isMeant(err, `unknown field "autor"`) {
		t.Errorf("a misspelt field: got %v", err)
	}
	if statements, err := vex.Read(t.TempDir(), now); err != nil || len(statements) != 0 {
		t.Errorf("no document: got %v, %v", statements, err)
	}
}

// TestOwnDocuments reads those of this project.
func TestOwnDocuments(t *testing.T) {
	if _, err := os.Stat("../../docs/vex"); err != nil {
		t.Fatal(err)
	}
	if _, err := vex.Read("../../docs/vex", time.Now()); err != nil {
		t.Error(err)
	}
}

func TestCompare(t *testing.T) {
	all := called(t)
	one := all[1:] // GO-2022-1059
	known := func(id string) bool { return id != "GO-2099-0001" }
	for name, test := range map[string]struct {
		called   []vex.Vulnerability
		change   func(*vex.Statement)
		excused  string
		problems []string
		reason   string
	}{
		"nothing at all": {nil, nil, "", nil, "that is how it ought to be"},
		"called, and not stated": {one, nil, "", []string{
			"called: example.org/calls.main → golang.org/x/text/language.ParseAcceptLanguage\n" +
				"  in golang.org/x/text v0.3.5, mended in v0.3.8: go get golang.org/x/text@v0.3.8",
		}, "it is to be mended"},
		"called and excused":          {one, func(*vex.Statement) {}, "GO-2022-1059: called, and does not reach the users by", nil, "there is a reason"},
		"two called, one excused":     {all, func(*vex.Statement) {}, "GO-2022-1059", []string{"GO-2021-0113: "}, "the other one has no statement"},
		"called, under investigation": {one, func(s *vex.Statement) { s.Status = vex.UnderInvestigation }, "", []string{"says that it is under_investigation"}, "that is no reason"},
		"called, and said to be fixed": {
			one, func(s *vex.Statement) { s.Status = vex.Fixed }, "", []string{"says that it is fixed"}, "it is not",
		},
		"not called any more":   {nil, func(*vex.Statement) {}, "", []string{"GO-2022-1059 is not called any more: delete"}, "the statement is stale"},
		"fixed, and not called": {nil, func(s *vex.Statement) { s.Status = vex.Fixed }, "", nil, "that is what it says"},
		"an unknown one": {nil, func(s *vex.Statement) { s.Vulnerability.Name, s.Status = "GO-2099-0001", vex.Fixed }, "", []string{
			"the database has no vulnerability GO-2099-0001",
		}, "its name is wrong"},
	} {
		t.Run(name, func(t *testing.T) {
			var statements []vex.Statement
			if test.change != nil {
				document := good()
				test.change(&document.Statements[0])
				var err error
				if statements, err = vex.Read(write(t, document), now); err != nil {
					t.Fatal(err)
				}
			}
			result := vex.Compare(test.called, statements, known)
			if got := strings.Join(result.Excused, "\n"); (test.excused == "") != (got == "") || !strings.Contains(got, test.excused) {
				t.Errorf("excused is %q, want %q: %s", got, test.excused, test.reason)
			}
			if len(result.Problems) != len(test.problems) {
				t.Fatalf("%d problems, want %d: %s: %q", len(result.Problems), len(test.problems), test.reason, result.Problems)
			}
			for i, want := range test.problems {
				if !strings.Contains(result.Problems[i], want) {
					t.Errorf("got %q, want %q: %s", result.Problems[i], want, test.reason)
				}
			}
		})
	}
}

// TestMended: what mends a vulnerability of Go itself is its version, and there are some that nothing mends.
func TestMended(t *testing.T) {
	for fixed, want := range map[string]string{"v1.26.10": "write it into the toolchain line", "": "no version mends it"} {
		v := vex.Vulnerability{ID: "GO-2026-0001", Module: "stdlib", Version: "v1.26.1", FixedVersion: fixed}
		result := vex.Compare([]vex.Vulnerability{v}, nil, func(string) bool { return true })
		if len(result.Problems) != 1 || !strings.Contains(result.Problems[0], want) {
			t.Errorf("got %q, want %q", result.Problems, want)
		}
	}
}
