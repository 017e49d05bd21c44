// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

// benchfiles measures what the plugin costs by the worst files that it can be given: processor time and memory of the whole process, for three
// sizes. It fails where a file costs more than the bound on memory, or where time grows faster than the file.
package main

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"time"
	"unicode/utf8"
)

const mib = 1 << 20

const (
	// maxResident bounds the memory of a process in bytes.
	maxResident = 1 << 30
	// maxGrowth bounds how much the time for a byte may grow from the smallest file to the largest. Time is noisy.
	maxGrowth = 1.5
	// negligible is the time up to which growth means nothing.
	negligible = 2 * time.Second
)

func main() {
	only := flag.String("only", "", "measure the shapes whose name matches this `expression`")
	// The largest one is the bound of the plugin on a file.
	sizes := flag.String("sizes", "16,32,64", "the sizes of the files in MiB, the smallest first")
	flag.Parse()
	if err := measure(*only, *sizes); err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(1)
	}
}

func measure(only, sizeList string) error {
	wanted, err := regexp.Compile(only)
	if err != nil {
		return err
	}
	var sizes []int
	for text := range strings.SplitSeq(sizeList, ",") {
		size, err := strconv.Atoi(text)
		if err != nil {
			return fmt.Errorf("-sizes: %w", err)
		}
		sizes = append(sizes, size)
	}
	folder, err := os.MkdirTemp("", "benchfiles-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(folder) //nolint:errcheck // it is a temporary folder
	plugin := filepath.Join(folder, "plugin")
	build := exec.Command("go", "build", "-o", plugin, "./cmd/kubectl-support_policy")
	build.Stdout, build.Stderr = os.Stderr, os.Stderr
	if err := build.Run(); err != nil {
		return fmt.Errorf("build the plugin: %w", err)
	}
	fmt.Printf("%-34s %5s %5s %8s %8s %9s %7s\n", "file", "MiB", "code", "s", "s/MiB", "MiB RSS", "floor x")
	var failures []error
	for _, one := range shapes {
		if !wanted.MatchString(one.name) {
			continue
		}
		if err := one.measure(plugin, filepath.Join(folder, "input.yaml"), sizes); err != nil {
			failures = append(failures, fmt.Errorf("%s: %w", one.name, err))
		}
	}
	return errors.Join(failures...)
}

// measure prints what the plugin costs for each size of the shape.
func (s shape) measure(plugin, path string, sizes []int) error {
	var times []time.Duration
	var failures []error
	for _, size := range sizes {
		content := s.write(size * mib)
		if err := os.WriteFile(path, content, 0o600); err != nil {
			return err
		}
		least := floor(path)
		used, err := s.run(plugin, path)
		if err != nil {
			return err
		}
		times = append(times, used.cpu)
		fmt.Printf("%-34s %5d %5d %8.2f %8.3f %9.0f %7.1f\n", s.name, size, used.code, used.cpu.Seconds(), used.cpu.Seconds()/float64(size),
			float64(used.resident)/mib, used.cpu.Seconds()/least.Seconds())
		switch {
		case used.resident > maxResident:
			failures = append(failures, fmt.Errorf("%d MiB took %d MiB of memory; allowed are %d", size, used.resident/mib, maxResident/mib))
		case used.code != s.code && (used.code != 1 || !bound.MatchString(used.said)):
			failures = append(failures, fmt.Errorf("%d MiB: exit code %d, want %d: %.300s", size, used.code, s.code, used.said))
		}
	}
	last := len(sizes) - 1
	perByte := func(i int) float64 { return times[i].Seconds() / float64(sizes[i]) }
	if times[last] > negligible && perByte(last) > maxGrowth*perByte(0) {
		failures = append(failures, fmt.Errorf("%d MiB took %s and %d MiB %s: time grows faster than the file", sizes[0], times[0], sizes[last], times[last]))
	}
	return errors.Join(failures...)
}

// bound is what an error says where a bound is exceeded, which large files of most shapes do.
var bound = regexp.MustCompile("more than|deeper than")

// floor is the least that reading the whole file can cost: its bytes, and whether they are UTF-8 and JSON.
func floor(path string) time.Duration {
	before := ownCPU()
	content, err := os.ReadFile(path)
	if err != nil || !utf8.Valid(content) {
		return ownCPU() - before
	}
	_ = json.Valid(content) // what is not JSON is found early, and costs little
	return max(ownCPU()-before, time.Millisecond)
}

func ownCPU() time.Duration {
	var used syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &used); err != nil {
		return 0
	}
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}

// usage is what a process used.
type usage struct {
	cpu      time.Duration
	resident int64
	code     int
	said     string
}

// run runs the plugin on the file. Its output is read by nobody.
func (s shape) run(plugin, path string) (usage, error) {
	arguments := []string{"check", "-f", "config/policies", "--cluster", path, "--as-of", "2021-12-01", "-o", s.form()}
	if s.isPolicy {
		arguments = []string{"lint", path, "--as-of", "2021-12-01"}
	}
	command := exec.Command(plugin, arguments...)
	said, err := os.CreateTemp(filepath.Dir(path), "said-")
	if err != nil {
		return usage{}, err
	}
	defer os.Remove(said.Name()) //nolint:errcheck // it is in a temporary folder
	command.Stderr = said
	var exit *exec.ExitError
	if err := command.Run(); err != nil && !errors.As(err, &exit) {
		return usage{}, err
	}
	text, err := os.ReadFile(said.Name())
	if err != nil {
		return usage{}, err
	}
	used, isKnown := command.ProcessState.SysUsage().(*syscall.Rusage)
	if !isKnown {
		return usage{}, errors.New("the system does not say what a process used")
	}
	return usage{
		cpu:      command.ProcessState.UserTime() + command.ProcessState.SystemTime(),
		resident: used.Maxrss << 10, // Linux counts in KiB
		code:     command.ProcessState.ExitCode(),
		said:     string(text),
	}, nil
}
