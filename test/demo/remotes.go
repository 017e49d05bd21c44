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

// workspace is the namespace of the hub in which the other clusters are described.
const workspace = "workspace-a"

// The other clusters.
const (
	europe  = "eu"
	america = "us"
)

// demonstration is the world of the demo: the hub, and the clusters that are attached to it.
type demonstration struct {
	*sandbox.Sandbox

	remotes map[string]*remote
}

// remote is another cluster, with a control plane of its own.
type remote struct {
	*sandbox.Remote

	plane *controlplane.ControlPlane
}

func (r *remote) stop() error { return errors.Join(r.Close(), r.plane.Stop()) }

// remoteInstallations are what the other clusters run at first.
var remoteInstallations = map[string]installation{
	europe:  {konvoy: "1.7.2", kubernetes: "v1.19.9", bps: "stable-1.19-3.4.1"},
	america: {konvoy: "1.7.2", kubernetes: "v1.19.9", bps: "stable-1.19-3.4.1"},
}

// startRemotes starts the other clusters. Nothing on the hub tells of them yet.
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
	//nolint:contextcheck // its front runs until it is closed, whatever becomes of the start
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

// addon is the one that shows the release of Base Platform Services.
const addon = `
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

// install makes the cluster be what the installation says. Of Konvoy nothing shows in it but that it made the nodes.
func (r *remote) install(ctx context.Context, runs installation) error {
	r.Front.SetVersion(runs.kubernetes)
	if err := r.Apply(ctx, fmt.Sprintf(addon, runs.bps), konvoyNode); err != nil {
		return err
	}
	return r.Report(ctx, "worker-0", "CentOS Linux 7 (Core)", "3.10.0-1160.el7.x86_64")
}

const konvoyNode = `
apiVersion: v1
kind: Node
metadata:
  name: worker-0
  labels: {konvoy.mesosphere.com/node_pool: worker, konvoy.mesosphere.com/inventory_hostname: 10.0.0.10}
`

// useKubeconfigs lets the operator reach the other clusters, which are on this machine. Its own time is the machine's.
func useKubeconfigs(_ *rest.Config, options *controllers.Options) {
	options.KubeconfigNamespaces = []string{workspace}
	options.AllowLoopback = true
	options.Patience = refreshInterval
	options.SecretInterval = refreshInterval
}

// descriptions are what the hub has of the attached clusters: Kommander made eu, so that a KonvoyCluster tells its version;
// us was made by the command line, and somebody has declared it.
const descriptions = `
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

// joinedStatus is what Kommander writes when it has attached a cluster.
const joinedStatus = `
apiVersion: kommander.mesosphere.io/v1beta1
kind: KommanderCluster
metadata: {name: %s, namespace: workspace-a}
status: {phase: Joined}
`

// attach describes the clusters on the hub, and lends it their kubeconfigs.
func attach(ctx context.Context, world *demonstration) error {
	if _, err := world.Kubectl(ctx, "create", "namespace", workspace); err != nil {
		return err
	}
	for name, r := range world.remotes {
		kubeconfig, err := r.Kubeconfig(ctx, "hub")
		if err != nil {
			return err
		}
		secret := &corev1.Secret{
			ObjectMeta: metav1.ObjectMeta{Namespace: workspace, Name: name + "-kubeconfig"}, Data: map[string][]byte{"kubeconfig": kubeconfig},
		}
		if err := world.Client.Create(ctx, secret); err != nil {
			return fmt.Errorf("store the kubeconfig of %s: %w", name, err)
		}
	}
	if _, err := world.KubectlInput(ctx, []byte(descriptions), "apply", "-f", "-"); err != nil {
		return err
	}
	for name := range world.remotes {
		status := fmt.Appendf(nil, joinedStatus, name)
		if _, err := world.KubectlInput(ctx, status, "apply", "--server-side", "--subresource=status", "-f", "-"); err != nil {
			return err
		}
	}
	return nil
}

// kill ends the control plane of us.
func kill(_ context.Context, world *demonstration) error { return world.remotes[america].Kill() }

// revive brings it back, in newer versions than before.
func revive(ctx context.Context, world *demonstration) error {
	us := world.remotes[america]
	//nolint:contextcheck // the same
	if err := us.Revive(); err != nil {
		return err
	}
	if err := us.install(ctx, installation{kubernetes: secondInstallation.kubernetes, bps: secondInstallation.bps}); err != nil {
		return err
	}
	_, err := world.Kubectl(ctx, "annotate", "--overwrite", "kommandercluster", america, "-n", workspace,
		"support.d2iq.io/declared-releases=Konvoy="+secondInstallation.konvoy)
	return err
}

// detach removes eu from the hub.
func detach(ctx context.Context, world *demonstration) error {
	_, err := world.Kubectl(ctx, "delete", "kommandercluster,konvoycluster", europe, "-n", workspace)
	return err
}
