// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package support

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"sort"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/api/equality"

	"github.com/d2iq-labs/support-policy-operator/api/v1alpha1"
	"github.com/d2iq-labs/support-policy-operator/internal/facts"
	"github.com/d2iq-labs/support-policy-operator/test/calendar"
)

// These tests compare the engine with an oracle that is written from the meaning of the window and not from the engine:
// it asks at one instant after the other which minors are on the list, and knows no spans.

// randomSeed chooses the random lists. Every failure prints the seed of its own list.
const randomSeed = 20210505

// iterations is how often a property is tried: a tenth of all with -short.
func iterations(all uint64) uint64 {
	if testing.Short() {
		return max(all/10, 1)
	}
	return all
}

// truth is one minor as the oracle sees it.
type truth struct {
	minor                           facts.Minor
	ga, planned, through, withdrawn string
	// patches are the days of final patches, candidates those of prereleases.
	patches, candidates []string
}

// oracle answers by looking at the whole list at one instant.
type oracle struct {
	zone   *time.Location
	window int
	warns  int
	list   []truth
}

// walked remembers, by zone and day, the first instant of the day, found minute by minute; zero when the day was skipped.
var walked sync.Map

func walkedStart(zone *time.Location, d facts.Day) time.Time {
	key := zone.String() + d.String()
	if known, _ := walked.Load(key); known != nil {
		if instant, ok := known.(time.Time); ok {
			return instant
		}
	}
	instant, _ := calendar.StartOfDay(time.Date(d.Year, d.Month, d.Day, 0, 0, 0, 0, time.UTC), zone)
	walked.Store(key, instant)
	return instant
}

// start is the beginning of a day, or of the next one that was not skipped.
func (o *oracle) start(text string) time.Time {
	next, err := time.Parse(time.DateOnly, text)
	if err != nil {
		panic(err)
	}
	for walkedStart(o.zone, facts.DayOf(next)).IsZero() {
		next = next.AddDate(0, 0, 1)
	}
	return walkedStart(o.zone, facts.DayOf(next))
}

// afterDay is the first instant after a day.
func (o *oracle) afterDay(text string) time.Time {
	parsed, err := time.Parse(time.DateOnly, text)
	if err != nil {
		panic(err)
	}
	return o.start(parsed.AddDate(0, 0, 1).Format(time.DateOnly))
}

func (o *oracle) reached(text string, at time.Time) bool {
	return text != "" && !at.Before(o.start(text))
}

// out tells whether a minor is known to be out at an instant, with the plans that lay ahead of now taken for facts.
func (o *oracle) out(i int, at, now time.Time) bool {
	m := &o.list[i]
	switch {
	case m.ga != "":
		return o.reached(m.ga, at)
	case m.planned != "":
		return o.start(m.planned).After(now) && o.reached(m.planned, at)
	}
	// The day is unknown: one of its patches proves it, or a newer minor with a day does.
	for j := range o.list {
		other := &o.list[j]
		if other.minor.Compare(m.minor) > 0 && o.reached(other.ga, at) {
			return true
		}
		if other.minor.Compare(m.minor) >= 0 && other.ga == "" && other.planned == "" {
			for _, day := range other.patches {
				if o.reached(day, at) {
					return true
				}
			}
		}
	}
	return false
}

// usable tells whether an installed final version of the minor is no contradiction: it is out, or came out some time.
func (o *oracle) usable(i int, at, now time.Time) bool {
	if m := &o.list[i]; m.ga == "" && m.planned == "" {
		return o.out(i, o.end(), now)
	}
	return o.out(i, at, now)
}

// end lies behind everything.
func (o *oracle) end() time.Time { return time.Date(2100, 1, 1, 0, 0, 0, 0, time.UTC) }

// supported takes the newest of the list.
func (o *oracle) supported(i int, at, now time.Time) bool {
	own := &o.list[i]
	if !o.usable(i, at, now) || o.reached(own.withdrawn, at) {
		return false
	}
	if own.through != "" {
		return at.Before(o.afterDay(own.through))
	}
	onList := []facts.Minor{own.minor}
	for j := range o.list {
		if j != i && o.out(j, at, now) && !o.reached(o.list[j].withdrawn, at) {
			onList = append(onList, o.list[j].minor)
		}
	}
	sort.Slice(onList, func(a, b int) bool { return onList[a].Compare(onList[b]) > 0 })
	return slices.Contains(onList[:min(o.window, len(onList))], own.minor)
}

