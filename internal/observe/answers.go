// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package observe

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"sync"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	utiljson "k8s.io/apimachinery/pkg/util/json"
	"k8s.io/client-go/rest"
)

// maxObjectBytes bounds each object in an answer, and an answer that is no list. An API server stores no object above
// about 3 MiB.
const maxObjectBytes = 3 << 20

// maxRestBytes bounds what may follow after an answer.
const maxRestBytes = 1 << 10

// slimBytes is after how much a decoder is made anew, and largeBytes is from when on objects are read one after the other.
const (
	slimBytes  = 64 << 10
	largeBytes = 256 << 10
)

var errTooLarge = errors.New("the answer of the API server is larger than any of a cluster in good order")

// The content that is asked for: JSON, and of objects either all or the metadata. API servers that do not know how to
// leave the rest out answer with all.
const (
	allFields        = "application/json"
	onlyMetadata     = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1,application/json"
	onlyMetadataList = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json"
)

// receive makes a request, and reads the answer while it arrives.
func receive(ctx context.Context, request *rest.Request, read func(io.Reader) error) error {
	answer, err := request.Stream(ctx)
	if err != nil {
		return err
	}
	err = read(answer)
	if err == nil {
		// A connection without HTTP/2 can be used again only when nothing is left in it, such as the end of the last line.
		_, _ = io.CopyN(io.Discard, answer, maxRestBytes)
	}
	if closed := answer.Close(); err == nil {
		err = closed
	}
	return err
}

// get reads one object at a path.
func (c clients) get(ctx context.Context, path, content string, into any) error {
	request := c.rest.Get().AbsPath(path).SetHeader("Accept", content)
	return receive(ctx, request, func(answer io.Reader) error { return newDocument(answer).next(into) })
}

// document is JSON that is read as it arrives, no more than one object at a time.
type document struct {
	*json.Decoder

	// source is what the decoder reads, which ends in the portion.
	source  io.Reader
	portion *portion
}

func newDocument(answer io.Reader) document {
	portion := &portion{Reader: answer, left: maxObjectBytes}
	return document{json.NewDecoder(portion), portion, portion}
}

// slim returns the document, of which at least that much was read, without what a large object needed. A decoder keeps
// as much memory as its largest object has taken, and a watch goes on for minutes.
func (d document) slim() document {
	if d.InputOffset() < slimBytes {
		return d
	}
	ahead, err := io.ReadAll(d.Buffered())
	if err != nil {
		return d
	}
	d.source = io.MultiReader(bytes.NewReader(ahead), d.source)
	d.Decoder = json.NewDecoder(d.source)
	return d
}

// next reads the next object.
func (d document) next(into any) error {
	d.portion.left = maxObjectBytes
	return d.Decode(into)
}

// portion bounds what is read until the bound is set anew. A decoder reads ahead, and so an object can be about twice as
// large.
type portion struct {
	io.Reader

	left int
}

// Read reads up to the bound.
func (p *portion) Read(b []byte) (int, error) {
	if p.left <= 0 {
		return 0, errTooLarge
	}
	n, err := p.Reader.Read(b[:min(len(b), p.left)])
	p.left -= n
	return n, err
}

// listMeta is what a list, or a page of one, tells about itself.
type listMeta struct {
	// ResourceVersion is that from which on changes can be watched.
	ResourceVersion string `json:"resourceVersion"`
	Continue        string `json:"continue"`
	// RemainingItemCount is how many items follow on the next pages.
	RemainingItemCount int32 `json:"remainingItemCount"`
}

// readList reads a list as it arrives, and has item read each of its objects.
func readList(answer io.Reader, item func(document) error) (listMeta, error) {
	var meta listMeta
	list := newDocument(answer)
	if err := list.expect(json.Delim('{')); err != nil {
		return meta, err
	}
	for list.More() {
		key, err := list.Token()
		if err != nil {
			return meta, err
		}
		switch key {
		case "metadata":
			err = list.next(&meta)
		case "items":
			err = list.each(item)
		default:
			var other presence
			err = list.next(&other)
		}
		if err != nil {
			return meta, err
		}
	}
	return meta, list.expect(json.Delim('}'))
}

func (d document) each(item func(document) error) error {
	first, err := d.Token()
	if first == nil || err != nil {
		// An empty list can be null.
		return err
	}
	if first != json.Delim('[') {
		return errors.New("its items are no list")
	}
	for d.More() {
		if err := item(d); err != nil {
			return err
		}
	}
	return d.expect(json.Delim(']'))
}

func (d document) expect(delimiter json.Delim) error {
	token, err := d.Token()
	if err == nil && token != delimiter {
		err = fmt.Errorf("there is no %s where it ought to be", delimiter)
	}
	return err
}

// presence tells that there is a value, whatever it is.
type presence bool

// UnmarshalJSON is called when there is one.
func (p *presence) UnmarshalJSON([]byte) error {
	*p = true
	return nil
}

// reading has room for one large object in the whole process: as maps, the text takes up to 20 times the memory. Nobody
// waits for a cluster while it is in there.
var reading sync.Mutex

// readObject makes an object of its JSON, which is to be forgotten after use.
func readObject(text []byte, use func(*unstructured.Unstructured) error) error {
	if len(text) > largeBytes {
		reading.Lock()
		defer reading.Unlock()
	}
	object := &unstructured.Unstructured{}
	if err := utiljson.Unmarshal(text, &object.Object); err != nil {
		return fmt.Errorf("the answer has something else in place of an object: %w", err)
	}
	return use(object)
}
