// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package facts

import (
	"archive/zip"
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestLoadZone(t *testing.T) {
	for _, name := range []string{"UTC", "Etc/UTC", "Europe/Berlin", "America/Argentina/Buenos_Aires"} {
		if zone, err := LoadZone(name); err != nil || zone.String() != name {
			t.Errorf("%s: %v, %v", name, zone, err)
		}
	}
	for _, row := range []struct{ name, reason string }{
		{"", "Go takes it for UTC"},
		{"Local", "it is another one on each machine"},
		{"local", "and so would this be"},
		{"localtime", "Linux has a file of this name"},
		{"posixrules", "and this one"},
		{"right/UTC", "with leap seconds, on some machines"},
		{"posix/Europe/Berlin", "a copy, on some machines"},
		{"Europe//Berlin", "a file system takes it for Europe/Berlin"},
		{"./Europe/Berlin", "and this"},
		{"Europe/../Europe/Berlin", "and this"},
		{"europe/berlin", "one that does not mind upper case takes it, too"},
		{"EUROPE/BERLIN", "and this"},
		{"Europe", "a folder"},
		{"Europe/", "a folder"},
		{"Mars/Olympus", "there is none"},
		{"../../etc/passwd", "another file"},
		{"../../etc/localtime", "the zone of the machine"},
		{"/etc/localtime", "the zone of the machine"},
		{"CEST", "an abbreviation"},
		{"+02:00", "an offset"},
		{"Europe/Berlin\n", "more than the name"},
		{"Europe/Berlin\x00", "more than the name"},
	} {
		if zone, err := LoadZone(row.name); err == nil {
			t.Errorf("%q (%s) became %s", row.name, row.reason, zone)
		}
	}
}

// TestZonesOfTheMachine: a database of the machine changes neither which zones there are nor what they say. That Go itself believes it
// shows that the test would notice.
func TestZonesOfTheMachine(t *testing.T) {
	tokyo := zoneData(t, "Asia/Tokyo")
	folder := t.TempDir()
	for _, name := range []string{"Europe/Berlin", "Europe/Bonn"} {
		path := filepath.Join(folder, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, tokyo, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	// Go reads the variable once for each process.
	child := exec.Command(program, "-test.run=^TestZonesInChild$", "-test.v")
	child.Env = append(os.Environ(), "ZONEINFO="+folder, childVariable+"=true")
	output, err := child.CombinedOutput()
	if err != nil || !bytes.Contains(output, []byte("--- PASS: TestZonesInChild")) {
		t.Errorf("%v\n%s", err, output)
	}
}

const childVariable = "ZONES_OF_THE_MACHINE"

// TestZonesInChild is the part of TestZonesOfTheMachine that runs with another database.
func TestZonesInChild(t *testing.T) {
	if os.Getenv(childVariable) == "" {
		t.Skip("TestZonesOfTheMachine runs it")
	}
	const inTokyo = 9 * 60 * 60
	noon := time.Date(2021, 1, 1, 12, 0, 0, 0, time.UTC)
	offset := func(zone *time.Location) int {
		_, seconds := noon.In(zone).Zone()
		return seconds
	}
	if zone, err := time.LoadLocation("Europe/Berlin"); err != nil || offset(zone) != inTokyo {
		t.Errorf("Go does not take the database of the machine: %v, %v", zone, err)
	}
	if zone, err := LoadZone("Europe/Berlin"); err != nil || offset(zone) != 60*60 {
		t.Errorf("Europe/Berlin is %v, %v", zone, err)
	}
	if zone, err := LoadZone("Europe/Bonn"); err == nil {
		t.Errorf("%s became a zone", zone)
	}
}

func zoneData(t *testing.T, name string) []byte {
	t.Helper()
	archive, err := zip.NewReader(bytes.NewReader(zoneArchive), int64(len(zoneArchive)))
	if err != nil {
		t.Fatal(err)
	}
	file, err := archive.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	var data bytes.Buffer
	if _, err := data.ReadFrom(file); err != nil {
		t.Fatal(err)
	}
	return data.Bytes()
}

// TestZoneArchive: each zone of the archive can be loaded, and the archive is the one of Go. A newer Go brings newer zones; they are
// taken over by a commit, and change answers from that commit on.
func TestZoneArchive(t *testing.T) {
	if len(zoneFiles()) < 500 {
		t.Errorf("there are only %d zones", len(zoneFiles()))
	}
	for name := range zoneFiles() {
		if zone, err := LoadZone(name); err != nil || zone.String() != name {
			t.Errorf("%s: %v, %v", name, zone, err)
		}
	}
	root, err := exec.Command("go", "env", "GOROOT").Output()
	if err != nil {
		t.Fatal(err)
	}
	want, err := os.ReadFile(filepath.Join(strings.TrimSpace(string(root)), "lib", "time", "zoneinfo.zip"))
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(want, zoneArchive) {
		t.Error("zoneinfo.zip is not the one of this Go: run go generate ./internal/facts, and tell in the changelog")
	}
}
