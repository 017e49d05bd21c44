// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package fleet

import "github.com/d2iq-labs/support-policy-operator/api/v1alpha1"

// Refusal says why a kubeconfig is not used. Its text is one of a fixed set, and has nothing of what the kubeconfig
// contains.
type Refusal struct {
	// Field is the field that is not accepted, by its name in the file, such as exec; "kubeconfig" stands for the whole.
	Field string

	reason  string
	problem string
}

// Error says which field is refused, and what to do.
func (r *Refusal) Error() string { return r.Field + " " + r.problem }

// ContactReason is the reason for which the cluster is not observed.
func (r *Refusal) ContactReason() string { return r.reason }

const (
	readsFile     = "names a file, and no file is read for a kubeconfig: put the content itself there"
	impersonates  = "is impersonation, which is not accepted: use an account that is made for the operator"
	notEncrypted  = "is not the URL of an API server that begins with https://"
	moreThanHTTPS = "may have a host, a port and a path, and nothing else"
)

// All refusals.
var (
	refusedSize = Refusal{"kubeconfig", v1alpha1.ReasonInvalidKubeconfig,
		"is larger than 256 KiB: leave only the one context that is needed"}
	refusedAliases = Refusal{"kubeconfig", v1alpha1.ReasonInvalidKubeconfig, "has YAML aliases: write out what they stand for"}
	refusedFormat  = Refusal{"kubeconfig", v1alpha1.ReasonInvalidKubeconfig, "cannot be read: it is no kubeconfig of version v1"}
	refusedContext = Refusal{"current-context", v1alpha1.ReasonInvalidKubeconfig, "does not name a context of this kubeconfig"}
	refusedCluster = Refusal{"cluster", v1alpha1.ReasonInvalidKubeconfig,
		"of the current context does not name a cluster of this kubeconfig"}
	refusedUser = Refusal{"user", v1alpha1.ReasonInvalidKubeconfig,
		"of the current context does not name a user of this kubeconfig"}
	refusedServer   = Refusal{"server", v1alpha1.ReasonInsecureKubeconfig, notEncrypted}
	refusedAddress  = Refusal{"server", v1alpha1.ReasonInsecureKubeconfig, moreThanHTTPS}
	refusedInsecure = Refusal{"insecure-skip-tls-verify", v1alpha1.ReasonInsecureKubeconfig,
		"is not accepted: give the certificate authority instead"}
	refusedCAFile = Refusal{"certificate-authority", v1alpha1.ReasonInsecureKubeconfig, readsFile}
	refusedCA     = Refusal{"certificate-authority-data", v1alpha1.ReasonInvalidKubeconfig, "has no certificate that can be read"}
	refusedProxy  = Refusal{"proxy-url", v1alpha1.ReasonInsecureKubeconfig,
		"is not accepted unless the operator is told to allow proxies"}
	refusedProxyURL = Refusal{"proxy-url", v1alpha1.ReasonInvalidKubeconfig,
		"is not the URL of a proxy: http, https or socks5 with a host and a port"}

	refusedExec = Refusal{"exec", v1alpha1.ReasonInsecureKubeconfig,
		"runs a program, which is not accepted: use a token or a client certificate"}
	refusedProvider = Refusal{"auth-provider", v1alpha1.ReasonInsecureKubeconfig,
		"is not accepted: use a token or a client certificate"}
	refusedCertFile  = Refusal{"client-certificate", v1alpha1.ReasonInsecureKubeconfig, readsFile}
	refusedKeyFile   = Refusal{"client-key", v1alpha1.ReasonInsecureKubeconfig, readsFile}
	refusedTokenFile = Refusal{"tokenFile", v1alpha1.ReasonInsecureKubeconfig, readsFile}
	refusedAs        = Refusal{"as", v1alpha1.ReasonInsecureKubeconfig, impersonates}
	refusedAsUID     = Refusal{"as-uid", v1alpha1.ReasonInsecureKubeconfig, impersonates}
	refusedAsGroups  = Refusal{"as-groups", v1alpha1.ReasonInsecureKubeconfig, impersonates}
	refusedAsExtra   = Refusal{"as-user-extra", v1alpha1.ReasonInsecureKubeconfig, impersonates}
	refusedToken     = Refusal{"token", v1alpha1.ReasonInvalidKubeconfig,
		"has characters that no token can have, such as the end of a line"}
	refusedBoth = Refusal{"token", v1alpha1.ReasonInvalidKubeconfig,
		"stands beside a username or a password: leave only one of them"}
	refusedKeySize = Refusal{"client-key-data", v1alpha1.ReasonInvalidKubeconfig,
		"or client-certificate-data is larger than any that is in use"}
	refusedKeyPair = Refusal{"client-certificate-data", v1alpha1.ReasonInvalidKubeconfig,
		"and client-key-data are not a certificate and its key"}
)

// Refusals are all of them, in the order above.
func Refusals() []*Refusal {
	return []*Refusal{
		&refusedSize,
		&refusedAliases,
		&refusedFormat,
		&refusedContext,
		&refusedCluster,
		&refusedUser,
		&refusedServer,
		&refusedAddress,
		&refusedInsecure,
		&refusedCAFile,
		&refusedCA,
		&refusedProxy,
		&refusedProxyURL,
		&refusedExec,
		&refusedProvider,
		&refusedCertFile,
		&refusedKeyFile,
		&refusedTokenFile,
		&refusedAs,
		&refusedAsUID,
		&refusedAsGroups,
		&refusedAsExtra,
		&refusedToken,
		&refusedBoth,
		&refusedKeySize,
		&refusedKeyPair,
	}
}
