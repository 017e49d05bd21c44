// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

// Package release makes all files of a release from a clean tree: programs, image, manifests, bundle, catalog and charts of one
// version and one commit. Equal commits give equal files, byte for byte.
//
//	release.go    the pieces and their order
//	version.go    which versions are accepted
//	publisher.go  who publishes, which is asked for and never invented
//	tree.go       the commit, and what differs from it
//	folder.go     the folder that is written, and SHA256SUMS
//	programs.go   compiling, for each platform
//	archive.go    archives with the same bytes each time
//	container.go  the image
//	manifests.go  what kubectl applies and deletes
//	olm.go        the bundle and the catalog
//	filesimage.go their images
//	charts.go     the Helm charts
//	verify.go     making it again, from a clone
package release

import (
	"context"
	"fmt"
	"os"
	"time"
)

// Options are what a release is made of. Root, Version, Publisher and Folder are required.
type Options struct {
	// Root is the folder of the repository. Its tree has to be clean.
	Root string
	// Version is a semantic version with v, such as v0.2.0.
	Version string
	// Publisher is who publishes the release.
	Publisher Publisher
	// Folder is the folder that is written. What a release before left in it is deleted.
	Folder string
	// Operator and Plugin are the platforms for which the programs are built, such as linux/amd64. Nil: all. The image has
	// those of Linux.
	Operator, Plugin []string
}

// build is a release that is being made.
type build struct {
	Options
	// commit is that of the tree, and at its time, which all files have.
	commit string
	at     time.Time
	// scratch is a folder for what is no part of the release.
	scratch string
	// image and bundleImage are the names of the images by digest, once they are made.
	image, bundleImage string
	// operators and plugins are the paths of the compiled programs, by platform.
	operators, plugins map[string]string
}

// Make makes a release. The error names everything that is missing or wrong before anything is built.
func Make(ctx context.Context, options Options) (err error) {
	b, err := check(ctx, options)
	if err != nil {
		return err
	}
	if b.scratch, err = os.MkdirTemp("", "release-"); err != nil {
		return fmt.Errorf("release: make a folder to build in: %w", err)
	}
	defer os.RemoveAll(b.scratch) //nolint:errcheck // a folder left behind in the system's own is no harm
	if err := claim(b.Folder); err != nil {
		return err
	}
	for _, piece := range []struct {
		name string
		make func(context.Context) error
	}{
		{"compile the programs", b.compile},
		{"pack the programs", b.packPrograms},
		{"make the image", b.makeImage},
		{"write the manifests", b.writeManifests},
		{"write the bundle and the catalog", b.writeBundle},
		{"package the charts", b.packageCharts},
		{"write " + recordFile, b.writeRecord},
		{"write " + sumsFile, b.writeSums},
	} {
		if err := piece.make(ctx); err != nil {
			return fmt.Errorf("release: %s: %w", piece.name, err)
		}
	}
	return nil
}
