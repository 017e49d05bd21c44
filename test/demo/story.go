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

// plans are the one thing in this demo that did not happen. Both minors really came out on these days; that it was
// announced before is made up, and so is that the policies learnt of it four days late.
var plans = []plan{
	{policy: "konvoy", minor: "2.1", announced: date("2021-09-01"), planned: date("2021-11-18"), confirmed: date("2021-11-22")},
	{policy: "kommander", minor: "2.1", announced: date("2021-09-01"), planned: date("2021-11-19"), confirmed: date("2021-11-22")},
}

// chapter is a turning point: a day on which something is done to the cluster, or on which the operator's answer is
// worth a look. What it must be is checked, so that a demo that tells a wrong story fails.
type chapter struct {
	day, title string
	upgrade    *installation
	commands   []command
	// fleet is what happens to the other clusters.
	fleet func(context.Context, *demonstration) error
	// gone is a cluster that is no longer in the inventory.
	gone   string
	expect []expectation
}

// command is one of kubectl, with its input.
type command struct{ what, input, arguments string }

// expectation is what a condition has to be, of the hub if no cluster is named.
type expectation struct {
	condition string
	status    metav1.ConditionStatus
	reason    string
	cluster   string
}

var story = []chapter{
	{day: "2021-04-15", title: "the operator finds its own cluster, and all is supported", expect: []expectation{
		{condition: v1alpha1.ConditionSupported, status: metav1.ConditionTrue, reason: v1alpha1.ReasonSupported},
		{condition: v1alpha1.ConditionCompatible, status: metav1.ConditionTrue, reason: v1alpha1.ReasonCompatible},
		{condition: v1alpha1.ConditionExpiringSoon, status: metav1.ConditionFalse, reason: v1alpha1.ReasonEndNotAnnounced},
	}},
	{day: "2021-05-20", title: "two clusters are attached to Kommander: each gets an object, and is looked into",
		fleet: attach, expect: []expectation{
			{cluster: europe, condition: v1alpha1.ConditionReachable, status: metav1.ConditionTrue, reason: v1alpha1.ReasonConnected},
			{cluster: europe, condition: v1alpha1.ConditionSupported, status: metav1.ConditionTrue, reason: v1alpha1.ReasonSupported},
			{cluster: america, condition: v1alpha1.ConditionReachable, status: metav1.ConditionTrue, reason: v1alpha1.ReasonConnected},
			{cluster: america, condition: v1alpha1.ConditionSupported, status: metav1.ConditionTrue, reason: v1alpha1.ReasonSupported},
		}},
	{day: "2021-06-15", title: "somebody installs istio, which is experimental, and the cluster is declared to be a production cluster",
		commands: []command{{"install istio", istio, "apply -f -"}, {"declare the environment", production, patchHost}},
		expect: []expectation{
			{condition: v1alpha1.ConditionSupported, status: metav1.ConditionFalse, reason: v1alpha1.ReasonExperimentalInProduction},
			{condition: v1alpha1.ConditionCompatible, status: metav1.ConditionTrue, reason: v1alpha1.ReasonCompatible},
		}},
	{day: "2021-06-20", title: "istio is removed: supported again",
		commands: []command{{"remove istio", istio, "delete -f -"}},
		expect: []expectation{
			{condition: v1alpha1.ConditionSupported, status: metav1.ConditionTrue, reason: v1alpha1.ReasonSupported},
		}},
	{day: "2021-08-26", title: "2.0 is out: Konvoy 1.7 and Kommander 1.3 are last in the window, and no day is announced", expect: []expectation{
		{condition: v1alpha1.ConditionSupported, status: metav1.ConditionTrue, reason: v1alpha1.ReasonSupported},
		{condition: v1alpha1.ConditionExpiringSoon, status: metav1.ConditionFalse, reason: v1alpha1.ReasonEndNotAnnounced},
		{condition: v1alpha1.ConditionUpgradeRecommended, status: metav1.ConditionTrue, reason: v1alpha1.ReasonLastInWindow},
	}},
	{day: "2021-09-01", title: "a plan for 2.1 is committed (made up for this demo): the end has a day now, and it is near", expect: []expectation{
		{condition: v1alpha1.ConditionSupported, status: metav1.ConditionTrue, reason: v1alpha1.ReasonSupported},
		{condition: v1alpha1.ConditionExpiringSoon, status: metav1.ConditionTrue, reason: v1alpha1.ReasonSupportEndsSoon},
	}},
	{day: "2021-10-10", title: "the control plane of us is killed: what was known of it stays, and is judged on",
		fleet: kill, expect: []expectation{
			{cluster: america, condition: v1alpha1.ConditionReachable, status: metav1.ConditionFalse, reason: v1alpha1.ReasonConnectionRefused},
			{cluster: america, condition: v1alpha1.ConditionSupported, status: metav1.ConditionTrue, reason: v1alpha1.ReasonSupported},
			{cluster: europe, condition: v1alpha1.ConditionReachable, status: metav1.ConditionTrue, reason: v1alpha1.ReasonConnected},
		}},
	{day: "2021-11-20", title: "the planned days pass and nobody confirms them: nothing ends by a plan", expect: []expectation{
		{condition: v1alpha1.ConditionSupported, status: metav1.ConditionTrue, reason: v1alpha1.ReasonSupported},
		{condition: v1alpha1.ConditionExpiringSoon, status: metav1.ConditionFalse, reason: v1alpha1.ReasonEndNotAnnounced},
	}},
	{day: "2021-11-22", title: "a second commit confirms 2.1: support has ended, also of us, which nobody can reach", expect: []expectation{
		{cluster: america, condition: v1alpha1.ConditionSupported, status: metav1.ConditionFalse, reason: v1alpha1.ReasonSupportEnded},
		{cluster: europe, condition: v1alpha1.ConditionSupported, status: metav1.ConditionFalse, reason: v1alpha1.ReasonSupportEnded},
		{condition: v1alpha1.ConditionSupported, status: metav1.ConditionFalse, reason: v1alpha1.ReasonSupportEnded},
		{condition: v1alpha1.ConditionExpiringSoon, status: metav1.ConditionFalse, reason: v1alpha1.ReasonSupportEnded},
	}},
	{day: "2021-11-25", title: "an exception is granted until the upgrade: what the vendor says stays, and the exception stands beside it",
		commands: []command{{"grant an exception", exceptions, "apply -f -"}},
		expect: []expectation{
			{condition: v1alpha1.ConditionSupported, status: metav1.ConditionFalse, reason: v1alpha1.ReasonSupportEnded},
			{condition: v1alpha1.ConditionExpiringSoon, status: metav1.ConditionFalse, reason: v1alpha1.ReasonSupportEnded},
		}},
	{day: "2021-12-18", title: "the exception is about to end",
		expect: []expectation{
			{condition: v1alpha1.ConditionSupported, status: metav1.ConditionFalse, reason: v1alpha1.ReasonSupportEnded},
			{condition: v1alpha1.ConditionExpiringSoon, status: metav1.ConditionTrue, reason: v1alpha1.ReasonExceptionEndsSoon},
		}},
	{day: "2021-12-20", title: "the hub is upgraded: supported again, and last in the window again", upgrade: &secondInstallation, expect: []expectation{
		{condition: v1alpha1.ConditionSupported, status: metav1.ConditionTrue, reason: v1alpha1.ReasonSupported},
		{condition: v1alpha1.ConditionCompatible, status: metav1.ConditionTrue, reason: v1alpha1.ReasonCompatible},
		{condition: v1alpha1.ConditionUpgradeRecommended, status: metav1.ConditionTrue, reason: v1alpha1.ReasonLastInWindow},
	}},
	{day: "2022-01-10", title: "us comes back, with Konvoy 1.8: it is looked into again",
		fleet: revive, expect: []expectation{
			{cluster: america, condition: v1alpha1.ConditionReachable, status: metav1.ConditionTrue, reason: v1alpha1.ReasonConnected},
			{cluster: america, condition: v1alpha1.ConditionSupported, status: metav1.ConditionTrue, reason: v1alpha1.ReasonSupported},
		}},
	{day: "2022-02-01", title: "eu is detached: its object goes with its KommanderCluster", fleet: detach, gone: europe},
	{day: "2022-04-08", title: "2.2 is out and 2.0 withdrawn: the window skips 2.0, and 1.8 and 1.4 stay in it", expect: []expectation{
		{condition: v1alpha1.ConditionSupported, status: metav1.ConditionTrue, reason: v1alpha1.ReasonSupported},
		{condition: v1alpha1.ConditionUpgradeRecommended, status: metav1.ConditionTrue, reason: v1alpha1.ReasonLastInWindow},
	}},
	{day: "2022-04-20", title: "the hub is upgraded to 2.2: there nothing is left to do, and us has a Kubernetes that may not be attached to it",
		upgrade: &thirdInstallation, expect: []expectation{
			{cluster: america, condition: v1alpha1.ConditionCompatible, status: metav1.ConditionFalse, reason: v1alpha1.ReasonOutsideAttachRange},
			{condition: v1alpha1.ConditionSupported, status: metav1.ConditionTrue, reason: v1alpha1.ReasonSupported},
			{condition: v1alpha1.ConditionCompatible, status: metav1.ConditionTrue, reason: v1alpha1.ReasonCompatible},
			{condition: v1alpha1.ConditionExpiringSoon, status: metav1.ConditionFalse, reason: v1alpha1.ReasonEndNotAnnounced},
			{condition: v1alpha1.ConditionUpgradeRecommended, status: metav1.ConditionFalse, reason: v1alpha1.ReasonUpToDate},
		}},
	{day: "2022-12-31", title: "the last day of what is known", expect: []expectation{
		{condition: v1alpha1.ConditionSupported, status: metav1.ConditionTrue, reason: v1alpha1.ReasonSupported},
		{condition: v1alpha1.ConditionUpgradeRecommended, status: metav1.ConditionTrue, reason: v1alpha1.ReasonNewerPatch},
	}},
}

