// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

// Package config holds the files of this folder that programs need: the policies that are shipped, and the CRDs.
package config

import (
	"embed"
	"io/fs"
)

//go:embed policies/*.yaml crd/bases/*.yaml
var files embed.FS

// Policies returns the shipped policies, one in each file, and the kustomization.yaml that lists them.
func Policies() fs.FS { return below("policies") }

// CRDs returns the CustomResourceDefinitions, one in each file.
func CRDs() fs.FS { return below("crd/bases") }

// below returns a folder that is embedded.
func below(folder string) fs.FS {
	found, err := fs.Sub(files, folder)
	if err != nil {
		panic(err) // only a name that is no path fails
	}
	return found
}
