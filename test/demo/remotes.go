// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"io"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"

	"github.com/d2iq-labs/support-policy-operator/controllers"
	"github.com/d2iq-labs/support-policy-operator/test/controlplane"
	"github.com/d2iq-labs/support-policy-operator/test/sandbox"
)

// workspace is the namespace on the hub with the objects that describe the other clusters.
const workspace = "workspace-a"

// The names of the attached clusters.
const (
	europe  = "eu"
	america = "us"
)

// fleet is the hub and the clusters that are attached to it.
type fleet struct {
	*sandbox.Sandbox

	remotes map[string]*remote
}

// remote is another cluster, with a control plane of its own.
type remote struct {
	*sandbox.Remote

	plane *controlplane.ControlPlane
}

func (r *remote) stop() error { return errors.Join(r.Close(), r.plane.Stop()) }

// remoteInstallations are what the attached clusters run at first.
var remoteInstallations = map[string]installation{
	europe:  {konvoy: "1.7.2", kubernetes: "v1.19.9", bps: "stable-1.19-3.4.1"},
	america: {konvoy: "1.7.2", kubernetes: "v1.19.9", bps: "stable-1.19-3.4.1"},
}

// startRemotes starts the other clusters. The hub does not describe them yet.
func startRemotes(ctx context.Context, out io.Writer) (map[string]*remote, error) {
	crds, err := sandbox.RemoteCRDs()
	if err != nil {
		return nil, err
	}
	remotes := map[string]*remote{}
	for _, name := range []string{europe, america} {
		fmt.Fprintf(out, "starting the control plane of another cluster, %s …\n", name)
		started, err := startRemote(ctx, remoteInstallations[name], crds)
		if err != nil {
			return nil, errors.Join(err, stopRemotes(remotes))
		}
		remotes[name] = started
	}
	return remotes, nil
}

func startRemote(ctx context.Context, runs installation, crds []string) (*remote, error) {
	plane, err := controlplane.Start(ctx, controlplane.Options{CRDs: crds})
	if err != nil {
		return nil, err
	}
	//nolint:contextcheck // its front runs until Close, and not only during the start
	made, err := sandbox.NewRemote(plane, runs.kubernetes)
	if err != nil {
		return nil, errors.Join(err, plane.Stop())
	}
	r := &remote{Remote: made, plane: plane}
	if err := r.install(ctx, runs); err != nil {
		return nil, errors.Join(err, r.stop())
	}
	return r, nil
}

func stopRemotes(remotes map[string]*remote) error {
	var problems []error
	for _, r := range remotes {
		problems = append(problems, r.stop())
	}
	return errors.Join(problems...)
}

// addonManifest is an addon, whose label shows the release of Base Platform Services.
const addonManifest = `
apiVersion: kubeaddons.mesosphere.io/v1beta2
kind: ClusterAddon
metadata:
  name: cert-manager
  labels:
    kubeaddons.mesosphere.io/name: cert-manager
    kubeaddons.mesosphere.io/repository-name: mesosphere-kubernetes-base-addons
    kubeaddons.mesosphere.io/repository-ref: %s
spec: {namespace: cert-manager, chartReference: {chart: cert-manager-setup, version: 0.2.7}}
`

// install changes the cluster to the installation. Its nodes show that Konvoy made it, and no version.
func (r *remote) install(ctx context.Context, runs installation) error {
	r.Front.SetVersion(runs.kubernetes)
	if err := r.Apply(ctx, fmt.Sprintf(addonManifest, runs.bps), nodeManifest); err != nil {
		return err
	}
	return r.ReportNode(ctx, "worker-0", "CentOS Linux 7 (Core)", "3.10.0-1160.el7.x86_64")
}

const nodeManifest = `
apiVersion: v1
kind: Node
metadata:
  name: worker-0
  labels: {konvoy.mesosphere.com/node_pool: worker, konvoy.mesosphere.com/inventory_hostname: 10.0.0.10}
`

