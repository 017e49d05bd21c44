// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package observe

import (
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/d2iq-labs/support-policy-operator/internal/contact"
	"github.com/d2iq-labs/support-policy-operator/internal/detect"

	"github.com/d2iq-labs/support-policy-operator/internal/facts"

	"github.com/go-logr/logr"
	apiequality "k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/utils/clock"

	"github.com/d2iq-labs/support-policy-operator/api/v1alpha1"
)

// serverVersion is GET /version among the names of what is looked at.
const serverVersion = "version"

// alwaysLookedAt is what every cluster has, and is asked for at intervals.
func alwaysLookedAt() []string { return []string{serverVersion, detect.Nodes, detect.Namespaces} }

// world is what is known about the cluster. Those who look write to it, each about its own resource, and one reads.
type world struct {
	log      logr.Logger
	clock    clock.PassiveClock
	patience time.Duration
	// fleet tells that what describes other clusters is part of what is known.
	fleet bool
	// maxBytes bounds what is kept of all objects together.
	maxBytes int
	// signal tells that something may have changed.
	signal func()
	// doubt has GET /version asked: something is refused that was there, and it tells whether to believe that.
	doubt func()
	// recovered tells that GET /version is answered for the first time, or again: what has failed may be well, too. Neither
	// may ask the world.
	recovered func()

	mu sync.Mutex
	// looks are by name: one for everything that is looked at always, and for what the rules need once it was seen.
	looks      map[string]*look
	problems   map[string]problem
	kubernetes string
	clusterID  string
	nodes      nodesLook
	rules      []facts.DetectionRule
	// completed is set when the first snapshot is complete.
	completed bool
	// wellSince is from when on GET /version was answered without a failure between, and answered when it was last; zero
	// before the first time.
	wellSince, answered time.Time
	// outdated counts, by name, the answers in a row that what was asked for is gone.
	outdated map[string]int
	// installations are those of the last snapshot.
	installations []facts.Installation
}

// look is what became of looking at one resource.
type look struct {
	state lookState
	// items are nil in any state but seen.
	items *items
	// refusedSince is, in the state seen, from when on we may not look, or there is nothing to see; zero while all is well.
	refusedSince time.Time
}

type lookState string

const (
	// pending: no answer yet.
	pending lookState = "pending"
	// seen: known, and kept up to date.
	seen lookState = "seen"
	// absent: the cluster does not have the resource.
	absent lookState = "absent"
	// forbidden: the API server does not let us look.
	forbidden lookState = "forbidden"
)

// problem is a failure that goes on.
type problem struct {
	since time.Time
	// reason is that of the last one.
	reason string
}

// The bounds of what is kept of the objects of one cluster, as sizeOf has it. A thousand workloads take about 0.3 MiB,
// a fleet of a thousand clusters a few MiB.
const (
	maxWorldBytes = 4 << 20
	maxFleetBytes = 64 << 20
)

// maxOutdated is how often in a row it is no failure that what was asked for is gone. Asking anew helps at once.
const maxOutdated = 2

// newWorld takes options that have their defaults, and what to call when something may have changed.
func newWorld(options Options, signal func()) *world {
	w := &world{
		log:       options.Log,
		clock:     options.Clock,
		patience:  options.Patience,
		fleet:     options.Fleet,
		signal:    signal,
		maxBytes:  maxWorldBytes,
		doubt:     func() {},
		recovered: func() {},
		looks:     map[string]*look{},
		problems:  map[string]problem{},
		outdated:  map[string]int{},
	}
	for _, name := range alwaysLookedAt() {
		w.looks[name] = &look{state: pending}
	}
	for _, resource := range detect.CustomResources(options.Fleet) {
		w.looks[resource.Name] = &look{state: pending}
	}
	return w
}

// show makes the items of a resource what is known of it.
func (w *world) show(name string, items *items) { w.become(name, look{state: seen, items: items}) }

// sees tells whether the objects of a resource are known.
func (w *world) sees(name string) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.looks[name].state == seen
}

// miss tells that the cluster does not have the resource, nor any more what was wrong with it.
func (w *world) miss(name string) {
	w.heard(name, nil)
	w.become(name, look{state: absent})
}

// deny tells that we may not look. What was seen before is dropped, as it may be so no longer, but not at once: an API
// server that has just started may not know its permissions for a moment. It returns whether that is believed.
func (w *world) deny(name string) bool {
	if !w.isLasting(name) {
		return false
	}
	w.become(name, look{state: forbidden})
	return true
}

