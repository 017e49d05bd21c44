// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"fmt"
	"text/template"

	"github.com/d2iq-labs/support-policy-operator/test/sandbox"
)

// installation is what runs in a cluster.
type installation struct {
	konvoy, kubernetes, kommander string
	// kommanderRevision and kommanderChart show the release of Kommander 1.x. bps is empty from 2.x on.
	kommanderRevision, kommanderChart, bps string
}

var (
	firstInstallation = installation{
		konvoy: "1.7.2", kubernetes: "v1.19.9", kommander: "1.3.2",
		kommanderRevision: "1.3.2-3", kommanderChart: "0.15.8", bps: "stable-1.19-3.4.1",
	}
	secondInstallation = installation{
		konvoy: "1.8.4", kubernetes: "v1.20.13", kommander: "1.4.3",
		kommanderRevision: "1.4.3-3", kommanderChart: "0.38.5", bps: "stable-1.20-4.3.0",
	}
	thirdInstallation = installation{konvoy: "2.2.0", kubernetes: "v1.22.8", kommander: "2.2.0"}
)

// String names the releases of the installation.
func (i installation) String() string {
	text := fmt.Sprintf("Konvoy %s, Kommander %s, Kubernetes %s", i.konvoy, i.kommander, i.kubernetes)
	if i.bps != "" {
		text += ", Base Platform Services " + i.bps
	}
	return text
}

// objectsOf1x are the objects of a cluster with the 1.x line: addons with labels and annotations, and the KonvoyCluster in
// the namespace konvoy.
var objectsOf1x = template.Must(template.New("1.x").Parse(`
apiVersion: v1
kind: Namespace
metadata: {name: konvoy}
---
apiVersion: v1
kind: Namespace
metadata: {name: kubeaddons}
---
apiVersion: v1
kind: Node
metadata:
  name: worker-0
  labels: {konvoy.mesosphere.com/node_pool: worker, konvoy.mesosphere.com/inventory_hostname: 10.0.0.10}
---
apiVersion: kommander.mesosphere.io/v1beta1
kind: KonvoyCluster
metadata: {name: prod, namespace: konvoy}
spec:
  cluster: {version: v{{.Konvoy}}}
  provisioner: {provider: aws, version: v{{.Konvoy}}}
  cloudProviderAccountRef: {name: aws}
---
apiVersion: kubeaddons.mesosphere.io/v1beta2
kind: ClusterAddon
metadata:
  name: kommander
  labels:
    kubeaddons.mesosphere.io/name: kommander
    kubeaddons.mesosphere.io/repository-name: mesosphere-kubeaddons-kommander
  annotations:
    catalog.kubeaddons.mesosphere.io/addon-revision: "{{.Revision}}"
    appversion.kubeaddons.mesosphere.io/kommander: "{{.Kommander}}"
spec: {namespace: kommander, chartReference: {chart: kommander, version: {{.Chart}}}}
---
apiVersion: kubeaddons.mesosphere.io/v1beta2
kind: ClusterAddon
metadata:
  name: cert-manager
  labels:
    kubeaddons.mesosphere.io/name: cert-manager
    kubeaddons.mesosphere.io/repository-name: mesosphere-kubernetes-base-addons
    kubeaddons.mesosphere.io/repository-ref: {{.BPS}}
spec: {namespace: cert-manager, chartReference: {chart: cert-manager-setup, version: 0.2.7}}
---
apiVersion: kubeaddons.mesosphere.io/v1beta2
kind: Addon
metadata:
  name: prometheus
  namespace: kubeaddons
  labels:
    kubeaddons.mesosphere.io/name: prometheus
    kubeaddons.mesosphere.io/repository-name: mesosphere-kubernetes-base-addons
    kubeaddons.mesosphere.io/repository-ref: {{.BPS}}
spec: {chartReference: {chart: kube-prometheus-stack, version: 9.5.0}}
`))

// objectsOf2x are the objects of a cluster with the 2.x line: Flux installs Kommander. Nothing in the cluster shows the
// version of Konvoy, so it is declared.
const objectsOf2x = `
apiVersion: v1
kind: Namespace
metadata: {name: kommander}
---
apiVersion: helm.toolkit.fluxcd.io/v2beta1
kind: HelmRelease
metadata: {name: kommander, namespace: kommander}
spec: {interval: 15s, chart: {spec: {chart: kommander, version: v%[1]s, sourceRef: {kind: HelmRepository, name: kommander}}}}
status: {lastAppliedRevision: v%[1]s}
`

const declarationPatch = `{"spec":{"declaredReleases":[{"product":"Konvoy","name":"default","version":%q}]}}`

// install changes the hub to the installation.
func (i installation) install(ctx context.Context, hub *sandbox.Sandbox) error {
	hub.Front.SetVersion(i.kubernetes)
	if i.bps == "" {
		return i.migrate(ctx, hub)
	}
	var objects bytes.Buffer
	if err := objectsOf1x.Execute(&objects, map[string]string{
		"Konvoy": i.konvoy, "Kommander": i.kommander, "Revision": i.kommanderRevision, "Chart": i.kommanderChart, "BPS": i.bps,
	}); err != nil {
		return fmt.Errorf("write the objects of %s: %w", i, err)
	}
	if _, err := hub.KubectlInput(ctx, objects.Bytes(), "apply", "-f", "-"); err != nil {
		return err
	}
	_, err := hub.KubectlInput(ctx, []byte(nodeReport), "apply", "--server-side", "--subresource=status", "-f", "-")
	return err
}

// nodeReport is the status that the kubelet of the node writes.
const nodeReport = `
apiVersion: v1
kind: Node
metadata: {name: worker-0}
status: {nodeInfo: {osImage: CentOS Linux 7 (Core), kernelVersion: 3.10.0-1160.el7.x86_64, architecture: amd64, bootID: "1",
  containerRuntimeVersion: containerd://1.4.4, kubeProxyVersion: v1.19.9, kubeletVersion: v1.19.9, machineID: "1",
  operatingSystem: linux, systemUUID: "1"}}
`

// migrate replaces the objects of 1.x by those of 2.x.
func (i installation) migrate(ctx context.Context, hub *sandbox.Sandbox) error {
	objects := fmt.Appendf(nil, objectsOf2x, i.kommander)
	steps := []struct {
		input     []byte
		arguments []string
	}{
		{nil, []string{"delete", "clusteraddons.kubeaddons.mesosphere.io,konvoyclusters.kommander.mesosphere.io", "--all", "-A"}},
		{nil, []string{"delete", "addons.kubeaddons.mesosphere.io", "--all", "-n", "kubeaddons"}},
		{objects, []string{"apply", "-f", "-"}},
		{objects, []string{"apply", "--server-side", "--subresource=status", "-f", "-"}},
		{nil, []string{"patch", "clustersupport", "host", "-n", sandbox.Namespace, "--type=merge", "-p",
			fmt.Sprintf(declarationPatch, i.konvoy)}},
	}
	for _, step := range steps {
		if _, err := hub.KubectlInput(ctx, step.input, step.arguments...); err != nil {
			return err
		}
	}
	return nil
}
