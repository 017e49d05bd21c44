package observe

import (
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/go-logr/logr"
	"k8s.io/utils/clock"

	"github.com/d2iq-labs/support-policy-operator/internal/support"
)

// serverVersion is GET /version among the names of what is looked at.
const serverVersion = "version"

// world is what is known about the cluster. Those who look write to it, each about its own resource, and one reads.
type world struct {
	log      logr.Logger
	clock    clock.PassiveClock
	patience time.Duration
	// news has something in it when something may have changed since it was read last.
	news chan struct{}

	mu sync.Mutex
	// looks are by name: one for everything that there is to look at.
	looks      map[string]*look
	problems   map[string]problem
	kubernetes string
	nodeLabel  string
}

// look is what became of looking at one resource.
type look struct {
	state lookState
	// items are nil in any state but seen.
	items *items
	// deniedSince is, in the state seen, from when on we may not look; zero while we may.
	deniedSince time.Time
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
	last  error
}

func newWorld(log logr.Logger, clock clock.PassiveClock, patience time.Duration, names []string) *world {
	w := &world{
		log:      log,
		clock:    clock,
		patience: patience,
		news:     make(chan struct{}, 1),
		looks:    map[string]*look{},
		problems: map[string]problem{},
	}
	for _, name := range names {
		w.looks[name] = &look{state: pending}
	}
	return w
}

// signal wakes the reader.
func (w *world) signal() { poke(w.news) }

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
	if !w.lastingDenial(name) {
		return false
	}
	w.become(name, look{state: forbidden})
	return true
}

func (w *world) lastingDenial(name string) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	look := w.looks[name]
	if look.state != seen {
		return true
	}
	if look.deniedSince.IsZero() {
		look.deniedSince = w.clock.Now()
	}
	return w.clock.Since(look.deniedSince) >= w.patience
}

func (w *world) become(name string, now look) {
	defer w.signal()
	w.mu.Lock()
	defer w.mu.Unlock()
	if before := w.looks[name]; before.state != now.state {
		w.log.V(1).Info("Looked at a resource", "resource", name, "before", before.state, "now", now.state)
	}
	w.looks[name] = &now
}

// tellVersion takes the answer to GET /version; empty when the API server keeps it to itself.
func (w *world) tellVersion(gitVersion string) {
	w.mu.Lock()
	w.kubernetes = gitVersion
	w.mu.Unlock()
}

// tellNodes takes the label of Konvoy that nodes carry; empty when none does.
func (w *world) tellNodes(label string) {
	w.mu.Lock()
	w.nodeLabel = label
	w.mu.Unlock()
}

// heard takes the outcome of a request about a resource, as far as it is about the health of the API server: any answer
// that is none of an error of its own is a good one.
func (w *world) heard(name string, err error) {
	defer w.signal()
	w.mu.Lock()
	defer w.mu.Unlock()
	if answerOf(err) != failed {
		delete(w.problems, name)
		return
	}
	since := w.clock.Now()
	if before, known := w.problems[name]; known {
		since = before.since
	}
	w.problems[name] = problem{since: since, last: err}
}

// snapshot judges what is known.
func (w *world) snapshot() Snapshot {
	w.mu.Lock()
	defer w.mu.Unlock()
	return Snapshot{
		Facts: support.Facts{
			KubernetesVersion: w.kubernetes,
			Installations:     Detect(w.objects()),
		},
		Complete: w.complete(),
		Err:      w.contactError(),
	}
}

func (w *world) objects() Objects {
	objects := Objects{
		ClusterAddons:  all[Addon](w.looks[ClusterAddons].items),
		Addons:         all[Addon](w.looks[Addons].items),
		KonvoyClusters: all[KonvoyCluster](w.looks[KonvoyClusters].items),
		HelmReleases:   all[HelmRelease](w.looks[HelmReleases].items),
		KommanderCores: all[KommanderCore](w.looks[KommanderCores].items),
		NodeLabel:      w.nodeLabel,
	}
	for _, name := range slices.Sorted(maps.Keys(w.looks)) {
		if w.looks[name].state == forbidden {
			objects.Forbidden = append(objects.Forbidden, name)
		}
	}
	return objects
}

func (w *world) complete() bool {
	for _, look := range w.looks {
		if look.state == pending {
			return false
		}
	}
	return true
}

// contactError is what goes wrong for too long. Whether the cluster can be reached is for GET /version to tell, which is
// asked all the time: one resource that cannot be listed does not make a cluster unreachable.
func (w *world) contactError() *ContactError {
	if problem, is := w.lasting(serverVersion); is {
		return &ContactError{Reason: reasonOf(problem.last), cause: problem.last}
	}
	for _, name := range slices.Sorted(maps.Keys(w.problems)) {
		if problem, is := w.lasting(name); is {
			return &ContactError{Reason: Failing, Object: name, cause: problem.last}
		}
	}
	return nil
}

func (w *world) lasting(name string) (problem, bool) {
	problem, is := w.problems[name]
	return problem, is && w.clock.Since(problem.since) >= w.patience
}
