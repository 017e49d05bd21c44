// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package manifest

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
)

// maxInput bounds one file or the standard input, in bytes. The ClusterSupports of thousands of clusters fit.
const maxInput = 64 << 20

// extensions are those of the files to read in a folder.
var extensions = []string{".yaml", ".yml", ".json"}

// kustomizations are files that kustomize reads. They lie beside manifests and are none.
var kustomizations = []string{"kustomization.yaml", "kustomization.yml"}

// expand returns the files of a path: of a folder, the manifests directly in it. A file named by the user is read whatever
// its extension.
func expand(path string) ([]string, error) {
	if path == Stdin {
		return []string{path}, nil
	}
	found, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if !found.IsDir() {
		return []string{path}, nil
	}
	entries, err := os.ReadDir(path)
	if err != nil {
		return nil, err
	}
	var files []string
	for _, entry := range entries {
		if !slices.Contains(extensions, filepath.Ext(entry.Name())) || slices.Contains(kustomizations, entry.Name()) {
			continue
		}
		file := filepath.Join(path, entry.Name())
		// Links are followed: the files of a mounted ConfigMap are links.
		target, err := os.Stat(file)
		if err != nil {
			return nil, err
		}
		if target.Mode().IsRegular() {
			files = append(files, file)
		}
	}
	if len(files) == 0 {
		return nil, fmt.Errorf("%s: there is no .yaml, .yml or .json file in this folder; folders in it are not searched", path)
	}
	return files, nil
}

// readContent reads a file or the standard input.
func readContent(stdin io.Reader, path string) ([]byte, error) {
	if path == Stdin {
		return readBounded(stdin, "standard input")
	}
	file, err := os.Open(path) //nolint:gosec // the user names the file
	if err != nil {
		return nil, err
	}
	defer file.Close() //nolint:errcheck // it was only read
	return readBounded(file, path)
}

// readBounded reads to the end, and fails beyond maxInput.
func readBounded(from io.Reader, name string) ([]byte, error) {
	content, err := io.ReadAll(io.LimitReader(from, maxInput+1))
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", name, err)
	}
	if len(content) > maxInput {
		return nil, fmt.Errorf("%s: is larger than %d MiB; split it", name, maxInput>>20)
	}
	return content, nil
}
