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

// controllers are those that a cluster without nodes needs to be like a real one: owned objects and deleted
// namespaces go, namespaces get their service account and the authority to trust, aggregated roles their rules. The
// names are those of before Kubernetes 1.28, which later versions take as well.
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
	path, err := c.bound(controllerManager)
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
		// No port: nobody asks it for anything.
		"--secure-port=0",
		// Where envtest puts the key that the API server verifies tokens with.
		"--service-account-private-key-file="+filepath.Join(c.env.ControlPlane.APIServer.CertDir, "sa-signer.key"),
		"--root-ca-file="+authority,
		// A test waits for it, and there is nobody whom it could crowd out.
		"--kube-api-qps=500",
		"--kube-api-burst=1000",
	)
	command.Stdout, command.Stderr = logs, logs
	if c.manager, err = process.Start(command); err != nil {
		return fmt.Errorf("controlplane: %w", err)
	}
	return c.awaitManager(ctx)
}

// awaitManager waits until the namespace default has its service account, which the manager makes.
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
