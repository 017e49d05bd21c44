// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package process

import (
	"errors"
	"net"
	"os"
	"testing"
)

// Need ends the test where there is an error. An error that wraps missing, for a missing program, skips the test, or fails
// it with CI=true.
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

// FreeAddress returns a loopback address with a free port, for a program that cannot choose one.
func FreeAddress(t testing.TB) string {
	t.Helper()
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	return listener.Addr().String()
}
