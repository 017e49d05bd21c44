// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

// Package manifest reads the objects of this project from files. It is strict: an unknown field is an error, since the
// policy without a misspelt field is another policy.
package manifest

import (
	"errors"
	"fmt"
	"io"

	"github.com/d2iq-labs/support-policy-operator/api/v1alpha1"
)

// Stdin is the path that means the standard input.
const Stdin = "-"

// Source is where an object was read.
type Source struct {
	// File is the path, or Stdin.
	File string
	// Document counts the documents of the file from 1, Item the items of a List from 1; 0 outside of one.
	Document, Item int
}

// String names the source as in an error.
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

// Found is an object with its source.
type Found[T any] struct {
	Object T
	Source Source
}

// PolicySet has the objects by which clusters are evaluated, in the order in which they were read.
type PolicySet struct {
	Policies   []Found[v1alpha1.SupportPolicy]
	Exceptions []Found[v1alpha1.SupportException]
}

// ReadPolicies reads SupportPolicies and SupportExceptions from files, folders and, for the path Stdin, from stdin. The
// error names each source and what is wrong there. Objects that could be read are returned beside an error.
func ReadPolicies(stdin io.Reader, paths ...string) (PolicySet, error) {
	var read PolicySet
	err := readAll(stdin, paths, map[string]decoder{
		policyKind:    decodeInto(&read.Policies),
		exceptionKind: decodeInto(&read.Exceptions),
	})
	return read, err
}

// ReadClusters reads ClusterSupports, as ReadPolicies reads policies.
func ReadClusters(stdin io.Reader, paths ...string) ([]Found[v1alpha1.ClusterSupport], error) {
	var read []Found[v1alpha1.ClusterSupport]
	err := readAll(stdin, paths, map[string]decoder{clusterKind: decodeInto(&read)})
	return read, err
}

// readAll passes each object in the files to the decoder of its kind, and joins all errors.
func readAll(stdin io.Reader, paths []string, decoders map[string]decoder) error {
	var failures []error
	for _, path := range paths {
		files, err := expand(path)
		failures = append(failures, err)
		for _, file := range files {
			failures = append(failures, readFile(stdin, file, decoders))
		}
	}
	return errors.Join(failures...)
}

// readFile reads all objects of one file.
func readFile(stdin io.Reader, path string, decoders map[string]decoder) error {
	content, err := readContent(stdin, path)
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
		failures = append(failures, readDocument(document, source, decoders))
	}
	return errors.Join(failures...)
}