// changes are all instants at which anything can happen.
func (o *oracle) changes() []time.Time {
	var all []time.Time
	for i := range o.list {
		m := &o.list[i]
		for _, day := range append([]string{m.ga, m.planned, m.withdrawn}, m.patches...) {
			if day != "" {
				all = append(all, o.start(day))
			}
		}
		if m.through != "" {
			all = append(all, o.afterDay(m.through))
		}
	}
	sort.Slice(all, func(a, b int) bool { return all[a].Before(all[b]) })
	return all
}

// prediction is what the oracle says about an installed final version: its state, the end of its support, and whether a
// warning is due.
type prediction struct {
	State  v1alpha1.State
	End    string
	Warned bool
}

func (o *oracle) foresee(i int, now time.Time) prediction {
	if !o.usable(i, now, now) && !o.reached(o.list[i].withdrawn, now) {
		return prediction{State: v1alpha1.StateUnknown}
	}
	var end time.Time
	if o.supported(i, now, now) {
		for _, change := range o.changes() {
			if change.After(now) && !o.supported(i, change, now) {
				end = change
				break
			}
		}
		if end.IsZero() {
			return prediction{State: v1alpha1.StateSupported}
		}
		lastDay := end.In(o.zone)
		from := time.Date(lastDay.Year(), lastDay.Month(), lastDay.Day()-o.warns, 0, 0, 0, 0, time.UTC).Format(time.DateOnly)
		return prediction{v1alpha1.StateSupported, instantText(end), !now.Before(o.start(from))}
	}
	for _, change := range o.changes() {
		if !change.After(now) && o.supported(i, justBefore(change), now) && !o.supported(i, change, now) {
			end = change
		}
	}
	if end.IsZero() && o.list[i].withdrawn != "" && o.reached(o.list[i].withdrawn, now) {
		end = o.start(o.list[i].withdrawn)
	}
	return prediction{State: v1alpha1.StateUnsupported, End: instantText(end)}
}

// eras are stretches of days in zones, with something odd in most of them.
var eras = []struct{ zone, from string }{
	{"Etc/UTC", "2021-02-20"},
	{"Pacific/Apia", "2011-12-10"},
	{"America/Sao_Paulo", "2018-10-20"},
	{"America/Havana", "2021-10-20"},
	{"Europe/Berlin", "2021-03-10"},
	{"America/St_Johns", "2009-10-15"},
}

// eraDays is how many days the lists of an era can name: few, so that much coincides.
const eraDays = 40

// randomList makes a policy and the oracle that knows it.
func randomList(t *testing.T, rng *rand.Rand, name string) (policyBuilder, *oracle) {
	t.Helper()
	era := eras[rng.IntN(len(eras))]
	from := at(era.from)
	o := &oracle{zone: calendar.Zone(t, era.zone), window: 1 + rng.IntN(4), warns: rng.IntN(13)}
	someDay := func() string {
		for {
			d := facts.DayOf(from.AddDate(0, 0, rng.IntN(eraDays)))
			if !walkedStart(o.zone, d).IsZero() {
				return d.String()
			}
		}
	}
	sometimes := func(percent int) string {
		if rng.IntN(100) < percent {
			return someDay()
		}
		return ""
	}
	for _, numbers := range [][2]uint64{{1, 2}, {1, 3}, {1, 4}, {1, 9}, {1, 10}, {2, 0}, {2, 1}} {
		minor := facts.Minor{Major: numbers[0], Minor: numbers[1]}
		if rng.IntN(4) == 0 {
			continue
		}
		m := truth{minor: minor, through: sometimes(15), withdrawn: sometimes(15)}
		switch rng.IntN(6) {
		case 0:
		case 1:
			m.planned = someDay()
		default:
			m.ga = someDay()
			// A minor that ends before it came out is refused.
			m.through, m.withdrawn = max(m.ga, m.through), max(m.ga, m.withdrawn)
			if rng.IntN(2) == 0 {
				m.through = ""
			}
			if rng.IntN(2) == 0 {
				m.withdrawn = ""
			}
		}
		if m.planned == "" {
			for range rng.IntN(3) {
				m.patches = append(m.patches, someDay())
			}
		}
		if rng.IntN(3) == 0 {
			m.candidates = append(m.candidates, someDay())
		}
		o.list = append(o.list, m)
	}
	rng.Shuffle(len(o.list), func(a, b int) { o.list[a], o.list[b] = o.list[b], o.list[a] })
	b := policy(name).zone(era.zone).window(int32(o.window)).warns(int32(o.warns))
	for i := range o.list {
		m := &o.list[i]
		options := []func(*v1alpha1.Release){ga(m.ga), planned(m.planned), through(m.through), withdrawn(m.withdrawn)}
		for p, day := range m.patches {
			options = append(options, patched(fmt.Sprintf("%s.%d", m.minor, p), dated(day)))
		}
		for c, day := range m.candidates {
			options = append(options, patched(fmt.Sprintf("%s.0-rc.%d", m.minor, c+1), dated(day)))
		}
		b = b.minor(m.minor.String(), options...)
	}
	return b, o
}

