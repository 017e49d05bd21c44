// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package observe

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime/schema"
	clocktesting "k8s.io/utils/clock/testing"

	"github.com/d2iq-labs/support-policy-operator/api/v1alpha1"
	"github.com/d2iq-labs/support-policy-operator/internal/contact"
	"github.com/d2iq-labs/support-policy-operator/internal/detect"
	"github.com/d2iq-labs/support-policy-operator/internal/facts"
	"github.com/d2iq-labs/support-policy-operator/test/fixtures"
)

const gracePeriod = 20 * time.Second

func newTestState() (*clusterState, *clocktesting.FakeClock) {
	clock := clocktesting.NewFakeClock(time.Date(2021, 5, 5, 0, 0, 0, 0, time.UTC))
	state := newClusterState(Options{Clock: clock, GracePeriod: gracePeriod}.withDefaults(), func() {})
	state.record(serverVersion, nil)
	return state, clock
}

// expectProblem checks the problem in the snapshot of a state.
func expectProblem(t *testing.T, state *clusterState, what string, want *facts.Problem) {
	t.Helper()
	if got := state.snapshot().Problem; !cmp.Equal(got, want) {
		t.Errorf("%s: %v, want %v", what, got, want)
	}
}

func storeOf(t *testing.T, objects ...string) *store {
	t.Helper()
	store := &store{trim: trimOf(detect.ClusterAddons), onChanged: func() {}, onReplaced: func(*store) {}}
	var list []item
	for _, object := range objects {
		list = append(list, store.newItem(fixtures.Object(t, object)))
	}
	must(t, store.replace(list))
	return store
}

func TestStateIsCompleteWhenAllResourcesAre(t *testing.T) {
	state, _ := newTestState()
	steps := []func(){
		func() { state.setAbsent(detect.ClusterAddons) },
		func() { state.setAvailable(detect.Addons, storeOf(t)) },
		func() { state.confirmForbidden(detect.KonvoyClusters) },
		func() { state.setAbsent(detect.HelmReleases) },
		func() { state.setAbsent(detect.KommanderCores) },
		func() { state.setAbsent(detect.Instances) },
		func() { state.setAbsent(detect.OperatorVersions) },
		func() { state.setClusterID("a"); state.setAvailable(detect.Namespaces, nil) },
		func() { state.setVersion("v1.19.7"); state.setAvailable(serverVersion, nil) },
	}
	for _, step := range steps {
		step()
		if state.snapshot().Complete {
			t.Fatal("complete before all resources were read")
		}
	}
	state.confirmForbidden(detect.Nodes)
	if !state.snapshot().Complete {
		t.Error("not complete though all resources were read, or are forbidden")
	}
}