// lose tells, of a resource that every cluster has, that this one does not serve it. That is not believed at once either.
func (w *world) lose(name string) bool {
	if !w.isLasting(name) {
		return false
	}
	w.miss(name)
	return true
}

// isLasting tells whether we are refused for long enough, or have nothing to lose.
func (w *world) isLasting(name string) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	look := w.looks[name]
	if look == nil || look.state != seen {
		return true
	}
	if look.refusedSince.IsZero() {
		look.refusedSince = w.clock.Now()
		w.doubt()
	}
	return w.hasLasted(look.refusedSince)
}

// isBelieved tells whether a refusal that began then has lasted for long enough.
func (w *world) isBelieved(since time.Time) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.hasLasted(since)
}

// hasLasted demands that GET /version is answered all the while: something else in the place of the API server refuses
// everything.
func (w *world) hasLasted(since time.Time) bool {
	isAnswered := w.isWell() && !w.answered.Before(since)
	return isAnswered && w.clock.Since(since) >= w.patience && w.clock.Since(w.wellSince) >= w.patience
}

// isWell tells whether GET /version is answered at present.
func (w *world) isWell() bool {
	_, fails := w.problems[serverVersion]
	return !fails && !w.answered.IsZero()
}

// answers is isWell for others.
func (w *world) answers() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.isWell()
}

// hasRoom tells whether a resource of which that much is kept fits in with what is kept of all the others.
func (w *world) hasRoom(name string, bytes int) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	for other, look := range w.looks {
		if other != name && look.items != nil {
			bytes += int(look.items.bytes.Load())
		}
	}
	return bytes <= w.maxBytes
}

// weigh is heard without consequences.
func (w *world) weigh(err error) answer {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.believe(answerOf(err))
}

// believe takes a refusal for that only while GET /version is answered: every API server has that.
func (w *world) believe(answer answer) answer {
	if (answer == denied || answer == missing) && !w.isWell() {
		return failed
	}
	return answer
}

// forget tells that a resource is not looked at any more. Nobody may tell of it after that.
func (w *world) forget(name string) {
	defer w.signal()
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.looks, name)
	delete(w.problems, name)
	delete(w.outdated, name)
}

// find takes the rules, and returns whether they are others than before.
func (w *world) find(rules []facts.DetectionRule) (changed bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if apiequality.Semantic.DeepEqual(rules, w.rules) {
		return false
	}
	w.rules = nil
	for _, rule := range rules {
		w.rules = append(w.rules, facts.DetectionRule{Product: rule.Product, Detection: *rule.DeepCopy()})
	}
	return true
}

// asksForCharts tells whether a rule looks at workloads.
func (w *world) asksForCharts() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Contains(detect.ResourcesFor(w.rules), detect.Deployments)
}

func (w *world) become(name string, now look) {
	defer w.signal()
	w.mu.Lock()
	defer w.mu.Unlock()
	if before := w.stateOf(name); before != now.state {
		w.log.V(1).Info("Looked at a resource", "resource", name, "before", before, "now", now.state)
	}
	w.looks[name] = &now
}

// tellVersion takes the answer to GET /version; empty when the API server keeps it to itself.
func (w *world) tellVersion(gitVersion string) {
	w.mu.Lock()
	w.kubernetes = gitVersion
	w.mu.Unlock()
}

// tellClusterID takes what tells the cluster from others; empty when it is not known.
func (w *world) tellClusterID(id string) {
	w.mu.Lock()
	w.clusterID = id
	w.mu.Unlock()
}

// tellNodes takes what a look at the nodes has shown.
func (w *world) tellNodes(found nodesLook) {
	if found.status == nil {
		found.status = &v1alpha1.NodesStatus{}
	}
	w.mu.Lock()
	w.nodes = found
	w.mu.Unlock()
}

// heard takes the outcome of a request about a resource, and returns what to make of it. For the health of the API server
// any answer that is none of an error of its own is a good one.
func (w *world) heard(name string, err error) answer {
	defer w.signal()
	now := problem{since: w.clock.Now(), reason: contact.ReasonOf(err)}
	w.mu.Lock()
	defer w.mu.Unlock()
	answer := w.judge(name, err)
	if answer == failed {
		if before, known := w.problems[name]; known {
			now.since = before.since
		}
		w.problems[name] = now
		return answer
	}
	if name == serverVersion {
		w.recover(now.since)
	}
	delete(w.problems, name)
	return answer
}