// someInstant lies around the era: the edges of days above all.
func (o *oracle) someInstant(rng *rand.Rand, changes []time.Time) time.Time {
	if len(changes) == 0 {
		return at("2015-06-01")
	}
	instant := changes[rng.IntN(len(changes))]
	switch rng.IntN(4) {
	case 0:
		return justBefore(instant)
	case 1:
		return instant.Add(time.Duration(rng.Int64N(int64(72*time.Hour))) - 36*time.Hour)
	default:
		return instant
	}
}

// everyMinor is a cluster with the first version of each minor of a list.
func (o *oracle) everyMinor(product string) clusterBuilder {
	c := cluster().on("v1.19.9")
	for i := range o.list {
		minor := o.list[i].minor.String()
		c = c.with(found(product, minor, sign(v1alpha1.SourceAnnotation, minor+".0")))
	}
	return c
}

func TestWindowAgainstOracle(t *testing.T) {
	t.Parallel()
	for i := range iterations(1500) {
		rng := rand.New(rand.NewPCG(randomSeed, i))
		b, o := randomList(t, rng, "kommander")
		s := validSet(t, b)
		c := o.everyMinor(facts.Kommander)
		changes := o.changes()
		for range 4 {
			now := o.someInstant(rng, changes)
			assessment := s.assess(c.evaluationInput, now)
			want, got := map[string]prediction{}, map[string]prediction{}
			for j := range o.list {
				want[o.list[j].minor.String()] = o.foresee(j, now)
			}
			for _, row := range assessment.Releases {
				warned := messageOf(row, v1alpha1.ReasonSupportEndsSoon) != ""
				got[row.Name] = prediction{row.State, endText(row.SupportEndTime), warned}
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Fatalf("list %d at %s: (-oracle +engine):\n%s\nzone %s, window %d, %d days, %+v", i, now.Format(time.RFC3339Nano), diff,
					o.zone, o.window, o.warns, o.list)
			}
		}
	}
}

// TestListedAgainstOracle compares a list without a window with what the words say: what is out is supported until it is
// withdrawn or its own last day has passed.
func TestListedAgainstOracle(t *testing.T) {
	t.Parallel()
	for i := range iterations(600) {
		rng := rand.New(rand.NewPCG(randomSeed+7, i))
		b, o := randomList(t, rng, facts.Cassandra)
		s := validSet(t, b.edit(func(spec *v1alpha1.SupportPolicySpec) {
			spec.Lifecycle = v1alpha1.Lifecycle{Listed: &v1alpha1.ListedLifecycle{}}
		}))
		for range 3 {
			now := o.someInstant(rng, o.changes())
			want, got := map[string]prediction{}, map[string]prediction{}
			for j := range o.list {
				want[o.list[j].minor.String()] = o.foreseeListed(j, now)
			}
			for _, row := range s.assess(o.everyMinor(facts.Cassandra).evaluationInput, now).Releases {
				got[row.Name] = prediction{State: row.State, End: endText(row.SupportEndTime)}
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Fatalf("list %d at %s: (-oracle +engine):\n%s\nzone %s, %+v", i, now.Format(time.RFC3339Nano), diff, o.zone, o.list)
			}
		}
	}
}

