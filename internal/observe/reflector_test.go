// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package observe

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"k8s.io/client-go/rest"
	"k8s.io/utils/clock"
	clocktesting "k8s.io/utils/clock/testing"

	"github.com/d2iq-labs/support-policy-operator/internal/detect"
	"github.com/d2iq-labs/support-policy-operator/test/fixtures"
)

// coresServer is an API server that has KommanderCores and nothing else, and answers as it is told to.
type coresServer struct {
	*httptest.Server

	t *testing.T
	// transport leads to it; nil: the network does.
	transport http.RoundTripper

	mu sync.Mutex
	// list and watch answer the requests.
	list, watch func(http.ResponseWriter, *http.Request)
	asked       []string
}

// coresInProcess is one that is reached without a network.
func coresInProcess(t *testing.T) *coresServer {
	t.Helper()
	s := &coresServer{t: t, Server: &httptest.Server{URL: "http://cores.example"}, list: lists("7"), watch: changes()}
	s.transport = inProcess{http.HandlerFunc(s.serve)}
	return s
}

func serveCores(t *testing.T) *coresServer {
	t.Helper()
	s := &coresServer{t: t, list: lists("7"), watch: changes()}
	s.Server = httptest.NewServer(http.HandlerFunc(s.serve))
	t.Cleanup(s.Close)
	return s
}

func (s *coresServer) serve(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	query := r.URL.Query()
	verb, answer := "list", s.list
	if query.Get("watch") == "true" {
		verb, answer = "watch", s.watch
	}
	s.asked = append(s.asked, verb+" "+strconv.Quote(query.Get("resourceVersion")))
	s.mu.Unlock()
	w.Header().Set("Content-Type", "application/json")
	answer(w, r)
}

// requests are those since the last call.
func (s *coresServer) requests() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	asked := s.asked
	s.asked = nil
	return asked
}

func (s *coresServer) answer(list, watch func(http.ResponseWriter, *http.Request)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.list, s.watch = list, watch
}

// core is a KommanderCore of a version, as of a resource version.
func core(name, version, resourceVersion string) string {
	return fmt.Sprintf(`{"metadata":{"name":%q,"resourceVersion":%q},"status":{"version":%q}}`, name, resourceVersion, version)
}

// lists answers with a list as of a resource version.
func lists(resourceVersion string, cores ...string) func(http.ResponseWriter, *http.Request) {
	return func(w http.ResponseWriter, _ *http.Request) {
		_, _ = fmt.Fprintf(w, `{"kind":"KommanderCoreList","apiVersion":"dkp.d2iq.io/v1alpha1","metadata":{"resourceVersion":%q},"items":[%s]}`,
			resourceVersion, strings.Join(cores, ","))
	}
}

// changes answers with these, each of a type and an object in turn, and ends.
func changes(typesAndObjects ...string) func(http.ResponseWriter, *http.Request) {
	return func(w http.ResponseWriter, _ *http.Request) {
		for i := 0; i < len(typesAndObjects); i += 2 {
			_, _ = fmt.Fprintf(w, `{"type":%q,"object":%s}`+"\n", typesAndObjects[i], typesAndObjects[i+1])
		}
	}
}

// fails answers with an error of the API server.
func fails(code int) func(http.ResponseWriter, *http.Request) {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(code)
		_, _ = fmt.Fprintf(w, `{"kind":"Status","apiVersion":"v1","status":"Failure","code":%d,"message":"secret"}`, code)
	}
}

// says answers with a text.
func says(text string) func(http.ResponseWriter, *http.Request) {
	return func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, text) }
}

// breaksOff ends the connection.
func breaksOff(_ http.ResponseWriter, _ *http.Request) { panic(http.ErrAbortHandler) }

// listener is a reflector that records its results.
type listener struct {
	*reflector

	heard  []error
	broken int
}

