// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"slices"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/d2iq-labs/support-policy-operator/api/v1alpha1"
)

// exitCode is an answer by exit code. As an error it ends a command that has already said what it has to say.
type exitCode int

// The exit codes, as the help of the commands has them.
const (
	exitNone        exitCode = 0
	exitError       exitCode = 1
	exitExpiring    exitCode = 2
	exitUnsupported exitCode = 3
	exitUnknown     exitCode = 4
)

// worstFirst is the order in which exit codes are given.
var worstFirst = []exitCode{exitUnsupported, exitUnknown, exitExpiring}

// Error is never printed.
func (e exitCode) Error() string { return fmt.Sprintf("exit code %d", int(e)) }

// tolerance says what is not to be answered by exit code.
type tolerance struct{ unsupported, unknown, expiring, exceptions bool }

// masks tells whether a flag masks an exit code.
func (t tolerance) masks(code exitCode) bool {
	switch code {
	case exitUnsupported:
		return t.unsupported
	case exitUnknown:
		return t.unknown
	case exitExpiring:
		return t.expiring
	case exitNone, exitError:
	}
	return false
}

// concern is something that asks for an exit code.
type concern struct {
	code            exitCode
	condition       string
	reason, message string
	// accepted: an exception covers what it is about.
	accepted bool
}

// worst finds the worst concern that counts, and where none does the worst that is accepted or ignored; nil when there is
// none at all.
func (t tolerance) worst(concerns []concern) (found *concern, counts bool) {
	for _, counts := range []bool{true, false} {
		for _, code := range worstFirst {
			for i := range concerns {
				c := &concerns[i]
				if isMasked := c.accepted || t.masks(code); c.code == code && counts != isMasked {
					return c, counts
				}
			}
		}
	}
	return nil, false
}

// report is the answer about all clusters.
type report struct {
	// clusters carry their status.
	clusters  []v1alpha1.ClusterSupport
	at        time.Time
	tolerance tolerance
	// isPartial: something was not read, or not judged because of an error.
	isPartial bool
}

// exitCode is the first of the order that anything in any cluster asks for. Before all of them comes that of an error.
func (r *report) exitCode() exitCode {
	if r.isPartial {
		return exitError
	}
	var all []concern
	for i := range r.clusters {
		all = append(all, r.clusterConcerns(&r.clusters[i])...)
	}
	if worst, counts := r.tolerance.worst(all); counts {
		return worst.code
	}
	return exitNone
}

// clusterConcerns are what the conditions of a cluster ask for, and its releases: behind a condition that is False, and
// perhaps ignored, there may be a release about which nobody can tell.
func (r *report) clusterConcerns(cluster *v1alpha1.ClusterSupport) []concern {
	var all []concern
	for i := range cluster.Status.Conditions {
		all = append(all, r.conditionConcerns(cluster, &cluster.Status.Conditions[i])...)
	}
	return append(all, r.foundConcerns(cluster)...)
}

// foundConcerns are what the releases and the findings of a cluster ask for.
func (r *report) foundConcerns(cluster *v1alpha1.ClusterSupport) []concern {
	all := findingConcerns(cluster.Status.Findings)
	for i := range cluster.Status.Releases {
		all = append(all, r.releaseConcerns(&cluster.Status.Releases[i])...)
	}
	return all
}

// conditionConcerns is what a condition asks for: one concern or none. Where exceptions are accepted and one covers a
// release, the findings decide, without those about covered releases.
func (r *report) conditionConcerns(cluster *v1alpha1.ClusterSupport, c *metav1.Condition) []concern {
	asked := concern{code: codeOf(c.Type, c.Status), condition: c.Type, reason: c.Reason, message: c.Message}
	if asked.code == exitNone {
		return nil
	}
	if !r.tolerance.exceptions || !slices.ContainsFunc(cluster.Status.Releases, isCovered) {
		return []concern{asked}
	}
	found := slices.DeleteFunc(r.foundConcerns(cluster), func(one concern) bool { return one.condition != c.Type || one.accepted })
	switch worst, _ := (tolerance{}).worst(found); {
	case worst != nil:
		asked.code = worst.code
	case asked.code == exitUnknown && slices.ContainsFunc(cluster.Status.Releases, mayBeProhibited):
	default:
		asked.accepted = true
	}
	return []concern{asked}
}

// mayBeProhibited tells whether a release that no exception covers may be the reason why Compatible is Unknown: where
// it is not known which rules hold for a release, there is no finding that says so.
func mayBeProhibited(r v1alpha1.InstalledRelease) bool {
	return !isCovered(r) && r.State != v1alpha1.StateSupported
}

// codeOf is the exit code that the status of a condition stands for. Where ExpiringSoon is Unknown, so is Supported.
func codeOf(condition string, status metav1.ConditionStatus) exitCode {
	switch condition {
	case v1alpha1.ConditionExpiringSoon:
		if status == metav1.ConditionTrue {
			return exitExpiring
		}
	case v1alpha1.ConditionSupported, v1alpha1.ConditionCompatible:
		switch status {
		case metav1.ConditionFalse:
			return exitUnsupported
		case metav1.ConditionUnknown:
			return exitUnknown
		case metav1.ConditionTrue:
		}
	}
	return exitNone
}

func isCovered(r v1alpha1.InstalledRelease) bool { return r.Exception != nil }

// releaseConcerns are what a release asks for, by its state and by the findings about it. Of a covered one only the end of
// the exception on which it rests is not accepted.
func (r *report) releaseConcerns(release *v1alpha1.InstalledRelease) []concern {
	var all []concern
	if code := stateCode(release.State); code != exitNone {
		of := concern{code: code, condition: v1alpha1.ConditionSupported}
		if len(release.Findings) > 0 {
			of.reason, of.message = release.Findings[0].Reason, release.Findings[0].Message
		}
		all = append(all, of)
	}
	all = append(all, findingConcerns(release.Findings)...)
	for i := range all {
		all[i].accepted = r.tolerance.exceptions && isCovered(*release) && all[i].reason != v1alpha1.ReasonExceptionEndsSoon
	}
	return all
}

func stateCode(state v1alpha1.State) exitCode {
	switch state {
	case v1alpha1.StateUnsupported:
		return exitUnsupported
	case v1alpha1.StateUnknown:
		return exitUnknown
	case v1alpha1.StateSupported:
	}
	return exitNone
}

// findingConcerns are what findings ask for. What only repeats the state of a release is not among them.
func findingConcerns(findings []v1alpha1.Finding) []concern {
	var all []concern
	for i := range findings {
		f := &findings[i]
		if f.Condition == v1alpha1.ConditionSupported && f.Type != v1alpha1.FindingExperimental {
			continue
		}
		if code := codeOf(f.Condition, f.Status); code != exitNone {
			all = append(all, concern{code: code, condition: f.Condition, reason: f.Reason, message: f.Message})
		}
	}
	return all
}