func (o *oracle) foreseeListed(i int, now time.Time) prediction {
	m := &o.list[i]
	var end time.Time
	if m.through != "" {
		end = o.afterDay(m.through)
	}
	if m.withdrawn != "" && (end.IsZero() || m.planned != "" || o.start(m.withdrawn).Before(end)) {
		end = o.start(m.withdrawn)
	}
	text := instantText(end)
	switch {
	case o.reached(m.withdrawn, now):
		return prediction{State: v1alpha1.StateUnsupported, End: text}
	case m.planned != "", m.ga != "" && !o.reached(m.ga, now):
		return prediction{State: v1alpha1.StateUnknown}
	case !end.IsZero() && !now.Before(end):
		return prediction{State: v1alpha1.StateUnsupported, End: text}
	}
	return prediction{State: v1alpha1.StateSupported, End: text}
}

// TestDescribeAgainstOracle compares the stages of all minors.
func TestDescribeAgainstOracle(t *testing.T) {
	t.Parallel()
	for i := range iterations(600) {
		rng := rand.New(rand.NewPCG(randomSeed+1, i))
		b, o := randomList(t, rng, "kommander")
		s := validSet(t, b)
		now := o.someInstant(rng, o.changes())
		description := s.describePolicyAt(s.policies[0], now)
		want, got := map[string]string{}, map[string]string{}
		for j := range o.list {
			one := o.foresee(j, now)
			stage := v1alpha1.StageEnded
			switch {
			case one.State == v1alpha1.StateUnknown:
				stage = v1alpha1.StagePlanned
			case o.reached(o.list[j].withdrawn, now):
				stage = v1alpha1.StageWithdrawn
			case one.State == v1alpha1.StateSupported:
				stage = v1alpha1.StageSupported
				newer := 0
				for k := range o.list {
					if o.list[k].minor.Compare(o.list[j].minor) > 0 && o.out(k, now, now) && !o.reached(o.list[k].withdrawn, now) {
						newer++
					}
				}
				if newer == o.window-1 && o.list[j].through == "" {
					stage = v1alpha1.StageLastInWindow
				}
			}
			want[o.list[j].minor.String()] = string(stage) + " " + one.End
		}
		for _, r := range description.Releases {
			got[r.Version] = string(r.Stage) + " " + endText(r.SupportEndTime)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("list %d at %s: (-oracle +engine):\n%s\nzone %s, window %d, %+v", i, now.Format(time.RFC3339Nano), diff, o.zone, o.window, o.list)
		}
	}
}

// world is a random set of policies that rest on each other, and a cluster on which all of them speak.
type world struct {
	builders   []policyBuilder
	exceptions []exceptionBuilder
	cluster    clusterBuilder
	from       time.Time
}

// set has the policies and the exceptions.
func (w world) set(t *testing.T) *Set {
	t.Helper()
	return validSet(t, w.builders...).excepting(w.exceptions...)
}

// randomExceptions end within the days that the lists name, and warn before.
func randomExceptions(t *testing.T, rng *rand.Rand, from time.Time) []exceptionBuilder {
	t.Helper()
	var all []exceptionBuilder
	for i := range rng.IntN(8) {
		product := []string{facts.Konvoy, facts.Kommander, facts.BasePlatformServices, facts.Kubernetes, facts.Cassandra}[rng.IntN(5)]
		zone := eras[rng.IntN(len(eras))].zone
		last := facts.DayOf(from.AddDate(0, 0, rng.IntN(eraDays)))
		if walkedStart(calendar.Zone(t, zone), last).IsZero() {
			last = last.Plus(1)
		}
		one := exception(fmt.Sprintf("e%d", i), product, last.String()).zone(zone).warns(int32(rng.IntN(13)))
		if rng.IntN(2) == 0 {
			one = one.covering("1.2.x", "1.9.0", "1.19.x", "stable-1.19-2.0.0")
		}
		all = append(all, one)
	}
	return all
}