// listen makes a reflector of the server's KommanderCores. Its clock is that of the test.
func listen(t *testing.T, server *coresServer, by clock.Clock) *listener {
	t.Helper()
	made, err := New(&rest.Config{Host: server.URL, QPS: -1, Transport: server.transport}, Options{RequestTimeout: soon})
	must(t, err)
	l := &listener{}
	l.reflector = made.newReflector("/apis/dkp.d2iq.io/v1alpha1/kommandercores", &store{
		trim: trimOf(detect.KommanderCores), onChanged: func() {}, onReplaced: func(*store) {},
	})
	l.clock = by
	l.reflector.onResult = func(err error) { l.heard = append(l.heard, err) }
	l.onWatchBroken = func() { l.broken++ }
	return l
}

func (l *listener) expect(t *testing.T, what string, want ...detect.KommanderCore) {
	t.Helper()
	if diff := cmp.Diff(want, kommanderCores(l.store)); diff != "" {
		t.Errorf("%s\n-want +got:\n%s", what, diff)
	}
}

func TestReflectorFollowsChanges(t *testing.T) {
	server := serveCores(t)
	server.answer(lists("7", core("a", "v1", "3"), core("b", "v1", "7")), changes(
		"ADDED", core("c", "v1", "8"), "MODIFIED", core("a", "v2", "9"), "DELETED", core("b", "v1", "10"),
		"BOOKMARK", `{"metadata":{"resourceVersion":"42"}}`,
	))
	l := listen(t, server, clock.RealClock{})
	l.listOrWatch(t.Context())
	l.expect(t, "the list", detect.KommanderCore{Name: "a", Running: "v1"}, detect.KommanderCore{Name: "b", Running: "v1"})
	l.listOrWatch(t.Context())
	l.expect(t, "the changes", detect.KommanderCore{Name: "a", Running: "v2"}, detect.KommanderCore{Name: "c", Running: "v1"})
	l.listOrWatch(t.Context())
	want := []string{`list "0"`, `watch "7"`, `watch "42"`}
	if diff := cmp.Diff(want, server.requests()); diff != "" {
		t.Errorf("a watch goes on where the last one has come to, and needs no list\n-want +got:\n%s", diff)
	}
}

// TestReflectorGoesOn is about what comes after a watch that did not end as it should.
func TestReflectorGoesOn(t *testing.T) {
	const (
		// soonest and latest are for what may be over in a moment.
		soonest, latest = firstRetry, 2 * firstRetry
		slow            = pollInterval
	)
	expired := `{"kind":"Status","apiVersion":"v1","status":"Failure","reason":"Expired","code":410}`
	broken := `{"kind":"Status","apiVersion":"v1","status":"Failure","reason":"InternalError","code":500}`
	for _, row := range []struct {
		name, reason      string
		watch             func(http.ResponseWriter, *http.Request)
		next              string
		shortest, longest time.Duration
		// told are the answers that are heard of.
		told []outcome
		// broke tells that the watch ended before its time.
		broke int
	}{
		{"ended", "the API server has stopped", changes(), `watch "7"`, soonest, latest, []outcome{outcomeOK}, 1},
		{"cut off", "what it was about to say is lost", says(`{"type":"ADDED","obj`), `list "7"`, soonest, latest, []outcome{outcomeOK}, 1},
		{"expired", "changes since then are forgotten", changes("ERROR", expired), `list "7"`, soonest, latest, []outcome{outcomeOK}, 1},
		{"failed", "such as a conversion; the list tells if it lasts", changes("ERROR", broken), `list "7"`, soonest, latest, []outcome{outcomeOK}, 1},
		{"failed, and says no more", "any object could be there", changes("ERROR", "7"), `list "7"`, soonest, latest, []outcome{outcomeOK}, 1},
		{"nonsense", "no API server says so", says("<html>"), `list "7"`, soonest, latest, []outcome{outcomeOK}, 1},
		{"no object", "no API server says so", changes("ADDED", "7"), `list "7"`, soonest, latest, []outcome{outcomeOK}, 1},
		{"no connection", "something between may let only lists through; if there is none at all, the list tells", breaksOff, `list "7"`, soonest, latest, nil, 0},
		{"410", "changes since then are forgotten", fails(410), `list "7"`, soonest, latest, nil, 0},
		{"401", "the list tells if it lasts", fails(401), `list "7"`, soonest, latest, nil, 0},
		{"404", "the resource is gone, or another version is served, which the list tells", fails(404), `list "7"`, soonest, latest, nil, 0},
		{"500", "what may be listed is seen", fails(500), `list "7"`, soonest, latest, nil, 0},
		{"403", "who may list but not watch sees enough", fails(403), `list "7"`, slow, slow * 6 / 5, nil, 0},
		{"405", "the resource cannot be watched at all", fails(405), `list "7"`, slow, slow * 6 / 5, nil, 0},
		{"400", "something between does not let watches through", fails(400), `list "7"`, slow, slow * 6 / 5, nil, 0},
		{"501", "something in the API server's place has no watches", fails(501), `list "7"`, slow, slow * 6 / 5, nil, 0},
	} {
		t.Run(row.name, func(t *testing.T) {
			server := serveCores(t)
			server.answer(lists("7"), row.watch)
			l := listen(t, server, clock.RealClock{})
			if pause := l.listOrWatch(t.Context()); pause != 0 {
				t.Errorf("watches %s after the list, while changes get lost", pause)
			}
			l.heard = nil
			if pause := l.listOrWatch(t.Context()); pause < row.shortest || pause > row.longest {
				t.Errorf("goes on after %s, want from %s to %s", pause, row.shortest, row.longest)
			}
			var told []outcome
			for _, err := range l.heard {
				told = append(told, outcomeOf(err))
			}
			if diff := cmp.Diff(row.told, told); diff != "" || l.broken != row.broke {
				t.Errorf("told %d times that the watch broke, want %d; outcomes\n-want +got:\n%s", l.broken, row.broke, diff)
			}
			server.requests()
			l.listOrWatch(t.Context())
			if diff := cmp.Diff([]string{row.next}, server.requests()); diff != "" {
				t.Errorf("%s\n-want +got:\n%s", row.reason, diff)
			}
		})
	}
}

