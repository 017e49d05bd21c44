// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package facts

import (
	"strings"
	"testing"

	"github.com/d2iq-labs/support-policy-operator/api/v1alpha1"
)

func TestParseDeclaredRelease(t *testing.T) {
	neither := func(text string) string {
		return `"` + text + `" is neither PRODUCT=VERSION, such as Konvoy=1.8.4, nor PRODUCT/NAME=VERSION`
	}
	long := strings.Repeat("x", 300)
	for _, row := range []struct {
		text    string
		want    v1alpha1.DeclaredRelease
		problem string
		reason  string
	}{
		{"Konvoy=1.8.4", v1alpha1.DeclaredRelease{Product: Konvoy, Name: "default", Version: "1.8.4"}, "", "the only one"},
		{"Cassandra/data.cassandra=1.0.2", v1alpha1.DeclaredRelease{Product: Cassandra, Name: "data.cassandra", Version: "1.0.2"}, "", "one of several"},
		{"Other/a/b=1", v1alpha1.DeclaredRelease{Product: "Other", Name: "a/b", Version: "1"}, "", "the first slash"},
		{"BasePlatformServices=stable-1.19-3.2.0", v1alpha1.DeclaredRelease{Product: BasePlatformServices, Name: "default", Version: "stable-1.19-3.2.0"}, "", "any version"},
		{"Other=a=b", v1alpha1.DeclaredRelease{Product: "Other", Name: "default", Version: "a=b"}, "", "the first equals sign"},
		{" Konvoy = 1.8.4 ", v1alpha1.DeclaredRelease{Product: Konvoy, Name: "default", Version: "1.8.4"}, "", "no name begins or ends with a space"},
		{"Cassandra / a = 1", v1alpha1.DeclaredRelease{Product: Cassandra, Name: "a", Version: "1"}, "", "no name begins or ends with a space"},

		{
			long[:63] + "/" + long[:253] + "=" + long[:64], v1alpha1.DeclaredRelease{Product: long[:63], Name: long[:253], Version: long[:64]}, "",
			"the longest that a status has room for",
		},

		{"", v1alpha1.DeclaredRelease{}, neither(""), "nothing"},
		{"Konvoy", v1alpha1.DeclaredRelease{}, neither("Konvoy"), "no version"},
		{"Konvoy=", v1alpha1.DeclaredRelease{}, neither("Konvoy="), "no version"},
		{"Konvoy= ", v1alpha1.DeclaredRelease{}, neither("Konvoy= "), "no version"},
		{"=1.8.4", v1alpha1.DeclaredRelease{}, neither("=1.8.4"), "no product"},
		{"/default=1.8.4", v1alpha1.DeclaredRelease{}, neither("/default=1.8.4"), "no product"},
		{"Konvoy/=1.8.4", v1alpha1.DeclaredRelease{}, neither("Konvoy/=1.8.4"), "no name"},
		{"Konvoy 1.8.4", v1alpha1.DeclaredRelease{}, neither("Konvoy 1.8.4"), "no equals sign"},
		{long, v1alpha1.DeclaredRelease{}, neither(strings.Repeat("x", 61) + "..."), "it is cut"},
		{
			long[:64] + "=1", v1alpha1.DeclaredRelease{}, `"` + strings.Repeat("x", 61) + `...": product: Invalid value: "64 characters": must be at most 63`,
			"a status has no room for it",
		},
		{
			"Other/" + long + "=" + long, v1alpha1.DeclaredRelease{}, `"Other/` + strings.Repeat("x", 55) + `...": name: Invalid value: "300 characters": must be` +
				` at most 253; version: Invalid value: "300 characters": must be at most 64`,
			"a status has no room for it",
		},
		{"Konvoy=1.8.4\nKafka=1", v1alpha1.DeclaredRelease{}, `"Konvoy=1.8.4\nKafka=1" has characters that cannot be printed`, "two lines are no release"},
		{"Kon\x1b[31mvoy=1", v1alpha1.DeclaredRelease{}, `"Kon\x1b[31mvoy=1" has characters that cannot be printed`, "they must not reach a terminal"},
		{"Konvoy=1.8.4\u202e", v1alpha1.DeclaredRelease{}, `"Konvoy=1.8.4\u202e" has characters that cannot be printed`, "it would be read backwards"},
		{"Konvoy=\xff", v1alpha1.DeclaredRelease{}, `"Konvoy=\xff" has characters that cannot be printed`, "it is no text"},
	} {
		t.Run(row.text, func(t *testing.T) {
			got, err := ParseDeclaredRelease(row.text)
			problem := ""
			if err != nil {
				problem = err.Error()
			}
			if got != row.want || problem != row.problem {
				t.Errorf("%s: got %+v, %s, want %+v, %s", row.reason, got, problem, row.want, row.problem)
			}
		})
	}
}

func TestSameKubernetes(t *testing.T) {
	for _, row := range []struct {
		a, b   string
		want   bool
		reason string
	}{
		{"v1.19.9", "1.19.9+d2iq.1", true, "what a vendor appends is no other version"},
		{"v1.19.9", "v1.19.8", false, "another patch"},
		{"master", "master", true, "the same text"},
		{"master", "main", false, "neither can be read"},
		{"v0.0.0", "master", false, "what cannot be read is no version"},
	} {
		if SameKubernetes(row.a, row.b) != row.want || SameKubernetes(row.b, row.a) != row.want {
			t.Errorf("%s and %s: want %t: %s", row.a, row.b, row.want, row.reason)
		}
	}
}