// tell walks day by day through the story.
func tell(ctx context.Context, world *demonstration, out io.Writer) error {
	git, err := openRepository(filepath.Join(world.Root(), "config", "policies"))
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "\nThe hub runs %s; the other two clusters run Konvoy 1.7.2.\nEach line is a change: of the policies in Git, of the cluster, or of what the operator says.\n\n", firstInstallation)
	watching := newWatcher(world.Sandbox, out)
	chapters := story
	for day := firstDay; !day.After(lastDay); day = day.AddDate(0, 0, 1) {
		if day.After(firstDay) {
			world.Clock.Step(day.Sub(world.Clock.Now()))
		}
		commits, err := git.sync(ctx, world.Sandbox, day)
		if err != nil {
			return err
		}
		for _, commit := range commits {
			watching.line(day, "git", commit)
		}
		if len(chapters) > 0 && chapters[0].day == day.Format(time.DateOnly) {
			if err := chapters[0].happen(ctx, world, watching, day); err != nil {
				return err
			}
			chapters = chapters[1:]
			continue
		}
		if err := watching.look(ctx, len(commits) > 0); err != nil {
			return err
		}
	}
	return nil
}

// happen plays a turning point, waits for the operator's answer and shows it.
func (c chapter) happen(ctx context.Context, world *demonstration, watching *watcher, day time.Time) error {
	if c.upgrade != nil {
		watching.line(day, "upgrade", c.upgrade.String())
		if err := c.upgrade.install(ctx, world.Sandbox); err != nil {
			return err
		}
	}
	for _, command := range c.commands {
		watching.line(day, "kubectl", command.what)
		if _, err := world.KubectlInput(ctx, []byte(command.input), strings.Fields(command.arguments)...); err != nil {
			return err
		}
	}
	if c.fleet != nil {
		if err := c.fleet(ctx, world); err != nil {
			return err
		}
	}
	if err := watching.await(ctx, c); err != nil {
		return err
	}
	return watching.tables(ctx, day, c.title)
}
