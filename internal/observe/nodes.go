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
)

// The bounds of a look at the nodes. A node is 10 to 20 KB, most of which are the names of images.
const (
	nodesPerPage = 100
	maxNodes     = 20_000
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
	count := newNodeCount()
	var page listMeta
	for range maxNodes / nodesPerPage {
		var err error
		if page, err = c.pageOfNodes(ctx, timeout, page.Continue, count); err != nil {
			return nodesLook{}, err
		}
		if page.Continue == "" || count.isFull() {
			break
		}
	}
	count.unread(page.RemainingItemCount)
	return nodesLook{label: count.label(), status: count.status()}, nil
}

func (c clients) pageOfNodes(ctx context.Context, timeout time.Duration, token string, count *nodeCount) (listMeta, error) {
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

// node is what is read of a node.
type node struct {
	Metadata struct {
		Labels konvoyLabels `json:"labels"`
	} `json:"metadata"`
	Status struct {
		NodeInfo struct {
			OSImage       string `json:"osImage"`
			KernelVersion string `json:"kernelVersion"`
		} `json:"nodeInfo"`
	} `json:"status"`
}

// konvoyLabels are labelNodePool and labelInventoryHostname.
type konvoyLabels struct {
	NodePool          presence `json:"konvoy.mesosphere.com/node_pool"`
	InventoryHostname presence `json:"konvoy.mesosphere.com/inventory_hostname"`
}

// readNodes counts the nodes of a list as they arrive. No more than one node is held in memory at a time.
func readNodes(answer io.Reader, count *nodeCount) (listMeta, error) {
	return readList(answer, func(list document) error {
		var n node
		if err := list.next(&n); err != nil {
			return err
		}
		count.add(&n)
		return nil
	})
}
