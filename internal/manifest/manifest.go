// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

// Package manifest reads the objects of this project from files, as a Git repository has them: strictly, since a
// misspelt field in a file is an answer to another question than the one that was meant.
package manifest

import (
	"errors"
	"fmt"
	"io"

	"github.com/d2iq-labs/support-policy-operator/api/v1alpha1"
)

// Stdin is the path that means the standard input.
const Stdin = "-"

// Source says where an object was read.
type Source struct {
	// File is the path, or Stdin.
	File string
	// Document counts the documents of the file from 1, Item the items of a List from 1; 0 outside of one.
	Document, Item int
}

// String names the place as in an error.
func (s Source) String() string {
	place := s.File
	if place == Stdin {
		place = "standard input"
	}
	place = fmt.Sprintf("%s, document %d", place, s.Document)
	if s.Item > 0 {
		place += fmt.Sprintf(", item %d", s.Item)
	}
	return place
}

// Found is an object and where it was read.
type Found[T any] struct {
	Object T
	Source Source
}

// Policies are the objects by which clusters are judged, in the order in which they were read.
type Policies struct {
	Policies   []Found[v1alpha1.SupportPolicy]
	Exceptions []Found[v1alpha1.SupportException]
}

// ReadPolicies reads SupportPolicies and SupportExceptions from files and folders. Beside an error, which names each
// place and what is wrong there, it gives all that could be read nevertheless.
func ReadPolicies(stdin io.Reader, paths ...string) (Policies, error) {
	var read Policies
	err := readAll(stdin, paths, map[string]keeper{
		policyKind:    keep(&read.Policies),
		exceptionKind: keep(&read.Exceptions),
	})
	return read, err
}

// ReadClusters reads ClusterSupports from files and folders, and fails like ReadPolicies.
func ReadClusters(stdin io.Reader, paths ...string) ([]Found[v1alpha1.ClusterSupport], error) {
	var read []Found[v1alpha1.ClusterSupport]
	err := readAll(stdin, paths, map[string]keeper{clusterKind: keep(&read)})
	return read, err
}

// readAll hands every object in the files to the keeper of its kind, and joins all errors.
func readAll(stdin io.Reader, paths []string, keepers map[string]keeper) error {
	var failures []error
	for _, path := range paths {
		files, err := expand(path)
		failures = append(failures, err)
		for _, file := range files {
			failures = append(failures, readFile(stdin, file, keepers))
		}
	}
	return errors.Join(failures...)
}

// readFile reads all objects of one file.
func readFile(stdin io.Reader, path string, keepers map[string]keeper) error {
	content, err := contentOf(stdin, path)
	if err != nil {
		return err
	}
	var failures []error
	number := 0
	for document, err := range documents(content) {
		number++
		source := Source{File: path, Document: number}
		if err != nil {
			failures = append(failures, fmt.Errorf("%s: %w", source, err))
			continue
		}
		failures = append(failures, readDocument(document, source, keepers))
	}
	return errors.Join(failures...)
}
