// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package fleet

// Refusal tells that a kubeconfig is not used, and what in it is in the way. Its text is one of a fixed set and has
// nothing of what the kubeconfig contains.
type Refusal struct {
	// Field is the field that is not accepted, by its name in the file, such as exec; "kubeconfig" stands for the whole.
	Field string

	reason  Reason
	problem string
}

// Error says which field is refused, and what to do.
func (r *Refusal) Error() string { return r.Field + " " + r.problem }

const (
	readsFile     = "names a file, and no file is read for a kubeconfig: put the content itself there"
	impersonates  = "is impersonation, which is not accepted: use an account that is made for the operator"
	notEncrypted  = "is not the URL of an API server that begins with https://"
	moreThanHTTPS = "may have a host, a port and a path, and nothing else"
)

// All refusals.
var (
	refusedSize = Refusal{"kubeconfig", InvalidKubeconfig,
		"is larger than 256 KiB: leave only the one context that is needed"}
	refusedAliases = Refusal{"kubeconfig", InvalidKubeconfig, "has YAML aliases: write out what they stand for"}
	refusedFormat  = Refusal{"kubeconfig", InvalidKubeconfig, "cannot be read: it is no kubeconfig of version v1"}
	refusedContext = Refusal{"current-context", InvalidKubeconfig, "does not name a context of this kubeconfig"}
	refusedCluster = Refusal{"cluster", InvalidKubeconfig,
		"of the current context does not name a cluster of this kubeconfig"}
	refusedUser = Refusal{"user", InvalidKubeconfig,
		"of the current context does not name a user of this kubeconfig"}
	refusedServer   = Refusal{"server", InsecureKubeconfig, notEncrypted}
	refusedAddress  = Refusal{"server", InsecureKubeconfig, moreThanHTTPS}
	refusedInsecure = Refusal{"insecure-skip-tls-verify", InsecureKubeconfig,
		"is not accepted: give the certificate authority instead"}
	refusedCAFile = Refusal{"certificate-authority", InsecureKubeconfig, readsFile}
	refusedCA     = Refusal{"certificate-authority-data", InvalidKubeconfig, "has no certificate that can be read"}
	refusedProxy  = Refusal{"proxy-url", InsecureKubeconfig,
		"is not accepted unless the operator is told to allow proxies"}
	refusedProxyURL = Refusal{"proxy-url", InvalidKubeconfig,
		"is not the URL of a proxy: http, https or socks5 with a host and a port"}

	refusedExec = Refusal{"exec", InsecureKubeconfig,
		"runs a program, which is not accepted: use a token or a client certificate"}
	refusedProvider = Refusal{"auth-provider", InsecureKubeconfig,
		"is not accepted: use a token or a client certificate"}
	refusedCertFile  = Refusal{"client-certificate", InsecureKubeconfig, readsFile}
	refusedKeyFile   = Refusal{"client-key", InsecureKubeconfig, readsFile}
	refusedTokenFile = Refusal{"tokenFile", InsecureKubeconfig, readsFile}
	refusedAs        = Refusal{"as", InsecureKubeconfig, impersonates}
	refusedAsUID     = Refusal{"as-uid", InsecureKubeconfig, impersonates}
	refusedAsGroups  = Refusal{"as-groups", InsecureKubeconfig, impersonates}
	refusedAsExtra   = Refusal{"as-user-extra", InsecureKubeconfig, impersonates}
	refusedToken     = Refusal{"token", InvalidKubeconfig,
		"has characters that no token can have, such as the end of a line"}
	refusedBoth = Refusal{"token", InvalidKubeconfig,
		"stands beside a username or a password: leave only one of them"}
	refusedKeySize = Refusal{"client-key-data", InvalidKubeconfig,
		"or client-certificate-data is larger than any that is in use"}
	refusedKeyPair = Refusal{"client-certificate-data", InvalidKubeconfig,
		"and client-key-data are not a certificate and its key"}
)
