// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package support

import (
	"strings"
	"testing"
	"unicode"

	"github.com/d2iq-labs/support-policy-operator/api/v1alpha1"
	"github.com/d2iq-labs/support-policy-operator/internal/facts"
	"github.com/d2iq-labs/support-policy-operator/test/expect"
)

func toHost() v1alpha1.ClusterReference {
	return v1alpha1.ClusterReference{Host: &v1alpha1.HostReference{}}
}

func toKommander(name string) v1alpha1.ClusterReference {
	return v1alpha1.ClusterReference{KommanderCluster: &v1alpha1.KommanderClusterReference{Name: name}}
}

func toCAPI(name string) v1alpha1.ClusterReference {
	return v1alpha1.ClusterReference{ClusterAPICluster: &v1alpha1.ClusterAPIClusterReference{Name: name}}
}

func toSecret(name, key string) v1alpha1.ClusterReference {
	return v1alpha1.ClusterReference{KubeconfigSecret: &v1alpha1.KubeconfigSecretReference{Name: name, Key: key}}
}

func TestReferences(t *testing.T) {
	two := toKommander("prod")
	two.ClusterAPICluster = &v1alpha1.ClusterAPIClusterReference{Name: "prod"}
	all := two
	all.Host, all.KubeconfigSecret = &v1alpha1.HostReference{}, &v1alpha1.KubeconfigSecretReference{Name: "Prod"}
	const (
		subdomain = "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end" +
			" with an alphanumeric character (e.g. 'example.com', regex used for validation is" +
			" '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"
		secretKey = "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  or" +
			" 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')"
		oneMember = `exactly one member: host, kommanderCluster, clusterAPICluster or kubeconfigSecret`
	)
	refused := func(path, found, why string) []string {
		return []string{"spec.cluster." + path + `: Invalid value: "` + found + `": must be ` + why}
	}
	for _, row := range []struct {
		name      string
		reference v1alpha1.ClusterReference
		want      []string
		reason    string
	}{
		{"host", toHost(), nil, "the operator's own cluster"},
		{"KommanderCluster", toKommander("prod"), nil, "a name"},
		{"Cluster API", toCAPI("prod.eu-1"), nil, "a name with a dot, as a subdomain has"},
		{"Secret", toSecret("prod-kubeconfig", ""), nil, "the usual keys"},
		{"Secret with a key", toSecret("prod", "admin.conf"), nil, "that key"},
		{"longest name", toKommander(strings.Repeat("x", 253)), nil, "what a name can be"},

		{"none", v1alpha1.ClusterReference{}, []string{`spec.cluster: Invalid value: "0 members": must be ` + oneMember}, "no cluster"},
		{"two", two, []string{`spec.cluster: Invalid value: "2 members": must be ` + oneMember}, "which of them?"},
		{
			"four", all, append(refused("kubeconfigSecret.name", "Prod", "the name of an object: "+subdomain),
				`spec.cluster: Invalid value: "4 members": must be `+oneMember),
			"which of them, and what is called so?",
		},

		{"no name", toKommander(""), refused("kommanderCluster.name", "", "the name of an object: "+subdomain), "no cluster"},
		{"no name of Cluster API", toCAPI(""), refused("clusterAPICluster.name", "", "the name of an object: "+subdomain), "no cluster"},
		{"no name of a Secret", toSecret("", ""), refused("kubeconfigSecret.name", "", "the name of an object: "+subdomain), "no Secret"},
		{"a path", toCAPI("../../secrets/x"), refused("clusterAPICluster.name", "../../secrets/x", "the name of an object: "+subdomain), "names become paths"},
		{"capitals", toKommander("Prod"), refused("kommanderCluster.name", "Prod", "the name of an object: "+subdomain), "nothing is called so"},
		{
			"control characters", toKommander("a\x1b[31m\n"), refused("kommanderCluster.name", `a\\x1b[31m\\n`, "the name of an object: "+subdomain),
			"they must not reach a terminal",
		},
		{
			"too long", toKommander(strings.Repeat("x", 254)),
			refused("kommanderCluster.name", strings.Repeat("x", 61)+"...", "the name of an object: must be no more than 253 characters"), "nothing is called so",
		},
		{"a key that is none", toSecret("prod", "a/b"), refused("kubeconfigSecret.key", "a/b", "a key of a Secret: "+secretKey), "no Secret has it"},
		{
			"a key that is a path", toSecret("prod", ".."), refused("kubeconfigSecret.key", "..", "a key of a Secret: must not be '..'"), "no Secret has it",
		},
		{
			"a key with control characters", toSecret("prod", "\x00"), refused("kubeconfigSecret.key", `\\x00`, "a key of a Secret: "+secretKey),
			"they must not reach a terminal",
		},
	} {
		t.Run(row.name, func(t *testing.T) {
			problems, reason := ValidateClusterSupport(&v1alpha1.ClusterSupport{Spec: v1alpha1.ClusterSupportSpec{Cluster: row.reference}})
			expect.Equal(t, row.want, textsOf(problems), row.reason)
			wantReason := ""
			if row.want != nil {
				wantReason = v1alpha1.ReasonInvalidSpec
			}
			expect.Equal(t, wantReason, reason, row.reason, "the reason")
		})
	}
}

