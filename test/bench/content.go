// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/yaml"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// konvoyVersion is what every cluster has at first, and otherVersion what it is changed to.
const (
	konvoyVersion = "1.8.4"
	otherVersion  = "1.8.3"
)

// clusterAddons and addons are those of Konvoy 1.8 with Kommander, about.
var (
	clusterAddons = strings.Fields(`ambassador awsebscsiprovisioner cert-manager cluster-autoscaler dashboard
		defaultstorageclass-protection dex dex-k8s-authenticator elasticsearch elasticsearch-curator elasticsearchexporter
		external-dns flagger fluentbit gatekeeper istio jaeger kiali kibana konvoyconfig kube-oidc-proxy localvolumeprovisioner
		metallb nvidia opsportal reloader traefik traefik-forward-auth velero`)
	addons = strings.Fields(`prometheus prometheusadapter karma grafana thanos logging alertmanager kubecost node-feature-discovery minio`)
)

// content is what a cluster has, but for its KonvoyCluster: some 40 addons with their values, 430 KiB together, and nodes.
func content(nodes int) string {
	var text strings.Builder
	text.WriteString(`{apiVersion: v1, kind: Namespace, metadata: {name: kubeaddons}}`)
	add := func(format string, arguments ...any) { fmt.Fprintf(&text, "\n---"+format, arguments...) }
	for i, name := range clusterAddons {
		add(addonTemplate, "ClusterAddon", "", name, values(2000+600*i))
	}
	for i, name := range addons {
		add(addonTemplate, "Addon", "kubeaddons", name, values(2000+1800*i))
	}
	add(kommanderTemplate, values(6000))
	for i := range nodes {
		add(nodeTemplate, i, images)
	}
	return text.String()
}

// images are what makes a node large: 10 KiB.
var images = strings.Repeat(`{names: ["registry.example.com/vendor/image@sha256:`+strings.Repeat("0123456789abcdef", 4)+
	`", "registry.example.com/vendor/image:v1.2.3"], sizeBytes: 123456789}, `, 50)

func values(size int) string { return strings.Repeat("key: value\n", size/len("key: value\n")) }

const addonTemplate = `
apiVersion: kubeaddons.mesosphere.io/v1beta2
kind: %s
metadata:
  namespace: %q
  name: %s
  labels:
    kubeaddons.mesosphere.io/name: %[3]s
    kubeaddons.mesosphere.io/provides: storageclass
    kubeaddons.mesosphere.io/repository-name: mesosphere-kubernetes-base-addons
    kubeaddons.mesosphere.io/repository-ref: stable-1.20-4.3.0
  annotations:
    catalog.kubeaddons.mesosphere.io/addon-revision: "1.0.3-7"
    appversion.kubeaddons.mesosphere.io/%[3]s: "1.0.3"
    endpoint.kubeaddons.mesosphere.io/%[3]s: "/ops/portal/%[3]s"
    docs.kubeaddons.mesosphere.io/%[3]s: "https://docs.example.com/%[3]s/README.md"
    values.chart.helm.kubeaddons.mesosphere.io/%[3]s: "https://raw.example.com/charts/%[3]s/values.yaml"
spec: {chartReference: {chart: %[3]s, version: 0.2.7, values: %q}}
status: {ready: true, stage: deployed}
`

const kommanderTemplate = `
apiVersion: kubeaddons.mesosphere.io/v1beta2
kind: ClusterAddon
metadata:
  name: kommander
  labels:
    kubeaddons.mesosphere.io/name: kommander
    kubeaddons.mesosphere.io/repository-name: mesosphere-kubeaddons-kommander
    kubeaddons.mesosphere.io/repository-ref: stable-1.20-1.4.3
  annotations:
    catalog.kubeaddons.mesosphere.io/addon-revision: 1.4.3-3
    appversion.kubeaddons.mesosphere.io/kommander: 1.4.3
spec: {namespace: kommander, chartReference: {chart: kommander, version: 0.38.5, values: %q}}
`

const nodeTemplate = `
apiVersion: v1
kind: Node
metadata:
  name: worker-%[1]d
  labels: {konvoy.mesosphere.com/node_pool: worker, konvoy.mesosphere.com/inventory_hostname: 10.0.0.%[1]d}
status: {nodeInfo: {osImage: CentOS Linux 7 (Core), kernelVersion: 3.10.0-1160.el7.x86_64, architecture: amd64, bootID: "1",
  containerRuntimeVersion: containerd://1.4.4, kubeProxyVersion: v1.20.13, kubeletVersion: v1.20.13, machineID: "1",
  operatingSystem: linux, systemUUID: "1"}, images: [%[2]s]}
`

const konvoyTemplate = `
apiVersion: v1
kind: Namespace
metadata: {name: %[1]s}
---
apiVersion: kommander.mesosphere.io/v1beta1
kind: KonvoyCluster
metadata: {name: prod, namespace: %[1]s}
spec:
  cluster: {version: v%[2]s, kubernetes: {version: 1.20.13}}
  provisioner: {provider: aws, version: v%[2]s}
  cloudProviderAccountRef: {name: aws}
status: {phase: Provisioned}
`

// create makes the objects of a manifest, with their status.
func create(ctx context.Context, to client.Client, manifest string) error {
	documents := yaml.NewYAMLOrJSONDecoder(bytes.NewReader([]byte(manifest)), 4096)
	for {
		object := &unstructured.Unstructured{}
		switch err := documents.Decode(&object.Object); {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return fmt.Errorf("read a manifest: %w", err)
		}
		status := object.Object["status"]
		if err := to.Create(ctx, object); err != nil {
			return fmt.Errorf("create %s %s: %w", object.GetKind(), object.GetName(), err)
		}
		if status == nil {
			continue
		}
		object.Object["status"] = status
		if err := to.Status().Update(ctx, object); err != nil {
			return fmt.Errorf("report the status of %s %s: %w", object.GetKind(), object.GetName(), err)
		}
	}
}

// changeKonvoy changes the version of Konvoy in the cluster of a member, back and forth between two.
func changeKonvoy(ctx context.Context, to client.Client, m *member) error {
	if m.version == konvoyVersion {
		m.version = otherVersion
	} else {
		m.version = konvoyVersion
	}
	object := &unstructured.Unstructured{}
	object.SetAPIVersion("kommander.mesosphere.io/v1beta1")
	object.SetKind("KonvoyCluster")
	object.SetNamespace(m.konvoy)
	object.SetName("prod")
	patch := fmt.Appendf(nil, `{"spec": {"cluster": {"version": "v%s"}}}`, m.version)
	if err := to.Patch(ctx, object, client.RawPatch(types.MergePatchType, patch)); err != nil {
		return fmt.Errorf("change Konvoy in %s: %w", m.name, err)
	}
	return nil
}

// fleetNamespace is where the ClusterSupports and the Secrets are.
const fleetNamespace = "fleet"

const memberTemplate = `
{apiVersion: v1, kind: Secret, metadata: {namespace: fleet, name: %[1]s-kubeconfig}, data: {kubeconfig: %[2]s}}
---
apiVersion: support.d2iq.io/v1alpha1
kind: ClusterSupport
metadata: {namespace: fleet, name: %[1]s}
spec: {cluster: {kubeconfigSecret: {name: %[1]s-kubeconfig}}, environment: NonProduction}
`
