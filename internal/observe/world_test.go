package observe

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	clocktesting "k8s.io/utils/clock/testing"

	"github.com/d2iq-labs/support-policy-operator/internal/support"
)

const patience = 20 * time.Second

func newTestWorld() (*world, *clocktesting.FakeClock) {
	clock := clocktesting.NewFakeClock(time.Date(2021, 5, 5, 0, 0, 0, 0, time.UTC))
	return newWorld(Options{Clock: clock, Patience: patience}.withDefaults(), func() {}), clock
}

func itemsOf(t *testing.T, objects ...string) *items {
	t.Helper()
	kept := &items{trim: trimAddon, changed: func() {}, listed: func(*items) {}}
	var list []item
	for _, object := range objects {
		list = append(list, kept.trimmed(read(t, object)))
	}
	kept.replace(list)
	return kept
}

func TestWorldIsCompleteWhenAllWasLookedAt(t *testing.T) {
	world, _ := newTestWorld()
	steps := []func(){
		func() { world.miss(ClusterAddons) },
		func() { world.show(Addons, itemsOf(t)) },
		func() { world.deny(KonvoyClusters) },
		func() { world.miss(HelmReleases) },
		func() { world.miss(KommanderCores) },
		func() { world.miss(Instances) },
		func() { world.miss(OperatorVersions) },
		func() { world.tellClusterID("a"); world.show(Namespaces, nil) },
		func() { world.tellVersion("v1.19.7"); world.show(serverVersion, nil) },
	}
	for _, step := range steps {
		step()
		if world.snapshot().Complete {
			t.Fatal("complete before all was looked at")
		}
	}
	world.deny(Nodes)
	if !world.snapshot().Complete {
		t.Error("not complete though all was looked at, or is forbidden")
	}
}

func TestWorldChangesItsMind(t *testing.T) {
	world, clock := newTestWorld()
	const traefik = `{metadata: {name: traefik, labels: {
		kubeaddons.mesosphere.io/repository-name: mesosphere-kubernetes-base-addons,
		kubeaddons.mesosphere.io/repository-ref: stable-1.19-3.2.0}}}`
	expect := func(what string, want ...support.Installation) {
		t.Helper()
		got := world.snapshot().Facts.Installations
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s\n-want +got:\n%s", what, diff)
		}
	}
	forbidden := []support.Installation{
		found(support.BasePlatformServices, "default", "Forbidden", ClusterAddons, ""),
		found(support.Kommander, "kommander", "Forbidden", ClusterAddons, ""),
	}
	seen := found(support.BasePlatformServices, "default", "Label", "ClusterAddon/traefik", "stable-1.19-3.2.0")

	expect("at first")
	world.deny(ClusterAddons)
	expect("forbidden", forbidden...)
	world.show(ClusterAddons, itemsOf(t, traefik))
	expect("permitted", seen)
	if world.deny(ClusterAddons) {
		t.Error("the first denial after something was seen is believed")
	}
	expect("forbidden for a moment", seen)
	clock.Step(patience - time.Second)
	world.show(ClusterAddons, itemsOf(t, traefik))
	clock.Step(time.Second)
	world.deny(ClusterAddons)
	expect("forbidden for another moment", seen)
	clock.Step(patience)
	if !world.deny(ClusterAddons) {
		t.Error("a denial that lasts is not believed")
	}
	expect("forbidden for long: what was seen may be so no longer", forbidden...)
	world.show(ClusterAddons, itemsOf(t, traefik))
	expect("permitted again", seen)
	world.miss(ClusterAddons)
	expect("gone")
}

func TestWorldIsPatient(t *testing.T) {
	world, clock := newTestWorld()
	down := apierrors.NewServiceUnavailable("starting")
	expect := func(what string, want *ContactError) {
		t.Helper()
		got := world.snapshot().Err
		if !got.equal(want) {
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
	expect("failures for the patience", &ContactError{Reason: Failing})
	world.heard(serverVersion, errForbidden())
	expect("an answer, even though it is no", nil)
	world.heard(serverVersion, down)
	expect("the first failure after that", nil)
}

func TestWorldClassifiesFailuresOfTheWhole(t *testing.T) {
	clock := clocktesting.NewFakeClock(time.Date(2021, 5, 5, 0, 0, 0, 0, time.UTC))
	var asked []error
	world := newWorld(Options{Clock: clock, Patience: patience, Classify: func(err error) string {
		asked = append(asked, err)
		return "kind of " + err.Error()
	}}.withDefaults(), func() {})
	expect := func(what string, want *ContactError, classified int) {
		t.Helper()
		if got := world.snapshot().Err; !got.equal(want) {
			t.Errorf("%s: %+v, want %+v", what, got, want)
		}
		if len(asked) != classified {
			t.Errorf("%s: asked for the kind of %v", what, asked)
		}
	}

	world.heard(KommanderCores, errors.New("conversion"))
	clock.Step(patience)
	expect("one resource", &ContactError{Reason: Failing, Object: KommanderCores}, 0)
	world.heard(serverVersion, errors.New("a"))
	clock.Step(patience)
	expect("all", &ContactError{Reason: Failing, Kind: "kind of a"}, 1)
	world.heard(serverVersion, errors.New("b"))
	expect("a failure of another kind, which is as old as the first", &ContactError{Reason: Failing, Kind: "kind of b"}, 2)
	world.heard(serverVersion, errForbidden())
	expect("an answer has no kind", &ContactError{Reason: Failing, Object: KommanderCores}, 2)
}

func TestWorldTellsWhatFails(t *testing.T) {
	world, clock := newTestWorld()
	refused := errors.New("refused")
	expect := func(what string, want *ContactError) {
		t.Helper()
		if got := world.snapshot().Err; !got.equal(want) {
			t.Errorf("%s: %v, want %v", what, got, want)
		}
	}

	world.heard(KommanderCores, refused)
	world.heard(HelmReleases, refused)
	clock.Step(patience)
	expect("the first of several resources", &ContactError{Reason: Failing, Object: HelmReleases})
	world.heard(serverVersion, apierrors.NewUnauthorized("expired"))
	expect("nothing of its resources while it is about to be the API server as a whole", nil)
	clock.Step(patience)
	expect("the API server before its resources", &ContactError{Reason: Unauthorized})
	world.heard(serverVersion, nil)
	world.heard(HelmReleases, nil)
	expect("what is left", &ContactError{Reason: Failing, Object: KommanderCores})
	world.miss(KommanderCores)
	expect("gone, and its failure with it", nil)
}
