// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"net"
	"os"
	"path/filepath"
	"testing"

	"github.com/d2iq-labs/support-policy-operator/test/expect"
	"github.com/d2iq-labs/support-policy-operator/test/testfile"
)

func TestUsage(t *testing.T) {
	if _, err := os.Stat("/proc/self/status"); err != nil {
		t.Skip("there is no /proc")
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	ports := map[int]bool{portOf(listener.Addr()): true}
	for want := range 3 {
		got, err := usageOf(os.Getpid(), ports)
		if err != nil {
			t.Fatal(err)
		}
		expect.Equal(t, want, got.connections, "connections")
		if got.resident < 1<<20 || got.peak < got.resident || got.threads < 1 {
			t.Errorf("it uses %+v", got)
		}
		conn, err := net.Dial("tcp", listener.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = conn.Close() })
	}
}

func TestLive(t *testing.T) {
	p := &process{log: filepath.Join(t.TempDir(), "log")}
	log := "gc 1 @0.010s 2%: 0.018+0.48+0.003 ms clock, 0.03+0.1/0.4/0+0.007 ms cpu, 3->4->1 MB, 4 MB goal, 0 MB stacks, 0 MB globals, 2 P\n" +
		"an entry of the log\n" +
		"gc 2 @0.110s 2%: 0.018+0.48+0.003 ms clock, 0.03+0.1/0.4/0+0.007 ms cpu, 9->9->7 MB, 9 MB goal, 2 MB stacks, 0 MB globals, 2 P (forced)\n"
	testfile.Write(t, p.log, log)
	got, err := p.live()
	if err != nil {
		t.Fatal(err)
	}
	expect.Equal(t, 7<<20, got, "bytes")
}
