package observe

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"time"

	"k8s.io/apimachinery/pkg/runtime"

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

// listMeta is what a page tells about the list.
type listMeta struct {
	Continue string `json:"continue"`
	// RemainingItemCount is how many items follow on the next pages.
	RemainingItemCount int32 `json:"remainingItemCount"`
}

func (c clients) pageOfNodes(ctx context.Context, timeout time.Duration, token string, count *nodeCount) (listMeta, error) {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	request := c.discovery.RESTClient().Get().AbsPath("/api/v1/nodes").
		SetHeader("Accept", runtime.ContentTypeJSON).
		Param("limit", strconv.Itoa(nodesPerPage))
	if token != "" {
		request = request.Param("continue", token)
	}
	answer, err := request.Stream(ctx)
	if err != nil {
		return listMeta{}, err
	}
	page, err := readNodes(answer, count)
	if closed := answer.Close(); err == nil {
		err = closed
	}
	if err != nil {
		return listMeta{}, fmt.Errorf("the answer is not a list of nodes: %w", err)
	}
	return page, nil
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

// presence tells that there is a value, whatever it is.
type presence bool

// UnmarshalJSON is called when there is one.
func (p *presence) UnmarshalJSON([]byte) error {
	*p = true
	return nil
}

// readNodes counts the nodes of a list as they arrive. No more than one node is held in memory at a time.
func readNodes(answer io.Reader, count *nodeCount) (listMeta, error) {
	var meta listMeta
	decoder := json.NewDecoder(answer)
	if err := expect(decoder, json.Delim('{')); err != nil {
		return meta, err
	}
	for decoder.More() {
		key, err := decoder.Token()
		if err != nil {
			return meta, err
		}
		switch key {
		case "metadata":
			err = decoder.Decode(&meta)
		case "items":
			err = readItems(decoder, count)
		default:
			var other presence
			err = decoder.Decode(&other)
		}
		if err != nil {
			return meta, err
		}
	}
	return meta, expect(decoder, json.Delim('}'))
}

func readItems(decoder *json.Decoder, count *nodeCount) error {
	first, err := decoder.Token()
	if first == nil || err != nil {
		// An empty list can be null.
		return err
	}
	if first != json.Delim('[') {
		return errors.New("its items are no list")
	}
	for decoder.More() {
		var n node
		if err := decoder.Decode(&n); err != nil {
			return err
		}
		count.add(&n)
	}
	return expect(decoder, json.Delim(']'))
}

func expect(decoder *json.Decoder, delimiter json.Delim) error {
	token, err := decoder.Token()
	if err == nil && token != delimiter {
		err = fmt.Errorf("there is no %s where it ought to be", delimiter)
	}
	return err
}
