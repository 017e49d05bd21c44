// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package front

import "sync"

const (
	// maxDistinct bounds the counters. Further distinct requests are counted without path, namespace, name and user agent.
	maxDistinct = 10_000
	// maxRecent bounds what Recent returns.
	maxRecent = 1_000
)

// requestLog counts requests, and keeps the last ones, in bounded memory. Its zero value is ready for use.
type requestLog struct {
	mu     sync.Mutex
	counts map[Request]int
	// recent is a ring buffer: once it is full, next is the index of the oldest entry.
	recent []Request
	next   int
}

// Requests returns the number of requests since the start, or the last Reset, for which match returns true; nil matches all.
// A request counts when it arrives, so a watch counts once.
func (l *requestLog) Requests(match func(Request) bool) int {
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

// Recent returns, in the order of arrival, those of the last 1000 requests for which match returns true; nil matches all. It
// explains a count that is not the expected one.
func (l *requestLog) Recent(match func(Request) bool) []Request {
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

// Reset drops all requests.
func (l *requestLog) Reset() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.counts, l.recent, l.next = nil, nil, 0
}

func (l *requestLog) record(request Request) {
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
