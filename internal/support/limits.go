// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package support

// The limits of a status. Facts beyond them are cut, which the conditions then cannot know; they are far above what one
// cluster holds.
const (
	maxInstallations = 64
	maxOtherEvidence = 8
	maxComponents    = 128
	maxInstalledText = 1024
	maxMessage       = 1024
)
