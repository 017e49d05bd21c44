// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/xml"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/d2iq-labs/support-policy-operator/api/v1alpha1"
)

// The parts of a JUnit report that tools read.
type (
	junitReport struct {
		XMLName xml.Name `xml:"testsuites"`
		junitCounts

		Suites []junitSuite `xml:"testsuite"`
	}
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
	var all junitReport
	for i := range r.clusters {
		all.add(r.suite(&r.clusters[i]))
	}
	if r.isPartial {
		all.add(partialSuite(r.at))
	}
	text, err := xml.MarshalIndent(all, "", "  ")
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(out, "%s%s\n", xml.Header, text)
	return err
}

// add adds a suite and its counts.
func (r *junitReport) add(suite junitSuite) {
	r.Tests += suite.Tests
	r.Failures += suite.Failures
	r.Errors += suite.Errors
	r.Skipped += suite.Skipped
	r.Suites = append(r.Suites, suite)
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
