// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

// Package controlplane runs a real Kubernetes control plane for tests and demos: etcd and kube-apiserver, and on request
// kube-controller-manager, for garbage collection by owner references, deletion of namespaces, and service accounts.
//
// Authorization is RBAC, so a client with a ServiceAccountConfig has the rights of that account only. Nothing runs pods.
// A test gets a control plane from ForTest, the tests of one package from Shared.
package controlplane

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/envtest"

	"github.com/d2iq-labs/support-policy-operator/test/process"
)

const (
	// startTimeout is for each program. On a busy machine with two cores an API server takes ten seconds.
	startTimeout = time.Minute
	// stopTimeout is how long a program may take to end before it is killed.
	stopTimeout = 20 * time.Second
	// endWatches is the flag by which an API server ends open watches when it stops. Without it a single open watch keeps it
	// running until it is killed.
	endWatches = "shutdown-watch-termination-grace-period"
	// endConnections ends them within 2 s before Kubernetes 1.27, as a side effect.
	endConnections = "shutdown-send-retry-after"
)

// Options are what to start. The zero value is an empty cluster without controllers.
type Options struct {
	// ControllerManager starts kube-controller-manager too.
	ControllerManager bool

	// Version is the version of Kubernetes: empty for the current one, or Old.
	Version string

	// CRDs are files, or folders of files, with the CustomResourceDefinitions that are established when Start returns. The
	// garbage collector discovers new kinds only every 30 s; it knows these from the start.
	CRDs []string

	// Dir is the folder of the programs. Empty means the one that Assets finds, or the one for Version.
	Dir string

	// Logs receives what the programs print, one write at a time; nil discards it.
	Logs io.Writer
}

// ControlPlane is a running control plane. Its methods but Stop may be called from several goroutines.
type ControlPlane struct {
	folder  string
	scratch string
	env     *envtest.Environment
	config  *rest.Config
	manager *process.Process
	thread  *process.Thread
}

// Start starts a control plane and returns when it serves. The context bounds the start only: the programs run until Stop,
// or until the calling process ends or is killed. After an error nothing is left running; the error wraps ErrMissing where
// a program is missing.
func Start(ctx context.Context, options Options) (*ControlPlane, error) {
	folder := options.Dir
	if folder == "" {
		var err error
		if folder, err = assets(options.Version); err != nil {
			return nil, err
		}
	}
	scratch, err := newScratch()
	if err != nil {
		return nil, err
	}
	if options.Logs != nil {
		options.Logs = &process.SerialWriter{To: options.Logs}
	}
	c := &ControlPlane{folder: folder, scratch: scratch, thread: process.NewThread()}
	c.thread.Do(func() { err = c.start(ctx, options) })
	if err != nil {
		return nil, errors.Join(err, c.Stop())
	}
	return c, nil
}

// The folders in the scratch folder of a control plane.
const (
	dataFolder     = "data"
	certsFolder    = "certs"
	programsFolder = "programs"
)

// newScratch makes the folder for all that a control plane writes. Stop removes it.
func newScratch() (string, error) {
	scratch, err := os.MkdirTemp("", "controlplane-")
	for _, folder := range []string{dataFolder, certsFolder, programsFolder} {
		if err == nil {
			err = os.Mkdir(filepath.Join(scratch, folder), 0o700)
		}
	}
	if err != nil {
		return "", fmt.Errorf("controlplane: no folder for its data: %w", err)
	}
	return scratch, nil
}

// start starts one program after the other, on the thread that lives as long as they do.
func (c *ControlPlane) start(ctx context.Context, options Options) error {
	if err := c.startServer(options); err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("controlplane: given up after the API server had started: %w", err)
	}
	if options.ControllerManager {
		return c.startManager(ctx, options.Logs)
	}
	return nil
}

