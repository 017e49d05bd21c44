// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package fleet

import (
	"net/netip"
	"testing"
)

func TestIsAllowed(t *testing.T) {
	for _, row := range []struct {
		address           string
		allowed, loopback bool
		reason            string
	}{
		{"10.96.0.1", true, true, "private addresses are where clusters are"},
		{"192.168.1.1", true, true, "private"},
		{"172.16.0.1", true, true, "private"},
		{"100.64.0.1", true, true, "shared addresses are in use for pods"},
		{"203.0.113.7", true, true, "public"},
		{"2001:db8::1", true, true, "public, next to Teredo's"},
		{"fd12:3456::1", true, true, "private"},
		{"fd00:ec3::254", true, true, "next to AWS's metadata"},

		{"127.0.0.1", false, true, "loopback"},
		{"127.1.2.3", false, true, "all of the network is loopback"},
		{"::1", false, true, "loopback"},
		{"::ffff:127.0.0.1", false, true, "loopback as an IPv4-mapped address"},

		{"169.254.169.254", false, false, "metadata"},
		{"169.254.170.23", false, false, "credentials of pods on EKS"},
		{"169.254.0.1", false, false, "link-local"},
		{"::ffff:169.254.169.254", false, false, "metadata as an IPv4-mapped address"},
		{"64:ff9b::a9fe:a9fe", false, false, "metadata behind NAT64"},
		{"64:ff9b:1:a9fe:a9:fe00::", false, false, "metadata behind a local NAT64"},
		{"2002:a9fe:a9fe::1", false, false, "metadata behind 6to4"},
		{"2001:0:1:2:3:4:5601:5601", false, false, "metadata behind Teredo"},
		{"::a9fe:a9fe", false, false, "metadata as an IPv4-compatible address"},
		{"::ffff:0:a9fe:a9fe", false, false, "metadata by stateless translation"},
		{"fe80::1", false, false, "link-local"},
		{"fe80::a9fe:a9fe%eth0", false, false, "metadata of OpenStack, in a zone"},
		{"febf::1", false, false, "the end of link-local"},
		{"fec0::1", false, false, "site-local"},
		{"fd00:ec2::254", false, false, "metadata of AWS"},
		{"fd00:ec2::23", false, false, "credentials of pods on EKS"},
		{"fd20:ce::254", false, false, "metadata of Google"},
		{"100.100.100.200", false, false, "metadata of Alibaba"},
		{"168.63.129.16", false, false, "metadata of Azure"},
		{"192.0.0.192", false, false, "metadata of Oracle"},
		{"64:ff9b::c000:c0", false, false, "metadata of Oracle behind NAT64"},
		{"0.0.0.0", false, false, "unspecified: Linux takes it for loopback"},
		{"0.1.2.3", false, false, "this network"},
		{"::", false, false, "unspecified"},
		{"::ffff:0.0.0.0", false, false, "unspecified as an IPv4-mapped address"},
		{"224.0.0.1", false, false, "multicast"},
		{"239.255.255.250", false, false, "multicast"},
		{"ff02::1", false, false, "multicast"},
		{"255.255.255.255", false, false, "broadcast"},
		{"64:ff9b::7f00:1", false, false, "whose loopback it is, the operator does not know"},
		{"2002:7f00:1::", false, false, "loopback behind 6to4"},
		{"64:ff9b::cb00:7107", true, true, "a public address behind NAT64"},
		{"2002:cb00:7107::1", true, true, "a public address behind 6to4"},
	} {
		t.Run(row.address, func(t *testing.T) {
			address := netip.MustParseAddr(row.address)
			if got := isAllowed(address, false); got != row.allowed {
				t.Errorf("allowed: %t, want %t: %s", got, row.allowed, row.reason)
			}
			if got := isAllowed(address, true); got != row.loopback {
				t.Errorf("allowed with loopback: %t, want %t: %s", got, row.loopback, row.reason)
			}
		})
	}
	if isAllowed(netip.Addr{}, true) {
		t.Error("no address is allowed")
	}
}
