// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package alerts_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/d2iq-labs/support-policy-operator/monitoring/alerts"
)

// farAhead is long after the end of any scenario.
var farAhead = always(inDays(400, 0))

// bothHorizons are the alerts of an end within 30 days.
var bothHorizons = []string{"SupportEndingSoon 90d", "SupportEndingSoon 30d"}

// scenarios cross every threshold on both sides. The shipped rules have a window of 10 minutes and mostly wait for 15. A record
// ends in the eleventh minute after the last sample: Prometheus 3 leaves out the first instant of a range.
var scenarios = []scenario{
	// SupportEnded
	{
		reason:  "what is not supported alerts after a quarter of an hour",
		scraped: konvoy.state(always("Unsupported")),
		fires:   map[int][]string{14: none, 15: {"SupportEnded"}, 170: {"SupportEnded"}},
	},
	{
		reason:  "what is supported and has no announced end alerts nobody",
		scraped: konvoy.state(always("Supported")),
		fires:   map[int][]string{15: none, 75: none, 170: none},
	},
	{
		reason:  "it begins and ends with the state, which is looked at over ten minutes",
		scraped: konvoy.state(from(0, "Supported"), from(20, "Unsupported"), from(60, "Supported")),
		fires:   map[int][]string{34: none, 35: {"SupportEnded"}, 68: {"SupportEnded"}, 70: none},
	},
	{
		reason:  "what was in a single scrape alerts nobody",
		scraped: konvoy.state(from(0, "Supported"), from(20, "Unsupported"), from(21, "Supported")),
		fires:   map[int][]string{21: none, 30: none, 35: none, 45: none},
	},
	{
		reason:  "an exception rests it until its instant, also while its series is still within the window",
		scraped: join(konvoy.state(always("Unsupported")), konvoy.exception(from(0, at(40)), gone(40))),
		fires: map[int][]string{
			15: bothHorizons, 39: bothHorizons, 40: bothHorizons, 54: bothHorizons, 55: append([]string{"SupportEnded"}, bothHorizons...), 99: append([]string{"SupportEnded"}, bothHorizons...), 112: {"SupportEnded"},
		},
	},
	{
		reason:  "an exception that ends far away leaves nothing to say",
		scraped: join(konvoy.state(always("Unsupported")), konvoy.exception(farAhead)),
		fires:   map[int][]string{15: none, 75: none},
	},
	{
		reason: "the exception for one release rests no other",
		scraped: join(konvoy.state(always("Unsupported")),
			konvoy.with("version", "1.7.4").exception(farAhead),
			konvoy.with("installation", "other").exception(farAhead),
			konvoy.with("product", "Kommander").exception(farAhead),
			konvoy.with("policy", "contract").exception(farAhead),
			konvoy.with("cluster_name", "prod-us").exception(farAhead),
			konvoy.with("cluster_namespace", "workspace-b").exception(farAhead)),
		fires: map[int][]string{14: none, 15: {"SupportEnded"}},
	},
	{
		reason: "experimental parts in production are an alert of their own beside the end of the version",
		scraped: join(konvoy.stateOnly([]change{always("Unsupported")}), konvoy.experimental(always(1)), konvoy.end(always(at(30))),
			[]series{konvoy.series("supportpolicy_release_version_unsupported", from(0, 0), from(30, 1))}),
		fires: map[int][]string{
			15: append([]string{"ExperimentalInProduction"}, bothHorizons...), 44: append([]string{"ExperimentalInProduction"}, bothHorizons...),
			45: append([]string{"ExperimentalInProduction", "SupportEnded"}, bothHorizons...), 75: {"ExperimentalInProduction", "SupportEnded"},
		},
	},
	{
		reason:  "that some release is experimental says nothing about another",
		scraped: join(konvoy.state(always("Unsupported")), konvoy.with("installation", "other").experimental(always(1))),
		fires:   map[int][]string{15: {"ExperimentalInProduction", "SupportEnded"}},
	},

	// SupportEndingSoon
	{
		reason:  "the first warning begins 90 days before the end, and not at that instant",
		scraped: join(konvoy.state(always("Supported")), konvoy.end(always(inDays(90, 20)))),
		fires:   map[int][]string{35: none, 36: {"SupportEndingSoon 90d"}, 170: {"SupportEndingSoon 90d"}},
	},
	{
		reason:  "the second warning begins 30 days before the end, beside the first",
		scraped: join(konvoy.state(always("Supported")), konvoy.end(always(inDays(30, 20)))),
		fires:   map[int][]string{14: none, 15: bothHorizons[:1], 35: bothHorizons[:1], 36: bothHorizons},
	},
	{
		reason: "the warnings outlast the end until SupportEnded has waited",
		scraped: join(konvoy.state(from(0, "Supported"), from(30, "Unsupported")),
			konvoy.end(always(at(30)))),
		fires: map[int][]string{
			29: bothHorizons, 30: bothHorizons, 44: bothHorizons, 45: append([]string{"SupportEnded"}, bothHorizons...), 46: append([]string{"SupportEnded"}, bothHorizons...),
			52: {"SupportEnded"},
		},
	},
	{
		reason: "the warnings end with the release when it goes at its end, or is upgraded",
		scraped: join(konvoy.state(from(0, "Supported"), gone(30)), konvoy.end(from(0, at(30)), gone(30)),
			konvoy.with("version", "1.8.4").state(from(30, "Supported"))),
		fires: map[int][]string{29: bothHorizons, 38: bothHorizons, 41: none, 75: none},
	},
	{
		reason: "an end that is moved while it passes is not one that has passed",
		scraped: join(konvoy.state(always("Supported")),
			konvoy.end(from(0, at(30)), from(25, inDays(400, 0)))),
		fires: map[int][]string{24: bothHorizons, 36: none, 75: none},
	},
	{
		reason: "the warnings outlast an end that comes at once as well: a release that ended its support is told late",
		scraped: join(konvoy.state(from(0, "Supported"), from(60, "Unsupported")),
			konvoy.end(from(0, inDays(20, 0)), from(60, inDays(-1, 0)))),
		fires: map[int][]string{59: bothHorizons, 60: bothHorizons, 74: bothHorizons, 75: append([]string{"SupportEnded"}, bothHorizons...), 85: {"SupportEnded"}},
	},
	{
		reason:  "and one that the operator, which had been standing still, says late",
		scraped: join(konvoy.state(from(0, "Supported"), from(120, "Unsupported")), konvoy.end(always(at(30)))),
		fires:   map[int][]string{29: bothHorizons, 119: bothHorizons, 134: bothHorizons, 135: append([]string{"SupportEnded"}, bothHorizons...), 145: {"SupportEnded"}},
	},
	{
		reason: "an exception that is shortened ends when it says at last, and once",
		scraped: join(konvoy.state(always("Unsupported")),
			konvoy.exception(from(0, inDays(60, 0)), from(30, at(60)), gone(60))),
		fires: map[int][]string{
			29: bothHorizons[:1], 59: bothHorizons, 74: bothHorizons, 75: append([]string{"SupportEnded"}, bothHorizons...), 135: {"SupportEnded"}, 175: {"SupportEnded"},
		},
	},
	{
		reason: "an exception that is renewed after its end runs again",
		scraped: join(konvoy.state(always("Unsupported")),
			konvoy.exception(from(0, at(60)), gone(60), from(80, inDays(400, 0)))),
		fires: map[int][]string{59: bothHorizons, 76: append([]string{"SupportEnded"}, bothHorizons...), 82: none, 175: none},
	},
	{
		reason:  "an end that has passed while the operator stands still stays",
		scraped: join(konvoy.state(always("Supported")), konvoy.end(always(at(30)))),
		fires:   map[int][]string{29: bothHorizons, 31: bothHorizons, 170: bothHorizons},
	},
	{
		reason:  "an end of what nobody can tell counts too",
		scraped: join(konvoy.state(always("Unknown")), konvoy.end(always(inDays(20, 0)))),
		fires:   map[int][]string{59: bothHorizons, 60: append([]string{"SupportUnknown"}, bothHorizons...)},
	},
	{
		reason:  "an end before what is not supported for another reason says nothing",
		scraped: join(konvoy.state(always("Unsupported")), konvoy.end(always(inDays(20, 0)))),
		fires:   map[int][]string{15: {"SupportEnded"}, 75: {"SupportEnded"}},
	},
	{
		reason:  "an exception that outlasts the vendor's support takes its place: far away",
		scraped: join(konvoy.state(always("Supported")), konvoy.end(always(inDays(20, 0))), konvoy.exception(farAhead)),
		fires:   map[int][]string{15: none, 75: none},
	},
	{
		reason: "an exception that outlasts the vendor's support takes its place: near",
		scraped: join(konvoy.state(always("Supported")), konvoy.end(always(inDays(20, 0))),
			konvoy.exception(always(inDays(90, 20)))),
		fires: map[int][]string{35: none, 36: bothHorizons[:1]},
	},
	{
		reason: "an exception that ends before the vendor's support takes no place",
		scraped: join(konvoy.state(always("Supported")), konvoy.end(always(inDays(80, 0))),
			konvoy.exception(always(inDays(20, 0)))),
		fires: map[int][]string{15: bothHorizons[:1], 75: bothHorizons[:1]},
	},
	{
		reason:  "an exception on which nothing rests may end",
		scraped: join(konvoy.state(always("Supported")), konvoy.exception(always(inDays(20, 0)))),
		fires:   map[int][]string{15: none, 75: none},
	},
	{
		reason: "what is not supported rests on its exception, 30 days before its end too",
		scraped: join(konvoy.state(always("Unsupported")), konvoy.end(always(0)),
			konvoy.exception(always(inDays(30, 20)))),
		fires: map[int][]string{14: none, 15: bothHorizons[:1], 35: bothHorizons[:1], 36: bothHorizons},
	},
	{
		reason:  "what nobody can tell rests on its exception",
		scraped: join(konvoy.state(always("Unknown")), konvoy.exception(always(inDays(90, 20)))),
		fires:   map[int][]string{35: none, 36: bothHorizons[:1], 75: bothHorizons[:1]},
	},
	{
		reason: "what is prohibited rests on its exception, although it is supported for longer",
		scraped: join(konvoy.state(always("Supported")), konvoy.prohibited(always(1)), konvoy.end(always(inDays(400, 0))),
			konvoy.exception(always(inDays(20, 0)))),
		fires: map[int][]string{14: none, 15: bothHorizons, 75: bothHorizons},
	},
	{
		reason: "when an exception has ended, the vendor's end counts again",
		scraped: join(konvoy.state(always("Supported")), konvoy.end(always(inDays(60, 0))), konvoy.prohibited(always(1)),
			konvoy.exception(from(0, at(40)), gone(40))),
		fires: map[int][]string{39: bothHorizons, 41: bothHorizons, 99: bothHorizons, 103: append([]string{"ProhibitedCombination"}, bothHorizons...), 112: {"ProhibitedCombination", bothHorizons[0]}},
	},

	// LastInWindow
	{
		reason:  "the last place in the window alerts",
		scraped: join(konvoy.state(always("Supported")), konvoy.last(always(1))),
		fires:   map[int][]string{14: none, 15: {"LastInWindow"}},
	},
	{
		reason:  "another place in the window does not",
		scraped: join(konvoy.state(always("Supported")), konvoy.last(always(0))),
		fires:   map[int][]string{15: none, 75: none},
	},
	{
		reason: "an announced end rests it from the first warning on",
		scraped: join(konvoy.state(always("Supported")), konvoy.last(always(1)),
			konvoy.end(always(inDays(90, 20)))),
		fires: map[int][]string{15: {"LastInWindow"}, 20: {"LastInWindow"}, 21: none, 35: none, 36: bothHorizons[:1]},
	},
	{
		reason: "a running exception rests the last place in the window until its instant",
		scraped: join(konvoy.state(always("Supported")), konvoy.last(always(1)),
			konvoy.exception(from(0, at(40)), gone(40))),
		fires: map[int][]string{15: none, 54: none, 55: {"LastInWindow"}},
	},
	{
		reason:  "what is not supported has nothing to lose",
		scraped: join(konvoy.state(always("Unsupported")), konvoy.last(always(1))),
		fires:   map[int][]string{15: {"SupportEnded"}, 75: {"SupportEnded"}},
	},

	// ProhibitedCombination
	{
		reason:  "a prohibited combination alerts after an hour, since an upgrade of several products passes through some",
		scraped: join(konvoy.state(always("Supported")), konvoy.prohibited(from(10, 1))),
		fires:   map[int][]string{69: none, 70: {"ProhibitedCombination"}},
	},
	{
		reason:  "one that ends within the hour alerts nobody",
		scraped: join(konvoy.state(always("Supported")), konvoy.prohibited(from(0, 1), from(45, 0))),
		fires:   map[int][]string{59: none, 60: none, 120: none},
	},
	{
		reason: "a running exception rests a prohibited combination until its instant",
		scraped: join(konvoy.state(always("Supported")), konvoy.prohibited(always(1)),
			konvoy.exception(from(0, at(80)), gone(80))),
		fires: map[int][]string{
			60: bothHorizons, 79: bothHorizons, 80: bothHorizons, 139: bothHorizons, 140: append([]string{"ProhibitedCombination"}, bothHorizons...),
		},
	},
	{
		reason:  "a combination that is about the cluster as a whole alerts as well, for no release",
		scraped: join(konvoy.state(always("Supported")), konvoy.prohibited(always(0)), prod.clusterProhibited(from(10, 1))),
		fires:   map[int][]string{69: none, 70: {"ProhibitedCombination"}},
	},
	{
		reason:  "and not where there is none",
		scraped: join(konvoy.state(always("Supported")), prod.clusterProhibited(always(0)), prod.clusterExperimental(always(0))),
		fires:   map[int][]string{15: none, 75: none},
	},
	{
		reason:  "an exception covers releases, and not what is wrong with the cluster as a whole",
		scraped: join(konvoy.state(always("Supported")), konvoy.exception(farAhead), prod.clusterProhibited(always(1)), prod.clusterExperimental(always(1))),
		fires:   map[int][]string{14: none, 15: {"ExperimentalInProduction"}, 60: {"ExperimentalInProduction", "ProhibitedCombination"}},
	},

	// ExperimentalInProduction
	{
		reason:  "an experimental part in production alerts, and is not the end of support",
		scraped: konvoy.experimentalParts(always(1)),
		fires:   map[int][]string{14: none, 15: {"ExperimentalInProduction"}, 75: {"ExperimentalInProduction"}},
	},
	{
		reason:  "the end of its version is announced all the same",
		scraped: join(konvoy.experimentalParts(always(1)), konvoy.end(always(inDays(20, 0)))),
		fires:   map[int][]string{15: append([]string{"ExperimentalInProduction"}, bothHorizons...)},
	},
	{
		reason:  "so is that it is the last in the window",
		scraped: join(konvoy.experimentalParts(always(1)), konvoy.last(always(1))),
		fires:   map[int][]string{15: {"ExperimentalInProduction", "LastInWindow"}},
	},
	{
		reason:  "a part that belongs to no release alerts as well",
		scraped: join(konvoy.state(always("Supported")), prod.clusterExperimental(always(1))),
		fires:   map[int][]string{14: none, 15: {"ExperimentalInProduction"}},
	},
	{
		reason:  "without one there is only the end of support",
		scraped: join(konvoy.state(always("Unsupported")), konvoy.experimental(always(0))),
		fires:   map[int][]string{14: none, 15: {"SupportEnded"}},
	},
	{
		reason:  "a running exception rests what is experimental until its instant",
		scraped: join(konvoy.experimentalParts(always(1)), konvoy.exception(from(0, at(40)), gone(40))),
		fires: map[int][]string{
			39: bothHorizons, 40: bothHorizons, 54: bothHorizons, 55: append([]string{"ExperimentalInProduction"}, bothHorizons...), 112: {"ExperimentalInProduction"},
		},
	},

	// SupportUnknown
	{
		reason:  "what nobody can tell alerts after an hour: somebody may be about to declare it",
		scraped: konvoy.state(from(0, "Supported"), from(10, "Unknown")),
		fires:   map[int][]string{69: none, 70: {"SupportUnknown"}},
	},
	{
		reason: "a running exception rests what nobody can tell until its instant",
		scraped: join(konvoy.state(always("Unknown")),
			konvoy.exception(from(0, at(80)), gone(80))),
		fires: map[int][]string{
			60: bothHorizons, 79: bothHorizons, 80: bothHorizons, 139: bothHorizons, 140: append([]string{"SupportUnknown"}, bothHorizons...),
		},
	},

	// ClusterUnobserved
	{
		reason:  "a cluster that answers alerts nobody",
		scraped: join(prod.reachable(always("True")), prod.answered(always(inDays(1, 0)))),
		fires:   map[int][]string{15: none, 75: none, 170: none},
	},
	{
		reason:  "one that does not answer alerts, however fresh its last answer",
		scraped: join(prod.reachable(always("False")), prod.answered(always(inDays(1, 0)))),
		fires:   map[int][]string{14: none, 15: {"ClusterUnobserved"}},
	},
	{
		reason:  "one that nobody asks alerts",
		scraped: prod.reachable(always("Unknown")),
		fires:   map[int][]string{14: none, 15: {"ClusterUnobserved"}},
	},
	{
		reason:  "one that answers once in ten minutes is observed",
		scraped: join(prod.reachable(from(0, "True"), from(1, "False"), from(9, "True"), from(10, "False"), from(18, "True")), prod.answered(always(inDays(1, 0)))),
		fires:   map[int][]string{15: none, 25: none, 40: none},
	},
	{
		reason:  "one that stops to answer alerts after the window and the wait, and no more when it answers again",
		scraped: join(prod.reachable(from(0, "True"), from(30, "False"), from(80, "True")), prod.answered(always(inDays(1, 0)))),
		fires:   map[int][]string{53: none, 55: {"ClusterUnobserved"}, 79: {"ClusterUnobserved"}, 80: none},
	},
	{
		reason:  "a last answer of a quarter of an hour ago is fresh, and no longer after it, whatever the condition says",
		scraped: join(prod.reachable(always("True")), prod.answered(always(at(30)))),
		fires:   map[int][]string{45: none, 60: none, 61: {"ClusterUnobserved"}},
	},
	{
		reason:  "a cluster of which no replica has had an answer alerts, whatever the condition says",
		scraped: prod.reachable(always("True")),
		fires:   map[int][]string{14: none, 15: {"ClusterUnobserved"}},
	},
	{
		reason:  "the answers of another cluster do not count",
		scraped: join(prod.reachable(always("True")), prod.with("cluster_name", "prod-us").answered(always(inDays(1, 0)))),
		fires:   map[int][]string{15: {"ClusterUnobserved"}},
	},
	{
		reason:  "a cluster that was added has a quarter of an hour to answer for the first time",
		scraped: join(prod.reachable(from(30, "Unknown"), from(44, "True")), prod.answered(from(44, inDays(1, 0)))),
		fires:   map[int][]string{31: none, 44: none, 45: none, 60: none},
	},
	{
		reason: "the answers that a restarted operator does not know of are known from the one before, for ten minutes",
		scraped: join(prod.reachable(always("True")), prod.answered(from(0, inDays(1, 0)), gone(30)),
			prod.with("pod", "operator-b").answered(from(38, inDays(1, 0)))),
		fires: map[int][]string{38: none, 45: none, 60: none},
	},

	// PolicyStalled
	{
		reason:  "a policy with an error alerts",
		scraped: labelSet{"policy": "konvoy"}.stalled(from(5, "True")),
		fires:   map[int][]string{19: none, 20: {"PolicyStalled"}},
	},
	{
		reason:  "one without does not",
		scraped: labelSet{"policy": "konvoy"}.stalled(always("False")),
		fires:   map[int][]string{15: none, 75: none},
	},

	// OperatorAbsent
	{
		reason:  "an operator of which there is no sign is absent",
		scraped: []series{labelSet{}.series("supportpolicy_operator_shards", gone(0))},
		fires:   map[int][]string{9: none, 10: {"OperatorAbsent"}},
	},
	{
		reason:  "so is one of which no replica works, such as for lack of a lease",
		scraped: join(operator("operator-a", "0", 1, always(0)), operator("operator-b", "0", 1, always(0))),
		fires:   map[int][]string{9: none, 10: {"OperatorAbsent"}},
	},
	{
		reason:  "of two replicas one works at a time, and while they change for a moment both",
		scraped: join(operator("operator-a", "0", 1, from(0, 1), from(31, 0)), operator("operator-b", "0", 1, from(0, 0), from(30, 1))),
		fires:   map[int][]string{30: none, 45: none, 60: none},
	},
	{
		reason:  "when the last one dies, its last sign counts for the window, and then comes the wait",
		scraped: operator("operator-a", "0", 1, from(0, 1), gone(30)),
		fires:   map[int][]string{48: none, 50: {"OperatorAbsent"}},
	},
	{
		reason: "one shard of three without a replica is enough",
		scraped: join(operator("operator-a", "0", 3, always(1)), operator("operator-b", "1", 3, always(1)),
			operator("operator-c", "2", 3, always(0))),
		fires: map[int][]string{9: none, 10: {"OperatorAbsent"}},
	},
	{
		reason: "two replicas of one shard do not stand for another shard",
		scraped: join(operator("operator-a", "0", 2, always(1)), operator("operator-b", "0", 2, always(1)),
			operator("operator-c", "1", 2, always(0))),
		fires: map[int][]string{10: {"OperatorAbsent"}},
	},
	{
		reason: "three shards of three are all",
		scraped: join(operator("operator-a", "0", 3, always(1)), operator("operator-b", "1", 3, always(1)),
			operator("operator-c", "2", 3, always(1))),
		fires: map[int][]string{10: none, 75: none},
	},

	// Replicas, restarts and upgrades
	{
		reason: "two replicas that export the same are one alert of each kind",
		scraped: join(badRelease(konvoy, forever), badRelease(konvoy.with("pod", "operator-b"), forever),
			badCluster(prod, forever), badCluster(prod.with("pod", "operator-b"), forever)),
		fires: map[int][]string{14: none, 15: wrong[:4], 59: wrong[:4], 60: wrong},
	},
	{
		reason: "where two replicas disagree on the state, the worse one counts",
		scraped: join(konvoy.state(always("Supported")),
			konvoy.with("pod", "operator-b").state(always("Unsupported"))),
		fires: map[int][]string{15: {"SupportEnded"}},
	},
	{
		reason: "where two replicas disagree on the end, the later one counts",
		scraped: join(konvoy.state(always("Supported")), konvoy.end(always(inDays(20, 0))),
			konvoy.with("pod", "operator-b").end(always(inDays(60, 0)))),
		fires: map[int][]string{15: bothHorizons[:1]},
	},
	{
		reason: "a restart of some minutes neither ends an alert nor begins it anew",
		scraped: join(badRelease(konvoy, until(65)), badRelease(konvoy.with("pod", "operator-b"), since(73)),
			badCluster(prod, until(65)), badCluster(prod.with("pod", "operator-b"), since(73))),
		fires: map[int][]string{64: wrong, 65: wrong, 68: wrong, 70: wrong, 72: wrong, 73: wrong, 76: wrong},
	},
	{
		reason:  "failed scrapes, after the first of which Prometheus marks all series as stale, do not either",
		scraped: join(badRelease(konvoy, staleAt(65)), badCluster(prod, staleAt(65))),
		fires:   map[int][]string{64: wrong, 65: wrong, 66: wrong, 69: wrong, 70: wrong, 75: wrong},
	},
	{
		reason: "two versions and two replicas in the window, each with an end and with an exception, meet one by one",
		scraped: join(endingUnderException(konvoy, until(40)), endingUnderException(konvoy.with("version", "1.7.4"), since(40)),
			endingUnderException(konvoy.with("pod", "operator-b"), until(40)),
			endingUnderException(konvoy.with("pod", "operator-b").with("version", "1.7.4"), since(40))),
		fires: map[int][]string{14: none, 15: bothHorizons[:1], 39: bothHorizons[:1], 45: bothHorizons[:1], 48: bothHorizons[:1], 51: none, 54: none, 55: bothHorizons[:1]},
	},
	{
		reason: "what is not exported for longer than the window ends, and OperatorAbsent says why",
		scraped: join(konvoy.state(from(0, "Unsupported"), gone(30)),
			operator("operator-a", "0", 1, from(0, 1), gone(30))),
		fires: map[int][]string{38: {"SupportEnded"}, 41: none, 50: {"OperatorAbsent"}},
	},
	{
		reason:  "while the old and the new version are both in the window each stands for itself",
		scraped: join(badRelease(konvoy, until(65)), badRelease(konvoy.with("version", "1.7.4"), since(65)), badCluster(prod, forever)),
		fires:   map[int][]string{64: wrong, 70: wrong, 73: wrong, 76: clusterWrong, 80: wrong[:4], 125: wrong},
	},
	{
		reason:  "an upgrade to what is supported ends it all within the window",
		scraped: join(konvoy.state(from(0, "Unsupported"), gone(30)), konvoy.with("version", "1.8.4").state(from(30, "Supported"))),
		fires:   map[int][]string{29: {"SupportEnded"}, 38: {"SupportEnded"}, 41: none, 75: none},
	},
	{
		reason: "a policy that takes over from another is a change like that of the version",
		scraped: join(konvoy.state(from(0, "Unsupported"), gone(30)),
			konvoy.with("policy", "contract").state(from(30, "Unsupported"))),
		fires: map[int][]string{29: {"SupportEnded"}, 38: {"SupportEnded"}, 41: none, 45: {"SupportEnded"}},
	},
	{
		reason:  "a release of which version and policy are not known has its alerts and its exceptions as well",
		scraped: join(unknownVersion.state(always("Unknown")), unknownVersion.exception(always(at(80))), unknownVersion.end(always(inDays(400, 0)))),
		fires:   map[int][]string{60: bothHorizons, 79: bothHorizons, 139: bothHorizons, 140: append([]string{"SupportUnknown"}, bothHorizons...)},
	},
	{
		reason:  "two releases are two alerts",
		scraped: join(konvoy.state(always("Unsupported")), konvoy.with("product", "Kommander").state(always("Unsupported"))),
		fires:   map[int][]string{15: {"SupportEnded", "SupportEnded"}},
	},
}