func TestAvailabilityChanges(t *testing.T) {
	state, clock := newTestState()
	const traefik = `{metadata: {name: traefik, labels: {
		kubeaddons.mesosphere.io/repository-name: mesosphere-kubernetes-base-addons,
		kubeaddons.mesosphere.io/repository-ref: stable-1.19-3.2.0}}}`
	expect := func(what string, want ...facts.Installation) {
		t.Helper()
		got := state.snapshot().Facts.Installations
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
	state.confirmForbidden(detect.ClusterAddons)
	expect("forbidden", forbidden...)
	state.setAvailable(detect.ClusterAddons, storeOf(t, traefik))
	expect("permitted", seen)
	if state.confirmForbidden(detect.ClusterAddons) {
		t.Error("the first refusal of an available resource is accepted")
	}
	expect("forbidden for a moment", seen)
	clock.Step(gracePeriod - time.Second)
	state.setAvailable(detect.ClusterAddons, storeOf(t, traefik))
	clock.Step(time.Second)
	state.confirmForbidden(detect.ClusterAddons)
	expect("forbidden for another moment", seen)
	clock.Step(gracePeriod)
	state.record(serverVersion, nil)
	if !state.confirmForbidden(detect.ClusterAddons) {
		t.Error("a refusal that lasts is not accepted")
	}
	expect("forbidden for long: what was seen may be so no longer", forbidden...)
	state.setAvailable(detect.ClusterAddons, storeOf(t, traefik))
	expect("permitted again", seen)
	state.setAbsent(detect.ClusterAddons)
	expect("gone")
}

func TestShortFailureIsNoProblem(t *testing.T) {
	state, clock := newTestState()
	down := apierrors.NewServiceUnavailable("starting")
	expectProblem(t, state, "at first", nil)
	state.record(serverVersion, down)
	expectProblem(t, state, "one failure", nil)
	clock.Step(gracePeriod - time.Second)
	state.record(serverVersion, down)
	expectProblem(t, state, "failures for less than the grace period", nil)
	clock.Step(time.Second)
	state.record(serverVersion, down)
	expectProblem(t, state, "failures for the grace period", problemOf(v1alpha1.ReasonFailing))
	state.record(serverVersion, errForbidden())
	expectProblem(t, state, "an answer, even though it is no", nil)
	state.record(serverVersion, down)
	expectProblem(t, state, "the first failure after that", nil)
}

func TestFailureOfTheAPIServerComesFirst(t *testing.T) {
	clock := clocktesting.NewFakeClock(time.Date(2021, 5, 5, 0, 0, 0, 0, time.UTC))
	state := newClusterState(Options{Clock: clock, GracePeriod: gracePeriod}.withDefaults(), func() {})
	state.record(detect.KommanderCores, errors.New("conversion"))
	clock.Step(gracePeriod)
	expectProblem(t, state, "one resource", contact.CannotList(detect.KommanderCores))
	state.record(serverVersion, &contact.Failure{Reason: v1alpha1.ReasonUnresolvable})
	clock.Step(gracePeriod)
	expectProblem(t, state, "all", problemOf(v1alpha1.ReasonUnresolvable))
	state.record(serverVersion, &contact.Failure{Reason: v1alpha1.ReasonConnectionRefused})
	expectProblem(t, state, "a failure of another kind, which is as old as the first",
		problemOf(v1alpha1.ReasonConnectionRefused))
	state.record(serverVersion, errForbidden())
	expectProblem(t, state, "an answer is no failure", contact.CannotList(detect.KommanderCores))
}

func TestProblemNamesTheResource(t *testing.T) {
	state, clock := newTestState()
	refused := apierrors.NewInternalError(errors.New("refused"))
	state.record(detect.KommanderCores, refused)
	state.record(detect.HelmReleases, refused)
	clock.Step(gracePeriod)
	expectProblem(t, state, "the first of several resources", contact.CannotList(detect.HelmReleases))
	state.record(serverVersion, apierrors.NewUnauthorized("expired"))
	expectProblem(t, state, "nothing of its resources while it is about to be the API server as a whole", nil)
	clock.Step(gracePeriod)
	expectProblem(t, state, "the API server before its resources", problemOf(v1alpha1.ReasonUnauthorized))
	state.record(serverVersion, nil)
	state.record(detect.HelmReleases, nil)
	expectProblem(t, state, "what is left", contact.CannotList(detect.KommanderCores))
	state.setAbsent(detect.KommanderCores)
	expectProblem(t, state, "gone, and its failure with it", nil)
}

// TestRefusalCountsOnlyFromAnAPIServer has refusals from what may have come into the place of the API server.
func TestRefusalCountsOnlyFromAnAPIServer(t *testing.T) {
	refused := apierrors.NewInternalError(errors.New("refused"))
	for _, row := range []struct {
		name, reason string
		// version is what GET /version is answered meanwhile, and err what the resource is.
		version, err error
		resource     string
		want         outcome
	}{
		{"forbidden", "permissions can be taken away", nil, errForbidden(), detect.Nodes, outcomeForbidden},
		{"missing", "a resource can be gone", nil, page(404, noSuchPath), detect.Nodes, outcomeNotFound},
		{"missing everywhere", "every API server has a version", page(404, noSuchPath), page(404, noSuchPath), detect.Nodes, outcomeFailed},
		{"missing while it is not well", "it may be something else", refused, errNotFound(), detect.Nodes, outcomeFailed},
		{"forbidden while it is not well", "it may be something else", refused, errForbidden(), detect.Nodes, outcomeFailed},
		{"no version", "every API server has one", nil, errNotFound(), serverVersion, outcomeFailed},
		{"version gone", "there is none of another time", nil, apierrors.NewResourceExpired(""), serverVersion, outcomeFailed},
		{"version forbidden", "some API servers keep it to themselves", nil, errForbidden(), serverVersion, outcomeForbidden},
		{"a page in place of the version", "no API server says so", nil, page(403, "<html>"), serverVersion, outcomeFailed},
	} {
		t.Run(row.name, func(t *testing.T) {
			state, _ := newTestState()
			state.record(serverVersion, row.version)
			if got := state.record(row.resource, row.err); got != row.want {
				t.Errorf("it is taken for %d, want %d: %s", got, row.want, row.reason)
			}
		})
	}
}

// TestRefusalIsConfirmedByTheVersion has a resource refused for long, by nobody knows whom.
func TestRefusalIsConfirmedByTheVersion(t *testing.T) {
	state, clock := newTestState()
	refusals := 0
	state.onRefused = func() { refusals++ }
	state.setAvailable(detect.Nodes, nil)
	clock.Step(time.Second)
	state.confirmForbidden(detect.Nodes)
	clock.Step(gracePeriod)
	if state.confirmForbidden(detect.Nodes) || refusals != 1 {
		t.Errorf("accepted although the version was not asked since, for which it was to be asked %d times, want once", refusals)
	}
	state.record(serverVersion, errors.New("refused"))
	state.record(serverVersion, nil)
	if state.confirmForbidden(detect.Nodes) {
		t.Error("accepted as soon as the API server answers again, which may not know its permissions yet")
	}
	clock.Step(gracePeriod)
	if !state.confirmForbidden(detect.Nodes) {
		t.Error("never accepted")
	}
}

func TestExpiredAgainAndAgainIsAFailure(t *testing.T) {
	state, clock := newTestState()
	gone := apierrors.NewResourceExpired("too old")
	for range 3 {
		for range maxExpired {
			if got := state.record(detect.Nodes, gone); got != outcomeExpired {
				t.Errorf("taken for %d, want %d", got, outcomeExpired)
			}
		}
		state.record(detect.Nodes, nil)
	}
	for range 4 {
		state.record(detect.Nodes, gone)
		clock.Step(gracePeriod)
	}
	if got, want := state.snapshot().Problem, (contact.CannotList(detect.Nodes)); !cmp.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
}

// TestRecovery has everything fail for a while, and then answer again.
func TestRecovery(t *testing.T) {
	state, clock := newTestState()
	recoveries := 0
	state.onRecovered = func() { recoveries++ }
	refused := apierrors.NewInternalError(errors.New("refused"))
	state.record(detect.Nodes, refused)
	clock.Step(time.Second)
	state.record(serverVersion, refused)
	state.record(detect.HelmReleases, refused)
	clock.Step(time.Hour)
	state.record(serverVersion, refused)
	expectProblem(t, state, "all fails", problemOf(v1alpha1.ReasonFailing))
	state.record(serverVersion, nil)
	expectProblem(t, state, "what has failed with it has not been asked since", nil)
	state.record(detect.HelmReleases, refused)
	expectProblem(t, state, "it still fails", nil)
	clock.Step(gracePeriod)
	expectProblem(t, state, "it has failed for long since", contact.CannotList(detect.HelmReleases))
	state.record(serverVersion, nil)
	if recoveries != 1 {
		t.Errorf("told of %d recoveries, want one", recoveries)
	}
}

// TestStateHasRoom has two resources that are too much together.
func TestStateHasRoom(t *testing.T) {
	state, _ := newTestState()
	state.maxBytes = 2000
	one := storeOf(t, "{metadata: {name: a}, spec: {namespace: "+strings.Repeat("x", 200)+"}}")
	state.setAvailable(detect.Addons, one)
	size := int(one.bytes.Load())
	if size < 200 || size > 1500 {
		t.Errorf("the size is %d", size)
	}
	if !state.hasRoom(detect.ClusterAddons, state.maxBytes-size) || state.hasRoom(detect.ClusterAddons, state.maxBytes-size+1) {
		t.Error("there is not as much room as the other resource leaves")
	}
	if !state.hasRoom(detect.Addons, state.maxBytes) {
		t.Error("a new list has no room in the place of the old one")
	}
}

// The last answer is that of GET /version, good or denied, and no failure moves it.
func TestLastAnswer(t *testing.T) {
	clock := clocktesting.NewFakeClock(time.Date(2021, 5, 5, 0, 0, 0, 0, time.UTC))
	state := newClusterState(Options{Clock: clock, GracePeriod: gracePeriod}.withDefaults(), func() {})
	if !state.lastAnswer().IsZero() {
		t.Errorf("nothing was asked yet, and the last answer was at %s", state.lastAnswer())
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
		before := state.lastAnswer()
		state.record(step.name, step.err)
		want := before
		if step.isNew {
			want = clock.Now()
		}
		if got := state.lastAnswer(); !got.Equal(want) {
			t.Errorf("after %s with %v the last answer was at %s, want %s: %s", step.name, step.err, got, want, step.reason)
		}
	}
}
