// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package observe

// Shared is the API server that the tests of package observe_test have in common with those here.
var Shared = &shared
