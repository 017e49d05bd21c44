// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package process

import (
	"errors"
	"net"
	"os"
	"testing"
)

// Need ends the test when there is an error. Where a program is missing, which the error says by wrapping missing, the test
// is skipped; with CI=true it fails, so that no run passes for want of a program.
func Need(t testing.TB, err, missing error) {
	t.Helper()
	switch {
	case err == nil:
	case errors.Is(err, missing) && os.Getenv("CI") != "true":
		t.Skip(err)
	default:
		t.Fatal(err)
	}
}

// FreeAddress is an address of this machine on which nobody listens, for a program that has to be told its port.
func FreeAddress(t testing.TB) string {
	t.Helper()
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	return listener.Addr().String()
}
