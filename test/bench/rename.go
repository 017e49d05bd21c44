// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"bytes"
	"io"
)

// rename is an answer of an API server in which a namespace has another name. Lists and events of watches end with the
// line, so no name is torn apart.
type rename struct {
	io.Closer

	lines    *bufio.Reader
	from, to []byte
	rest     []byte
}

func newRename(body io.ReadCloser, from, to string) *rename {
	quoted := func(namespace string) []byte { return []byte(`"namespace":"` + namespace + `"`) }
	return &rename{Closer: body, lines: bufio.NewReader(body), from: quoted(from), to: quoted(to)}
}

// Read reads.
func (r *rename) Read(p []byte) (int, error) {
	if len(r.rest) == 0 {
		line, err := r.lines.ReadBytes('\n')
		r.rest = bytes.ReplaceAll(line, r.from, r.to)
		if len(r.rest) == 0 {
			return 0, err
		}
	}
	n := copy(p, r.rest)
	r.rest = r.rest[n:]
	return n, nil
}
