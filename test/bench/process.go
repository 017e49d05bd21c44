// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// usage is what a process uses, as Linux tells it.
type usage struct {
	// resident is what is in memory, peak the most that ever was.
	resident, peak bytesize
	threads        int
	// cpu is the time for which it has run, in total.
	cpu time.Duration
	// connections are those that are established to any of some ports.
	connections int
}

type bytesize int64

func (b bytesize) kib() float64 { return float64(b) / (1 << 10) }
func (b bytesize) mib() float64 { return float64(b) / (1 << 20) }

// usageOf asks for a process.
func usageOf(pid int, ports map[int]bool) (usage, error) {
	folder := filepath.Join("/proc", strconv.Itoa(pid))
	status, err := os.ReadFile(filepath.Join(folder, "status"))
	if err != nil {
		return usage{}, fmt.Errorf("ask Linux about the process: %w", err)
	}
	u := usage{
		resident: bytesize(field(status, "VmRSS:")) << 10, peak: bytesize(field(status, "VmHWM:")) << 10,
		threads: field(status, "Threads:"),
	}
	if u.cpu, err = cpuOf(folder); err != nil {
		return usage{}, err
	}
	u.connections, err = connectionsTo(folder, ports)
	return u, err
}

// field is a number in /proc/PID/status.
func field(status []byte, name string) int {
	lines := bufio.NewScanner(bytes.NewReader(status))
	for lines.Scan() {
		if words := strings.Fields(lines.Text()); len(words) > 1 && words[0] == name {
			n, _ := strconv.Atoi(words[1])
			return n
		}
	}
	return 0
}

// tick is the unit of times in /proc/PID/stat, which Linux has the same everywhere.
const tick = time.Second / 100

// cpuOf is the time in the program and in the kernel: the fields 14 and 15, of which the second has spaces in it.
func cpuOf(folder string) (time.Duration, error) {
	stat, err := os.ReadFile(filepath.Join(folder, "stat"))
	if err != nil {
		return 0, fmt.Errorf("ask Linux about the process: %w", err)
	}
	words := strings.Fields(string(stat[bytes.LastIndexByte(stat, ')')+1:]))
	if len(words) < 13 {
		return 0, fmt.Errorf("%s/stat has %d fields", folder, len(words))
	}
	program, errProgram := strconv.Atoi(words[11])
	kernel, errKernel := strconv.Atoi(words[12])
	if errProgram != nil || errKernel != nil {
		return 0, fmt.Errorf("%s/stat has no times: %s", folder, stat)
	}
	return time.Duration(program+kernel) * tick, nil
}

// established is how /proc/net/tcp says it.
const established = "01"

// connectionsTo counts the connections of a process to ports.
func connectionsTo(folder string, ports map[int]bool) (int, error) {
	files, err := filepath.Glob(filepath.Join(folder, "fd", "*"))
	if err != nil {
		return 0, err
	}
	own := map[string]bool{}
	for _, file := range files {
		if target, err := os.Readlink(file); err == nil && strings.HasPrefix(target, "socket:[") {
			own[strings.Trim(strings.TrimPrefix(target, "socket:"), "[]")] = true
		}
	}
	table, err := os.ReadFile(filepath.Join(folder, "net", "tcp"))
	if err != nil {
		return 0, fmt.Errorf("ask Linux about the connections: %w", err)
	}
	n := 0
	for line := range strings.Lines(string(table)) {
		// Number, local and remote address, state, queues, timer, retransmissions, user, timeout, inode.
		words := strings.Fields(line)
		if len(words) < 10 || words[3] != established || !own[words[9]] {
			continue
		}
		_, hex, _ := strings.Cut(words[2], ":")
		if port, err := strconv.ParseUint(hex, 16, 16); err == nil && ports[int(port)] {
			n++
		}
	}
	return n, nil
}
