// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package hub

import (
	"fmt"
	"strings"
	"testing"
	"unicode"

	"github.com/google/go-cmp/cmp"
	"k8s.io/utils/ptr"

	"github.com/d2iq-labs/support-policy-operator/api/v1alpha1"
	"github.com/d2iq-labs/support-policy-operator/internal/facts"
	"github.com/d2iq-labs/support-policy-operator/internal/support"
)

func TestAnnotations(t *testing.T) {
	release := func(product, name, version string) v1alpha1.DeclaredRelease {
		return v1alpha1.DeclaredRelease{Product: product, Name: name, Version: version}
	}
	konvoy := release(facts.Konvoy, "default", "1.8.4")
	wrong := func(annotation, what string) []string {
		return []string{"annotation support.d2iq.io/" + annotation + " of KommanderCluster/a/prod is not used as it is: " + what}
	}
	for _, row := range []struct {
		name        string
		environment string
		declared    string
		want        facts.HubFacts
		reason      string
	}{
		{name: "none", reason: "nobody says anything"},
		{name: "production", environment: "Production", want: facts.HubFacts{Environment: v1alpha1.EnvironmentProduction}, reason: "it says so"},
		{name: "other than production", environment: "NonProduction", want: facts.HubFacts{Environment: v1alpha1.EnvironmentNonProduction}, reason: "it says so"},
		{
			name: "in other letters", environment: "production",
			want:   facts.HubFacts{Warnings: wrong("environment", `"production" is neither Production nor NonProduction`)},
			reason: "it is written in one way",
		},
		{
			name: "a hostile environment", environment: "\x1b[31m\n" + strings.Repeat("x", 100),
			want:   facts.HubFacts{Warnings: wrong("environment", `"\x1b[31m\n`+strings.Repeat("x", 51)+`..." is neither Production nor NonProduction`)},
			reason: "it is foreign text",
		},

		{name: "one release", declared: "Konvoy=1.8.4", want: facts.HubFacts{Declared: []v1alpha1.DeclaredRelease{konvoy}}, reason: "it says so"},
		{
			name: "several releases", declared: " Konvoy = 1.8.4,Cassandra/data.cassandra=1.0.2 ,\n  Kafka=1.3.1\n",
			want: facts.HubFacts{Declared: []v1alpha1.DeclaredRelease{
				konvoy, release(facts.Cassandra, "data.cassandra", "1.0.2"), release(facts.Kafka, "default", "1.3.1"),
			}},
			reason: "commas separate them, and spaces mean nothing",
		},
		{name: "nothing between commas", declared: ",, ,", reason: "that says nothing"},
		{
			name: "one that is none", declared: "Konvoy:1.8.4,Konvoy=1.8.4",
			want: facts.HubFacts{
				Declared: []v1alpha1.DeclaredRelease{konvoy},
				Warnings: wrong("declared-releases", `"Konvoy:1.8.4" is neither PRODUCT=VERSION, such as Konvoy=1.8.4, nor PRODUCT/NAME=VERSION`),
			},
			reason: "the others are used",
		},
		{
			name: "twice", declared: "Konvoy=1.8.4,Konvoy/other=1.8.5,Konvoy/default=1.8.3",
			want: facts.HubFacts{
				Declared: []v1alpha1.DeclaredRelease{konvoy, release(facts.Konvoy, "other", "1.8.5")},
				Warnings: wrong("declared-releases", `"Konvoy/default=1.8.3" is declared already, with another version or the same`),
			},
			reason: "the first one is used; a spec would be refused",
		},
		{
			name: "Kubernetes", declared: "Kubernetes=1.19.9",
			want:   facts.HubFacts{Warnings: wrong("declared-releases", `"Kubernetes=1.19.9" is what the cluster itself tells`)},
			reason: "a cluster has one Kubernetes, and tells it",
		},
		{
			name: "two lines", declared: "Konvoy=1.8.4\nKafka=1.3.1",
			want:   facts.HubFacts{Warnings: wrong("declared-releases", `"Konvoy=1.8.4\nKafka=1.3.1" has characters that cannot be printed`)},
			reason: "commas separate them",
		},
		{
			name: "much that is wrong", declared: "a,b,c,d,e",
			want: facts.HubFacts{Warnings: wrong("declared-releases", `"a" is neither PRODUCT=VERSION, such as Konvoy=1.8.4, nor PRODUCT/NAME=VERSION; "b" is neither`+
				` PRODUCT=VERSION, such as Konvoy=1.8.4, nor PRODUCT/NAME=VERSION; "c" is neither PRODUCT=VERSION, such as Konvoy=1.8.4, nor`+
				` PRODUCT/NAME=VERSION and 2 more`)},
			reason: "who reads it can do something about the first ones",
		},
		{
			name: "twice under a long name", declared: "Other/" + strings.Repeat("x", 200) + "=1,Other/" + strings.Repeat("x", 200) + "=2",
			want: facts.HubFacts{
				Declared: []v1alpha1.DeclaredRelease{release("Other", strings.Repeat("x", 200), "1")},
				Warnings: wrong("declared-releases", `"Other/`+strings.Repeat("x", 55)+`..." is declared already, with another version or the same`),
			},
			reason: "it is cut",
		},
		{
			name: "both wrong", environment: "x", declared: "y",
			want: facts.HubFacts{Warnings: append(wrong("environment", `"x" is neither Production nor NonProduction`),
				wrong("declared-releases", `"y" is neither PRODUCT=VERSION, such as Konvoy=1.8.4, nor PRODUCT/NAME=VERSION`)...)},
			reason: "one of each",
		},
	} {
		t.Run(row.name, func(t *testing.T) {
			if len(row.want.Declared) > 0 {
				row.want.DeclaredBy = "KommanderCluster/a/prod"
			}
			reference := toKommander("prod")
			got := observedHub().has(attached("a/prod", environment(row.environment), declaring(row.declared))).state().FactsFor("a", &reference)
			if diff := cmp.Diff(&row.want, got); diff != "" {
				t.Errorf("%s (-want +got):\n%s", row.reason, diff)
			}
		})
	}
}

