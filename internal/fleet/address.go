// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package fleet

import (
	"net/netip"
	"slices"

	"github.com/d2iq-labs/support-policy-operator/api/v1alpha1"
	"github.com/d2iq-labs/support-policy-operator/internal/contact"
)

// refusedNetworks mean something to the operator's own machine only. What gives a machine its credentials lives there.
var refusedNetworks = prefixes(
	"0.0.0.0/8",          // this machine
	"169.254.0.0/16",     // link-local, with the metadata of most clouds
	"224.0.0.0/4",        // multicast
	"255.255.255.255/32", // broadcast
	"100.100.100.200/32", // metadata: Alibaba
	"168.63.129.16/32",   // metadata: Azure
	"192.0.0.192/32",     // metadata: Oracle
	"::/128",             // this machine
	"fe80::/10",          // link-local
	"fec0::/10",          // site-local, the former private addresses
	"ff00::/8",           // multicast
	"fd00:ec2::/32",      // metadata: AWS
	"fd20:ce::254/128",   // metadata: Google
	"fd00:42::42/128",    // metadata: Scaleway
	"64:ff9b:1::/48",     // IPv4 behind a local translation, whose destination the address does not show
	"2001::/32",          // IPv4 behind a Teredo relay
	"::ffff:0:0:0/96",    // IPv4 behind the stateless translation of RFC 2765
)

var loopbackNetworks = prefixes("127.0.0.0/8", "::1/128")

// embeddedNetworks are networks whose addresses contain an IPv4 address, which begins at that byte.
var embeddedNetworks = []struct {
	network netip.Prefix
	at      int
}{
	{netip.MustParsePrefix("64:ff9b::/96"), 12}, // NAT64
	{netip.MustParsePrefix("2002::/16"), 2},     // 6to4
	{netip.MustParsePrefix("::/96"), 12},        // IPv4-compatible
}

// isAllowed tells whether a connection may lead to the address.
func isAllowed(address netip.Addr, loopback bool) bool {
	address = address.WithZone("").Unmap()
	within := func(network netip.Prefix) bool { return network.Contains(address) }
	if slices.ContainsFunc(loopbackNetworks, within) {
		return loopback
	}
	if !address.IsValid() || slices.ContainsFunc(refusedNetworks, within) {
		return false
	}
	for _, embedding := range embeddedNetworks {
		if within(embedding.network) {
			bytes := address.As16()
			return isAllowed(netip.AddrFrom4([4]byte(bytes[embedding.at:])), false)
		}
	}
	return true
}

// checkBehindProxy refuses a host that is an address which may not be dialled. Loopback is that of the proxy's machine, where
// tunnels end, and names are resolved by the proxy: both are up to it.
func checkBehindProxy(host string) error {
	if address, err := netip.ParseAddr(host); err == nil && !isAllowed(address, true) {
		return &contact.Failure{Reason: v1alpha1.ReasonAddressNotAllowed}
	}
	return nil
}

func prefixes(texts ...string) []netip.Prefix {
	all := make([]netip.Prefix, len(texts))
	for i, text := range texts {
		all[i] = netip.MustParsePrefix(text)
	}
	return all
}