func randomWorld(t *testing.T, rng *rand.Rand) world {
	t.Helper()
	first, o := randomList(t, rng, "konvoy")
	second, other := randomList(t, rng, "kommander")
	first = first.edit(func(spec *v1alpha1.SupportPolicySpec) {
		for i := range spec.Releases {
			low := 16 + rng.IntN(4)
			spec.Releases[i].Kubernetes = rangeSpec([]string{fmt.Sprintf("1.%d", low), fmt.Sprintf("1.%d.x", low+rng.IntN(3))})
		}
	})
	listed, third := randomList(t, rng, facts.Cassandra)
	listed = listed.edit(func(spec *v1alpha1.SupportPolicySpec) {
		spec.Lifecycle = v1alpha1.Lifecycle{Listed: &v1alpha1.ListedLifecycle{}}
	}).experimental("istio")
	days := int32(rng.IntN(13))
	tags, _ := randomList(t, rng, "bps")
	tags = tags.edit(func(spec *v1alpha1.SupportPolicySpec) {
		spec.Lifecycle = v1alpha1.Lifecycle{Follows: &v1alpha1.FollowsLifecycle{Product: facts.Kubernetes}}
	})
	c := cluster().on(fmt.Sprintf("v1.%d.%d", 15+rng.IntN(8), rng.IntN(10))).
		with(o.everyMinor(facts.Konvoy).Facts.Installations...).
		with(other.everyMinor(facts.Kommander).Facts.Installations...).
		with(third.everyMinor(facts.Cassandra).Facts.Installations...).containing("istio", "", "").
		with(bps(fmt.Sprintf("stable-1.%d-1.%d.0", 15+rng.IntN(8), 2+rng.IntN(3)), "stable-1.19-2.0.0"))
	if rng.IntN(3) == 0 {
		c = c.in(v1alpha1.EnvironmentProduction)
	}
	from := at(eras[rng.IntN(len(eras))].from)
	return world{
		builders:   []policyBuilder{first, second, tags, listed, kubernetesOf(facts.Konvoy).warns(days).zone(eras[rng.IntN(len(eras))].zone)},
		exceptions: randomExceptions(t, rng, from),
		cluster:    c,
		from:       from,
	}
}

// probes are instants so close to each other that no change can hide between two of them: the beginnings of all days of
// all zones in the era, and the instants before.
func probes(t *testing.T, from time.Time) []time.Time {
	t.Helper()
	var all []time.Time
	for i := range eras {
		zone := calendar.Zone(t, eras[i].zone)
		for d := facts.DayOf(from.AddDate(0, 0, -15)); d != facts.DayOf(from.AddDate(0, 0, eraDays+3)); d = d.Plus(1) {
			if start := walkedStart(zone, d); !start.IsZero() {
				all = append(all, start, justBefore(start))
			}
		}
	}
	slices.SortFunc(all, time.Time.Compare)
	return slices.CompactFunc(all, time.Time.Equal)
}

// TestNextInstant walks through time probe by probe: nothing changes before the next instant that an evaluation returns,
// and something does at it.
func TestNextInstant(t *testing.T) {
	t.Parallel()
	cache := map[time.Time][]time.Time{}
	for i := range iterations(6) {
		rng := rand.New(rand.NewPCG(randomSeed+2, i))
		w := randomWorld(t, rng)
		s := w.set(t)
		if cache[w.from] == nil {
			cache[w.from] = probes(t, w.from)
		}
		all := cache[w.from]
		assessment, next := s.evaluate(w.cluster.evaluationInput, all[0].Add(-time.Hour))
		for _, probe := range all {
			seen := s.assess(w.cluster.evaluationInput, probe)
			same := equality.Semantic.DeepEqual(assessment, seen)
			switch reached := !next.IsZero() && !probe.Before(next); {
			case !reached && !same:
				t.Fatalf("world %d: changed at %s, next was %s:\n%s", i, probe.Format(time.RFC3339Nano), next, cmp.Diff(assessment, seen))
			case reached && !probe.Equal(next):
				t.Fatalf("world %d: %s is no beginning of a day: next after %s", i, next.Format(time.RFC3339Nano), probe)
			case reached && same:
				t.Fatalf("world %d: nothing changed at %s", i, next)
			case reached:
				assessment, next = s.evaluate(w.cluster.evaluationInput, probe)
			}
		}
	}
}

