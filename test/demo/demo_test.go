// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"strings"
	"testing"

	"github.com/d2iq-labs/support-policy-operator/test/controlplane"
	"github.com/d2iq-labs/support-policy-operator/test/process"
)

// TestTimeline plays the demo to its end. Each step checks the conditions; this test checks that they are printed, in order.
func TestTimeline(t *testing.T) {
	_, err := controlplane.Assets()
	process.Need(t, err, controlplane.ErrMissing)
	var output strings.Builder
	if err = run(t.Context(), []string{"--stay=false"}, &output); err != nil {
		t.Fatalf("%v\n%s", err, output.String())
	}
	story := output.String()
	for _, line := range []string{
		"2021-05-20  cluster  eu: Reachable is True Connected (was nothing): the cluster answers",
		"2021-05-20  cluster  us: Reachable is True Connected (was nothing): the cluster answers",
		"2021-08-26  cluster  host: UpgradeRecommended is True LastInWindow (was True NewerPatch)",
		"2021-09-01  git      konvoy: 2.1 is planned for 2021-11-18",
		"2021-09-01  cluster  host: ExpiringSoon is True SupportEndsSoon (was False EndNotAnnounced)",
		"2021-10-10  cluster  us: Reachable is False ConnectionRefused (was True Connected): nobody accepts connections",
		"host: ExpiringSoon is False EndNotAnnounced (was True SupportEndsSoon)",
		"2021-11-22  git      konvoy: 2.1 is generally available since 2021-11-18",
		"2021-11-22  cluster  host: Supported is False SupportEnded (was True Supported)",
		"2021-11-22  cluster  us: Supported is False SupportEnded (was True Supported)",
		"2021-11-22  policy   Konvoy 1.7 is Ended (was LastInWindow)",
		"2022-01-10  cluster  us: Reachable is True Connected (was False ConnectionRefused)",
		"2022-02-01: eu is detached",
		"2022-04-08  policy   Konvoy 2.0 is Withdrawn (was Supported)",
		"host: UpgradeRecommended is False UpToDate (was",
		"us: Compatible is False OutsideAttachRange (was True Compatible): the cluster runs Kubernetes 1.20.13, and is attached to Kommander 2.2.0, which allows 1.21.0 to 1.22.x",
	} {
		at := strings.Index(story, line)
		if at < 0 {
			t.Fatalf("the output lacks, or has too early:\n%s\n\nThe rest of it:\n%s", line, story)
		}
		story = story[at:]
	}
}
