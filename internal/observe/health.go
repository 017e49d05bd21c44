// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package observe

import (
	"maps"
	"slices"
	"time"

	"github.com/d2iq-labs/support-policy-operator/api/v1alpha1"
	"github.com/d2iq-labs/support-policy-operator/internal/contact"
	"github.com/d2iq-labs/support-policy-operator/internal/facts"
)

// maxExpired is how many answers in a row that what was asked for is gone (410) are no failure. A new list helps at once.
const maxExpired = 2

// failure is one that goes on.
type failure struct {
	since time.Time
	// reason is that of the last request.
	reason string
}

// record takes the result of a request about a resource, and returns its outcome. Every answer of an API server is a sign
// of its health but an error of its own.
func (s *clusterState) record(name string, err error) outcome {
	defer s.onChanged()
	now := failure{since: s.clock.Now(), reason: contact.ReasonOf(err)}
	s.mu.Lock()
	defer s.mu.Unlock()
	outcome := s.interpret(name, err)
	if outcome == outcomeFailed {
		if before, known := s.failures[name]; known {
			now.since = before.since
		}
		s.failures[name] = now
		return outcome
	}
	if name == serverVersion {
		s.recordHealthy(now.since)
	}
	delete(s.failures, name)
	return outcome
}

// interpret counts as failures what no API server answers to GET /version, and what is gone again and again (410).
func (s *clusterState) interpret(name string, err error) outcome {
	outcome := outcomeOf(err)
	if outcome != outcomeExpired {
		delete(s.expired, name)
	}
	switch {
	case name == serverVersion && (outcome == outcomeNotFound || outcome == outcomeExpired):
		return outcomeFailed
	case name == serverVersion:
		return outcome
	case outcome == outcomeExpired:
		s.expired[name]++
		if s.expired[name] > maxExpired {
			return outcomeFailed
		}
	}
	return s.verified(outcome)
}

// classify returns the outcome of a request without recording it.
func (s *clusterState) classify(err error) outcome {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.verified(outcomeOf(err))
}

// verified accepts a refusal only while GET /version succeeds: every API server serves that.
func (s *clusterState) verified(outcome outcome) outcome {
	if (outcome == outcomeForbidden || outcome == outcomeNotFound) && !s.isHealthyLocked() {
		return outcomeFailed
	}
	return outcome
}

// recordHealthy takes that GET /version has succeeded. What has failed since shortly before GET /version did is requested
// again, and its failure does not count until then.
func (s *clusterState) recordHealthy(now time.Time) {
	outage, failing := s.failures[serverVersion]
	if failing {
		maps.DeleteFunc(s.failures, func(_ string, f failure) bool { return f.since.After(outage.since.Add(-s.gracePeriod)) })
	}
	if failing || s.lastAnswerTime.IsZero() {
		s.healthySince = now
		s.onRecovered()
	}
	s.lastAnswerTime = now
}

// lastAnswer is the last success of GET /version; zero before the first.
func (s *clusterState) lastAnswer() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.lastAnswerTime
}

// isHealthy tells whether the last GET /version has succeeded.
func (s *clusterState) isHealthy() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.isHealthyLocked()
}

func (s *clusterState) isHealthyLocked() bool {
	_, fails := s.failures[serverVersion]
	return !fails && !s.lastAnswerTime.IsZero()
}

// confirmForbidden records that the operator may not read a resource, and returns whether that is confirmed. What is known
// of an available resource is kept for the grace period: an API server that has just started may not know its
// permissions for a moment.
func (s *clusterState) confirmForbidden(name string) bool {
	if !s.isRefusalConfirmed(name) {
		return false
	}
	s.setStatus(name, resourceStatus{availability: forbidden})
	return true
}

// confirmAbsent records that the cluster does not serve a resource that every cluster has, and returns whether that is
// confirmed, as confirmForbidden does.
func (s *clusterState) confirmAbsent(name string) bool {
	if !s.isRefusalConfirmed(name) {
		return false
	}
	s.setAbsent(name)
	return true
}

// isRefusalConfirmed takes a refusal of a resource. It is confirmed at once where the resource is not available.
func (s *clusterState) isRefusalConfirmed(name string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	status := s.resources[name]
	if status == nil || status.availability != available {
		return true
	}
	if status.refusedSince.IsZero() {
		status.refusedSince = s.clock.Now()
		s.onRefused()
	}
	return s.isConfirmedLocked(status.refusedSince)
}

// isConfirmed tells whether a refusal that began then has lasted for the grace period.
func (s *clusterState) isConfirmed(since time.Time) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.isConfirmedLocked(since)
}

// isConfirmedLocked demands that GET /version succeeds all the while: what has come into the place of an API server may
// refuse everything.
func (s *clusterState) isConfirmedLocked(since time.Time) bool {
	isAnswered := s.isHealthyLocked() && !s.lastAnswerTime.Before(since)
	return isAnswered && s.clock.Since(since) >= s.gracePeriod && s.clock.Since(s.healthySince) >= s.gracePeriod
}

// problem is what has failed for the grace period. GET /version, which is requested all the time, tells whether the
// cluster can be reached: one resource that cannot be listed does not make it unreachable. Credentials that are refused
// for one resource are refused for all.
func (s *clusterState) problem() *facts.Problem {
	if failure, is := s.lastingFailure(serverVersion); is {
		return contact.ProblemOf(&contact.Failure{Reason: failure.reason})
	}
	if _, is := s.failures[serverVersion]; is {
		// It is about to last, and then it is the whole API server that does not answer.
		return nil
	}
	for _, name := range slices.Sorted(maps.Keys(s.failures)) {
		failure, is := s.lastingFailure(name)
		switch {
		case is && failure.reason == v1alpha1.ReasonUnauthorized:
			return contact.ProblemOf(&contact.Failure{Reason: failure.reason})
		case is:
			return contact.CannotList(name)
		}
	}
	return nil
}

func (s *clusterState) lastingFailure(name string) (failure, bool) {
	failure, is := s.failures[name]
	return failure, is && s.clock.Since(failure.since) >= s.gracePeriod
}
