// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package detect

import (
	"testing"

	"github.com/d2iq-labs/support-policy-operator/internal/facts"
	"github.com/d2iq-labs/support-policy-operator/test/fixtures"
)

func TestKUDO(t *testing.T) {
	const object = "Instance/data/cassandra"
	cassandra := func(evidence ...string) []facts.Installation {
		return []facts.Installation{fixtures.Found(facts.Cassandra, "data.cassandra", evidence...)}
	}
	version := operatorVersion("data", "cassandra-3.11.7-1.0.2", "cassandra", "1.0.2")
	installed := instance("data", "cassandra", "cassandra", version.Name)
	of := func(instances ...Instance) Input {
		return Input{Instances: instances, OperatorVersions: []OperatorVersion{version}}
	}
	checkDetector(t, detectKUDO, []detectorRow{
		{
			name:   "installed",
			reason: "the Instance is the installation, and the OperatorVersion has the version",
			input:  of(installed),
			want:   cassandra("CustomResource", object, "1.0.2"),
		},
		{
			name:   "the older form of name",
			reason: "up to KUDO 0.16 the name has no version of the application; it is not read anyway",
			input: Input{
				Instances:        []Instance{instance("data", "cassandra", "cassandra", "cassandra-1.0.0")},
				OperatorVersions: []OperatorVersion{operatorVersion("data", "cassandra-1.0.0", "cassandra", "1.0.0")},
			},
			want: cassandra("CustomResource", object, "1.0.0"),
		},
		{
			name:   "a name that lies",
			reason: "what the version is its spec says",
			input: Input{
				Instances:        []Instance{instance("data", "cassandra", "", "kafka-2.5.1-1.3.3")},
				OperatorVersions: []OperatorVersion{operatorVersion("data", "kafka-2.5.1-1.3.3", "cassandra", "v1.0.2")},
			},
			want: cassandra("CustomResource", object, "1.0.2"),
		},
		{
			name:   "a version elsewhere",
			reason: "a reference without a namespace is into the Instance's own",
			input: Input{
				Instances: []Instance{
					instance("a", "kafka", "kafka", "kafka-1.3.3").versionIn("kudo"),
					instance("b", "kafka", "kafka", "kafka-1.3.3"),
				},
				OperatorVersions: []OperatorVersion{
					operatorVersion("b", "kafka-1.3.3", "kafka", "1.3.1"), operatorVersion("kudo", "kafka-1.3.3", "kafka", "1.3.3"),
				},
			},
			want: []facts.Installation{
				fixtures.Found(facts.Kafka, "a.kafka", "CustomResource", "Instance/a/kafka", "1.3.3"),
				fixtures.Found(facts.Kafka, "b.kafka", "CustomResource", "Instance/b/kafka", "1.3.1"),
			},
		},
		{
			name:   "orphan",
			reason: "an OperatorVersion that nothing refers to is a leftover",
			input:  of(),
		},
		{
			name:   "other operators",
			reason: "ZooKeeper is there for Kafka, and has no support of its own",
			input: Input{
				Instances:        []Instance{instance("data", "zookeeper", "zookeeper", "zookeeper-0.3.1")},
				OperatorVersions: []OperatorVersion{operatorVersion("data", "zookeeper-0.3.1", "zookeeper", "0.3.1")},
			},
		},
		{
			name:   "no version",
			reason: "the label shows what is installed, and nothing shows the version",
			input:  Input{Instances: []Instance{installed}},
			want:   cassandra("CustomResource", object, ""),
		},
		{
			name:   "no version and no label",
			reason: "its operator is not known",
			input:  Input{Instances: []Instance{instance("data", "cassandra", "", "cassandra-1.0.0")}},
		},
		{
			name:   "versions forbidden",
			reason: "that the version is not known has a reason which can be mended",
			input:  Input{Instances: []Instance{installed}, Forbidden: []string{OperatorVersions}},
			want:   cassandra("CustomResource", object, "", "Forbidden", OperatorVersions, ""),
		},
		{
			name:   "being installed",
			reason: "until the plan is complete the version is the one to come",
			input:  of(instance("data", "cassandra", "cassandra", version.Name).plan(planDeploy, "IN_PROGRESS")),
			want:   cassandra("Declared", object, "1.0.2"),
		},
		{
			name:   "not installed yet",
			reason: "nothing has been tried",
			input:  of(Instance{Namespace: "data", Name: "cassandra", Operator: "cassandra", VersionName: version.Name}),
			want:   cassandra("Declared", object, "1.0.2"),
		},
		{
			name:   "installation failed",
			reason: "an unknown part of it is installed",
			input:  of(instance("data", "cassandra", "cassandra", version.Name).plan(planDeploy, "FATAL_ERROR")),
			want:   cassandra("Declared", object, "1.0.2"),
		},
		{
			name:   "being upgraded",
			reason: "the Instance refers to the new version from the beginning",
			input:  of(instance("data", "cassandra", "cassandra", version.Name).plan(planUpgrade, "PENDING")),
			want:   cassandra("Declared", object, "1.0.2"),
		},
		{
			name:   "being upgraded by the plan update",
			reason: "an operator without a plan for upgrades uses that",
			input:  of(instance("data", "cassandra", "cassandra", version.Name).plan(planUpdate, "IN_PROGRESS")),
			want:   cassandra("Declared", object, "1.0.2"),
		},
		{
			name:   "being updated",
			reason: "an operator with a plan for upgrades uses update when its parameters change",
			input: of(instance("data", "cassandra", "cassandra", version.Name).
				plan(planUpgrade, planNeverRun).plan(planUpdate, "IN_PROGRESS")),
			want: cassandra("CustomResource", object, "1.0.2"),
		},
		{
			name:   "upgraded",
			reason: "the plan is complete",
			input:  of(instance("data", "cassandra", "cassandra", version.Name).plan(planUpgrade, planComplete)),
			want:   cassandra("CustomResource", object, "1.0.2"),
		},
		{
			name:   "with its addon",
			reason: "the addon's package has the operator's version, while its revision counts the application's",
			input: Input{
				Instances: []Instance{installed}, OperatorVersions: []OperatorVersion{version},
				Addons: []Addon{
					addon("cassandra").in("data").revision("3.11.7-1").packageOf("cassandra", "1.0.2", "https://"+kudoRepository+"/0.10.0"),
					addon("cassandra").in("other").packageOf("cassandra", "1.0.0", ""),
					addon("cassandra").in("data").stage("absent").packageOf("cassandra", "0.1.1", ""),
				},
			},
			want: cassandra("CustomResource", object, "1.0.2", "CustomResource", "Addon/data/cassandra", "1.0.2"),
		},
		{
			name:   "a namesake that is something else",
			reason: "an addon that installs another package is not about this Instance",
			input: Input{
				Instances: []Instance{installed}, OperatorVersions: []OperatorVersion{version},
				Addons: []Addon{addon("cassandra").in("data").packageOf("kafka", "1.3.3", "")},
			},
			want: cassandra("CustomResource", object, "1.0.2"),
		},
		{
			name:   "with its ClusterAddon",
			reason: "that one names the namespace into which it installs",
			input: Input{
				Instances: []Instance{installed}, OperatorVersions: []OperatorVersion{version},
				ClusterAddons: []Addon{addon("cassandra").into("data").packageOf("cassandra", "1.0.2", "")},
			},
			want: cassandra("CustomResource", object, "1.0.2", "CustomResource", "ClusterAddon/cassandra", "1.0.2"),
		},
		{
			name:   "the addon knows more",
			reason: "where the OperatorVersion cannot be seen the addon gives the version",
			input: Input{
				Forbidden: []string{OperatorVersions},
				Instances: []Instance{installed},
				Addons:    []Addon{addon("cassandra").in("data").packageOf("cassandra", "1.0.2", "")},
			},
			want: cassandra("CustomResource", object, "", "CustomResource", "Addon/data/cassandra", "1.0.2",
				"Forbidden", OperatorVersions, ""),
		},
		{
			name:   "the addon knows more, of what is to come",
			reason: "an addon asks for its version before it is there, as the Instance does",
			input: Input{
				Instances: []Instance{instance("data", "cassandra", "cassandra", version.Name).plan(planDeploy, "PENDING")},
				Addons:    []Addon{addon("cassandra").in("data").packageOf("cassandra", "1.0.2", "")},
			},
			want: cassandra("Declared", object, "", "Declared", "Addon/data/cassandra", "1.0.2"),
		},
		{
			name:   "somebody else's package",
			reason: "a package from another repository is not the vendor's; secrets in its URL are dropped",
			input: Input{
				Instances: []Instance{installed}, OperatorVersions: []OperatorVersion{version},
				Addons: []Addon{addon("cassandra").in("data").
					packageOf("cassandra", "1.0.2", "https://user:secret@packages.acme.corp/kudo?token=secret")},
			},
			want: ofFork(cassandra("CustomResource", object, "1.0.2", "CustomResource", "Addon/data/cassandra", "1.0.2"),
				"packages.acme.corp/kudo", 1),
		},
		{
			name:   "an addon without its Instance",
			reason: "what KUDO does not know is not installed yet",
			input:  Input{Addons: []Addon{addon("cassandra").in("data").packageOf("cassandra", "1.0.2", "")}},
		},
		{
			name:   "forbidden",
			reason: "each of the products may be there",
			input:  Input{Forbidden: []string{Instances, OperatorVersions}},
			want: []facts.Installation{
				fixtures.Found(facts.Cassandra, "default", "Forbidden", Instances, ""),
				fixtures.Found(facts.Kafka, "default", "Forbidden", Instances, ""),
				fixtures.Found(facts.Spark, "default", "Forbidden", Instances, ""),
			},
		},
		{
			name:   "forbidden, and an addon",
			reason: "the addon answers the question for its product",
			input: Input{
				Forbidden: []string{Instances},
				Addons:    []Addon{addon("kafka").in("data").packageOf("kafka", "1.3.3", ""), addon("zookeeper").in("data").operator("zookeeper")},
			},
			want: []facts.Installation{
				fixtures.Found(facts.Kafka, "data.kafka", "CustomResource", "Addon/data/kafka", "1.3.3", "Forbidden", Instances, ""),
				fixtures.Found(facts.Cassandra, "default", "Forbidden", Instances, ""),
				fixtures.Found(facts.Spark, "default", "Forbidden", Instances, ""),
			},
		},
		{
			name:   "only versions forbidden",
			reason: "without an Instance there is no installation",
			input:  Input{Forbidden: []string{OperatorVersions}},
		},
		{
			name:   "hostile version",
			reason: "text is made printable and truncated before it gets into a status",
			input: Input{
				Instances:        []Instance{installed},
				OperatorVersions: []OperatorVersion{operatorVersion("data", version.Name, "cassandra", "1.0\n\x1b[31m")},
			},
			want: cassandra("CustomResource", object, `1.0\n\x1b[31m`),
		},
	})
}
