// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/d2iq-labs/support-policy-operator/api/v1alpha1"
	"github.com/d2iq-labs/support-policy-operator/internal/facts"
	"github.com/d2iq-labs/support-policy-operator/internal/support"
)

// tableWidth is how wide the sentences of a table are.
const tableWidth = 120

// headings are those of the columns of releases.
var headings = []string{"PRODUCT", "VERSION", "STATE", "SUPPORT ENDS", "UPGRADE TO", "POLICY"}

// printTable prints a block for each cluster: a row for each release, and under it the sentences that explain it.
func printTable(out io.Writer, r report) error {
	before := ""
	for cluster := range r.forPeople() {
		var b strings.Builder
		b.WriteString(before)
		printCluster(&b, cluster, r.at)
		if _, err := io.WriteString(out, b.String()); err != nil {
			return err
		}
		before = "\n"
	}
	end := ""
	if len(r.clusters) > 1 {
		end = "\n" + r.summary() + "\n"
	}
	if r.isPartial {
		end += "\nNot everything was read or judged: see the errors.\n"
	}
	_, err := io.WriteString(out, end)
	return err
}

func printCluster(b *strings.Builder, cluster *v1alpha1.ClusterSupport, at time.Time) {
	fmt.Fprintf(b, "%s, as of %s\n", displayName(cluster), instantText(at))
	status := &cluster.Status
	for i := range status.Conditions {
		if c := &status.Conditions[i]; slices.Contains(shownConditions, c.Type) {
			fmt.Fprintf(b, "  %s %s %s\n", pad(c.Type, len(v1alpha1.ConditionUpgradeRecommended)), pad(string(c.Status), len("Unknown")), c.Reason)
		}
	}
	if len(status.Releases) == 0 {
		printSentences(b, conditionMessages(status.Conditions))
	} else {
		b.WriteByte('\n')
		printReleases(b, status.Releases)
	}
	if about := explanations(status.Findings); len(about) > 0 {
		b.WriteString("\n  About the cluster\n")
		printSentences(b, about)
	}
}

// shownConditions are the conditions that people are shown: those by which a cluster is judged.
var shownConditions = []string{
	v1alpha1.ConditionSupported, v1alpha1.ConditionCompatible, v1alpha1.ConditionExpiringSoon, v1alpha1.ConditionUpgradeRecommended,
}

// conditionMessages are what the conditions say where there is no release to say it of, each sentence once.
func conditionMessages(conditions []metav1.Condition) []string {
	var said []string
	for i := range conditions {
		if c := &conditions[i]; slices.Contains(shownConditions, c.Type) && !slices.Contains(said, c.Message) {
			said = append(said, c.Message)
		}
	}
	return said
}

func printReleases(b *strings.Builder, releases []v1alpha1.InstalledRelease) {
	rows := make([][]string, 0, len(releases)+1)
	rows = append(rows, headings)
	for i := range releases {
		rows = append(rows, cells(&releases[i]))
	}
	widths := make([]int, len(headings))
	for _, row := range rows {
		for column, cell := range row {
			widths[column] = max(widths[column], utf8.RuneCountInString(cell))
		}
	}
	for i, row := range rows {
		var line strings.Builder
		for column, cell := range row {
			line.WriteString("  " + pad(cell, widths[column]))
		}
		b.WriteString(strings.TrimRight(line.String(), " ") + "\n")
		if i > 0 {
			said := append(explanations(releases[i-1].Findings), shortTerms(&releases[i-1])...)
			printSentences(b, shortened(said, row[0]+" "+releases[i-1].Version+" ", " (policy "+releases[i-1].Policy+")"))
		}
	}
}

// shortTerms are the level and the severities of support, without what they cover in detail.
func shortTerms(r *v1alpha1.InstalledRelease) []string {
	if r.Terms == "" {
		return nil
	}
	short, _, _ := strings.Cut(r.Terms, support.TermsDetails)
	return []string{short}
}

// cells are the row of a release. A dash means that there is nothing, a question mark that it is not known.
func cells(r *v1alpha1.InstalledRelease) []string {
	product := facts.Printable(r.Product)
	if r.Name != facts.DefaultInstallation && !strings.EqualFold(r.Name, r.Product) {
		product += " " + facts.Printable(r.Name)
	}
	end := "-"
	if r.SupportEndTime != nil {
		end = instantText(r.SupportEndTime.Time)
	}
	return []string{
		product, cmp.Or(facts.Printable(r.Version), "?"), string(r.State), end,
		cmp.Or(facts.Printable(r.UpgradeTo), "-"), cmp.Or(facts.Printable(r.Policy), "-"),
	}
}

// instantText prints the beginning of a day as the day, other instants in full.
func instantText(at time.Time) string {
	at = at.UTC()
	if at.Equal(at.Truncate(24 * time.Hour)) {
		return at.Format(time.DateOnly)
	}
	return at.Format(time.RFC3339)
}

// explanations are what findings say beyond a row: not what is as it must be, nor the newer patch that stands in the row,
// and each sentence once.
func explanations(findings []v1alpha1.Finding) []string {
	var said []string
	for i := range findings {
		f := &findings[i]
		if f.Reason != v1alpha1.ReasonCompatible && f.Reason != v1alpha1.ReasonNewerPatch && !slices.Contains(said, f.Message) {
			said = append(said, f.Message)
		}
	}
	return said
}

// shortened leaves out of sentences what the row above them says: the release that they begin with, and the policy that
// they end with.
func shortened(sentences []string, release, policy string) []string {
	for i, sentence := range sentences {
		sentences[i] = strings.TrimSuffix(strings.TrimPrefix(sentence, release), policy)
	}
	return sentences
}

func printSentences(b *strings.Builder, sentences []string) {
	for _, sentence := range sentences {
		for i, line := range wrap(sentence, tableWidth-len(bullet)) {
			if i == 0 {
				b.WriteString(bullet + line + "\n")
				continue
			}
			b.WriteString(strings.Repeat(" ", len(bullet)) + line + "\n")
		}
	}
}

// bullet begins a sentence.
const bullet = "    - "

// summary counts clusters by the worst that is to be said of them, whatever the flags ignore or accept. A cluster for which
// two objects stand is counted once, as the operator does.
func (r *report) summary() string {
	strict := report{clusters: r.clusters}
	counts := map[exitCode]int{}
	duplicates := 0
	for i := range strict.clusters {
		if strict.clusters[i].Status.DuplicateOf != "" {
			duplicates++
			continue
		}
		if worst, _ := strict.tolerance.worst(strict.clusterConcerns(&strict.clusters[i])); worst != nil {
			counts[worst.code]++
		}
	}
	text := fmt.Sprintf("%s: %d unsupported or prohibited, %d unknown, %d expiring soon",
		facts.Plural(len(r.clusters)-duplicates, "cluster", "clusters"), counts[exitUnsupported], counts[exitUnknown], counts[exitExpiring])
	if duplicates > 0 {
		text += fmt.Sprintf("; not counted: %s", facts.Plural(duplicates, "double", "doubles"))
	}
	return text
}
