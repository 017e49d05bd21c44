// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package detect

import (
	"cmp"
	"encoding/json"
	"slices"

	"k8s.io/utils/ptr"

	"github.com/d2iq-labs/support-policy-operator/api/v1alpha1"
	"github.com/d2iq-labs/support-policy-operator/internal/facts"
)

// MaxNodes is how many nodes are counted by operating system. Of further nodes only the number is reported.
const MaxNodes = 20_000

// maxOperatingSystems is how many pairs of operating system and kernel a status can hold.
const maxOperatingSystems = 64

// maxPrinted bounds the cache of printable texts.
const maxPrinted = 256

// unknownOperatingSystem stands for what a node does not report.
const unknownOperatingSystem = "Unknown"

// NodeCount counts nodes by operating system and kernel.
type NodeCount struct {
	// uncounted are the nodes beyond MaxNodes.
	total, uncounted int32
	systems          map[operatingSystem]int32
	// hasNodePool and hasInventoryHostname tell whether a node has that label of Konvoy 1.x.
	hasNodePool, hasInventoryHostname bool
	// texts are what nodes report, which is mostly the same, with what of that is fit for the status.
	printed map[string]string
}

type operatingSystem struct{ osImage, kernel string }

// NewNodeCount returns a count of no nodes.
func NewNodeCount() *NodeCount {
	return &NodeCount{systems: map[operatingSystem]int32{}, printed: map[string]string{}}
}

// Add counts one node.
func (c *NodeCount) Add(n *NodeReport) {
	if c.IsFull() {
		c.uncounted++
		return
	}
	c.total++
	c.systems[operatingSystem{c.printable(n.Status.NodeInfo.OSImage), c.printable(n.Status.NodeInfo.KernelVersion)}]++
	c.hasNodePool = c.hasNodePool || n.Metadata.Labels.NodePool != nil
	c.hasInventoryHostname = c.hasInventoryHostname || n.Metadata.Labels.InventoryHostname != nil
}

// IsFull tells whether MaxNodes nodes are counted: what further nodes run is not needed.
func (c *NodeCount) IsFull() bool { return c.total >= MaxNodes }

// AddUnread adds nodes that the API server counts and that were not read. It ignores a negative number.
func (c *NodeCount) AddUnread(nodes int32) {
	const most = 1 << 29
	c.uncounted = min(c.uncounted, most) + max(min(nodes, most), 0)
}

// printable makes a reported text printable, and names what is missing.
func (c *NodeCount) printable(reported string) string {
	if known, ok := c.printed[reported]; ok {
		return known
	}
	printed := cmp.Or(facts.Printable(reported), unknownOperatingSystem)
	if len(c.printed) < maxPrinted && len(reported) <= maxTextBytes {
		c.printed[reported] = printed
	}
	return printed
}

// NodeLabel returns the label of Konvoy 1.x that a node has; empty where none has one.
func (c *NodeCount) NodeLabel() string {
	switch {
	case c.hasNodePool:
		return labelNodePool
	case c.hasInventoryHostname:
		return labelInventoryHostname
	}
	return ""
}

// Status returns the count for a status, with what most nodes run first.
func (c *NodeCount) Status() *v1alpha1.NodesStatus {
	var systems []v1alpha1.NodeOperatingSystem
	for found, nodes := range c.systems {
		systems = append(systems, v1alpha1.NodeOperatingSystem{
			OSImage: found.osImage, KernelVersion: found.kernel, Nodes: ptr.To(nodes),
		})
	}
	slices.SortFunc(systems, func(a, b v1alpha1.NodeOperatingSystem) int {
		return cmp.Or(
			cmp.Compare(*b.Nodes, *a.Nodes),
			cmp.Compare(a.OSImage, b.OSImage),
			cmp.Compare(a.KernelVersion, b.KernelVersion),
		)
	})
	status := &v1alpha1.NodesStatus{Count: ptr.To(c.total + c.uncounted), OperatingSystems: systems}
	omitted := c.uncounted
	if len(systems) > maxOperatingSystems {
		for _, rest := range systems[maxOperatingSystems:] {
			omitted += *rest.Nodes
		}
		status.OperatingSystems = slices.Clone(systems[:maxOperatingSystems])
	}
	if omitted > 0 {
		status.Omitted = &omitted
	}
	return status
}

// NodeReport is what is read of a node.
type NodeReport struct {
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

// konvoyLabels are labelNodePool and labelInventoryHostname. Their values do not matter.
type konvoyLabels struct {
	NodePool          json.RawMessage `json:"konvoy.mesosphere.com/node_pool"`
	InventoryHostname json.RawMessage `json:"konvoy.mesosphere.com/inventory_hostname"`
}