// TestNextDescription is the same for what the policies say by themselves.
func TestNextDescription(t *testing.T) {
	t.Parallel()
	for i := range iterations(60) {
		rng := rand.New(rand.NewPCG(randomSeed+3, i))
		w := randomWorld(t, rng)
		s := validSet(t, w.builders...)
		for _, p := range s.policies {
			var description policyDescription
			var next time.Time
			for j, probe := range s.changes {
				if j == 0 {
					description, next = s.describePolicy(p.name, justBefore(probe))
				}
				same := equality.Semantic.DeepEqual(description, s.describePolicyAt(p, probe))
				if same == probe.Equal(next) {
					t.Fatalf("world %d: policy %s at %s: next is %s, and the same: %t", i, p.name, probe, next, same)
				}
				if !same {
					description, next = s.describePolicy(p.name, probe)
				}
			}
			if !next.IsZero() {
				t.Fatalf("world %d: policy %s: nothing comes after the last instant, and next is %s", i, p.name, next)
			}
		}
	}
}

// TestOrderMeansNothing: neither that of releases, patches, policies nor that of installations and declarations; and the
// same question has the same answer.
func TestOrderMeansNothing(t *testing.T) {
	t.Parallel()
	for i := range iterations(60) {
		rng := rand.New(rand.NewPCG(randomSeed+4, i))
		w := randomWorld(t, rng)
		w.cluster = w.cluster.declaring(facts.Konvoy, "default", "1.4.0").declaring("Other", "b", "1.0.0").declaring("Other", "default", "1.1.0")
		now := w.from.AddDate(0, 0, rng.IntN(eraDays))
		want, wantNext := w.set(t).evaluate(w.cluster.evaluationInput, now)
		for range 2 {
			var shuffled []policyBuilder
			for _, b := range w.builders {
				shuffled = append(shuffled, b.edit(func(spec *v1alpha1.SupportPolicySpec) {
					rng.Shuffle(len(spec.Releases), func(a, b int) { spec.Releases[a], spec.Releases[b] = spec.Releases[b], spec.Releases[a] })
					for r := range spec.Releases {
						patches := spec.Releases[r].Patches
						rng.Shuffle(len(patches), func(a, b int) { patches[a], patches[b] = patches[b], patches[a] })
					}
				}))
			}
			rng.Shuffle(len(shuffled), func(a, b int) { shuffled[a], shuffled[b] = shuffled[b], shuffled[a] })
			c := w.cluster.with()
			rng.Shuffle(len(c.Facts.Installations), func(a, b int) {
				c.Facts.Installations[a], c.Facts.Installations[b] = c.Facts.Installations[b], c.Facts.Installations[a]
			})
			c.Declared = slices.Clone(c.Declared)
			rng.Shuffle(len(c.Declared), func(a, b int) { c.Declared[a], c.Declared[b] = c.Declared[b], c.Declared[a] })
			exceptions := slices.Clone(w.exceptions)
			rng.Shuffle(len(exceptions), func(a, b int) { exceptions[a], exceptions[b] = exceptions[b], exceptions[a] })
			got, gotNext := set(shuffled...).excepting(exceptions...).evaluate(c.evaluationInput, now)
			if diff := cmp.Diff(want, got); diff != "" || !wantNext.Equal(gotNext) {
				t.Fatalf("world %d: another order, another answer, next %s and %s:\n%s", i, wantNext, gotNext, diff)
			}
		}
	}
}

// TestZoneOfNowMeansNothing: an instant is an instant.
func TestZoneOfNowMeansNothing(t *testing.T) {
	s := validSet(t, threeOut().zone("Europe/Berlin").minor("1.5", ga("2021-11-30")))
	c := cluster().with(kommander("1.2.2")).evaluationInput
	now := at("2021-11-29T23:00:00Z")
	want, wantNext := s.evaluate(c, now)
	got, gotNext := s.evaluate(c, now.In(calendar.Zone(t, "Asia/Kathmandu")))
	if diff := cmp.Diff(want, got); diff != "" || !wantNext.Equal(gotNext) {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
