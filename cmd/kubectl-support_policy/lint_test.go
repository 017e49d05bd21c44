// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"strings"
	"testing"
)

func TestLint(t *testing.T) {
	spec := func(name, spec string) string {
		return "---\napiVersion: support.d2iq.io/v1alpha1\nkind: SupportPolicy\nmetadata: {name: " + name + "}\nspec: " + spec + "\n"
	}
	cycle := spec("one", "{product: One, lifecycle: {follows: {product: Two}}}") + spec("two", "{product: Two, lifecycle: {follows: {product: One}}}")
	exception := "---\napiVersion: support.d2iq.io/v1alpha1\nkind: SupportException\nmetadata: {name: e}\nspec: {product: One, through: \"2021-02-30\"}\n"
	overdue := spec("one", `{product: One, lifecycle: {window: {supportedMinors: 3}}, releases: [{version: "1.0", plannedGeneralAvailability: "2021-11-01"}]}`)
	tests := []struct {
		name, stdin string
		flags       []string
		code        int
		out, err    []string
	}{
		{name: "nothing", stdin: spec("one", "{product: One, lifecycle: {window: {supportedMinors: 3}}}"), err: []string{"1 policy and 0 exceptions read: 0 errors, 0 warnings"}},
		{name: "refused", stdin: spec("one", "{product: One, timeZone: Local, lifecycle: {}}"), code: 1, out: []string{
			`standard input:2:1: error: SupportPolicy one: spec.timeZone: Invalid value: "Local": must be`,
			`standard input:2:1: error: SupportPolicy one: spec.lifecycle: Invalid value`,
		}},
		{name: "a cycle", stdin: cycle, code: 1, out: []string{
			`:2:1: error: SupportPolicy one: spec.lifecycle.follows.product: Invalid value: "Two": must not lead back`,
			`:7:1: error: SupportPolicy two: spec.lifecycle.follows.product: Invalid value: "One": must not lead back`,
		}},
		{name: "an exception", stdin: spec("one", "{product: One, lifecycle: {window: {supportedMinors: 3}}}") + exception, code: 1, out: []string{
			`:7:1: error: SupportException e: spec.through: Invalid value: "2021-02-30"`, "SupportException e: spec.reference: ",
		}},
		{name: "warned", stdin: overdue, out: []string{`warning: SupportPolicy one: spec.releases[1.0].plannedGeneralAvailability: has passed (2021-11-01)`}},
		{name: "warned, strictly", stdin: overdue, flags: []string{"--strict"}, code: 1, out: []string{"warning: "}},
		{name: "not warned yet", stdin: overdue, flags: []string{"--as-of", "2021-10-31", "--strict"}, err: []string{"0 warnings"}},
		{name: "unreadable beside readable", stdin: overdue + spec("two", "{produkt: Two}"), code: 1, out: []string{"warning: SupportPolicy one"},
			err: []string{`error: standard input:10:8: SupportPolicy two: unknown field "spec.produkt"`}},
		{name: "nothing at all", stdin: "", code: 1, err: []string{"standard input: holds no object"}},
		{name: "an empty day flag", stdin: overdue, flags: []string{"--as-of", ""}, code: 1, err: []string{`--as-of: "" is neither a day`}},
		{name: "an empty day", stdin: spec("one", `{product: One, lifecycle: {listed: {}}, releases: [{version: "1.0", supportedThrough: ""}]}`), code: 1,
			out: []string{"SupportPolicy one: spec.releases[0].supportedThrough: Invalid value"}},
		{name: "an empty zone", stdin: spec("one", `{product: One, timeZone: "", lifecycle: {listed: {}}}`), code: 1, out: []string{`spec.timeZone: Invalid value: ""`}},
		{name: "a zone of the machine", stdin: spec("one", `{product: One, timeZone: localtime, lifecycle: {listed: {}}}`), code: 1,
			out: []string{`spec.timeZone: Invalid value: "localtime": must be the name of an IANA time zone`}},
		{name: "policies of one priority", stdin: spec("one", `{product: One, lifecycle: {listed: {}}}`) +
			spec("two", `{product: One, clusterSelector: {matchLabels: {a: b}}, lifecycle: {listed: {}}}`), out: []string{
			"warning: SupportPolicy one: spec.priority: is 0, as in two for the same product, and they can select the same cluster",
			"warning: SupportPolicy two: spec.priority: is 0, as in one for the same product, and they can select the same cluster"}},
		{name: "nulls", stdin: spec("one", `{product: One, timeZone: null, clusterSelector: {matchLabels: {a: null}}, lifecycle: {window: {supportedMinors: 3.0}}}`),
			err: []string{"0 errors, 0 warnings"}},
		{name: "no day", stdin: overdue, flags: []string{"--as-of", "soon"}, code: 1, err: []string{"--as-of"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got := plugin(test.stdin, append([]string{"lint", "-"}, test.flags...)...)
			if got.Code != test.code || (len(test.out) == 0 && got.Out != "") {
				t.Errorf("%+v", got)
			}
			for _, want := range test.out {
				if !strings.Contains(got.Out, want) {
					t.Errorf("stdout has not %s:\n%s", want, got.Out)
				}
			}
			for _, want := range test.err {
				if !strings.Contains(got.Err, want) {
					t.Errorf("stderr has not %s:\n%s", want, got.Err)
				}
			}
		})
	}
	if got := plugin("", "lint", ""); got.Code != 1 || !strings.Contains(got.Err, "POLICIES: is empty") {
		t.Errorf("an empty argument: %+v", got)
	}
	if got := plugin("", "lint"); got.Code != 1 || !strings.Contains(got.Err, "name the files") {
		t.Errorf("without arguments: %+v", got)
	}
}
