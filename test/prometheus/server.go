// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package prometheus

import (
	"context"
	"path/filepath"
	"testing"
	"time"

	"github.com/prometheus/client_golang/api"
	v1 "github.com/prometheus/client_golang/api/prometheus/v1"
	"github.com/prometheus/common/model"

	"github.com/d2iq-labs/support-policy-operator/test/process"
)

// queryTimeout is far longer than any query of a test takes.
const queryTimeout = 30 * time.Second

// Server is a running Prometheus.
type Server struct {
	// URL is the address of its API and pages.
	URL string

	api v1.API
}

// StartServer starts a Prometheus without data, with the text of a prometheus.yml, and returns when it is ready. It ends with
// the test. Paths in the configuration must be absolute. Where Prometheus is missing, the test is skipped, or fails with
// CI=true.
func StartServer(t testing.TB, config string) *Server {
	t.Helper()
	path, err := program(server)
	process.Need(t, err, ErrMissing)
	folder := t.TempDir()
	address := run(t, path,
		"--config.file="+writeConfig(t, folder, "prometheus.yml", config),
		"--storage.tsdb.path="+filepath.Join(folder, "data"),
	)
	s := &Server{URL: "http://" + address}
	client, err := api.NewClient(api.Config{Address: s.URL})
	if err != nil {
		t.Fatal(err)
	}
	s.api = v1.NewAPI(client)
	return s
}

// API returns a client for the whole API of the server.
func (s *Server) API() v1.API { return s.api }

// Query evaluates an expression now. The result must be a vector.
func (s *Server) Query(t testing.TB, expr string) model.Vector {
	t.Helper()
	return s.QueryAt(t, expr, time.Time{})
}

// QueryAt evaluates an expression at an instant; the zero time means now. The result must be a vector.
func (s *Server) QueryAt(t testing.TB, expr string, at time.Time) model.Vector {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), queryTimeout)
	defer cancel()
	value, warnings, err := s.api.Query(ctx, expr, at)
	if err != nil {
		t.Fatalf("query %s: %v", expr, err)
	}
	if len(warnings) != 0 {
		t.Errorf("query %s: %q", expr, warnings)
	}
	vector, ok := value.(model.Vector)
	if !ok {
		t.Fatalf("query %s: a %s, want a vector", expr, value.Type())
	}
	return vector
}
