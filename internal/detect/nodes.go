// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package detect

import (
	"cmp"
	"encoding/json"
	"slices"

	"github.com/d2iq-labs/support-policy-operator/internal/facts"

	"k8s.io/utils/ptr"

	"github.com/d2iq-labs/support-policy-operator/api/v1alpha1"
)

// MaxNodes is how many nodes are counted by what they run; of more only the number is told.
const MaxNodes = 20_000

// maxSystems is how many operating systems, each with a kernel, the status has room for.
const maxSystems = 64

// maxTexts bounds how many texts are remembered with what became of them.
const maxTexts = 256

// unknownSystem is for a node that does not report what it runs.
const unknownSystem = "Unknown"

// NodeCount counts nodes by what they run.
type NodeCount struct {
	total, beyond int32
	systems       map[system]int32
	// hasNodePool and hasInventoryHostname tell that a node has the label of that name.
	hasNodePool, hasInventoryHostname bool
	// texts are what nodes report, which is mostly the same, with what of that is fit for the status.
	texts map[string]string
}

type system struct{ osImage, kernel string }

func NewNodeCount() *NodeCount {
	return &NodeCount{systems: map[system]int32{}, texts: map[string]string{}}
}

func (c *NodeCount) Add(n *NodeReport) {
	if c.IsFull() {
		c.beyond++
		return
	}
	c.total++
	c.systems[system{c.text(n.Status.NodeInfo.OSImage), c.text(n.Status.NodeInfo.KernelVersion)}]++
	c.hasNodePool = c.hasNodePool || n.Metadata.Labels.NodePool != nil
	c.hasInventoryHostname = c.hasInventoryHostname || n.Metadata.Labels.InventoryHostname != nil
}

func (c *NodeCount) IsFull() bool { return c.total >= MaxNodes }

// Unread takes how many nodes there are on pages that are not read.
func (c *NodeCount) Unread(nodes int32) {
	const most = 1 << 29
	c.beyond = min(c.beyond, most) + max(min(nodes, most), 0)
}

// text makes what a node reports fit for the status.
func (c *NodeCount) text(reported string) string {
	if known, is := c.texts[reported]; is {
		return known
	}
	fit := cmp.Or(facts.Printable(reported), unknownSystem)
	if len(c.texts) < maxTexts && len(reported) <= maxTextBytes {
		c.texts[reported] = fit
	}
	return fit
}

func (c *NodeCount) Label() string {
	switch {
	case c.hasNodePool:
		return labelNodePool
	case c.hasInventoryHostname:
		return labelInventoryHostname
	}
	return ""
}

// Status has what most nodes run first.
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
	status := &v1alpha1.NodesStatus{Count: ptr.To(c.total + c.beyond), OperatingSystems: systems}
	omitted := c.beyond
	if len(systems) > maxSystems {
		for _, rest := range systems[maxSystems:] {
			omitted += *rest.Nodes
		}
		status.OperatingSystems = slices.Clone(systems[:maxSystems])
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

// konvoyLabels are labelNodePool and labelInventoryHostname. That they are there is all that counts.
type konvoyLabels struct {
	NodePool          json.RawMessage `json:"konvoy.mesosphere.com/node_pool"`
	InventoryHostname json.RawMessage `json:"konvoy.mesosphere.com/inventory_hostname"`
}
