// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package observe

import (
	"cmp"
	"slices"

	"github.com/d2iq-labs/support-policy-operator/internal/facts"

	"k8s.io/utils/ptr"

	"github.com/d2iq-labs/support-policy-operator/api/v1alpha1"
)

// maxSystems is how many operating systems, each with a kernel, the status has room for.
const maxSystems = 64

// maxTexts bounds how many texts are remembered with what became of them.
const maxTexts = 256

// unknownSystem is for a node that does not report what it runs.
const unknownSystem = "Unknown"

// nodeCount counts nodes by what they run.
type nodeCount struct {
	total, beyond int32
	systems       map[system]int32
	labels        konvoyLabels
	// texts are what nodes report, which is mostly the same, with what of that is fit for the status.
	texts map[string]string
}

type system struct{ osImage, kernel string }

func newNodeCount() *nodeCount {
	return &nodeCount{systems: map[system]int32{}, texts: map[string]string{}}
}

func (c *nodeCount) add(n *node) {
	if c.isFull() {
		c.beyond++
		return
	}
	c.total++
	c.systems[system{c.text(n.Status.NodeInfo.OSImage), c.text(n.Status.NodeInfo.KernelVersion)}]++
	c.labels.NodePool = c.labels.NodePool || n.Metadata.Labels.NodePool
	c.labels.InventoryHostname = c.labels.InventoryHostname || n.Metadata.Labels.InventoryHostname
}

func (c *nodeCount) isFull() bool { return c.total >= maxNodes }

// unread takes how many nodes there are on pages that are not read.
func (c *nodeCount) unread(nodes int32) {
	const most = 1 << 29
	c.beyond = min(c.beyond, most) + max(min(nodes, most), 0)
}

// text makes what a node reports fit for the status.
func (c *nodeCount) text(reported string) string {
	if known, is := c.texts[reported]; is {
		return known
	}
	fit := cmp.Or(facts.Printable(reported), unknownSystem)
	if len(c.texts) < maxTexts && len(reported) <= maxTextBytes {
		c.texts[reported] = fit
	}
	return fit
}

func (c *nodeCount) label() string {
	switch {
	case bool(c.labels.NodePool):
		return labelNodePool
	case bool(c.labels.InventoryHostname):
		return labelInventoryHostname
	}
	return ""
}

// status has what most nodes run first.
func (c *nodeCount) status() *v1alpha1.NodesStatus {
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