// TestReflectorSeesChangesWithoutWatches has a server that lets us list only, for as long as it does.
func TestReflectorSeesChangesWithoutWatches(t *testing.T) {
	server := serveCores(t)
	server.answer(lists("7", core("a", "v1", "7")), fails(http.StatusMethodNotAllowed))
	l := listen(t, server, clock.RealClock{})
	l.pollInterval = time.Millisecond
	ctx, stop := context.WithCancel(t.Context())
	var running sync.WaitGroup
	running.Go(func() { l.run(ctx) })
	defer running.Wait()
	defer stop()
	for _, version := range []string{"v1", "v2", "v3"} {
		server.answer(lists("8", core("a", version, "8")), fails(http.StatusMethodNotAllowed))
		eventually(t, "see "+version, func() bool {
			return cmp.Equal(kommanderCores(l.store), []detect.KommanderCore{{Name: "a", Running: version}})
		})
	}
	// Now it lets us watch.
	server.answer(lists("8", core("a", "v3", "8")), func(w http.ResponseWriter, r *http.Request) {
		changes("MODIFIED", core("a", "v4", "9"))(w, r)
		w.(http.Flusher).Flush() //nolint:forcetypeassert // of the server of a test
		<-r.Context().Done()
	})
	eventually(t, "see what the watch tells", func() bool {
		return cmp.Equal(kommanderCores(l.store), []detect.KommanderCore{{Name: "a", Running: "v4"}})
	})
}

