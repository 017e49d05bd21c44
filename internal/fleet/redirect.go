// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package fleet

import "net/http"

// isRedirect tells whether an answer sends the client elsewhere. It would go there and, since the credentials are added
// to each request below the part of net/http that takes them off when the host changes, take them along.
//
// API servers redirect nobody who asks for what we ask for, not even to themselves.
func isRedirect(response *http.Response) bool {
	return response.StatusCode >= 300 && response.StatusCode <= 399 && response.Header.Get("Location") != ""
}
