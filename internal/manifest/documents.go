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

// documents returns each document of a file as JSON. One that is JSON stays as it is: YAML reads some of it differently. A
// key that is twice in a mapping is an error.
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

// jsonDocuments splits a stream of JSON objects, which needs no separators. It reports false for anything else.
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
