// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package observe

import (
	"context"
	"fmt"
	"io"
	"strconv"
	"time"

	"github.com/d2iq-labs/support-policy-operator/internal/detect"

	"github.com/d2iq-labs/support-policy-operator/api/v1alpha1"
)

// The bounds of a look at the nodes. A node is 10 to 20 KB, most of which are the names of images.
const (
	nodesPerPage = 100
	maxPages     = detect.MaxNodes / nodesPerPage
)

// nodesLook is what a look at the nodes has shown. The zero value is that of one which was forbidden.
type nodesLook struct {
	// label is the one of Konvoy 1.x that at least one node carries; empty when none does. Which node that is is of no
	// interest, so that replacing nodes changes nothing.
	label  string
	status *v1alpha1.NodesStatus
}

// isEmpty tells whether there were no nodes: the first ones are still to come.
func (n nodesLook) isEmpty() bool {
	return n.status != nil && n.status.Count != nil && *n.status.Count == 0
}

// lookAtNodes reads all nodes, a page at a time, of which each request may take the timeout. Nodes are not watched: each
// of them reports its health every few minutes at least, and what is read hardly ever changes. When the list expires
// (410) before its last page, the error says so, and the next look begins anew.
func (c clients) lookAtNodes(ctx context.Context, timeout time.Duration) (nodesLook, error) {
	count := detect.NewNodeCount()
	var page listMeta
	for range maxPages {
		var err error
		if page, err = c.pageOfNodes(ctx, timeout, page.Continue, count); err != nil {
			return nodesLook{}, err
		}
		if page.Continue == "" || count.IsFull() {
			break
		}
	}
	count.AddUnread(page.RemainingItemCount)
	return nodesLook{label: count.KonvoyLabel(), status: count.Status()}, nil
}

func (c clients) pageOfNodes(ctx context.Context, timeout time.Duration, token string, count *detect.NodeCount) (listMeta, error) {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	request := c.rest.Get().AbsPath("/api/v1/nodes").
		SetHeader("Accept", allFields).
		Param("limit", strconv.Itoa(nodesPerPage))
	if token != "" {
		request = request.Param("continue", token)
	}
	var page listMeta
	err := receive(ctx, request, func(answer io.Reader) error {
		var err error
		if page, err = readNodes(answer, count); err != nil {
			err = fmt.Errorf("the answer is not a list of nodes: %w", err)
		}
		return err
	})
	return page, err
}

// readNodes counts the nodes of a list as they arrive. No more than one node is held in memory at a time.
func readNodes(answer io.Reader, count *detect.NodeCount) (listMeta, error) {
	return readList(answer, func(list document) error {
		var n detect.NodeReport
		if err := list.next(&n); err != nil {
			return err
		}
		count.Add(&n)
		return nil
	})
}
