// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"strings"
	"sync"
)

// errorLog keeps what the operator logs, and the errors in it. There are none unless a test expects some.
type errorLog struct {
	mu       sync.Mutex
	all      strings.Builder
	lines    []string
	expected []string
}

// verbosity is the highest.
const verbosity = 9

func (l *errorLog) record(prefix, line string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.all.WriteString(prefix + " " + line + "\n")
	isDetail := strings.Contains(line, `"level"=`) && !strings.Contains(line, `"level"=0`)
	if !isDetail && (strings.Contains(line, `"logger"=`) || strings.Contains(line, `"error"=`)) {
		l.lines = append(l.lines, prefix+" "+line)
	}
}

// text is all that was logged.
func (l *errorLog) text() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.all.String()
}

// ending is what an operator logs when its context ends while it works.
const ending = "context canceled"

// expects makes errors with that text no surprise.
func (l *errorLog) expects(text string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.expected = append(l.expected, text)
}

func (l *errorLog) unexpected() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	var found []string
	for _, line := range l.lines {
		surprise := !strings.Contains(line, ending)
		for _, text := range l.expected {
			surprise = surprise && !strings.Contains(line, text)
		}
		if surprise {
			found = append(found, line)
		}
	}
	return found
}