func TestReflectorRetriesLists(t *testing.T) {
	for _, row := range []struct {
		name, reason string
		list         func(http.ResponseWriter, *http.Request)
		next         string
		answer       outcome
	}{
		{"no connection", "it knows what it asked for", breaksOff, `list "0"`, outcomeFailed},
		{"version too new", "an API server made anew counts from the beginning", fails(504), `list ""`, outcomeFailed},
		{"version too old", "it is forgotten", fails(410), `list ""`, outcomeExpired},
		{"403", "any version is as good", fails(403), `list ""`, outcomeForbidden},
		{"404", "any version is as good", fails(404), `list ""`, outcomeNotFound},
		{"nonsense", "no API server says so", says("<html>"), `list "0"`, outcomeFailed},
		{"no list", "no API server says so", says("{}"), `list "0"`, outcomeFailed},
		{"no items", "no API server says so", says(`{"metadata":{"resourceVersion":"7"},"items":7}`), `list "0"`, outcomeFailed},
		{"no objects", "no API server says so", says(`{"metadata":{"resourceVersion":"7"},"items":[7]}`), `list "0"`, outcomeFailed},
		{"cut off", "half of the objects are not all", says(`{"metadata":{"resourceVersion":"7"},"items":[` + core("b", "v1", "7")), `list "0"`, outcomeFailed},
		{"too many", "no cluster has so many", endlessList, `list "0"`, outcomeFailed},
	} {
		t.Run(row.name, func(t *testing.T) {
			server := serveCores(t)
			server.answer(row.list, changes())
			l := listen(t, server, clock.RealClock{})
			must(t, l.store.replace([]item{l.store.newItem(fixtures.Object(t, "{metadata: {name: a}}"))}))
			if pause := l.listOrWatch(t.Context()); pause < firstRetry || pause > 2*firstRetry {
				t.Errorf("lists again after %s, want about %s", pause, firstRetry)
			}
			if len(l.heard) != 1 || outcomeOf(l.heard[0]) != row.answer {
				t.Errorf("heard %v, want answer %d", l.heard, row.answer)
			}
			l.expect(t, "what was known is kept", detect.KommanderCore{Name: "a", Running: ""})
			server.requests()
			l.listOrWatch(t.Context())
			if diff := cmp.Diff([]string{row.next}, server.requests()); diff != "" {
				t.Errorf("%s\n-want +got:\n%s", row.reason, diff)
			}
		})
	}
}

// endlessList goes on with small objects until nobody listens.
func endlessList(w http.ResponseWriter, _ *http.Request) {
	_, err := io.WriteString(w, `{"metadata":{"resourceVersion":"7"},"items":[{}`)
	for err == nil {
		_, err = io.WriteString(w, strings.Repeat(",{}", 1000))
	}
}

func TestReflectorEndsWatchesThatOutliveTheirTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := coresInProcess(t)
		var open, most int
		var mu sync.Mutex
		server.answer(lists("7"), func(w http.ResponseWriter, r *http.Request) {
			mu.Lock()
			open++
			most = max(most, open)
			mu.Unlock()
			w.(http.Flusher).Flush() //nolint:forcetypeassert // of the server of a test
			<-r.Context().Done()
			mu.Lock()
			open--
			mu.Unlock()
		})
		l := listen(t, server, clock.RealClock{})
		ctx, cancel := context.WithTimeout(t.Context(), 24*time.Hour)
		defer cancel()
		l.listOrWatch(ctx)
		server.requests()
		start := time.Now()
		for range 3 {
			if pause := l.listOrWatch(ctx); pause != 0 {
				t.Errorf("goes on after %s, while changes get lost", pause)
			}
		}
		if lasted, want := time.Since(start), 3*(l.watchTime+watchGrace); lasted != want {
			t.Errorf("three watches without end have taken %s, want %s", lasted, want)
		}
		if diff := cmp.Diff([]string{`watch "7"`, `watch "7"`, `watch "7"`}, server.requests()); diff != "" {
			t.Errorf("a watch follows the other\n-want +got:\n%s", diff)
		}
		if l.broken > 0 {
			t.Errorf("told %d times that a watch broke, which had its time", l.broken)
		}
		eventually(t, "have the server see that each has ended", func() bool {
			mu.Lock()
			defer mu.Unlock()
			return open == 0
		})
	})
}

func TestReflectorEndsAtOnce(t *testing.T) {
	server := serveCores(t)
	server.answer(lists("7"), func(w http.ResponseWriter, r *http.Request) {
		w.(http.Flusher).Flush() //nolint:forcetypeassert // of the server of a test
		<-r.Context().Done()
	})
	l := listen(t, server, clock.RealClock{})
	ctx, stop := context.WithCancel(t.Context())
	var running sync.WaitGroup
	running.Go(func() { l.run(ctx) })
	eventually(t, "watch", func() bool {
		server.mu.Lock()
		defer server.mu.Unlock()
		return len(server.asked) == 2
	})
	stop()
	running.Wait()
	if len(l.heard) != 2 || l.heard[1] != nil || l.broken > 0 {
		t.Errorf("heard %v, and %d times that the watch broke; that we stop says nothing about the cluster", l.heard, l.broken)
	}
}

