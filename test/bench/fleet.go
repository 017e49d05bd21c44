// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/d2iq-labs/support-policy-operator/api/v1alpha1"
	"github.com/d2iq-labs/support-policy-operator/controllers"
	"github.com/d2iq-labs/support-policy-operator/test/controlplane"
	"github.com/d2iq-labs/support-policy-operator/test/sandbox"
)

// fleet is a hub, and clusters that are all behind a few API servers.
type fleet struct {
	hub *sandbox.Sandbox
	// admin sees the hub's real API server; copies does, too, and takes the copies of ClusterSupports for them.
	admin, copies client.WithWatch
	// account is the operator's, through the front.
	account *rest.Config
	// remotes are the API servers of the clusters.
	remotes []client.Client
	relay   *relay
	// members are the clusters of the fleet. The spare ones, one for each API server, are none of it.
	members, spares []*member
	book            *book
	// operator is the program, kubeconfig what it is started with.
	operator, kubeconfig, folder string

	planes []*controlplane.ControlPlane
}

// nodeCounts are how many nodes the clusters behind each API server have.
var nodeCounts = []int{3, 10}

// startFleet starts the control planes, and makes the clusters but for what refers to them.
func startFleet(ctx context.Context, folder string, options options, odd func(name, message string)) (f *fleet, err error) {
	f = &fleet{folder: folder, operator: options.operator}
	defer func() {
		if err != nil {
			err = errors.Join(err, f.close())
		}
	}()
	if err := f.startHub(ctx); err != nil {
		return f, err
	}
	if f.operator == "" {
		f.operator = filepath.Join(folder, controllers.Name)
		if err := build(ctx, f.hub.Root(), f.operator, "."); err != nil {
			return f, err
		}
	}
	if err := f.startRemotes(ctx, options.clusters); err != nil {
		return f, err
	}
	f.book, err = keepBook(ctx, f.admin, odd)
	return f, err
}

func (f *fleet) startPlane(ctx context.Context, options controlplane.Options) (*controlplane.ControlPlane, error) {
	plane, err := controlplane.Start(ctx, options)
	if err == nil {
		f.planes = append(f.planes, plane)
	}
	return plane, err
}

func (f *fleet) startHub(ctx context.Context) error {
	crds, err := sandbox.CRDs()
	if err != nil {
		return err
	}
	copied, err := copyCRD(crds[0], f.folder)
	if err != nil {
		return err
	}
	plane, err := f.startPlane(ctx, controlplane.Options{ControllerManager: true, CRDs: append(crds, copied)})
	if err != nil {
		return err
	}
	f.hub, err = sandbox.New(ctx, plane, f.folder, sandbox.Options{KubernetesVersion: kubernetesVersion, Manifests: "config/fleet"})
	if err != nil {
		return err
	}
	if _, err := f.hub.Kubectl(ctx, "apply", "-k", "config/policies"); err != nil {
		return err
	}
	token, err := plane.ServiceAccountConfig(ctx, sandbox.Namespace, controllers.Name)
	if err != nil {
		return err
	}
	f.account = f.hub.Front.Config(token.BearerToken)
	f.kubeconfig = filepath.Join(f.folder, "operator.kubeconfig")
	if err := controlplane.WriteKubeconfig(f.kubeconfig, f.account); err != nil {
		return err
	}
	f.admin, err = client.NewWithWatch(plane.Config(), client.Options{Scheme: controllers.Scheme()})
	if err != nil {
		return fmt.Errorf("make a client: %w", err)
	}
	f.copies, err = client.NewWithWatch(plane.Config(), client.Options{Scheme: copyScheme()})
	if err != nil {
		return fmt.Errorf("make a client: %w", err)
	}
	return f.admin.Create(ctx, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: fleetNamespace}})
}

func (f *fleet) startRemotes(ctx context.Context, clusters int) error {
	crds, err := sandbox.RemoteCRDs()
	if err != nil {
		return err
	}
	var configs []*rest.Config
	for _, nodes := range nodeCounts {
		plane, err := f.startPlane(ctx, controlplane.Options{CRDs: crds})
		if err != nil {
			return err
		}
		remote, err := client.New(plane.Config(), client.Options{Scheme: controllers.Scheme()})
		if err != nil {
			return fmt.Errorf("make a client: %w", err)
		}
		if err := create(ctx, remote, content(nodes)); err != nil {
			return err
		}
		f.remotes, configs = append(f.remotes, remote), append(configs, plane.Config())
	}
	//nolint:contextcheck // each request has a context of its own
	if f.relay, err = startRelay(configs, clusters+len(configs)); err != nil {
		return err
	}
	f.members, f.spares = f.relay.members[:clusters], f.relay.members[clusters:]
	return inParallel(len(f.relay.members), 8, func(i int) error {
		m := f.relay.members[i]
		return create(ctx, f.remoteOf(m), fmt.Sprintf(konvoyTemplate, m.konvoy, konvoyVersion))
	})
}

// remoteOf is the API server behind a cluster.
func (f *fleet) remoteOf(m *member) client.Client { return f.remotes[m.kind] }

// refer makes the objects on the hub that refer to the clusters.
func (f *fleet) refer(ctx context.Context) error {
	return inParallel(len(f.members), 8, func(i int) error {
		m := f.members[i]
		kubeconfig, err := f.kubeconfigFor(m)
		if err != nil {
			return err
		}
		return create(ctx, f.admin, fmt.Sprintf(memberTemplate, m.name, base64.StdEncoding.EncodeToString(kubeconfig)))
	})
}

// token is like those of service accounts, in length. The relay does not look at it.
const token = "eyJhbGciOiJSUzI1NiIsImtpZCI6IjAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwIn0"

func (f *fleet) kubeconfigFor(m *member) ([]byte, error) {
	path := filepath.Join(f.folder, m.name+".kubeconfig")
	config := &rest.Config{Host: m.address(), BearerToken: token, TLSClientConfig: rest.TLSClientConfig{CAData: f.relay.ca}}
	if err := controlplane.WriteKubeconfig(path, config); err != nil {
		return nil, err
	}
	kubeconfig, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read a kubeconfig: %w", err)
	}
	return kubeconfig, os.Remove(path)
}

// ports are those of the clusters.
func (f *fleet) ports() map[int]bool {
	ports := map[int]bool{}
	for _, m := range f.relay.members {
		ports[m.port] = true
	}
	return ports
}

// policy is one of those that were installed.
func (f *fleet) policy(ctx context.Context, name string) (*v1alpha1.SupportPolicy, error) {
	var policy v1alpha1.SupportPolicy
	if err := f.admin.Get(ctx, client.ObjectKey{Name: name}, &policy); err != nil {
		return nil, fmt.Errorf("get the policy %s: %w", name, err)
	}
	return &policy, nil
}

func (f *fleet) close() error {
	var problems []error
	if f.relay != nil {
		problems = append(problems, f.relay.close())
	}
	if f.hub != nil {
		problems = append(problems, f.hub.Close())
	}
	for _, plane := range f.planes {
		problems = append(problems, plane.Stop())
	}
	return errors.Join(problems...)
}