// useKubeconfigs lets the operator connect to the other clusters, which are on this machine. Their intervals follow the real
// clock.
func useKubeconfigs(_ *rest.Config, options *controllers.Options) {
	options.KubeconfigNamespaces = []string{workspace}
	options.AllowLoopback = true
	options.Patience = refreshInterval
	options.SecretInterval = refreshInterval
}

// hubObjects describe the attached clusters on the hub. Kommander made eu, so a KonvoyCluster has its version; the Konvoy CLI
// made us, whose version is declared.
const hubObjects = `
apiVersion: kommander.mesosphere.io/v1beta1
kind: KommanderCluster
metadata:
  name: eu
  namespace: workspace-a
  annotations: {support.d2iq.io/environment: Production}
spec: {kubeconfigRef: {name: eu-kubeconfig}, clusterRef: {konvoyCluster: {name: eu}}}
---
apiVersion: kommander.mesosphere.io/v1beta1
kind: KonvoyCluster
metadata: {name: eu, namespace: workspace-a}
spec:
  cluster: {version: v1.7.2}
  provisioner: {provider: aws, version: v1.7.2}
  cloudProviderAccountRef: {name: aws}
---
apiVersion: kommander.mesosphere.io/v1beta1
kind: KommanderCluster
metadata:
  name: us
  namespace: workspace-a
  annotations: {support.d2iq.io/declared-releases: Konvoy=1.7.2}
spec: {kubeconfigRef: {name: us-kubeconfig}}
`

// joinedStatus is the status that Kommander writes of an attached cluster.
const joinedStatus = `
apiVersion: kommander.mesosphere.io/v1beta1
kind: KommanderCluster
metadata: {name: %s, namespace: workspace-a}
status: {phase: Joined}
`

// attachClusters creates the kubeconfigs and descriptions of the clusters on the hub.
func attachClusters(ctx context.Context, fleet *fleet) error {
	if _, err := fleet.Kubectl(ctx, "create", "namespace", workspace); err != nil {
		return err
	}
	for name, r := range fleet.remotes {
		kubeconfig, err := r.Kubeconfig(ctx, "hub")
		if err != nil {
			return err
		}
		secret := &corev1.Secret{
			ObjectMeta: metav1.ObjectMeta{Namespace: workspace, Name: name + "-kubeconfig"}, Data: map[string][]byte{"kubeconfig": kubeconfig},
		}
		if err := fleet.Client.Create(ctx, secret); err != nil {
			return fmt.Errorf("store the kubeconfig of %s: %w", name, err)
		}
	}
	if _, err := fleet.KubectlInput(ctx, []byte(hubObjects), "apply", "-f", "-"); err != nil {
		return err
	}
	for name := range fleet.remotes {
		status := fmt.Appendf(nil, joinedStatus, name)
		if _, err := fleet.KubectlInput(ctx, status, "apply", "--server-side", "--subresource=status", "-f", "-"); err != nil {
			return err
		}
	}
	return nil
}

// stopAmerica stops the API server of us.
func stopAmerica(_ context.Context, fleet *fleet) error { return fleet.remotes[america].StopServer() }

// startAmerica starts it again, after an upgrade.
func startAmerica(ctx context.Context, fleet *fleet) error {
	us := fleet.remotes[america]
	//nolint:contextcheck // the API server runs until stopRemotes
	if err := us.StartServer(); err != nil {
		return err
	}
	if err := us.install(ctx, installation{kubernetes: secondInstallation.kubernetes, bps: secondInstallation.bps}); err != nil {
		return err
	}
	_, err := fleet.Kubectl(ctx, "annotate", "--overwrite", "kommandercluster", america, "-n", workspace,
		"support.d2iq.io/declared-releases=Konvoy="+secondInstallation.konvoy)
	return err
}

// detachEurope deletes the description of eu on the hub.
func detachEurope(ctx context.Context, fleet *fleet) error {
	_, err := fleet.Kubectl(ctx, "delete", "kommandercluster,konvoycluster", europe, "-n", workspace)
	return err
}