// wrong are the alerts of badRelease on badCluster, the one that waits for an hour last; clusterWrong are those of the cluster.
var (
	wrong        = append(clusterWrong, "ExperimentalInProduction", "SupportEnded", "ProhibitedCombination")
	clusterWrong = []string{"ClusterUnobserved", "PolicyStalled"}
)

// badRelease returns a release with every problem at once, whose support ended a day ago.
func badRelease(release labelSet, when func(any) []change) []series {
	return join(
		release.state(when("Unsupported")...),
		release.end(when(inDays(-1, 0))...),
		release.prohibited(when(1)...),
		release.experimental(when(1)...),
		release.last(when(1)...),
	)
}

// endingUnderException returns a release that an exception covers beyond the vendor's end.
func endingUnderException(release labelSet, when func(any) []change) []series {
	return join(
		release.state(when("Supported")...),
		release.end(when(inDays(20, 0))...),
		release.exception(when(inDays(60, 0))...),
	)
}

// badCluster returns a cluster and a policy with every problem at once.
func badCluster(cluster labelSet, when func(any) []change) []series {
	policy := labelSet{"policy": "konvoy", "pod": cluster["pod"]}
	return join(cluster.reachable(when("False")...), cluster.answered(when(0)...), policy.stalled(when("True")...))
}

