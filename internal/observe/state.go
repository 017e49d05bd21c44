// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package observe

import (
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/go-logr/logr"
	apiequality "k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/utils/clock"

	"github.com/d2iq-labs/support-policy-operator/api/v1alpha1"
	"github.com/d2iq-labs/support-policy-operator/internal/detect"
	"github.com/d2iq-labs/support-policy-operator/internal/facts"
)

// serverVersion is the name of GET /version among those of the resources.
const serverVersion = "version"

// probedResources are what every cluster has, and what probes read.
func probedResources() []string { return []string{serverVersion, detect.Nodes, detect.Namespaces} }

// The bounds of what is kept of the objects of one cluster, as sizeOf has it. A thousand workloads take about 0.3 MiB,
// a fleet of a thousand clusters a few MiB.
const (
	maxClusterBytes = 4 << 20
	maxHubBytes     = 64 << 20
)

// clusterState is what is known about the cluster. Probes and reflectors write to it, each about its own resource; the
// snapshot is made of it.
type clusterState struct {
	log         logr.Logger
	clock       clock.PassiveClock
	gracePeriod time.Duration
	// hubDescription tells that what describes other clusters is part of what is known.
	hubDescription bool
	// maxBytes bounds what is kept of all objects together.
	maxBytes int
	// onChanged is called when something may have changed.
	onChanged func()
	// onRefused is called when something is refused that was there: GET /version tells whether the API server is healthy.
	onRefused func()
	// onRecovered is called when GET /version succeeds for the first time, or again: what has failed may succeed, too.
	// Like onRefused it is called with the lock held, and must not read the state.
	onRecovered func()

	mu sync.Mutex
	// resources are by name: all that is probed or watched.
	resources map[string]*resourceStatus
	// failures are by name: those that go on.
	failures map[string]failure
	// expired counts, by name, the answers in a row that what was asked for is gone (410).
	expired    map[string]int
	kubernetes string
	clusterID  string
	nodes      nodeSummary
	rules      []facts.DetectionRule
	// completed is set when the first snapshot is complete.
	completed bool
	// healthySince is the first success of GET /version after the last failure, and lastAnswerTime the last success; zero
	// before the first.
	healthySince, lastAnswerTime time.Time
	// installations are those of the last snapshot.
	installations []facts.Installation
}

// resourceStatus is what is known of one resource.
type resourceStatus struct {
	availability availability
	// store is nil unless the resource is watched and available.
	store *store
	// refusedSince is, of an available resource, the first refusal (403, 404) after the last success; zero while there is
	// none.
	refusedSince time.Time
}

type availability string

const (
	// pending: no answer yet.
	pending availability = "pending"
	// available: read, and kept up to date.
	available availability = "available"
	// absent: the cluster does not have the resource.
	absent availability = "absent"
	// forbidden: the API server does not let the operator read it.
	forbidden availability = "forbidden"
)

// newClusterState takes options that have their defaults.
func newClusterState(options Options, onChanged func()) *clusterState {
	s := &clusterState{
		log:            options.Log,
		clock:          options.Clock,
		gracePeriod:    options.GracePeriod,
		hubDescription: options.HubDescription,
		maxBytes:       maxClusterBytes,
		onChanged:      onChanged,
		onRefused:      func() {},
		onRecovered:    func() {},
		resources:      map[string]*resourceStatus{},
		failures:       map[string]failure{},
		expired:        map[string]int{},
	}
	if options.HubDescription {
		s.maxBytes = maxHubBytes
	}
	for _, name := range probedResources() {
		s.resources[name] = &resourceStatus{availability: pending}
	}
	for _, resource := range detect.CustomResources(options.HubDescription) {
		s.resources[resource.Name] = &resourceStatus{availability: pending}
	}
	return s
}

// setAvailable records that a resource is read, and where its objects are kept; nil for one that is probed.
func (s *clusterState) setAvailable(name string, store *store) {
	s.setStatus(name, resourceStatus{availability: available, store: store})
}

// setAbsent records that the cluster does not have a resource. An earlier failure is over.
func (s *clusterState) setAbsent(name string) {
	s.record(name, nil)
	s.setStatus(name, resourceStatus{availability: absent})
}

func (s *clusterState) setStatus(name string, status resourceStatus) {
	defer s.onChanged()
	s.mu.Lock()
	defer s.mu.Unlock()
	if before := s.availabilityOf(name); before != status.availability {
		s.log.V(1).Info("The availability of a resource has changed", "resource", name, "before", before, "now", status.availability)
	}
	s.resources[name] = &status
}

// remove forgets a resource that is not watched any more. Nothing may be recorded of it after that.
func (s *clusterState) remove(name string) {
	defer s.onChanged()
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.resources, name)
	delete(s.failures, name)
	delete(s.expired, name)
}

// isAvailable tells whether the objects of a resource are known.
func (s *clusterState) isAvailable(name string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.availabilityOf(name) == available
}

// hasRoom tells whether so many bytes of a resource fit in with what is kept of all others.
func (s *clusterState) hasRoom(name string, bytes int) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	for other, status := range s.resources {
		if other != name && status.store != nil {
			bytes += int(status.store.bytes.Load())
		}
	}
	return bytes <= s.maxBytes
}

// setRules replaces the rules, and returns whether they differ from those before.
func (s *clusterState) setRules(rules []facts.DetectionRule) (changed bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if apiequality.Semantic.DeepEqual(rules, s.rules) {
		return false
	}
	s.rules = nil
	for _, rule := range rules {
		s.rules = append(s.rules, facts.DetectionRule{Product: rule.Product, Detection: *rule.DeepCopy()})
	}
	return true
}

// needsWorkloads tells whether a rule is about workloads.
func (s *clusterState) needsWorkloads() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Contains(detect.ResourcesFor(s.rules), detect.Deployments)
}

// setVersion sets the version of Kubernetes; empty when the operator may not read it.
func (s *clusterState) setVersion(gitVersion string) {
	s.mu.Lock()
	s.kubernetes = gitVersion
	s.mu.Unlock()
}

// setClusterID sets the identity of the cluster; empty when it is not known.
func (s *clusterState) setClusterID(id string) {
	s.mu.Lock()
	s.clusterID = id
	s.mu.Unlock()
}

// setNodes sets what is known of the nodes; the zero value when the operator may not list them.
func (s *clusterState) setNodes(nodes nodeSummary) {
	if nodes.status == nil {
		nodes.status = &v1alpha1.NodesStatus{}
	}
	s.mu.Lock()
	s.nodes = nodes
	s.mu.Unlock()
}

// objects are what is kept of the objects of a resource.
func (s *clusterState) objects(name string) []any {
	if status := s.resources[name]; status != nil && status.store != nil {
		return status.store.list()
	}
	return nil
}

// forbidden are the resources that the operator may not read.
func (s *clusterState) forbidden() []string {
	var names []string
	for _, name := range slices.Sorted(maps.Keys(s.resources)) {
		if s.resources[name].availability == forbidden {
			names = append(names, name)
		}
	}
	return names
}

// availabilityOf is pending for a resource of which nothing is recorded.
func (s *clusterState) availabilityOf(name string) availability {
	if status := s.resources[name]; status != nil {
		return status.availability
	}
	return pending
}

func (s *clusterState) isPending(name string) bool { return s.availabilityOf(name) == pending }

// isComplete tells whether there was an answer about all that is probed or watched, and all that the rules need.
func (s *clusterState) isComplete() bool {
	for name := range s.resources {
		if s.isPending(name) {
			return false
		}
	}
	return !slices.ContainsFunc(detect.ResourcesFor(s.rules), s.isPending)
}
