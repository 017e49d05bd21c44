// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package main

import "github.com/d2iq-labs/support-policy-operator/test/sandbox"

const istioManifest = `
apiVersion: kubeaddons.mesosphere.io/v1beta2
kind: ClusterAddon
metadata:
  name: istio
  labels:
    kubeaddons.mesosphere.io/name: istio
    kubeaddons.mesosphere.io/repository-name: mesosphere-kubernetes-base-addons
    kubeaddons.mesosphere.io/repository-ref: stable-1.19-3.4.1
spec: {namespace: istio-system, chartReference: {chart: istio, version: 0.0.1}}
`

const (
	productionPatch    = `{"spec":{"environment":"Production"}}`
	patchHostArguments = "patch clustersupport host -n " + sandbox.Namespace + " --type=merge --patch-file=/dev/stdin"
)

// exceptionManifests let the customer run for some weeks what the vendor no longer supports.
const exceptionManifests = `
apiVersion: support.d2iq.io/v1alpha1
kind: SupportException
metadata: {name: konvoy-1.7-until-upgrade}
spec:
  product: Konvoy
  versions: [1.7.x]
  through: "2021-12-31"
  expiringSoonDays: 14
  reference: CHG-4711
  reason: the upgrade is planned for 20 December
---
apiVersion: support.d2iq.io/v1alpha1
kind: SupportException
metadata: {name: kommander-1.3-until-upgrade}
spec:
  product: Kommander
  versions: [1.3.x]
  through: "2021-12-31"
  expiringSoonDays: 14
  reference: CHG-4711
  reason: the upgrade is planned for 20 December
`