// TestReflectorNoticesBrokenWatches lets the time pass while a watch is open.
func TestReflectorNoticesBrokenWatches(t *testing.T) {
	for _, row := range []struct {
		name, reason string
		lasts        time.Duration
		want         int
	}{
		{"ended in time", "every watch ends some time", 2 * watchTime, 0},
		{"broke", "all watches do when the API server stops", watchTime / 2, 1},
	} {
		t.Run(row.name, func(t *testing.T) {
			clock := clocktesting.NewFakeClock(time.Date(2021, 5, 5, 0, 0, 0, 0, time.UTC))
			server := serveCores(t)
			server.answer(lists("7"), func(http.ResponseWriter, *http.Request) { clock.Step(row.lasts) })
			l := listen(t, server, clock)
			l.listOrWatch(t.Context())
			l.listOrWatch(t.Context())
			if l.broken != row.want {
				t.Errorf("told %d times that a watch broke, want %d: %s", l.broken, row.want, row.reason)
			}
		})
	}
}

// TestReflectorBacksOff has an API server that breaks each watch as soon as it has begun, and then one that is well again.
func TestReflectorBacksOff(t *testing.T) {
	for _, row := range []struct {
		name, reason string
		lasts        time.Duration
		say          string
	}{
		{"broke after a while", "it was well for a minute", time.Minute, ""},
		{"ended in time", "it was well all the time", 2 * watchTime, ""},
		{"failed after its time", "it was well all the time", 2 * watchTime, "<html>"},
	} {
		t.Run(row.name, func(t *testing.T) {
			clock := clocktesting.NewFakeClock(time.Date(2021, 5, 5, 0, 0, 0, 0, time.UTC))
			server := serveCores(t)
			server.answer(lists("7"), says("<html>"))
			l := listen(t, server, clock)
			var pause time.Duration
			for range 12 {
				l.listOrWatch(t.Context())
				pause = l.listOrWatch(t.Context())
			}
			if pause < lastRetry || pause > lastRetry*6/5 {
				t.Errorf("lists again after %s, want about %s", pause, lastRetry)
			}
			server.answer(lists("7"), func(w http.ResponseWriter, _ *http.Request) {
				clock.Step(row.lasts)
				_, _ = io.WriteString(w, row.say)
			})
			l.listOrWatch(t.Context())
			l.listOrWatch(t.Context())
			server.answer(lists("7"), says("<html>"))
			if !l.listed {
				l.listOrWatch(t.Context())
			}
			if pause = l.listOrWatch(t.Context()); pause > 4*firstRetry {
				t.Errorf("goes on %s after the next break, want about %s: %s", pause, firstRetry, row.reason)
			}
		})
	}
}

// TestReflectorRetriesAnewAfterAList has lists that fail, are well, and fail again.
func TestReflectorRetriesAnewAfterAList(t *testing.T) {
	server := serveCores(t)
	l := listen(t, server, clock.RealClock{})
	server.answer(fails(500), changes())
	for range 12 {
		l.listOrWatch(t.Context())
	}
	server.answer(lists("7"), fails(500))
	l.listOrWatch(t.Context())
	l.listOrWatch(t.Context())
	server.answer(fails(500), changes())
	if pause := l.listOrWatch(t.Context()); pause > 2*firstRetry {
		t.Errorf("lists again after %s, want about %s", pause, firstRetry)
	}
}

