// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

// Package vex compares what govulncheck finds with the OpenVEX statements of docs/vex: a vulnerability that the code calls is mended,
// or a dated statement says why it does not reach the users.
package vex

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
)

// Vulnerability is one that the code calls.
type Vulnerability struct {
	// ID is its name in the Go vulnerability database, such as GO-2022-1059.
	ID      string
	Summary string
	// Module and Version are those that have it, and FixedVersion is the one that mends it; empty where there is none.
	Module, Version, FixedVersion string
	// Path is one way from this code to the vulnerable function, by the calls.
	Path []string
}

// message is one of those that govulncheck prints as JSON. Of the others, such as progress, nothing is used.
type message struct {
	Config *struct {
		ScanLevel string `json:"scan_level"`
	} `json:"config"`
	OSV *struct {
		ID      string `json:"id"`
		Summary string `json:"summary"`
	} `json:"osv"`
	Finding *struct {
		OSV          string  `json:"osv"`
		FixedVersion string  `json:"fixed_version"`
		Trace        []frame `json:"trace"`
	} `json:"finding"`
}

// frame is a function in the way to a vulnerability, the vulnerable one first.
type frame struct {
	Module   string `json:"module"`
	Version  string `json:"version"`
	Package  string `json:"package"`
	Function string `json:"function"`
	Receiver string `json:"receiver"`
}

// String returns the function as Go code has it.
func (f frame) String() string {
	name := f.Package + "."
	if f.Receiver != "" {
		name += strings.TrimPrefix(f.Receiver, "*") + "."
	}
	return name + f.Function
}

// Called reads what `govulncheck -format json` prints, and returns the vulnerabilities that are called, by their ID. Those of modules
// and packages of which the code calls nothing vulnerable are left out, as govulncheck itself does. The error says what is no
// such output: that of a scan that found nothing has its configuration.
func Called(output io.Reader) ([]Vulnerability, error) {
	called, summaries, isScan := map[string]Vulnerability{}, map[string]string{}, false
	decoder := json.NewDecoder(output)
	for {
		var m message
		err := decoder.Decode(&m)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, fmt.Errorf("read the output of govulncheck: %w", err)
		}
		if m.Config != nil {
			isScan = m.Config.ScanLevel == "symbol"
		}
		if m.OSV != nil {
			summaries[m.OSV.ID] = m.OSV.Summary
		}
		if f := m.Finding; f != nil && len(f.Trace) > 0 && f.Trace[0].Function != "" {
			found := Vulnerability{ID: f.OSV, Module: f.Trace[0].Module, Version: f.Trace[0].Version, FixedVersion: f.FixedVersion}
			for _, frame := range slices.Backward(f.Trace) {
				found.Path = append(found.Path, frame.String())
			}
			// The shortest way is the one that is read most easily.
			if known, is := called[f.OSV]; !is || len(found.Path) < len(known.Path) {
				called[f.OSV] = found
			}
		}
	}
	if !isScan {
		return nil, errors.New("the output of govulncheck is not that of a scan for symbols: call it with -format json")
	}
	all := make([]Vulnerability, 0, len(called))
	for id, found := range called {
		found.Summary = summaries[id]
		all = append(all, found)
	}
	slices.SortFunc(all, func(a, b Vulnerability) int { return strings.Compare(a.ID, b.ID) })
	return all, nil
}