// startServer starts etcd and the API server.
func (c *ControlPlane) startServer(options Options) error {
	etcdPath, err := c.wrapped(etcd)
	if err != nil {
		return err
	}
	serverPath, err := c.wrapped(apiServer)
	if err != nil {
		return err
	}
	existing := false
	c.env = &envtest.Environment{
		ControlPlane: envtest.ControlPlane{
			Etcd: &envtest.Etcd{
				Path: etcdPath, DataDir: filepath.Join(c.scratch, dataFolder), Out: options.Logs, Err: options.Logs,
			},
			APIServer: &envtest.APIServer{
				Path: serverPath, CertDir: filepath.Join(c.scratch, certsFolder), Out: options.Logs, Err: options.Logs,
			},
			// envtest never runs it. It is set so that envtest searches for none.
			KubectlPath: filepath.Join(c.folder, kubectl),
		},
		// A test must never use an existing cluster, whatever the environment says.
		UseExistingCluster:       &existing,
		CRDDirectoryPaths:        options.CRDs,
		ErrorIfCRDPathMissing:    true,
		ControlPlaneStartTimeout: startTimeout,
		ControlPlaneStopTimeout:  stopTimeout,
	}
	// An API server does not start with an unknown flag.
	help, _ := exec.Command(serverPath, "--help").Output()
	switch arguments := c.env.ControlPlane.APIServer.Configure(); {
	case bytes.Contains(help, []byte(endWatches)):
		arguments.Append(endWatches, "1s")
	case bytes.Contains(help, []byte(endConnections)):
		arguments.Append(endConnections, "true")
	}
	if c.config, err = c.env.Start(); err != nil {
		return fmt.Errorf("controlplane: etcd and kube-apiserver from %s: %w", c.folder, err)
	}
	return nil
}

// wrapped returns the path of a script that runs the program and has it killed when the calling process ends. Without it
// etcd and the API server would go on: envtest puts them into process groups of their own.
func (c *ControlPlane) wrapped(name string) (string, error) {
	path, err := program(c.folder, name)
	if err != nil {
		return "", err
	}
	if path, err = process.WithParentDeathSignal(path, filepath.Join(c.scratch, programsFolder)); err != nil {
		return "", fmt.Errorf("controlplane: %w", err)
	}
	return path, nil
}

// Config returns a configuration for a client with all rights, and practically without a rate limit.
func (c *ControlPlane) Config() *rest.Config { return rest.CopyConfig(c.config) }

// WriteKubeconfig writes a kubeconfig file with all rights, for programs such as kubectl.
func (c *ControlPlane) WriteKubeconfig(path string) error { return WriteKubeconfig(path, c.config) }

// Kubectl returns the path of the kubectl that came with the programs. The error wraps ErrMissing.
func (c *ControlPlane) Kubectl() (string, error) { return program(c.folder, kubectl) }

// StopServer stops the API server alone, and ends all connections to it. etcd keeps the data.
func (c *ControlPlane) StopServer() error {
	if err := c.env.ControlPlane.APIServer.Stop(); err != nil {
		return fmt.Errorf("controlplane: stopping kube-apiserver: %w", err)
	}
	return nil
}

// StartServer starts the API server again, at the same address and with the same certificates. It returns when it serves.
func (c *ControlPlane) StartServer() error {
	var err error
	c.thread.Do(func() { err = c.env.ControlPlane.APIServer.Start() })
	if err != nil {
		return fmt.Errorf("controlplane: starting kube-apiserver again: %w", err)
	}
	return nil
}

// Stop stops the programs, waits for their end and removes their data. The error says which had to be killed. Further calls
// do nothing.
func (c *ControlPlane) Stop() error {
	var problems []error
	if c.manager != nil {
		problems = append(problems, c.manager.Stop(stopTimeout))
		c.manager = nil
	}
	if c.env != nil {
		problems = append(problems, c.env.Stop())
		c.env = nil
	}
	c.thread.End()
	problems = append(problems, os.RemoveAll(c.scratch))
	if err := errors.Join(problems...); err != nil {
		return fmt.Errorf("controlplane: stopping: %w", err)
	}
	return nil
}
