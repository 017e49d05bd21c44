// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/d2iq-labs/support-policy-operator/api/v1alpha1"
)

var (
	firstDay = date("2021-04-15")
	lastDay  = date("2022-12-31")
)

// plans are the one thing in this demo that did not happen. Both minors came out on these days; the announcement, and the
// confirmation some days later, are made up.
var plans = []plan{
	{policy: "konvoy", minor: "2.1", announced: date("2021-09-01"), planned: date("2021-11-18"), confirmed: date("2021-11-22")},
	{policy: "kommander", minor: "2.1", announced: date("2021-09-01"), planned: date("2021-11-19"), confirmed: date("2021-11-22")},
}

// step is a day on which a cluster changes, or conditions do. The demo fails where the conditions are not as wanted.
type step struct {
	day, title string
	upgrade    *installation
	commands   []command
	// change changes the attached clusters.
	change func(context.Context, *fleet) error
	// gone is a cluster whose ClusterSupport must be deleted.
	gone string
	want []expectation
}

// command is a kubectl command with its input.
type command struct{ what, input, arguments string }

// expectation is the wanted condition of a cluster, or of the hub where no cluster is named.
type expectation struct {
	condition string
	status    metav1.ConditionStatus
	reason    string
	cluster   string
}

var timeline = []step{
	{day: "2021-04-15", title: "the operator finds its own cluster, and all is supported", want: []expectation{
		{condition: v1alpha1.ConditionSupported, status: metav1.ConditionTrue, reason: v1alpha1.ReasonSupported},
		{condition: v1alpha1.ConditionCompatible, status: metav1.ConditionTrue, reason: v1alpha1.ReasonCompatible},
		{condition: v1alpha1.ConditionExpiringSoon, status: metav1.ConditionFalse, reason: v1alpha1.ReasonEndNotAnnounced},
	}},
	{day: "2021-05-20", title: "two clusters are attached to Kommander: each gets an object, and is looked into",
		change: attachClusters, want: []expectation{
			{cluster: europe, condition: v1alpha1.ConditionReachable, status: metav1.ConditionTrue, reason: v1alpha1.ReasonConnected},
			{cluster: europe, condition: v1alpha1.ConditionSupported, status: metav1.ConditionTrue, reason: v1alpha1.ReasonSupported},
			{cluster: america, condition: v1alpha1.ConditionReachable, status: metav1.ConditionTrue, reason: v1alpha1.ReasonConnected},
			{cluster: america, condition: v1alpha1.ConditionSupported, status: metav1.ConditionTrue, reason: v1alpha1.ReasonSupported},
		}},
	{day: "2021-06-15", title: "somebody installs istio, which is experimental, and the cluster is declared to be a production cluster",
		commands: []command{{"install istio", istioManifest, "apply -f -"}, {"declare the environment", productionPatch, patchHostArguments}},
		want: []expectation{
			{condition: v1alpha1.ConditionSupported, status: metav1.ConditionFalse, reason: v1alpha1.ReasonExperimentalInProduction},
			{condition: v1alpha1.ConditionCompatible, status: metav1.ConditionTrue, reason: v1alpha1.ReasonCompatible},
		}},
	{day: "2021-06-20", title: "istio is removed: supported again",
		commands: []command{{"remove istio", istioManifest, "delete -f -"}},
		want: []expectation{
			{condition: v1alpha1.ConditionSupported, status: metav1.ConditionTrue, reason: v1alpha1.ReasonSupported},
		}},
	{day: "2021-08-26", title: "2.0 is out: Konvoy 1.7 and Kommander 1.3 are last in the window, and no day is announced", want: []expectation{
		{condition: v1alpha1.ConditionSupported, status: metav1.ConditionTrue, reason: v1alpha1.ReasonSupported},
		{condition: v1alpha1.ConditionExpiringSoon, status: metav1.ConditionFalse, reason: v1alpha1.ReasonEndNotAnnounced},
		{condition: v1alpha1.ConditionUpgradeRecommended, status: metav1.ConditionTrue, reason: v1alpha1.ReasonLastInWindow},
	}},
	{day: "2021-09-01", title: "a plan for 2.1 is committed (made up for this demo): the end has a day now, and it is near", want: []expectation{
		{condition: v1alpha1.ConditionSupported, status: metav1.ConditionTrue, reason: v1alpha1.ReasonSupported},
		{condition: v1alpha1.ConditionExpiringSoon, status: metav1.ConditionTrue, reason: v1alpha1.ReasonSupportEndsSoon},
	}},
	{day: "2021-10-10", title: "the control plane of us is killed: what was known of it stays, and is judged on",
		change: stopAmerica, want: []expectation{
			{cluster: america, condition: v1alpha1.ConditionReachable, status: metav1.ConditionFalse, reason: v1alpha1.ReasonConnectionRefused},
			{cluster: america, condition: v1alpha1.ConditionSupported, status: metav1.ConditionTrue, reason: v1alpha1.ReasonSupported},
			{cluster: europe, condition: v1alpha1.ConditionReachable, status: metav1.ConditionTrue, reason: v1alpha1.ReasonConnected},
		}},
	{day: "2021-11-20", title: "the planned days pass and nobody confirms them: nothing ends by a plan", want: []expectation{
		{condition: v1alpha1.ConditionSupported, status: metav1.ConditionTrue, reason: v1alpha1.ReasonSupported},
		{condition: v1alpha1.ConditionExpiringSoon, status: metav1.ConditionFalse, reason: v1alpha1.ReasonEndNotAnnounced},
	}},
	{day: "2021-11-22", title: "a second commit confirms 2.1: support has ended, also of us, which nobody can reach", want: []expectation{
		{cluster: america, condition: v1alpha1.ConditionSupported, status: metav1.ConditionFalse, reason: v1alpha1.ReasonSupportEnded},
		{cluster: europe, condition: v1alpha1.ConditionSupported, status: metav1.ConditionFalse, reason: v1alpha1.ReasonSupportEnded},
		{condition: v1alpha1.ConditionSupported, status: metav1.ConditionFalse, reason: v1alpha1.ReasonSupportEnded},
		{condition: v1alpha1.ConditionExpiringSoon, status: metav1.ConditionFalse, reason: v1alpha1.ReasonSupportEnded},
	}},
	{day: "2021-11-25", title: "an exception is granted until the upgrade: what the vendor says stays, and the exception stands beside it",
		commands: []command{{"grant an exception", exceptionManifests, "apply -f -"}},
		want: []expectation{
			{condition: v1alpha1.ConditionSupported, status: metav1.ConditionFalse, reason: v1alpha1.ReasonSupportEnded},
			{condition: v1alpha1.ConditionExpiringSoon, status: metav1.ConditionFalse, reason: v1alpha1.ReasonSupportEnded},
		}},
	{day: "2021-12-18", title: "the exception is about to end",
		want: []expectation{
			{condition: v1alpha1.ConditionSupported, status: metav1.ConditionFalse, reason: v1alpha1.ReasonSupportEnded},
			{condition: v1alpha1.ConditionExpiringSoon, status: metav1.ConditionTrue, reason: v1alpha1.ReasonExceptionEndsSoon},
		}},
	{day: "2021-12-20", title: "the hub is upgraded: supported again, and last in the window again", upgrade: &secondInstallation, want: []expectation{
		{condition: v1alpha1.ConditionSupported, status: metav1.ConditionTrue, reason: v1alpha1.ReasonSupported},
		{condition: v1alpha1.ConditionCompatible, status: metav1.ConditionTrue, reason: v1alpha1.ReasonCompatible},
		{condition: v1alpha1.ConditionUpgradeRecommended, status: metav1.ConditionTrue, reason: v1alpha1.ReasonLastInWindow},
	}},
	{day: "2022-01-10", title: "us comes back, with Konvoy 1.8: it is looked into again",
		change: startAmerica, want: []expectation{
			{cluster: america, condition: v1alpha1.ConditionReachable, status: metav1.ConditionTrue, reason: v1alpha1.ReasonConnected},
			{cluster: america, condition: v1alpha1.ConditionSupported, status: metav1.ConditionTrue, reason: v1alpha1.ReasonSupported},
		}},
	{day: "2022-02-01", title: "eu is detached: its object goes with its KommanderCluster", change: detachEurope, gone: europe},
	{day: "2022-04-08", title: "2.2 is out and 2.0 withdrawn: the window skips 2.0, and 1.8 and 1.4 stay in it", want: []expectation{
		{condition: v1alpha1.ConditionSupported, status: metav1.ConditionTrue, reason: v1alpha1.ReasonSupported},
		{condition: v1alpha1.ConditionUpgradeRecommended, status: metav1.ConditionTrue, reason: v1alpha1.ReasonLastInWindow},
	}},
	{day: "2022-04-20", title: "the hub is upgraded to 2.2: there nothing is left to do, and us has a Kubernetes that may not be attached to it",
		upgrade: &thirdInstallation, want: []expectation{
			{cluster: america, condition: v1alpha1.ConditionCompatible, status: metav1.ConditionFalse, reason: v1alpha1.ReasonOutsideAttachRange},
			{condition: v1alpha1.ConditionSupported, status: metav1.ConditionTrue, reason: v1alpha1.ReasonSupported},
			{condition: v1alpha1.ConditionCompatible, status: metav1.ConditionTrue, reason: v1alpha1.ReasonCompatible},
			{condition: v1alpha1.ConditionExpiringSoon, status: metav1.ConditionFalse, reason: v1alpha1.ReasonEndNotAnnounced},
			{condition: v1alpha1.ConditionUpgradeRecommended, status: metav1.ConditionFalse, reason: v1alpha1.ReasonUpToDate},
		}},
	{day: "2022-12-31", title: "the last day of what is known", want: []expectation{
		{condition: v1alpha1.ConditionSupported, status: metav1.ConditionTrue, reason: v1alpha1.ReasonSupported},
		{condition: v1alpha1.ConditionUpgradeRecommended, status: metav1.ConditionTrue, reason: v1alpha1.ReasonNewerPatch},
	}},
}

