// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package observe

import (
	"context"
	"fmt"
	"io"
	"strconv"
	"time"

	"github.com/d2iq-labs/support-policy-operator/api/v1alpha1"
	"github.com/d2iq-labs/support-policy-operator/internal/detect"
)

// The bounds of a list of nodes. A node is 10 to 20 KB, most of which are the names of images.
const (
	nodesPerPage = 100
	maxNodePages = detect.MaxNodes / nodesPerPage
)

// nodeSummary is what is known of the nodes. The zero value is for a list that is forbidden.
type nodeSummary struct {
	// label is the label of a product that at least one node has; empty when none has one. It does not say which node, so that
	// replacing nodes changes nothing.
	label  string
	status *v1alpha1.NodesStatus
}

// isEmpty tells whether there are no nodes: the first ones are still to come.
func (n nodeSummary) isEmpty() bool {
	return n.status != nil && n.status.Count != nil && *n.status.Count == 0
}

// listNodes reads all nodes, a page at a time, with a timeout for each page. Nodes are not watched: each reports its health
// every few minutes at least, and what is read hardly ever changes. When the list expires (410) before its last page, the
// error says so.
func (c apiClient) listNodes(ctx context.Context, timeout time.Duration) (nodeSummary, error) {
	count := detect.NewNodeCount()
	var page listMeta
	for range maxNodePages {
		var err error
		if page, err = c.listNodesPage(ctx, timeout, page.Continue, count); err != nil {
			return nodeSummary{}, err
		}
		if page.Continue == "" || count.IsFull() {
			break
		}
	}
	count.AddUnread(page.RemainingItemCount)
	return nodeSummary{label: count.NodeLabel(), status: count.Status()}, nil
}

func (c apiClient) listNodesPage(ctx context.Context, timeout time.Duration, token string, count *detect.NodeCount) (listMeta, error) {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	request := c.rest.Get().AbsPath("/api/v1/nodes").
		SetHeader("Accept", acceptJSON).
		Param("limit", strconv.Itoa(nodesPerPage))
	if token != "" {
		request = request.Param("continue", token)
	}
	var page listMeta
	err := receive(ctx, request, func(body io.Reader) error {
		var err error
		if page, err = readNodes(body, count); err != nil {
			err = fmt.Errorf("the answer is not a list of nodes: %w", err)
		}
		return err
	})
	return page, err
}

// readNodes counts the nodes of a list as they arrive. No more than one node is held in memory at a time.
func readNodes(body io.Reader, count *detect.NodeCount) (listMeta, error) {
	return readList(body, func(list decoder) error {
		var node detect.NodeReport
		if err := list.next(&node); err != nil {
			return err
		}
		count.Add(&node)
		return nil
	})
}