// TestChangedReference: another cluster is another object.
func TestChangedReference(t *testing.T) {
	changed := func(now, before string) string {
		return `spec.cluster: Invalid value: "` + now + `": may not change, the status describes ` + before + ": put it back, or delete the object and make another one"
	}
	for _, row := range []struct {
		name        string
		before, now v1alpha1.ClusterReference
		want        string
		reason      string
	}{
		{"host", toHost(), toHost(), "", "the same"},
		{"KommanderCluster", toKommander("a"), toKommander("a"), "", "the same"},
		{"Cluster API", toCAPI("a"), toCAPI("a"), "", "the same"},
		{"Secret", toSecret("a", "k"), toSecret("a", "k"), "", "the same"},
		{"another name", toKommander("a"), toKommander("b"), changed("kommanderCluster b", "kommanderCluster a"), "another cluster"},
		{"another kind", toKommander("a"), toCAPI("a"), changed("clusterAPICluster a", "kommanderCluster a"), "it may be another cluster"},
		{"another Secret", toSecret("a", ""), toSecret("b", ""), changed("kubeconfigSecret b", "kubeconfigSecret a"), "another cluster"},
		{"another key", toSecret("a", "k"), toSecret("a", ""), changed("kubeconfigSecret a", "kubeconfigSecret a/k"), "it may be another cluster"},
		{"from the host", toHost(), toSecret("a", "k"), changed("kubeconfigSecret a/k", "host"), "another cluster"},
		{"to the host", toCAPI("a"), toHost(), changed("host", "clusterAPICluster a"), "another cluster"},
	} {
		t.Run(row.name, func(t *testing.T) {
			object := &v1alpha1.ClusterSupport{
				Spec: v1alpha1.ClusterSupportSpec{Cluster: row.now}, Status: v1alpha1.ClusterSupportStatus{Cluster: &row.before},
			}
			problems, reason := ValidateClusterSupport(object)
			wantReason := ""
			if row.want != "" {
				wantReason = v1alpha1.ReasonClusterChanged
			}
			if got := facts.JoinProblems(problems); got != row.want || reason != wantReason {
				t.Errorf("%s: got %s %q, want %s %q", row.reason, reason, got, wantReason, row.want)
			}
		})
	}
	t.Run("and invalid", func(t *testing.T) {
		before := toHost()
		object := &v1alpha1.ClusterSupport{Status: v1alpha1.ClusterSupportStatus{Cluster: &before}}
		if problems, reason := ValidateClusterSupport(object); reason != v1alpha1.ReasonInvalidSpec || len(problems) != 1 {
			t.Errorf("what cannot be read is no change: %s %v", reason, problems)
		}
	})
}

// TestAcceptedReference: the status describes the first reference that was not refused, for good.
func TestAcceptedReference(t *testing.T) {
	s := validSet(t, threeOut())
	a, b := toKommander("a"), toKommander("b")
	object := &v1alpha1.ClusterSupport{Spec: v1alpha1.ClusterSupportSpec{Cluster: a}}
	for _, step := range []struct {
		name   string
		spec   v1alpha1.ClusterReference
		stalls bool
		want   *v1alpha1.ClusterReference
	}{
		{"refused", a, true, nil}, {"another one", b, false, &b}, {"a change", a, true, &b}, {"put back", b, false, &b}, {"refused for another reason", b, true, &b},
		{"a change that nobody has refused", a, false, &b},
	} {
		object.Spec.Cluster = step.spec
		contact := readyConditions(nil, "")
		if step.stalls {
			contact = stalledConditions(v1alpha1.ReasonInvalidSpec, "it is not valid")
		}
		assessment := assess(s, cluster(), "2021-06-01")
		object.Status = assessment.status(object, contact, at("2021-06-01"))
		expect.Equal(t, step.want, object.Status.Cluster, step.name)
	}
	object.Spec.Cluster.KommanderCluster.Name = "c"
	expect.Equal(t, "b", object.Status.Cluster.KommanderCluster.Name, "the status shares the reference of the spec")
}

// FuzzParseDeclaredRelease holds that what is read is fit for a spec and says again what was read, and that what is refused
// is refused in few and printable words.
func FuzzParseDeclaredRelease(f *testing.F) {
	for _, text := range oddTexts {
		f.Add(text)
		f.Add("Konvoy=" + text)
		f.Add(text + "/" + text + "=" + text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		declared, err := facts.ParseDeclaredRelease(text)
		if err != nil {
			if message := err.Error(); strings.ContainsFunc(message, unicode.IsControl) || len(message) > 1024 || declared != (v1alpha1.DeclaredRelease{}) {
				t.Errorf("%q: %q, %+v", text, message, declared)
			}
			return
		}
		spec := v1alpha1.ClusterSupportSpec{Cluster: toHost(), DeclaredReleases: []v1alpha1.DeclaredRelease{declared}}
		if problems := validateSpec(&spec); len(problems) > 0 {
			t.Errorf("%q became %+v, which is refused: %v", text, declared, problems)
		}
		written := declared.Product + "/" + declared.Name + "=" + declared.Version
		if again, err := facts.ParseDeclaredRelease(written); err != nil || again != declared {
			t.Errorf("%q became %+v and then %+v, %v", text, declared, again, err)
		}
		expect.Equal(t, written, facts.Escaped(written), text, "became")
	})
}
