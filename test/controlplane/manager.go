// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package controlplane

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/kubernetes"

	"github.com/d2iq-labs/support-policy-operator/test/process"
)

// controllers are those that make a cluster without nodes behave like a real one: they delete owned objects and the
// contents of deleted namespaces, and write service accounts, the root CA of namespaces and aggregated roles. The names
// are those of before Kubernetes 1.28, which later versions accept.
var controllers = []string{
	"clusterrole-aggregation",
	"garbagecollector",
	"namespace",
	"root-ca-cert-publisher",
	"serviceaccount",
	"serviceaccount-token",
}

// startManager starts kube-controller-manager and returns when its controllers work.
func (c *ControlPlane) startManager(ctx context.Context, logs io.Writer) error {
	path, err := c.wrapped(controllerManager)
	if err != nil {
		return err
	}
	kubeconfig := filepath.Join(c.scratch, "controller-manager.kubeconfig")
	if err := c.WriteKubeconfig(kubeconfig); err != nil {
		return err
	}
	authority := filepath.Join(c.scratch, "ca.crt")
	if err := os.WriteFile(authority, c.config.CAData, 0o600); err != nil {
		return fmt.Errorf("controlplane: writing the API server's authority: %w", err)
	}
	command := exec.Command(path,
		"--kubeconfig="+kubeconfig,
		"--controllers="+strings.Join(controllers, ","),
		"--leader-elect=false",
		// No port: nothing connects to it.
		"--secure-port=0",
		// The key by which the API server verifies tokens; envtest writes it.
		"--service-account-private-key-file="+filepath.Join(c.env.ControlPlane.APIServer.CertDir, "sa-signer.key"),
		"--root-ca-file="+authority,
		// Tests wait for it, and no other client is on the API server.
		"--kube-api-qps=500",
		"--kube-api-burst=1000",
	)
	command.Stdout, command.Stderr = logs, logs
	if c.manager, err = process.Start(command); err != nil {
		return fmt.Errorf("controlplane: %w", err)
	}
	return c.awaitManager(ctx)
}

// awaitManager waits until the manager has made the service account of the namespace default.
func (c *ControlPlane) awaitManager(ctx context.Context) error {
	clients, err := kubernetes.NewForConfig(c.config)
	if err != nil {
		return fmt.Errorf("controlplane: a client for the API server: %w", err)
	}
	ready := func(ctx context.Context) (bool, error) {
		select {
		case <-c.manager.Exited():
			return false, fmt.Errorf("it has ended: %w", c.manager.Err())
		default:
		}
		_, err := clients.CoreV1().ServiceAccounts(metav1.NamespaceDefault).Get(ctx, "default", metav1.GetOptions{})
		return err == nil, nil
	}
	if err := wait.PollUntilContextTimeout(ctx, 50*time.Millisecond, startTimeout, true, ready); err != nil {
		return fmt.Errorf("controlplane: %s does not work, set Options.Logs to see what it says: %w",
			controllerManager, err)
	}
	return nil
}
