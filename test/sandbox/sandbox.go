// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

// Package sandbox sets up a hub for the demo and the tests: a real API server with the operator's manifests and simple CRDs of
// the products, a front that reports an old version, and the operator, with a clock that the caller sets and the rights of
// its own ServiceAccount.
package sandbox

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"time"

	"github.com/go-logr/logr"
	"k8s.io/client-go/rest"
	clocktesting "k8s.io/utils/clock/testing"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/d2iq-labs/support-policy-operator/controllers"
	"github.com/d2iq-labs/support-policy-operator/test/controlplane"
	"github.com/d2iq-labs/support-policy-operator/test/front"
)

// Namespace is the operator's namespace in config/default.
const Namespace = "support-policy-system"

// Options are those of a sandbox.
type Options struct {
	// KubernetesVersion is the version that the API server reports.
	KubernetesVersion string
	// Manifests is the folder of the operator's manifests; config/default by default.
	Manifests string
	// ClientSideApply applies them as kubectl does by default, instead of by server-side apply.
	ClientSideApply bool
	// Now is the first instant of the operator's clock.
	Now time.Time
	// Log receives what the operator logs.
	Log logr.Logger
}

// Sandbox is a hub. Kubectl and Client have all rights and bypass the front.
type Sandbox struct {
	Client client.Client
	Front  *front.Front
	Clock  *clocktesting.FakeClock

	plane      *controlplane.ControlPlane
	log        logr.Logger
	root       string
	kubeconfig string
	operator   *rest.Config
}

// CRDs returns the folders of the CustomResourceDefinitions for the control plane of a Sandbox. It also switches streaming
// lists off, as the operator's main does: that must come before the first client, and a control plane makes clients.
func CRDs() ([]string, error) {
	if err := controllers.DisableStreamingLists(); err != nil {
		return nil, err
	}
	root, err := repositoryRoot()
	if err != nil {
		return nil, err
	}
	return []string{filepath.Join(root, "config", "crd", "bases"), filepath.Join(root, "test", "crds")}, nil
}

// New installs a sandbox on a control plane, and writes its kubeconfig into the folder.
func New(ctx context.Context, plane *controlplane.ControlPlane, folder string, options Options) (*Sandbox, error) {
	s, err := Open(plane, folder, options) //nolint:contextcheck // the front runs until Close, and not only during the start
	if err != nil {
		return nil, err
	}
	if _, err := s.Kubectl(ctx, "apply", "--server-side="+strconv.FormatBool(!options.ClientSideApply), "-k", cmp.Or(options.Manifests, "config/default")); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	if err := s.connect(ctx); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

// Open is New without the operator: nothing is installed, and StartOperator must not be called.
func Open(plane *controlplane.ControlPlane, folder string, options Options) (*Sandbox, error) {
	root, err := repositoryRoot()
	if err != nil {
		return nil, err
	}
	s := &Sandbox{
		plane: plane, root: root, log: options.Log, Clock: clocktesting.NewFakeClock(options.Now),
		kubeconfig: filepath.Join(folder, "kubeconfig"),
	}
	if err := plane.WriteKubeconfig(s.kubeconfig); err != nil {
		return nil, err
	}
	if s.Client, err = client.New(plane.Config(), client.Options{Scheme: controllers.Scheme()}); err != nil {
		return nil, fmt.Errorf("make a client: %w", err)
	}
	if s.Front, err = front.Start(plane.Config(), options.KubernetesVersion); err != nil {
		return nil, err
	}
	return s, nil
}

// connect configures the operator's access to the API server: through the front, with a token of its ServiceAccount.
func (s *Sandbox) connect(ctx context.Context) error {
	account, err := s.AccountConfig(ctx, controllers.Name)
	if err != nil {
		return err
	}
	s.operator = account
	s.operator.UserAgent = controllers.Name
	return nil
}

// AccountConfig returns a configuration for a client of the front with a token of a ServiceAccount in Namespace.
func (s *Sandbox) AccountConfig(ctx context.Context, name string) (*rest.Config, error) {
	account, err := s.plane.ServiceAccountConfig(ctx, Namespace, name)
	if err != nil {
		return nil, err
	}
	return s.Front.Config(account.BearerToken), nil
}

// Close ends the front. The control plane goes on.
func (s *Sandbox) Close() error { return s.Front.Close() }

// Root returns the root of this repository.
func (s *Sandbox) Root() string { return s.root }

// Kubeconfig returns the path of a kubeconfig with all rights.
func (s *Sandbox) Kubeconfig() string { return s.kubeconfig }

// Kubectl runs kubectl with all rights in the root of this repository, and returns its output. The error has what it wrote to
// stderr.
func (s *Sandbox) Kubectl(ctx context.Context, arguments ...string) (string, error) {
	return s.KubectlInput(ctx, nil, arguments...)
}

// KubectlInput is Kubectl with a standard input.
func (s *Sandbox) KubectlInput(ctx context.Context, input []byte, arguments ...string) (string, error) {
	program, err := s.plane.Kubectl()
	if err != nil {
		return "", err
	}
	var stdout, stderr bytes.Buffer
	command := exec.CommandContext(ctx, program, arguments...)
	command.Dir = s.root
	command.Env = append(os.Environ(), "KUBECONFIG="+s.kubeconfig)
	command.Stdin, command.Stdout, command.Stderr = bytes.NewReader(input), &stdout, &stderr
	if err := command.Run(); err != nil {
		return stdout.String(), fmt.Errorf("kubectl %v: %w: %s", arguments, err, stderr.Bytes())
	}
	return stdout.String(), nil
}

// StartOperator starts the operator, after changes to its configuration and options. Stop ends it and waits for its end.
func (s *Sandbox) StartOperator(ctx context.Context, changes ...func(*rest.Config, *controllers.Options)) (stop func() error, err error) {
	ctx, cancel := context.WithCancel(ctx)
	config, options := rest.CopyConfig(s.operator), controllers.Options{
		Namespace: Namespace, Clock: s.Clock, VersionInterval: time.Second, Log: s.log,
	}
	for _, change := range changes {
		change(config, &options)
	}
	mgr, err := controllers.NewManager(ctx, config, options)
	if err != nil {
		cancel()
		return nil, err
	}
	ended := make(chan error, 1)
	go func() { ended <- mgr.Start(ctx) }()
	return func() error {
		cancel()
		if err := <-ended; err != nil && !errors.Is(err, context.Canceled) {
			return fmt.Errorf("the operator ended: %w", err)
		}
		return nil
	}, nil
}

// repositoryRoot returns the nearest folder with a go.mod, from the working directory upwards.
func repositoryRoot() (string, error) {
	folder, err := os.Getwd()
	if err != nil {
		return "", fmt.Errorf("find the repository: %w", err)
	}
	for {
		if _, err := os.Stat(filepath.Join(folder, "go.mod")); err == nil {
			return folder, nil
		}
		parent := filepath.Dir(folder)
		if parent == folder {
			return "", errors.New("no go.mod in this folder or above: run inside the repository")
		}
		folder = parent
	}
}
