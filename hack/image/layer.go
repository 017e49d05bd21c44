// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package image

import (
	"archive/tar"
	"bytes"
	"fmt"
	"io"
	"maps"
	"os"
	"path"
	"slices"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"github.com/google/go-containerregistry/pkg/v1/types"

	"github.com/d2iq-labs/support-policy-operator/hack/licences"
)

// file is a file in an image. Its owner is root, so that the operator cannot write to it.
type file struct {
	content []byte
	mode    int64
}

// layers are what changes seldom, and above it the program: whoever has another version downloads the program only.
func layers(program string, texts []licences.File, at time.Time) ([]mutate.Addendum, error) {
	certificates, err := authorities()
	if err != nil {
		return nil, err
	}
	files := map[string]file{Certificates: {certificates, 0o644}}
	for _, text := range texts {
		files[path.Join(Licences, text.Path)] = file{text.Content, 0o644}
	}
	operator, err := os.ReadFile(program)
	if err != nil {
		return nil, err
	}
	var additions []mutate.Addendum
	for _, one := range []struct {
		files map[string]file
		is    string
	}{
		{files, "certificate authorities and licences"},
		{map[string]file{Program: {operator, 0o755}}, Name},
	} {
		layer, err := layerOf(one.files, at)
		if err != nil {
			return nil, fmt.Errorf("the layer with %s: %w", one.is, err)
		}
		additions = append(additions, mutate.Addendum{
			Layer: layer, History: v1.History{Created: v1.Time{Time: at}, CreatedBy: "hack/image", Comment: one.is},
		})
	}
	return additions, nil
}

// layerOf makes a layer of files by their absolute paths.
func layerOf(files map[string]file, at time.Time) (v1.Layer, error) {
	var archive bytes.Buffer
	if err := writeArchive(&archive, files, at); err != nil {
		return nil, err
	}
	return tarball.LayerFromOpener(func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(archive.Bytes())), nil },
		tarball.WithMediaType(types.OCILayer), tarball.WithCompressedCaching)
}

// writeArchive writes the files and the folders above them, sorted by path: a folder is before what is in it.
func writeArchive(to io.Writer, files map[string]file, at time.Time) error {
	entries := map[string]tar.Header{}
	for name, one := range files {
		entries[name] = tar.Header{Typeflag: tar.TypeReg, Name: name[1:], Mode: one.mode, Size: int64(len(one.content)), ModTime: at}
		for folder := path.Dir(name); folder != "/"; folder = path.Dir(folder) {
			entries[folder] = tar.Header{Typeflag: tar.TypeDir, Name: folder[1:] + "/", Mode: 0o755, ModTime: at}
		}
	}
	archive := tar.NewWriter(to)
	for _, name := range slices.Sorted(maps.Keys(entries)) {
		header := entries[name]
		if err := archive.WriteHeader(&header); err != nil {
			return err
		}
		if _, err := archive.Write(files[name].content); err != nil {
			return err
		}
	}
	return archive.Close()
}
