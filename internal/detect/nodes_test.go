// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package detect

import (
	"fmt"
	"testing"
)

func TestNodeStatusIsBounded(t *testing.T) {
	count := NewNodeCount()
	add := func(osImage string) {
		n := NodeReport{}
		n.Status.NodeInfo.OSImage, n.Status.NodeInfo.KernelVersion = osImage, "5"
		count.Add(&n)
	}
	for i := range 1000 {
		add(fmt.Sprintf("%04d", i))
	}
	add("0999")
	got := count.Status()
	if len(got.OperatingSystems) != maxOperatingSystems || *got.Count != 1001 || *got.Omitted != 1001-maxOperatingSystems-1 {
		t.Errorf("%d operating systems of %d nodes, %d omitted", len(got.OperatingSystems), *got.Count, *got.Omitted)
	}
	if first := got.OperatingSystems[0]; first.OSImage != "0999" || *first.Nodes != 2 {
		t.Errorf("the first is %+v, want the one that most nodes run", first)
	}
	if len(count.printed) > maxPrinted {
		t.Errorf("%d texts are cached, want at most %d", len(count.printed), maxPrinted)
	}
}
