// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package manifest

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"

	utilyaml "k8s.io/apimachinery/pkg/util/yaml"
	"sigs.k8s.io/yaml"
)

// documents gives each document of a file as JSON. A document that is JSON is taken as it is, since YAML reads some of it
// differently. Keys that stand in a mapping twice are errors.
func documents(content []byte) iter.Seq2[[]byte, error] {
	return func(yield func([]byte, error) bool) {
		reader := utilyaml.NewYAMLReader(bufio.NewReader(bytes.NewReader(content)))
		for {
			document, err := reader.Read()
			if errors.Is(err, io.EOF) {
				return
			}
			all, isJSON := jsonDocuments(document)
			if err == nil && !isJSON {
				document, err = yaml.YAMLToJSONStrict(document)
				all = [][]byte{document}
			}
			if err != nil {
				all, err = [][]byte{nil}, fmt.Errorf("is not YAML: %w", err)
			}
			for _, one := range all {
				if !yield(one, err) {
					return
				}
			}
		}
	}
}

// jsonDocuments splits a stream of JSON objects, which need no separators, if it is one.
func jsonDocuments(content []byte) ([][]byte, bool) {
	if !bytes.HasPrefix(bytes.TrimSpace(content), []byte("{")) {
		return nil, false
	}
	var all [][]byte
	decoder := json.NewDecoder(bytes.NewReader(content))
	for {
		var one json.RawMessage
		switch err := decoder.Decode(&one); {
		case errors.Is(err, io.EOF):
			return all, true
		case err != nil:
			return nil, false
		}
		all = append(all, one)
	}
}
