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

// shrinkBytes is after how much input a decoder drops its buffer, and largeBytes the size from which on objects are parsed
// one after the other.
const (
	shrinkBytes = 64 << 10
	largeBytes  = 256 << 10
)

var errTooLarge = errors.New("the answer of the API server is larger than any of a cluster in good order")

// The media types to request: whole objects, or their metadata. API servers that cannot leave the rest out send whole
// objects.
const (
	acceptJSON         = "application/json"
	acceptMetadata     = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1,application/json"
	acceptMetadataList = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json"
)

// receive makes a request, and has read take the body while it arrives.
func receive(ctx context.Context, request *rest.Request, read func(io.Reader) error) error {
	body, err := request.Stream(ctx)
	if err != nil {
		return err
	}
	err = read(body)
	if err == nil {
		// A connection without HTTP/2 can be used again only when nothing is left in it, such as the end of the last line.
		_, _ = io.CopyN(io.Discard, body, maxRestBytes)
	}
	if closed := body.Close(); err == nil {
		err = closed
	}
	return err
}

// get reads one object at a path.
func (c apiClient) get(ctx context.Context, path, content string, into any) error {
	request := c.rest.Get().AbsPath(path).SetHeader("Accept", content)
	return receive(ctx, request, func(body io.Reader) error { return newDecoder(body).next(into) })
}

// decoder reads JSON as it arrives, no more than one object at a time.
type decoder struct {
	*json.Decoder

	// source is what is left to read, by way of the limit.
	source io.Reader
	limit  *limitedReader
}

func newDecoder(body io.Reader) decoder {
	limit := &limitedReader{Reader: body, remaining: maxObjectBytes}
	return decoder{json.NewDecoder(limit), limit, limit}
}

// shrink returns the decoder with a new buffer after shrinkBytes of input. A decoder keeps as much memory as its largest
// object has taken, and a watch goes on for minutes.
func (d decoder) shrink() decoder {
	if d.InputOffset() < shrinkBytes {
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
func (d decoder) next(into any) error {
	d.limit.remaining = maxObjectBytes
	return d.Decode(into)
}

// limitedReader fails with errTooLarge after remaining bytes. A decoder reads ahead, so an object can be about twice as
// large.
type limitedReader struct {
	io.Reader

	remaining int
}

// Read reads no more than remaining.
func (p *limitedReader) Read(b []byte) (int, error) {
	if p.remaining <= 0 {
		return 0, errTooLarge
	}
	n, err := p.Reader.Read(b[:min(len(b), p.remaining)])
	p.remaining -= n
	return n, err
}

// listMeta is the metadata of a list, or of a page of one.
type listMeta struct {
	// ResourceVersion is where a watch can go on.
	ResourceVersion string `json:"resourceVersion"`
	Continue        string `json:"continue"`
	// RemainingItemCount is how many items follow on the next pages.
	RemainingItemCount int32 `json:"remainingItemCount"`
}

// readList reads a list as it arrives, and has item read each of its objects.
func readList(body io.Reader, item func(decoder) error) (listMeta, error) {
	var meta listMeta
	list := newDecoder(body)
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
			err = list.forEach(item)
		default:
			err = list.next(new(ignored))
		}
		if err != nil {
			return meta, err
		}
	}
	return meta, list.expect(json.Delim('}'))
}

func (d decoder) forEach(item func(decoder) error) error {
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

func (d decoder) expect(delimiter json.Delim) error {
	token, err := d.Token()
	if err == nil && token != delimiter {
		err = fmt.Errorf("there is no %s where it ought to be", delimiter)
	}
	return err
}

// ignored takes any value, and keeps nothing of it.
type ignored struct{}

// UnmarshalJSON accepts the value.
func (*ignored) UnmarshalJSON([]byte) error { return nil }

// largeObjects lets the whole process parse one large object at a time: as maps, the text takes up to 20 times the memory.
// No request is made while it is held.
var largeObjects sync.Mutex

// readObject parses an object for use, which must not keep it.
func readObject(text []byte, use func(*unstructured.Unstructured) error) error {
	if len(text) > largeBytes {
		largeObjects.Lock()
		defer largeObjects.Unlock()
	}
	object := &unstructured.Unstructured{}
	if err := utiljson.Unmarshal(text, &object.Object); err != nil {
		return fmt.Errorf("the answer has something else in place of an object: %w", err)
	}
	return use(object)
}
