// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package fleet

import "net/http"

// isRedirect tells whether an answer sends the client to another address. net/http drops credentials on the way to another
// host, but client-go adds them to each request below that, so they would go along.
//
// No API server redirects the requests of the operator, not even to itself.
func isRedirect(response *http.Response) bool {
	return response.StatusCode >= 300 && response.StatusCode <= 399 && response.Header.Get("Location") != ""
}
