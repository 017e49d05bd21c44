package grafana

import (
	"flag"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write dashboard.json")

// It comes first: the other tests read the file.
func TestFileIsUpToDate(t *testing.T) {
	if *update {
		if err := os.WriteFile("dashboard.json", JSON(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile("dashboard.json")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(strings.Split(string(JSON()), "\n"), strings.Split(string(got), "\n")); diff != "" {
		t.Errorf("dashboard.json is stale; run go test ./monitoring/grafana -update (-package +file):\n%s", diff)
	}
}