// play plays the timeline day by day.
func play(ctx context.Context, fleet *fleet, out io.Writer) error {
	git, err := openRepository(filepath.Join(fleet.Root(), "config", "policies"))
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "\nThe hub runs %s; the other two clusters run Konvoy 1.7.2.\nEach line is a change: of the policies in Git, of the cluster, or of what the operator says.\n\n", firstInstallation)
	reporter := newReporter(fleet.Sandbox, out)
	steps := timeline
	for day := firstDay; !day.After(lastDay); day = day.AddDate(0, 0, 1) {
		if day.After(firstDay) {
			fleet.Clock.Step(day.Sub(fleet.Clock.Now()))
		}
		commits, err := git.sync(ctx, fleet.Sandbox, day)
		if err != nil {
			return err
		}
		for _, commit := range commits {
			reporter.printLine(day, "git", commit)
		}
		if len(steps) > 0 && steps[0].day == day.Format(time.DateOnly) {
			if err := steps[0].play(ctx, fleet, reporter, day); err != nil {
				return err
			}
			steps = steps[1:]
			continue
		}
		if err := reporter.reportDay(ctx, len(commits) > 0); err != nil {
			return err
		}
	}
	return nil
}

// play plays one step, waits for the wanted conditions and prints the tables.
func (s step) play(ctx context.Context, fleet *fleet, reporter *reporter, day time.Time) error {
	if s.upgrade != nil {
		reporter.printLine(day, "upgrade", s.upgrade.String())
		if err := s.upgrade.install(ctx, fleet.Sandbox); err != nil {
			return err
		}
	}
	for _, command := range s.commands {
		reporter.printLine(day, "kubectl", command.what)
		if _, err := fleet.KubectlInput(ctx, []byte(command.input), strings.Fields(command.arguments)...); err != nil {
			return err
		}
	}
	if s.change != nil {
		if err := s.change(ctx, fleet); err != nil {
			return err
		}
	}
	if err := reporter.await(ctx, s); err != nil {
		return err
	}
	return reporter.printTables(ctx, day, s.title)
}
