// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package manifest

import (
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

const (
	// maxInput bounds one file or the standard input, in bytes. The ClusterSupports of thousands of clusters fit.
	maxInput = 64 << 20
	// pipeTimeout bounds the wait for somebody who writes into a named pipe.
	pipeTimeout = 30 * time.Second
)

// extensions are those of the files to read in a folder, in lower case.
var extensions = []string{".yaml", ".yml", ".json"}

// kustomizations are files that kustomize reads. They lie beside manifests and are none, as the help says, so nobody is told of each.
var kustomizations = []string{"kustomization.yaml", "kustomization.yml", "kustomization"}

// files returns the files that a path stands for: of a folder, its manifests, and with Recursive those of the folders below it. A
// file that is named is read whatever its ending.
func (r *Reader) files(path string) ([]string, error) {
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
	return r.filesIn(path)
}

func (r *Reader) filesIn(folder string) ([]string, error) {
	files, below, err := r.walk(folder)
	switch {
	case err != nil:
		return nil, err
	case len(below) > 0:
		return files, fmt.Errorf("%s: manifests in the folders below it are not read, such as %s; read them with -R, or name the files",
			folder, below[0])
	case len(files) == 0:
		return nil, fmt.Errorf("%s: there is no .yaml, .yml or .json file in this folder", folder)
	}
	return files, nil
}

// walk returns the manifests of a folder that are read, and those below it that are not. It notes what else is there.
func (r *Reader) walk(folder string) (read, below []string, err error) {
	err = filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir():
			// A mounted ConfigMap has its files twice: in a hidden folder, and as links to these.
			if path != folder && strings.HasPrefix(entry.Name(), ".") {
				r.note(path, "is a hidden folder")
				return fs.SkipDir
			}
			return nil
		}
		isManifest, err := r.isManifest(path)
		switch {
		case err != nil:
			return err
		case isManifest && (r.Recursive || filepath.Dir(path) == filepath.Clean(folder)):
			read = append(read, path)
		case isManifest:
			below = append(below, path)
		}
		return nil
	})
	return read, below, err
}

// isManifest tells whether a file in a folder is read, and notes one that is not.
func (r *Reader) isManifest(path string) (bool, error) {
	name := strings.ToLower(filepath.Base(path))
	if slices.Contains(kustomizations, name) {
		return false, nil
	}
	// Links are followed: the files of a mounted ConfigMap are links.
	target, err := os.Stat(path)
	if err != nil {
		return false, err
	}
	switch {
	case target.IsDir():
		r.note(path, "is a link to a folder")
		return false, nil
	case !slices.Contains(extensions, filepath.Ext(name)):
		r.note(path, "does not end in .yaml, .yml or .json")
		return false, nil
	}
	return true, nil
}

// note remembers what is not read.
func (r *Reader) note(path, why string) { r.notes = append(r.notes, fmt.Sprintf("%s %s", path, why)) }

// content reads a file or the standard input.
func (r *Reader) content(path string) ([]byte, error) {
	if path == Stdin {
		return readBounded(r.Stdin, path)
	}
	file, err := open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close() //nolint:errcheck // it was only read
	return readBounded(file, path)
}

// open opens what can be read to an end. A named pipe has one, once somebody writes into it; a device has none.
func open(path string) (*os.File, error) {
	found, err := os.Stat(path)
	switch {
	case err != nil:
		return nil, err
	case found.Mode()&fs.ModeNamedPipe != 0:
		return openPipe(path, pipeTimeout)
	case !found.Mode().IsRegular():
		return nil, fmt.Errorf("%s: is neither a file nor a pipe; give what it holds to the standard input (-)", path)
	}
	return os.Open(path) //nolint:gosec // the user names the file
}

// openPipe opens a named pipe. The system waits until somebody writes into it, and here only as long as the timeout.
func openPipe(path string, timeout time.Duration) (*os.File, error) {
	type opened struct {
		file *os.File
		err  error
	}
	done := make(chan opened, 1)
	go func() {
		file, err := os.Open(path) //nolint:gosec // the user names the pipe
		done <- opened{file, err}
	}()
	select {
	case one := <-done:
		return one.file, one.err
	case <-time.After(timeout):
		return nil, fmt.Errorf("%s: nobody has written into this pipe for %s", path, timeout)
	}
}

// readBounded reads to the end, and fails beyond maxInput.
func readBounded(from io.Reader, path string) ([]byte, error) {
	content, err := io.ReadAll(io.LimitReader(from, maxInput+1))
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", displayName(path), err)
	}
	if len(content) > maxInput {
		return nil, fmt.Errorf("%s: is larger than %d MiB; split it", displayName(path), maxInput>>20)
	}
	return content, nil
}

// displayName names a file in messages.
func displayName(path string) string {
	if path == Stdin {
		return "standard input"
	}
	return path
}
