// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package facts

import (
	"archive/zip"
	"bytes"
	_ "embed"
	"fmt"
	"io"
	"sync"
	"time"
)

// zoneArchive is the IANA time zone database, as Go distributes it. The zones of a policy decide days, so they are part of the
// program: time.LoadLocation prefers the files of the machine, and even the embedded ones follow the toolchain.
//
//go:generate sh -c "cp \"$(go env GOROOT)/lib/time/zoneinfo.zip\" zoneinfo.zip && chmod 644 zoneinfo.zip"
//go:embed zoneinfo.zip
var zoneArchive []byte

// zoneFiles are the files of the archive by the names of the zones.
var zoneFiles = sync.OnceValue(func() map[string]*zip.File {
	archive, err := zip.NewReader(bytes.NewReader(zoneArchive), int64(len(zoneArchive)))
	if err != nil {
		panic(fmt.Errorf("the embedded time zones: %w", err)) // they are part of the program, and tested
	}
	files := make(map[string]*zip.File, len(archive.File))
	for _, file := range archive.File {
		files[file.Name] = file
	}
	return files
})

// LoadZone returns an IANA time zone by its name, letter by letter. What the machine knows as a zone beyond the IANA list is none,
// such as localtime or right/UTC.
func LoadZone(name string) (*time.Location, error) {
	file, isZone := zoneFiles()[name]
	if !isZone {
		return nil, fmt.Errorf("%s is not an IANA time zone", Quote(name))
	}
	zone, err := load(file)
	if err != nil {
		return nil, fmt.Errorf("the embedded time zone %s: %w", name, err)
	}
	return zone, nil
}

func load(file *zip.File) (*time.Location, error) {
	content, err := file.Open()
	if err != nil {
		return nil, err
	}
	defer content.Close() //nolint:errcheck // it was only read
	data, err := io.ReadAll(content)
	if err != nil {
		return nil, err
	}
	return time.LoadLocationFromTZData(file.Name, data)
}