// TestAnnotationsAreBounded: as many releases as a spec may declare, and remarks that fit beside others.
func TestAnnotationsAreBounded(t *testing.T) {
	var texts []string
	for i := range 40 {
		texts = append(texts, fmt.Sprintf("Product%d=1.0.%d", i, i))
	}
	k := &facts.HubFacts{}
	readAnnotations(ptr.To(attached("a/prod", declaring(strings.Join(texts, ",")))), k)
	if len(k.Declared) != 32 || k.Declared[31].Product != "Product31" {
		t.Errorf("%d releases: %+v", len(k.Declared), k.Declared)
	}
	const want = `annotation support.d2iq.io/declared-releases of KommanderCluster/a/prod is not used as it is: "Product32=1.0.32" is more than the 32 releases` +
		` that may be declared; "Product33=1.0.33" is more than the 32 releases that may be declared; "Product34=1.0.34" is more than the 32 releases that` +
		" may be declared and 5 more"
	if diff := cmp.Diff([]string{want}, k.Warnings); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// FuzzAnnotations holds that what is read could stand in a spec, and that what is said about the rest is short and printable.
func FuzzAnnotations(f *testing.F) {
	for _, text := range []string{
		"", "Konvoy=1.8.4", "Konvoy=1.8.4,Konvoy=1.8.5", ",,=,/=,a/=b,=c", "Kubernetes=1", "\x1b[31m=\n", "Konvoy=\u202e", strings.Repeat("x", 300) + "=1",
		strings.Repeat("a=b,", 100), "Production", "\xff", "Konvoy = 1.8.4 , Kafka/a.b = 1",
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		k := &facts.HubFacts{}
		readAnnotations(ptr.To(attached("a/prod", environment(text), declaring(text))), k)
		spec := v1alpha1.ClusterSupportSpec{Cluster: toHost(), DeclaredReleases: k.Declared, Environment: k.Environment}
		if problems, _ := support.ValidateClusterSupport(&v1alpha1.ClusterSupport{Spec: spec}); len(problems) > 0 {
			t.Errorf("%q became %+v: %v", text, spec, problems)
		}
		if len(k.Warnings) > 2 {
			t.Errorf("%q has %d remarks", text, len(k.Warnings))
		}
		for _, remark := range k.Warnings {
			if len(remark) > 2048 || strings.ContainsFunc(remark, unicode.IsControl) {
				t.Errorf("%q", remark)
			}
		}
	})
}