// TestReflectorPollsWhereWatchesEndAtOnce has something in between that takes watches, and ends each at once.
func TestReflectorPollsWhereWatchesEndAtOnce(t *testing.T) {
	for _, row := range []struct {
		name, reason string
		watch        func(http.ResponseWriter, *http.Request)
		want         []string
		slow         bool
	}{
		{"without any change", "it would be listed never again", changes(),
			[]string{`list "0"`, `watch "7"`, `watch "7"`, `list "7"`, `watch "7"`, `list "7"`}, true},
		{"with a bookmark", "that is no change", changes("BOOKMARK", `{"metadata":{"resourceVersion":"8"}}`),
			[]string{`list "0"`, `watch "7"`, `watch "8"`, `list "8"`, `watch "7"`, `list "8"`}, true},
		{"with a change", "so changes are seen", changes("ADDED", core("a", "v1", "8")),
			[]string{`list "0"`, `watch "7"`, `watch "8"`, `watch "8"`, `watch "8"`, `watch "8"`}, false},
	} {
		t.Run(row.name, func(t *testing.T) {
			server := serveCores(t)
			server.answer(lists("7"), row.watch)
			l := listen(t, server, clock.RealClock{})
			var pauses []time.Duration
			for range row.want {
				pauses = append(pauses, l.listOrWatch(t.Context()))
			}
			if diff := cmp.Diff(row.want, server.requests()); diff != "" {
				t.Errorf("%s\n-want +got:\n%s", row.reason, diff)
			}
			if slow := pauses[4] >= pollInterval; slow != row.slow || slow && pauses[2] < pollInterval {
				t.Errorf("the pauses are %s", pauses)
			}
		})
	}
}

// TestReflectorSkipsNothing has a change that cannot be taken.
func TestReflectorSkipsNothing(t *testing.T) {
	server := serveCores(t)
	server.answer(lists("7"), changes("ADDED", core("a", "v1", "8")))
	l := listen(t, server, clock.RealClock{})
	l.listOrWatch(t.Context())
	l.store.hasRoom = func(int) bool { return false }
	l.listOrWatch(t.Context())
	if l.resourceVersion != "7" || l.listed {
		t.Errorf("goes on from %s, and it is %t that all before is known", l.resourceVersion, l.listed)
	}
}

// TestReflectorIsWoken has the API server answer again while the reflector waits after many failures.
func TestReflectorIsWoken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := coresInProcess(t)
		server.answer(fails(500), changes())
		l := listen(t, server, clock.RealClock{})
		for range 12 {
			l.listOrWatch(t.Context())
		}
		server.requests()
		ctx, stop := context.WithCancel(t.Context())
		var running sync.WaitGroup
		running.Go(func() { l.run(ctx) })
		defer running.Wait()
		defer stop()
		synctest.Wait()
		if asked := server.requests(); len(asked) != 1 {
			t.Fatalf("it has asked for %v, want to list once more", asked)
		}
		server.answer(lists("7", core("a", "v1", "7")), fails(http.StatusMethodNotAllowed))
		start := time.Now()
		l.recovery.broadcast()
		eventually(t, "list", func() bool { return len(kommanderCores(l.store)) == 1 })
		if took := time.Since(start); took > recoverySpread+time.Millisecond {
			t.Errorf("what can be seen again is seen after %s", took)
		}
	})
}

// TestWatchForgetsLargeChanges looks at the memory of a watch that waits after a large change.
func TestWatchForgetsLargeChanges(t *testing.T) {
	large := `{"type":"BOOKMARK","object":{"metadata":{"resourceVersion":"8"},"x":"` + strings.Repeat("x", 1<<20) + `"}}`
	watched := newDecoder(strings.NewReader(large + "\n" + strings.Repeat(`{"type":"BOOKMARK"}`, 7)))
	for i := range 8 {
		var change event
		if err := watched.next(&change); err != nil || change.Type != "BOOKMARK" {
			t.Fatalf("change %d: %v", i, err)
		}
		before := watched.Decoder
		watched = watched.shrink()
		if anew := watched.Decoder != before; anew != (i == 0) {
			t.Errorf("after change %d it is %t that the decoder is another", i, anew)
		}
	}
	if err := watched.next(&event{}); !errors.Is(err, io.EOF) {
		t.Errorf("after the last change: %v", err)
	}
}

// eventually waits for what is to happen in the end.
func eventually(t *testing.T, what string, is func() bool) {
	t.Helper()
	for deadline := time.Now().Add(soon); !is(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("it does not %s", what)
		}
	}
}

// kommanderCores are what is kept, all of which are of this kind.
func kommanderCores(store *store) []detect.KommanderCore {
	var cores []detect.KommanderCore
	for _, one := range store.list() {
		core, _ := one.(detect.KommanderCore)
		cores = append(cores, core)
	}
	return cores
}
