// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"io"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
)

func printJSON(out io.Writer, r report) error { return printList(toJSON, out, r) }

func printYAML(out io.Writer, r report) error { return printList(toYAML, out, r) }

// partial is what metadata.continue holds in an answer that is not about everything.
const partial = "something was not read, or not judged: see the errors"

// printList prints the ClusterSupports with their status, as kubectl prints several objects. One that is not about everything says so as
// a part of a list does: who reads lists strictly refuses it.
func printList(format func(runtime.Object) ([]byte, error), out io.Writer, r report) error {
	list := &metav1.List{TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "List"}}
	if r.isPartial {
		list.Continue = partial
	}
	for i := range r.clusters {
		list.Items = append(list.Items, runtime.RawExtension{Object: &r.clusters[i]})
	}
	text, err := format(list)
	if err != nil {
		return err
	}
	_, err = out.Write(text)
	return err
}
