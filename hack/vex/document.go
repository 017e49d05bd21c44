// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package vex

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"
)

const (
	// context is the version of OpenVEX in which the statements are written.
	context = "https://openvex.dev/ns/v0.2.0"
	// product is what they are about, as a package URL; a version may follow.
	product = "pkg:golang/github.com/d2iq-labs/support-policy-operator"
)

// The statuses of OpenVEX that a statement here can have. There is none of `affected`: what affects is mended.
const (
	NotAffected        = "not_affected"
	UnderInvestigation = "under_investigation"
	Fixed              = "fixed"
)

// justifications are those that OpenVEX has for NotAffected.
var justifications = []string{
	"component_not_present", "vulnerable_code_not_present", "vulnerable_code_not_in_execute_path",
	"vulnerable_code_cannot_be_controlled_by_adversary", "inline_mitigations_already_exist",
}

// goID is the name of a vulnerability in the Go vulnerability database.
var goID = regexp.MustCompile(`^GO-\d{4}-\d{4,}$`)

// Document is an OpenVEX document, with all fields of version 0.2.0.
type Document struct {
	Context     string      `json:"@context"`
	ID          string      `json:"@id"`
	Author      string      `json:"author"`
	Role        string      `json:"role,omitempty"`
	Timestamp   string      `json:"timestamp"`
	LastUpdated string      `json:"last_updated,omitempty"`
	Version     int         `json:"version"`
	Tooling     string      `json:"tooling,omitempty"`
	Statements  []Statement `json:"statements"`
}

// Statement says what one vulnerability means for the products.
type Statement struct {
	ID            string `json:"@id,omitempty"`
	Version       int    `json:"version,omitempty"`
	Vulnerability struct {
		ID          string   `json:"@id,omitempty"`
		Name        string   `json:"name"`
		Description string   `json:"description,omitempty"`
		Aliases     []string `json:"aliases,omitempty"`
	} `json:"vulnerability"`
	Timestamp                string      `json:"timestamp,omitempty"`
	LastUpdated              string      `json:"last_updated,omitempty"`
	Products                 []Component `json:"products"`
	Status                   string      `json:"status"`
	Supplier                 string      `json:"supplier,omitempty"`
	StatusNotes              string      `json:"status_notes,omitempty"`
	Justification            string      `json:"justification,omitempty"`
	ImpactStatement          string      `json:"impact_statement,omitempty"`
	ActionStatement          string      `json:"action_statement,omitempty"`
	ActionStatementTimestamp string      `json:"action_statement_timestamp,omitempty"`

	// file is where it stands, and date when it was made.
	file string
	date time.Time
}

// Component is a product, or a part of one.
type Component struct {
	ID            string            `json:"@id"`
	Identifiers   map[string]string `json:"identifiers,omitempty"`
	Hashes        map[string]string `json:"hashes,omitempty"`
	Subcomponents []Component       `json:"subcomponents,omitempty"`
}

// Read reads all documents of a folder, and returns their statements. The error names each file and statement that is not what
// OpenVEX or this project asks for, with what to do. A statement without a date of its own has that of its document. None may be of
// a day after now.
func Read(folder string, now time.Time) ([]Statement, error) {
	files, err := filepath.Glob(filepath.Join(folder, "*.json"))
	if err != nil {
		return nil, fmt.Errorf("find the OpenVEX documents: %w", err)
	}
	var all []Statement
	var problems []error
	for _, file := range files {
		statements, err := readFile(file, now)
		all, problems = append(all, statements...), append(problems, err)
	}
	seen := map[string]string{}
	for _, s := range all {
		name := s.Vulnerability.Name
		if first, is := seen[name]; is {
			problems = append(problems, fmt.Errorf("%s: %s has a statement in %s already: keep one", s.file, name, first))
		}
		seen[name] = s.file
	}
	return all, errors.Join(problems...)
}

func readFile(file string, now time.Time) ([]Statement, error) {
	content, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("read an OpenVEX document: %w", err)
	}
	var document Document
	decoder := json.NewDecoder(bytes.NewReader(content))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&document); err != nil {
		return nil, fmt.Errorf("%s is no OpenVEX document: %w", file, err)
	}
	problems := document.problems()
	for i := range document.Statements {
		s := &document.Statements[i]
		s.file = file
		found := s.problems(document.Timestamp, now)
		for _, problem := range found {
			problems = append(problems, fmt.Sprintf("statements[%d] (%s): %s", i, s.Vulnerability.Name, problem))
		}
	}
	if len(problems) > 0 {
		return nil, fmt.Errorf("%s:\n  %s", file, strings.Join(problems, "\n  "))
	}
	return document.Statements, nil
}

// problems are those of the document as such.
func (d Document) problems() []string {
	var found []string
	if d.Context != context {
		found = append(found, fmt.Sprintf("@context is %q, write %q", d.Context, context))
	}
	if d.ID == "" {
		found = append(found, "@id is empty, write an IRI that no other document has")
	}
	if d.Author == "" {
		found = append(found, "author is empty, write who answers for the statements")
	}
	if d.Version < 1 {
		found = append(found, fmt.Sprintf("version is %d, write 1, and one more with each change", d.Version))
	}
	if len(d.Statements) == 0 {
		found = append(found, "statements is empty, delete the file")
	}
	return found
}

// problems are those of a statement. It takes over the document's date where it has none.
func (s *Statement) problems(documentDate string, now time.Time) []string {
	var found []string
	if !goID.MatchString(s.Vulnerability.Name) {
		found = append(found, "vulnerability.name is not the name in the Go vulnerability database, such as GO-2022-1059; a CVE is an alias")
	}
	date := s.Timestamp
	if date == "" {
		date = documentDate
	}
	var err error
	switch s.date, err = time.Parse(time.RFC3339, date); {
	case date == "":
		found = append(found, "there is no timestamp, neither here nor of the document: write when this was decided")
	case err != nil:
		found = append(found, fmt.Sprintf("timestamp is %q, write it as 2026-01-31T12:00:00Z", date))
	case s.date.After(now):
		found = append(found, fmt.Sprintf("timestamp %s is to come: write when this was decided", date))
	}
	if !slices.ContainsFunc(s.Products, func(c Component) bool {
		return c.ID == product || strings.HasPrefix(c.ID, product+"@")
	}) {
		found = append(found, fmt.Sprintf("products does not have %s, with or without a version", product))
	}
	return append(found, s.statusProblems()...)
}

// statusProblems are those of the status, and of the reason for it.
func (s *Statement) statusProblems() []string {
	switch s.Status {
	case NotAffected:
		var found []string
		if !slices.Contains(justifications, s.Justification) {
			found = append(found, fmt.Sprintf("justification is %q, write one of %s", s.Justification, strings.Join(justifications, ", ")))
		}
		if strings.TrimSpace(s.ImpactStatement) == "" {
			found = append(found, "impact_statement is empty, write why it does not reach the users")
		}
		return found
	case UnderInvestigation, Fixed:
		return nil
	}
	return []string{fmt.Sprintf("status is %q, write %s, %s or %s; what affects is mended", s.Status, NotAffected, UnderInvestigation, Fixed)}
}
