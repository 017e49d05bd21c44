// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

// Package manifest reads the objects of this project from files, and all of them. It is strict: an unknown field is an error, since
// the policy without a misspelt field is another policy; and so is everything that is there and is not read.
package manifest

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"

	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/d2iq-labs/support-policy-operator/api/v1alpha1"
	"github.com/d2iq-labs/support-policy-operator/internal/documents"
	"github.com/d2iq-labs/support-policy-operator/internal/facts"
)

// Stdin is the path that means the standard input.
const Stdin = "-"

const (
	// maxObjects bounds the objects of one call.
	maxObjects = 100_000
	// maxObjectValues bounds the values of an object. API servers take no object of more than 1.5 MiB, which holds fewer that mean something.
	maxObjectValues = 200_000
	// maxErrors is how many errors are told one by one.
	maxErrors = 20
)

// Source is where an object was read.
type Source struct {
	file     string
	document *documents.Document
	// path leads from the document to the object: none, or items and an index.
	path []any
}

// field returns the place of a field of the object.
func (s Source) field(path ...any) Source {
	s.path = slices.Concat(s.path, path)
	return s
}

// Field returns the place of a field of the object such as spec.releases[0].version, or of the nearest one above it.
func (s Source) Field(path string) Source { return s.field(steps(path)...) }

// String returns the place as file:line:column. It searches the document from its beginning.
func (s Source) String() string {
	line, column := s.document.Position(s.path...)
	return fmt.Sprintf("%s:%d:%d", displayName(s.file), line, column)
}

// Found is an object with its source.
type Found[T any] struct {
	Object T
	Source Source
	// Refused is what an API server would refuse in the object.
	Refused field.ErrorList
	// News is what its status has that this version does not know: a newer operator wrote it.
	News []News
}

// News is a field of a status that this version does not know, or a value of a field.
type News struct {
	Field string
	// Value is empty where the field itself is new.
	Value string
}

// String says what is new.
func (n News) String() string {
	if n.Value == "" {
		return n.Field + " is a field"
	}
	return fmt.Sprintf("%s has the value %s", n.Field, facts.Quote(n.Value))
}

// PolicySet has the objects by which clusters are evaluated, in the order in which they were read.
type PolicySet struct {
	Policies   []Found[v1alpha1.SupportPolicy]
	Exceptions []Found[v1alpha1.SupportException]
}

// Reader reads objects from files, folders and, for the path Stdin, from the standard input.
type Reader struct {
	Stdin io.Reader
	// Recursive reads the folders below a folder, too.
	Recursive bool

	notes []string
}

// NotRead returns what lies in the folders that were read, and is no manifest, each with the reason.
func (r *Reader) NotRead() []string { return r.notes }

// Policies reads SupportPolicies and SupportExceptions. The error has a line for each thing that was not read or not understood, with
// its place. Objects that could be read are returned beside an error, and those that an API server would refuse with the reasons.
func (r *Reader) Policies(paths ...string) (PolicySet, error) {
	var read PolicySet
	err := r.read(paths, map[string]decoder{
		policyKind:    decodeInto(&read.Policies, policyKind),
		exceptionKind: decodeInto(&read.Exceptions, exceptionKind),
	})
	return read, err
}

// Clusters reads ClusterSupports, as Policies reads policies.
func (r *Reader) Clusters(paths ...string) ([]Found[v1alpha1.ClusterSupport], error) {
	var read []Found[v1alpha1.ClusterSupport]
	err := r.read(paths, map[string]decoder{clusterKind: decodeInto(&read, clusterKind)})
	return read, err
}

// ReadPolicies reads as Reader.Policies does.
func ReadPolicies(stdin io.Reader, paths ...string) (PolicySet, error) {
	return (&Reader{Stdin: stdin}).Policies(paths...)
}

// ReadClusters reads as Reader.Clusters does.
func ReadClusters(stdin io.Reader, paths ...string) ([]Found[v1alpha1.ClusterSupport], error) {
	return (&Reader{Stdin: stdin}).Clusters(paths...)
}

// read passes each object in the files to the decoder of its kind, and joins all errors.
func (r *Reader) read(paths []string, decoders map[string]decoder) error {
	reading := reading{decoders: decoders}
	for _, path := range paths {
		files, err := r.files(path)
		reading.fail(err)
		for _, file := range files {
			reading.file(r, file, file == path)
		}
	}
	return reading.err()
}

// reading is one call of a Reader: what was read, and what failed.
type reading struct {
	decoders map[string]decoder
	objects  int
	failures []error
	// failed counts all failures, also those that are not kept.
	failed int
}

// fail remembers an error that is not nil.
func (r *reading) fail(err error) {
	if err == nil {
		return
	}
	if r.failed++; r.failed <= maxErrors {
		r.failures = append(r.failures, err)
	}
}

// failAt remembers an error at a place, which is searched for only where the error is kept.
func (r *reading) failAt(place Source, format string, arguments ...any) {
	if r.failed >= maxErrors {
		r.failed++
		return
	}
	r.fail(fmt.Errorf("%s: "+format, append([]any{place}, arguments...)...))
}

// err joins the errors.
func (r *reading) err() error {
	if more := r.failed - len(r.failures); more > 0 {
		r.failures = append(r.failures, fmt.Errorf("and %d more errors", more))
	}
	return errors.Join(r.failures...)
}

// file reads all objects of one file.
func (r *reading) file(reader *Reader, path string, isNamed bool) {
	content, err := reader.content(path)
	if err != nil {
		r.fail(err)
		return
	}
	before, failed := r.objects, r.failed
	for document, err := range documents.Read(content) {
		var refused *documents.Error
		if errors.As(err, &refused) {
			r.fail(fmt.Errorf("%s:%d:%d: %s", displayName(path), refused.Line, refused.Column, refused.Message))
			continue
		}
		r.document(document.JSON, Source{file: path, document: &document})
		if r.objects > maxObjects {
			r.fail(fmt.Errorf("%s: there are more than %d objects; split the files", displayName(path), maxObjects))
			return
		}
	}
	if r.objects > before || r.failed > failed {
		return
	}
	// Perhaps it was to be filled by something that failed. In a folder somebody may have put all of a file into comments.
	if isNamed || len(bytes.TrimSpace(content)) == 0 {
		r.fail(fmt.Errorf("%s: holds no object", displayName(path)))
		return
	}
	reader.note(path, "holds only comments, or an empty list")
}
