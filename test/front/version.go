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

// maxVersionBytes is far more than an answer to GET /version has.
const maxVersionBytes = 64 << 10

// SetVersion changes the reported version from the next request on. Major and minor follow from gitVersion, and are empty
// where it is not a version: so a test gets a server that reports nonsense. With an empty gitVersion the front forwards
// the API server's own answer.
func (f *Front) SetVersion(gitVersion string) { f.version.Store(&gitVersion) }

// Version returns the gitVersion that the front reports.
func (f *Front) Version() string { return *f.version.Load() }

func isVersionRequest(r *http.Request) bool {
	return r.Method == http.MethodGet && (r.URL.Path == "/version" || r.URL.Path == "/version/")
}

// replaceVersion puts the chosen version into the API server's answer. An answer other than 200 stays as it is, so that a
// refused token has the same effect with a front as without.
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

// withVersion returns an answer to GET /version with another version. It leaves out what belongs to the real version only,
// such as the commit and the emulated versions.
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
