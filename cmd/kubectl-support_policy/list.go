// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"io"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
)

func printJSON(out io.Writer, r report) error {
	return printList(listForm{print: toJSON, none: `"items": []`, begin: "\"items\": [\n", between: ",\n", end: "\n    ]"}, out, r)
}

func printYAML(out io.Writer, r report) error {
	return printList(listForm{print: toYAML, none: "items: []\n", begin: "items:\n"}, out, r)
}

// listForm is how a List is printed.
type listForm struct {
	print func(runtime.Object) ([]byte, error)
	// none is how it prints a list without items, and begin, between and end stand around those that there are.
	none, begin, between, end string
}

// partial is what metadata.continue holds in an answer that is not about everything.
const partial = "something was not read, or not judged: see the errors"

// printList prints the ClusterSupports with their status, as kubectl prints several objects. One that is not about everything says so as
// a part of a list does: who reads lists strictly refuses it. Each item is printed in a list of its own and taken out of it, so that
// the texts of all are never in memory.
func printList(form listForm, out io.Writer, r report) error {
	list := &metav1.List{TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "List"}, Items: []runtime.RawExtension{}}
	if r.isPartial {
		list.Continue = partial
	}
	empty, err := form.print(list)
	if err != nil {
		return err
	}
	if len(r.clusters) == 0 {
		_, err := out.Write(empty)
		return err
	}
	head, tail, _ := strings.Cut(string(empty), form.none)
	before := head + form.begin
	for i := range r.clusters {
		list.Items = []runtime.RawExtension{{Object: &r.clusters[i]}}
		text, err := form.print(list)
		if err != nil {
			return err
		}
		item := text[len(head)+len(form.begin) : len(text)-len(form.end)-len(tail)]
		if _, err := io.WriteString(out, before); err != nil {
			return err
		}
		if _, err := out.Write(item); err != nil {
			return err
		}
		before = form.between
	}
	_, err = io.WriteString(out, form.end+tail)
	return err
}
