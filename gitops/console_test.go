// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package gitops_test

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/d2iq-labs/support-policy-operator/api/v1alpha1"
	"github.com/d2iq-labs/support-policy-operator/test/golden"
	"github.com/d2iq-labs/support-policy-operator/test/testfile"
)

// console matches a block of a page with one command and its output.
var console = regexp.MustCompile("(?m)^```console\n\\$ kubectl (.+)\n((?:.*\n)*?)```$")

// runConsole runs the commands of a page, and compares their output, in any order, with the page.
func (e *environment) runConsole(t *testing.T, page string) {
	t.Helper()
	content := testfile.Read(t, page)
	ran := 0
	fresh := console.ReplaceAllStringFunc(content, func(block string) string {
		ran++
		command := console.FindStringSubmatch(block)[1]
		out, err := e.Kubectl(t.Context(), strings.Fields(command)...)
		if err != nil {
			t.Error(err)
		}
		lines := strings.Split(strings.TrimSpace(out), "\n")
		for i := range lines {
			lines[i] = strings.TrimRight(lines[i], " ")
		}
		// The names of events contain random parts.
		slices.Sort(lines[1:])
		return "```console\n$ kubectl " + command + "\n" + strings.Join(lines, "\n") + "\n```"
	})
	if ran == 0 {
		t.Errorf("%s has no commands", page)
	}
	golden.Expect(t, page, fresh)
	// The part about `kubectl describe`.
	for _, object := range []string{policyKind + "/konvoy", clusterKind + "/" + v1alpha1.HostName} {
		out, err := e.Kubectl(t.Context(), "describe", "--namespace=support-policy-system", object)
		_, events, found := strings.Cut(out, "\nEvents:")
		if err != nil || !found || !strings.Contains(events, "SupportEnded") {
			t.Errorf("kubectl describe %s does not show its events: %v\n%s", object, err, events)
		}
	}
}
