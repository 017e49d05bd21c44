// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package observe

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/d2iq-labs/support-policy-operator/api/v1alpha1"
	"github.com/d2iq-labs/support-policy-operator/internal/contact"
	"github.com/d2iq-labs/support-policy-operator/internal/detect"

	"github.com/d2iq-labs/support-policy-operator/internal/facts"
	"github.com/d2iq-labs/support-policy-operator/test/fixtures"

	"github.com/google/go-cmp/cmp"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime/schema"
	clocktesting "k8s.io/utils/clock/testing"
)

const patience = 20 * time.Second

func newTestWorld() (*world, *clocktesting.FakeClock) {
	clock := clocktesting.NewFakeClock(time.Date(2021, 5, 5, 0, 0, 0, 0, time.UTC))
	world := newWorld(Options{Clock: clock, Patience: patience}.withDefaults(), func() {})
	world.heard(serverVersion, nil)
	return world, clock
}

func itemsOf(t *testing.T, objects ...string) *items {
	t.Helper()
	kept := &items{trim: trimOf(detect.ClusterAddons), changed: func() {}, listed: func(*items) {}}
	var list []item
	for _, object := range objects {
		list = append(list, kept.trimmed(fixtures.Object(t, object)))
	}
	if err := kept.replace(list); err != nil {
		t.Fatal(err)
	}
	return kept
}

func TestWorldIsCompleteWhenAllWasLookedAt(t *testing.T) {
	world, _ := newTestWorld()
	steps := []func(){
		func() { world.miss(detect.ClusterAddons) },
		func() { world.show(detect.Addons, itemsOf(t)) },
		func() { world.deny(detect.KonvoyClusters) },
		func() { world.miss(detect.HelmReleases) },
		func() { world.miss(detect.KommanderCores) },
		func() { world.miss(detect.Instances) },
		func() { world.miss(detect.OperatorVersions) },
		func() { world.tellClusterID("a"); world.show(detect.Namespaces, nil) },
		func() { world.tellVersion("v1.19.7"); world.show(serverVersion, nil) },
	}
	for _, step := range steps {
		step()
		if world.snapshot().Complete {
			t.Fatal("complete before all was looked at")
		}
	}
	world.deny(detect.Nodes)
	if !world.snapshot().Complete {
		t.Error("not complete though all was looked at, or is forbidden")
	}
}

func TestWorldChangesItsMind(t *testing.T) {
	world, clock := newTestWorld()
	const traefik = `{metadata: {name: traefik, labels: {
		kubeaddons.mesosphere.io/repository-name: mesosphere-kubernetes-base-addons,
		kubeaddons.mesosphere.io/repository-ref: stable-1.19-3.2.0}}}`
	expect := func(what string, want ...facts.Installation) {
		t.Helper()
		got := world.snapshot().Facts.Installations
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s\n-want +got:\n%s", what, diff)
		}
	}
	forbidden := []facts.Installation{
		fixtures.Found(facts.BasePlatformServices, "default", "Forbidden", detect.ClusterAddons, ""),
		fixtures.Found(facts.Kommander, "kommander", "Forbidden", detect.ClusterAddons, ""),
	}
	seen := fixtures.Found(facts.BasePlatformServices, "default", "Label", "ClusterAddon/traefik", "stable-1.19-3.2.0")

	expect("at first")
	world.deny(detect.ClusterAddons)
	expect("forbidden", forbidden...)
	world.show(detect.ClusterAddons, itemsOf(t, traefik))
	expect("permitted", seen)
	if world.deny(detect.ClusterAddons) {
		t.Error("the first denial after something was seen is believed")
	}
	expect("forbidden for a moment", seen)
	clock.Step(patience - time.Second)
	world.show(detect.ClusterAddons, itemsOf(t, traefik))
	clock.Step(time.Second)
	world.deny(detect.ClusterAddons)
	expect("forbidden for another moment", seen)
	clock.Step(patience)
	world.heard(serverVersion, nil)
	if !world.deny(detect.ClusterAddons) {
		t.Error("a denial that lasts is not believed")
	}
	expect("forbidden for long: what was seen may be so no longer", forbidden...)
	world.show(detect.ClusterAddons, itemsOf(t, traefik))
	expect("permitted again", seen)
	world.miss(detect.ClusterAddons)
	expect("gone")
}

