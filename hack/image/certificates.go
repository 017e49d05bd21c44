// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package image

import (
	"bytes"
	"encoding/pem"
	"errors"

	"golang.org/x/crypto/x509roots/fallback/bundle"
)

// bundleModule is the module that has the certificate authorities.
const bundleModule = "golang.org/x/crypto/x509roots/fallback"

// authorities are the certificate authorities that Mozilla trusts for servers, in PEM, in the order of the bundle. The bundle
// is a Go module, so go.sum pins it, and no network is asked.
//
// The operator needs them for one thing: a kubeconfig of another cluster without certificate-authority-data, whose API server
// has a certificate of a public authority. For its own API server Kubernetes mounts the authority. They are a file, and not
// part of the program, so that a mounted file can replace them.
//
// Authorities that are trusted for older certificates only are left out: a file cannot say that, and nothing would hold
// the others to it.
func authorities() ([]byte, error) {
	var text bytes.Buffer
	for root := range bundle.Roots() {
		if root.Constraint != nil {
			continue
		}
		if err := pem.Encode(&text, &pem.Block{Type: "CERTIFICATE", Bytes: root.Certificate}); err != nil {
			return nil, err
		}
	}
	if text.Len() == 0 {
		return nil, errors.New("golang.org/x/crypto/x509roots/fallback/bundle has no certificate authority")
	}
	return text.Bytes(), nil
}
