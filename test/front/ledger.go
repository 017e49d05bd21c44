// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package front

import "sync"

const (
	// maxDistinct bounds the counters. Requests that differ from all counted ones after that are counted by kind
	// only, without path, namespace, name and user agent.
	maxDistinct = 10_000
	// maxRecent bounds Recent.
	maxRecent = 1_000
)

// ledger counts requests in bounded memory. Its zero value is ready for use.
type ledger struct {
	mu     sync.Mutex
	counts map[Request]int
	// recent is a ring: once it is full, next is the oldest entry and the one to be overwritten.
	recent []Request
	next   int
}

// Requests returns how many requests since the start, or the last Reset, fulfil match; with a nil match, all of them.
// A request is counted when it arrives, a watch thus once however many events it delivers.
func (l *ledger) Requests(match func(Request) bool) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	sum := 0
	for request, count := range l.counts {
		if match == nil || match(request) {
			sum += count
		}
	}
	return sum
}

// Recent returns the last requests that fulfil match, at most the last 1000 of all, in the order of arrival; with a
// nil match, all of those. It is for telling what was asked when a count is not the expected one.
func (l *ledger) Recent(match func(Request) bool) []Request {
	l.mu.Lock()
	defer l.mu.Unlock()
	var found []Request
	for i := range l.recent {
		if request := l.recent[(l.next+i)%len(l.recent)]; match == nil || match(request) {
			found = append(found, request)
		}
	}
	return found
}

// Reset forgets all requests.
func (l *ledger) Reset() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.counts, l.recent, l.next = nil, nil, 0
}

func (l *ledger) record(request Request) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.recent) < maxRecent {
		l.recent = append(l.recent, request)
	} else {
		l.recent[l.next] = request
		l.next = (l.next + 1) % maxRecent
	}
	if l.counts == nil {
		l.counts = map[Request]int{}
	}
	if _, known := l.counts[request]; !known && len(l.counts) >= maxDistinct {
		request.Path, request.Namespace, request.Name, request.UserAgent = "", "", "", ""
	}
	l.counts[request]++
}