// judge takes for a failure what no API server says of GET /version, and what is gone again and again (410).
func (w *world) judge(name string, err error) answer {
	answer := answerOf(err)
	if answer != outdated {
		delete(w.outdated, name)
	}
	switch {
	case name == serverVersion && (answer == missing || answer == outdated):
		return failed
	case name == serverVersion:
		return answer
	case answer == outdated:
		w.outdated[name]++
		if w.outdated[name] > maxOutdated {
			return failed
		}
	}
	return w.believe(answer)
}

// recover takes that GET /version is answered. What else went wrong while it was not, or just before, is asked again, and
// is no news until then.
func (w *world) recover(now time.Time) {
	outage, failing := w.problems[serverVersion]
	if failing {
		maps.DeleteFunc(w.problems, func(_ string, p problem) bool { return p.since.After(outage.since.Add(-w.patience)) })
	}
	if failing || w.answered.IsZero() {
		w.wellSince = now
		w.recovered()
	}
	w.answered = now
}

func (w *world) lastAnswer() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.answered
}

// snapshot judges what is known.
func (w *world) snapshot() Snapshot {
	w.mu.Lock()
	defer w.mu.Unlock()
	objects := detect.NewInput(w.objects, w.forbidden(), w.nodes.label, w.rules)
	w.installations = w.keepUnseen(detect.Installations(objects))
	w.completed = w.completed || w.complete()
	snapshot := Snapshot{
		Facts: facts.Facts{
			KubernetesVersion: w.kubernetes,
			ClusterID:         w.clusterID,
			Installations:     w.installations,
			Components:        detect.Components(objects),
			Nodes:             w.nodes.status,
		},
		Complete: w.completed,
		Problem:  w.problem(),
	}
	if w.fleet {
		snapshot.Fleet = detect.NewHubDescription(w.objects, w.forbidden())
	}
	return snapshot.clone()
}

// keepUnseen adds, of the products whose rules look at something that was not seen yet, the installations that were known
// before: while a rule changes, what the new one is about to find is not gone.
func (w *world) keepUnseen(found []facts.Installation) []facts.Installation {
	for _, product := range detect.ProductsOf(w.rules) {
		if !slices.ContainsFunc(detect.ResourcesFor(detect.RulesFor(product, w.rules)), w.isPending) {
			continue
		}
		for _, known := range w.installations {
			isKnown := func(f facts.Installation) bool { return f.Product == product && f.Name == known.Name }
			if known.Product == product && !slices.ContainsFunc(found, isKnown) {
				found = append(found, known)
			}
		}
	}
	return detect.SortInstallations(found)
}

// objects are what is kept of the objects of a resource.
func (w *world) objects(name string) []any { return w.itemsOf(name).all() }

// forbidden are the resources that we may not look at.
func (w *world) forbidden() []string {
	var names []string
	for _, name := range slices.Sorted(maps.Keys(w.looks)) {
		if w.looks[name].state == forbidden {
			names = append(names, name)
		}
	}
	return names
}

// itemsOf are nil for what is not looked at.
func (w *world) itemsOf(name string) *items {
	if look := w.looks[name]; look != nil {
		return look.items
	}
	return nil
}

// stateOf is pending for what is not looked at yet.
func (w *world) stateOf(name string) lookState {
	if look := w.looks[name]; look != nil {
		return look.state
	}
	return pending
}

func (w *world) isPending(name string) bool { return w.stateOf(name) == pending }

// complete tells whether all that is looked at, and all that the rules need, has been seen.
func (w *world) complete() bool {
	for name := range w.looks {
		if w.isPending(name) {
			return false
		}
	}
	return !slices.ContainsFunc(detect.ResourcesFor(w.rules), w.isPending)
}

// problem is what goes wrong for too long. Whether the cluster can be reached is for GET /version to tell, which is asked
// all the time: one resource that cannot be listed does not make a cluster unreachable. Credentials that are refused for
// one resource are refused for all.
func (w *world) problem() *facts.Problem {
	told := func(reason string) *facts.Problem {
		return &facts.Problem{Reason: reason, Message: contact.Sentence(reason)}
	}
	if problem, is := w.lasting(serverVersion); is {
		return told(problem.reason)
	}
	if _, is := w.problems[serverVersion]; is {
		// It is about to last, and then it is the whole API server that does not answer.
		return nil
	}
	for _, name := range slices.Sorted(maps.Keys(w.problems)) {
		problem, is := w.lasting(name)
		switch {
		case is && problem.reason == v1alpha1.ReasonUnauthorized:
			return told(problem.reason)
		case is:
			return contact.CannotList(name)
		}
	}
	return nil
}

func (w *world) lasting(name string) (problem, bool) {
	problem, is := w.problems[name]
	return problem, is && w.clock.Since(problem.since) >= w.patience
}