func forever(value any) []change { return []change{always(value)} }

func until(minute int) func(any) []change {
	return func(value any) []change { return []change{always(value), gone(minute)} }
}

func since(minute int) func(any) []change {
	return func(value any) []change { return []change{from(minute, value)} }
}

// staleAt returns a value with a failed scrape, which Prometheus marks in every series, and some missed scrapes after it.
func staleAt(minute int) func(any) []change {
	return func(value any) []change {
		return []change{always(value), from(minute, "stale"), gone(minute + 1), from(minute+5, value)}
	}
}

// unknownVersion is an installation without a version and a policy.
var unknownVersion = prod.with("product", "Konvoy").with("installation", "default")

func join(parts ...[]series) []series { return slices.Concat(parts...) }

func TestScenarios(t *testing.T) {
	for _, s := range scenarios {
		t.Run(s.reason, s.check)
	}
}

// TestEveryAlertHasBothSides: each alert fires at one minute of a scenario and not at another.
func TestEveryAlertHasBothSides(t *testing.T) {
	for _, alert := range alerts.Alerts(alerts.Default()) {
		name := strings.TrimSpace(alert.Name + " " + alert.Horizon)
		if !slices.ContainsFunc(scenarios, func(s scenario) bool { return s.hasBothSides(name) }) {
			t.Errorf("no scenario has %s both firing and not", name)
		}
	}
}

func (s scenario) hasBothSides(alert string) bool {
	fires, covered := false, false
	for _, firing := range s.fires {
		fires = fires || slices.Contains(firing, alert)
		covered = covered || !slices.Contains(firing, alert)
	}
	return fires && covered
}
