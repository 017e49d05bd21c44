// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package front

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"

	utilversion "k8s.io/apimachinery/pkg/util/version"
	"k8s.io/apimachinery/pkg/version"
)

// maxVersionBytes is far more than a version answer has.
const maxVersionBytes = 64 << 10

// SetVersion changes the version that is reported from the next request on. Major and minor are read from gitVersion;
// both stay empty when it is not a version, which is the way to test against a server that reports nonsense. With an
// empty gitVersion the API server's own answer passes through.
func (f *Front) SetVersion(gitVersion string) { f.version.Store(&gitVersion) }

// Version returns the gitVersion that is reported at present.
func (f *Front) Version() string { return *f.version.Load() }

func asksVersion(r *http.Request) bool {
	return r.Method == http.MethodGet && (r.URL.Path == "/version" || r.URL.Path == "/version/")
}

// replaceVersion puts the chosen version into the API server's answer. The API server is asked all the same, so that
// a token it refuses, or an API server that is down, looks through the front as it would without.
func (f *Front) replaceVersion(answer *http.Response) error {
	chosen := f.Version()
	if chosen == "" || answer.StatusCode != http.StatusOK {
		return nil
	}
	old, err := io.ReadAll(io.LimitReader(answer.Body, maxVersionBytes))
	if err != nil {
		return fmt.Errorf("reading the API server's version: %w", err)
	}
	if err := answer.Body.Close(); err != nil {
		return fmt.Errorf("reading the API server's version: %w", err)
	}
	replaced, err := withVersion(old, chosen)
	if err != nil {
		return err
	}
	answer.Body = io.NopCloser(bytes.NewReader(replaced))
	answer.ContentLength = int64(len(replaced))
	answer.Header.Set("Content-Length", strconv.Itoa(len(replaced)))
	return nil
}

// withVersion returns the version answer of a server that is like the one that gave answer but for its version. What
// only belongs to the real version (the commit, the emulated versions) is left out.
func withVersion(answer []byte, gitVersion string) ([]byte, error) {
	var upstream version.Info
	if err := json.Unmarshal(answer, &upstream); err != nil {
		return nil, fmt.Errorf("the API server's answer to GET /version is not a version: %w", err)
	}
	chosen := version.Info{
		GitVersion:   gitVersion,
		GitTreeState: "clean",
		BuildDate:    upstream.BuildDate,
		GoVersion:    upstream.GoVersion,
		Compiler:     upstream.Compiler,
		Platform:     upstream.Platform,
	}
	if parsed, err := utilversion.ParseSemantic(gitVersion); err == nil {
		chosen.Major = strconv.FormatUint(uint64(parsed.Major()), 10)
		chosen.Minor = strconv.FormatUint(uint64(parsed.Minor()), 10)
	}
	return json.MarshalIndent(chosen, "", "  ")
}