func TestWorldIsPatient(t *testing.T) {
	world, clock := newTestWorld()
	down := apierrors.NewServiceUnavailable("starting")
	expect := func(what string, want *facts.Problem) {
		t.Helper()
		got := world.snapshot().Problem
		if !cmp.Equal(got, want) {
			t.Errorf("%s: %v, want %v", what, got, want)
		}
	}

	expect("at first", nil)
	world.heard(serverVersion, down)
	expect("one failure", nil)
	clock.Step(patience - time.Second)
	world.heard(serverVersion, down)
	expect("failures for less than the patience", nil)
	clock.Step(time.Second)
	world.heard(serverVersion, down)
	expect("failures for the patience", problemOf(v1alpha1.ReasonFailing))
	world.heard(serverVersion, errForbidden())
	expect("an answer, even though it is no", nil)
	world.heard(serverVersion, down)
	expect("the first failure after that", nil)
}

func TestWorldTellsFailuresOfTheWholeApart(t *testing.T) {
	clock := clocktesting.NewFakeClock(time.Date(2021, 5, 5, 0, 0, 0, 0, time.UTC))
	world := newWorld(Options{Clock: clock, Patience: patience}.withDefaults(), func() {})
	expect := func(what string, want *facts.Problem) {
		t.Helper()
		if got := world.snapshot().Problem; !cmp.Equal(got, want) {
			t.Errorf("%s: %+v, want %+v", what, got, want)
		}
	}

	world.heard(detect.KommanderCores, errors.New("conversion"))
	clock.Step(patience)
	expect("one resource", contact.CannotList(detect.KommanderCores))
	world.heard(serverVersion, &contact.Failure{Reason: v1alpha1.ReasonUnresolvable})
	clock.Step(patience)
	expect("all", problemOf(v1alpha1.ReasonUnresolvable))
	world.heard(serverVersion, &contact.Failure{Reason: v1alpha1.ReasonConnectionRefused})
	expect("a failure of another kind, which is as old as the first", problemOf(v1alpha1.ReasonConnectionRefused))
	world.heard(serverVersion, errForbidden())
	expect("an answer is no failure", contact.CannotList(detect.KommanderCores))
}

func TestWorldTellsWhatFails(t *testing.T) {
	world, clock := newTestWorld()
	refused := apierrors.NewInternalError(errors.New("refused"))
	expect := func(what string, want *facts.Problem) {
		t.Helper()
		if got := world.snapshot().Problem; !cmp.Equal(got, want) {
			t.Errorf("%s: %v, want %v", what, got, want)
		}
	}

	world.heard(detect.KommanderCores, refused)
	world.heard(detect.HelmReleases, refused)
	clock.Step(patience)
	expect("the first of several resources", contact.CannotList(detect.HelmReleases))
	world.heard(serverVersion, apierrors.NewUnauthorized("expired"))
	expect("nothing of its resources while it is about to be the API server as a whole", nil)
	clock.Step(patience)
	expect("the API server before its resources", problemOf(v1alpha1.ReasonUnauthorized))
	world.heard(serverVersion, nil)
	world.heard(detect.HelmReleases, nil)
	expect("what is left", contact.CannotList(detect.KommanderCores))
	world.miss(detect.KommanderCores)
	expect("gone, and its failure with it", nil)
}

// TestWorldBelievesOnlyAnAPIServer has refusals from what may have come into the place of the API server.
func TestWorldBelievesOnlyAnAPIServer(t *testing.T) {
	refused := apierrors.NewInternalError(errors.New("refused"))
	for _, row := range []struct {
		name, reason string
		// version is what GET /version is answered meanwhile, and err what the resource is.
		version, err error
		resource     string
		want         answer
	}{
		{"forbidden", "permissions can be taken away", nil, errForbidden(), detect.Nodes, denied},
		{"missing", "a resource can be gone", nil, page(404, noSuchPath), detect.Nodes, missing},
		{"missing everywhere", "every API server has a version", page(404, noSuchPath), page(404, noSuchPath), detect.Nodes, failed},
		{"missing while it is not well", "it may be something else", refused, errNotFound(), detect.Nodes, failed},
		{"forbidden while it is not well", "it may be something else", refused, errForbidden(), detect.Nodes, failed},
		{"no version", "every API server has one", nil, errNotFound(), serverVersion, failed},
		{"version gone", "there is none of another time", nil, apierrors.NewResourceExpired(""), serverVersion, failed},
		{"version forbidden", "some API servers keep it to themselves", nil, errForbidden(), serverVersion, denied},
		{"a page in place of the version", "no API server says so", nil, page(403, "<html>"), serverVersion, failed},
	} {
		t.Run(row.name, func(t *testing.T) {
			world, _ := newTestWorld()
			world.heard(serverVersion, row.version)
			if got := world.heard(row.resource, row.err); got != row.want {
				t.Errorf("it is taken for %d, want %d: %s", got, row.want, row.reason)
			}
		})
	}
}

