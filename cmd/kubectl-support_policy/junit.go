// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"iter"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/d2iq-labs/support-policy-operator/api/v1alpha1"
)

// The parts of a JUnit report that tools read.
type (
	junitSuite struct {
		Name string `xml:"name,attr"`
		junitCounts

		Timestamp string      `xml:"timestamp,attr"`
		Cases     []junitCase `xml:"testcase"`
	}
	junitCounts struct {
		Tests    int `xml:"tests,attr"`
		Failures int `xml:"failures,attr"`
		Errors   int `xml:"errors,attr"`
		Skipped  int `xml:"skipped,attr"`
	}
	junitCase struct {
		Class   string        `xml:"classname,attr"`
		Name    string        `xml:"name,attr"`
		Failure *junitVerdict `xml:"failure,omitempty"`
		Error   *junitVerdict `xml:"error,omitempty"`
		Skipped *junitVerdict `xml:"skipped,omitempty"`
		// Output is what else there is to say.
		Output *junitText `xml:"system-out,omitempty"`
	}
	junitText struct {
		Text string `xml:",cdata"`
	}
	junitVerdict struct {
		Type    string `xml:"type,attr,omitempty"`
		Message string `xml:"message,attr"`
	}
)

// printJUnit prints a suite for each cluster, with a case for each release and each condition. What asks for exit code 3
// or 2 is a failure, what asks for 4 an error: nobody could tell. What the flags ignore or accept is skipped. So there is
// a failure or an error where the exit code is not 0, and nowhere else.
func printJUnit(out io.Writer, r report) error {
	// The counts stand before the suites, and all suites together may be larger than memory: they are made twice.
	var all junitCounts
	for suite := range r.suites() {
		all.add(suite.junitCounts)
	}
	if _, err := io.WriteString(out, xml.Header); err != nil {
		return err
	}
	encoder := xml.NewEncoder(out)
	encoder.Indent("", "  ")
	report := xml.StartElement{Name: xml.Name{Local: "testsuites"}, Attr: all.attributes()}
	if err := encoder.EncodeToken(report); err != nil {
		return err
	}
	for suite := range r.suites() {
		if err := encoder.EncodeElement(suite, xml.StartElement{Name: xml.Name{Local: "testsuite"}}); err != nil {
			return err
		}
	}
	if err := errors.Join(encoder.EncodeToken(report.End()), encoder.Close()); err != nil {
		return err
	}
	_, err := io.WriteString(out, "\n")
	return err
}

func (c *junitCounts) add(other junitCounts) {
	c.Tests += other.Tests
	c.Failures += other.Failures
	c.Errors += other.Errors
	c.Skipped += other.Skipped
}

// attributes are the counts as the attributes of a report.
func (c *junitCounts) attributes() []xml.Attr {
	attribute := func(name string, count int) xml.Attr {
		return xml.Attr{Name: xml.Name{Local: name}, Value: strconv.Itoa(count)}
	}
	return []xml.Attr{
		attribute("tests", c.Tests), attribute("failures", c.Failures), attribute("errors", c.Errors), attribute("skipped", c.Skipped),
	}
}

// suites yields the suite of each cluster, and one of what was not read.
func (r *report) suites() iter.Seq[junitSuite] {
	return func(yield func(junitSuite) bool) {
		for cluster := range r.forPeople() {
			if !yield(r.suite(cluster)) {
				return
			}
		}
		if r.isPartial {
			yield(partialSuite(r.at))
		}
	}
}

// timestampLayout is that of JUnit's schema, which knows no zone.
const timestampLayout = "2006-01-02T15:04:05"

// partialSuite is the suite of an answer that is not about everything.
func partialSuite(at time.Time) junitSuite {
	const name = "input"
	return junitSuite{
		Name: name, Timestamp: at.Format(timestampLayout), junitCounts: junitCounts{Tests: 1, Errors: 1},
		Cases: []junitCase{{Class: name, Name: "read and judged", Error: &junitVerdict{Type: "Partial", Message: partial}}},
	}
}

func (r *report) suite(cluster *v1alpha1.ClusterSupport) junitSuite {
	suite := junitSuite{Name: displayName(cluster), Timestamp: r.at.Format(timestampLayout)}
	for i := range cluster.Status.Releases {
		release := &cluster.Status.Releases[i]
		said := make([]string, 0, len(release.Findings))
		for _, f := range release.Findings {
			if !slices.Contains(said, f.Message) {
				said = append(said, f.Message)
			}
		}
		if release.Terms != "" {
			said = append(said, release.Terms)
		}
		name := strings.TrimSpace(strings.Join([]string{release.Product, release.Name, release.Version}, " "))
		r.addCase(&suite, name, strings.Join(said, "\n"), r.releaseConcerns(release))
	}
	for i := range cluster.Status.Conditions {
		c := &cluster.Status.Conditions[i]
		if !slices.Contains(shownConditions, c.Type) {
			continue
		}
		r.addCase(&suite, c.Type, fmt.Sprintf("%s: %s", c.Status, c.Message), r.conditionConcerns(cluster, c))
	}
	return suite
}

// addCase adds a case that fails by the worst of its concerns.
func (r *report) addCase(suite *junitSuite, name, output string, concerns []concern) {
	one := junitCase{Class: suite.Name, Name: name}
	if output != "" {
		one.Output = &junitText{output}
	}
	suite.Tests++
	if worst, counts := r.tolerance.worst(concerns); worst != nil {
		verdict := &junitVerdict{Type: worst.reason, Message: worst.message}
		switch {
		case !counts:
			suite.Skipped++
			one.Skipped = &junitVerdict{Message: worst.reason + ": " + worst.message}
		case worst.code == exitUnknown:
			suite.Errors++
			one.Error = verdict
		default:
			suite.Failures++
			one.Failure = verdict
		}
	}
	suite.Cases = append(suite.Cases, one)
}
