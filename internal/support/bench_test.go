// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package support

import (
	"fmt"
	"testing"

	"github.com/d2iq-labs/support-policy-operator/api/v1alpha1"
	"github.com/d2iq-labs/support-policy-operator/internal/facts"
)

// typicalCluster is a Konvoy 1.7 as it was, in the middle of 2021.
func typicalCluster() clusterBuilder {
	return cluster().on("v1.19.9").with(
		found(facts.Kommander, "kommander", sign(v1alpha1.SourceAnnotation, "1.3.1"), sign(v1alpha1.SourceAnnotation, "1.3.1"), sign(v1alpha1.SourceInferred, "1.3.1")),
		found(facts.Konvoy, facts.DefaultInstallation, sign(v1alpha1.SourceLabel, "")),
		bps("stable-1.19-3.2.0", "stable-1.19-3.4.1"),
	).declaring(facts.Konvoy, facts.DefaultInstallation, "1.7.2")
}

// fullCluster is the same with all that a large one has: 36 addons, a KUDO operator, and nodes of 12 kinds of which no release
// supports one.
func fullCluster() clusterBuilder {
	c := typicalCluster().with(found(facts.Cassandra, "data.cassandra", sign(v1alpha1.SourceCustomResource, "1.0.2")))
	for i := range 36 {
		c = c.containing(fmt.Sprintf("addon-%d", i), facts.BasePlatformServices, "")
	}
	c = c.running(3, "Rocky Linux 8.5 (Green Obsidian)", "4.18.0-348.el8.x86_64")
	for i := range 11 {
		c = c.running(90, "CentOS Linux 7 (Core)", fmt.Sprintf("3.10.0-1160.%d.1.el7.x86_64", i))
	}
	return c
}

// BenchmarkEvaluateFull is one cluster with everything, at an instant with many days ahead.
func BenchmarkEvaluateFull(b *testing.B) {
	s := loadShipped(b).set
	b.ReportAllocs()
	c, instant := fullCluster().evaluationInput, at("2021-07-01")
	for b.Loop() {
		s.evaluate(c, instant)
	}
}

func BenchmarkEvaluate(b *testing.B) {
	s := loadShipped(b).set
	for _, now := range []string{"2021-07-01", "2026-11-22"} {
		b.Run(now, func(b *testing.B) {
			b.ReportAllocs()
			c, instant := typicalCluster().evaluationInput, at(now)
			for b.Loop() {
				s.evaluate(c, instant)
			}
		})
	}
}

// BenchmarkEvaluateForLong is the worst case: most days of all policies lie ahead, and most change nothing here.
func BenchmarkEvaluateForLong(b *testing.B) {
	s := loadShipped(b).set
	b.ReportAllocs()
	c, instant := cluster().with(found("Other", facts.DefaultInstallation)).evaluationInput, at("2019-01-01")
	for b.Loop() {
		s.evaluate(c, instant)
	}
}

func BenchmarkDescribe(b *testing.B) {
	s := loadShipped(b).set
	for _, p := range s.policies {
		b.Run(p.name, func(b *testing.B) {
			b.ReportAllocs()
			instant := at("2021-07-01")
			for b.Loop() {
				s.describePolicy(p.name, instant)
			}
		})
	}
}

func BenchmarkCompile(b *testing.B) {
	objects := loadShipped(b).objects
	b.ReportAllocs()
	for b.Loop() {
		policies := make([]*Policy, 0, len(objects))
		for _, object := range objects {
			policies = append(policies, Compile(object))
		}
		NewSet(policies)
	}
}