// TestWorldDemandsTheVersionMeanwhile has a resource refused for long, by nobody knows whom.
func TestWorldDemandsTheVersionMeanwhile(t *testing.T) {
	world, clock := newTestWorld()
	doubts := 0
	world.doubt = func() { doubts++ }
	world.show(detect.Nodes, nil)
	clock.Step(time.Second)
	world.deny(detect.Nodes)
	clock.Step(patience)
	if world.deny(detect.Nodes) || doubts != 1 {
		t.Errorf("believed although the version was not asked since, for which it was to be asked %d times, want once", doubts)
	}
	world.heard(serverVersion, errors.New("refused"))
	world.heard(serverVersion, nil)
	if world.deny(detect.Nodes) {
		t.Error("believed as soon as the API server answers again, which may not know its permissions yet")
	}
	clock.Step(patience)
	if !world.deny(detect.Nodes) {
		t.Error("never believed")
	}
}

func TestWorldIsOutdatedForAMomentOnly(t *testing.T) {
	world, clock := newTestWorld()
	gone := apierrors.NewResourceExpired("too old")
	for range 3 {
		for range maxOutdated {
			if got := world.heard(detect.Nodes, gone); got != outdated {
				t.Errorf("taken for %d, want %d", got, outdated)
			}
		}
		world.heard(detect.Nodes, nil)
	}
	for range 4 {
		world.heard(detect.Nodes, gone)
		clock.Step(patience)
	}
	if got, want := world.snapshot().Problem, (contact.CannotList(detect.Nodes)); !cmp.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
}

// TestWorldRecovers has everything fail for a while, and then answer again.
func TestWorldRecovers(t *testing.T) {
	world, clock := newTestWorld()
	recoveries := 0
	world.recovered = func() { recoveries++ }
	refused := apierrors.NewInternalError(errors.New("refused"))
	expect := func(what string, want *facts.Problem) {
		t.Helper()
		if got := world.snapshot().Problem; !cmp.Equal(got, want) {
			t.Errorf("%s: %v, want %v", what, got, want)
		}
	}
	world.heard(detect.Nodes, refused)
	clock.Step(time.Second)
	world.heard(serverVersion, refused)
	world.heard(detect.HelmReleases, refused)
	clock.Step(time.Hour)
	world.heard(serverVersion, refused)
	expect("all fails", problemOf(v1alpha1.ReasonFailing))
	world.heard(serverVersion, nil)
	expect("what has failed with it has not been asked since", nil)
	world.heard(detect.HelmReleases, refused)
	expect("it still fails", nil)
	clock.Step(patience)
	expect("it has failed for long since", contact.CannotList(detect.HelmReleases))
	world.heard(serverVersion, nil)
	if recoveries != 1 {
		t.Errorf("told of %d recoveries, want one", recoveries)
	}
}

// TestWorldHasRoom has two resources that are too much together.
func TestWorldHasRoom(t *testing.T) {
	world, _ := newTestWorld()
	world.maxBytes = 2000
	one := itemsOf(t, "{metadata: {name: a}, spec: {namespace: "+strings.Repeat("x", 200)+"}}")
	world.show(detect.Addons, one)
	size := int(one.bytes.Load())
	if size < 200 || size > 1500 {
		t.Errorf("the size is %d", size)
	}
	if !world.hasRoom(detect.ClusterAddons, world.maxBytes-size) || world.hasRoom(detect.ClusterAddons, world.maxBytes-size+1) {
		t.Error("there is not as much room as the other resource leaves")
	}
	if !world.hasRoom(detect.Addons, world.maxBytes) {
		t.Error("a new list has no room in the place of the old one")
	}
}

// The last answer is that of GET /version, good or denied, and no failure moves it.
func TestLastAnswer(t *testing.T) {
	clock := clocktesting.NewFakeClock(time.Date(2021, 5, 5, 0, 0, 0, 0, time.UTC))
	world := newWorld(Options{Clock: clock, Patience: patience}.withDefaults(), func() {})
	if !world.lastAnswer().IsZero() {
		t.Errorf("nothing was asked yet, and the last answer was at %s", world.lastAnswer())
	}
	for _, step := range []struct {
		name   string
		err    error
		isNew  bool
		reason string
	}{
		{serverVersion, nil, true, "it answers"},
		{serverVersion, errors.New("no route"), false, "it does not"},
		{detect.Nodes, nil, false, "what is watched may be silent for hours, so nothing else counts"},
		{serverVersion, apierrors.NewForbidden(schema.GroupResource{}, "", nil), true, "that it denies is an answer"},
	} {
		clock.Step(time.Minute)
		before := world.lastAnswer()
		world.heard(step.name, step.err)
		want := before
		if step.isNew {
			want = clock.Now()
		}
		if got := world.lastAnswer(); !got.Equal(want) {
			t.Errorf("after %s with %v the last answer was at %s, want %s: %s", step.name, step.err, got, want, step.reason)
		}
	}
}
