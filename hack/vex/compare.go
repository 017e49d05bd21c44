// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package vex

import (
	"fmt"
	"strings"
	"time"
)

// Result is what came of a comparison.
type Result struct {
	// Excused are the called vulnerabilities that a statement excuses, each with the reason.
	Excused []string
	// Problems are what has to be mended, each with what to do.
	Problems []string
}

// Compare holds the vulnerabilities that the code calls against the statements. isKnown tells whether the database has a
// vulnerability of that name.
func Compare(called []Vulnerability, statements []Statement, isKnown func(id string) bool) Result {
	var result Result
	byName := map[string]Statement{}
	for _, s := range statements {
		byName[s.Vulnerability.Name] = s
	}
	isCalled := map[string]bool{}
	for _, v := range called {
		isCalled[v.ID] = true
		s, is := byName[v.ID]
		switch {
		case is && s.Status == NotAffected:
			result.Excused = append(result.Excused, fmt.Sprintf("%s: called, and does not reach the users by %s, of %s: %s (%s)",
				v.ID, s.file, s.date.Format(time.DateOnly), s.ImpactStatement, s.Justification))
		case is:
			result.Problems = append(result.Problems, fmt.Sprintf("%s\n  %s says that it is %s, which is no reason why it does not reach the users",
				v.describe(), s.file, s.Status))
		default:
			result.Problems = append(result.Problems, v.describe())
		}
	}
	for _, s := range statements {
		name := s.Vulnerability.Name
		switch {
		case !isKnown(name):
			result.Problems = append(result.Problems, fmt.Sprintf("%s: the database has no vulnerability %s: mend its name", s.file, name))
		case !isCalled[name] && s.Status != Fixed:
			result.Problems = append(result.Problems, fmt.Sprintf("%s: %s is not called any more: delete the statement", s.file, name))
		}
	}
	return result
}

// describe says what is called, how, and what mends it.
func (v Vulnerability) describe() string {
	mended := "no version mends it: stop calling it, or say in docs/vex why it does not reach the users"
	if v.FixedVersion != "" {
		mended = "mended in " + v.FixedVersion + ": go get " + v.Module + "@" + v.FixedVersion
		if v.Module == "stdlib" {
			mended = "mended in Go " + strings.TrimPrefix(v.FixedVersion, "v") + ": write it into the toolchain line of go.mod"
		}
	}
	return fmt.Sprintf("%s: %s\n  called: %s\n  in %s %s, %s\n  https://pkg.go.dev/vuln/%s",
		v.ID, v.Summary, strings.Join(v.Path, " → "), v.Module, v.Version, mended, v.ID)
}
