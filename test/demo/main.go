// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

// The demo shows two years in the life of a small fleet in about a minute: a hub and two attached clusters, each with a real
// API server, the operator under the rights of its ServiceAccount, the shipped policies as they were known on each day, and a simulated clock that runs
// from April 2021 to December 2022.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"
	_ "time/tzdata" // the policies name time zones

	"github.com/go-logr/logr"
	ctrl "sigs.k8s.io/controller-runtime"

	"github.com/d2iq-labs/support-policy-operator/test/controlplane"
	"github.com/d2iq-labs/support-policy-operator/test/sandbox"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdout); err != nil && !errors.Is(err, context.Canceled) {
		fmt.Fprintln(os.Stderr, "demo:", err)
		os.Exit(1)
	}
}

// run tells the story on out, and then waits for a person to look around.
func run(ctx context.Context, arguments []string, out io.Writer) error {
	flags := flag.NewFlagSet("demo", flag.ContinueOnError)
	stay := flags.Bool("stay", somebodyWatches(), "keep the API server and the operator up after the last day")
	if err := flags.Parse(arguments); err != nil {
		return err
	}
	ctrl.SetLogger(logr.Discard())
	folder, err := os.MkdirTemp("", "support-policy-demo-")
	if err != nil {
		return fmt.Errorf("make a folder for the demo: %w", err)
	}
	defer os.RemoveAll(folder) //nolint:errcheck // a folder left behind in the system's own is no harm
	world, end, err := start(ctx, folder, out)
	if err != nil {
		return err
	}
	err = tell(ctx, world, out)
	if err == nil && *stay {
		fmt.Fprintf(out, "\nThe API server and the operator stay up; the clock stands still. Look around in another terminal:\n\n"+
			"  export KUBECONFIG=%s\n  kubectl get support -A\n\nCtrl-C ends the demo.\n", world.Kubeconfig())
		<-ctx.Done()
	}
	return errors.Join(err, end())
}

// somebodyWatches tells whether a person runs the demo at a terminal.
func somebodyWatches() bool {
	terminal, err := os.Stdout.Stat()
	return err == nil && terminal.Mode()&os.ModeCharDevice != 0 && os.Getenv("CI") == ""
}

// start brings up the control plane, the world on it, and the operator. end takes all down.
func start(ctx context.Context, folder string, out io.Writer) (world *demonstration, end func() error, err error) {
	crds, err := sandbox.CRDs()
	if err != nil {
		return nil, nil, err
	}
	fmt.Fprintln(out, "starting etcd, kube-apiserver and kube-controller-manager of the hub, with the operator's and the products' CRDs …")
	plane, err := controlplane.Start(ctx, controlplane.Options{ControllerManager: true, CRDs: crds})
	if err != nil {
		return nil, nil, err
	}
	hub, err := sandbox.New(ctx, plane, folder, sandbox.Options{
		KubernetesVersion: firstInstallation.kubernetes, Manifests: "config/fleet", Now: firstDay, Log: logr.Discard(),
	})
	if err != nil {
		return nil, nil, errors.Join(err, plane.Stop())
	}
	world = &demonstration{Sandbox: hub}
	if world.remotes, err = startRemotes(ctx, out); err != nil {
		return nil, nil, errors.Join(err, hub.Close(), plane.Stop())
	}
	down := func() error { return errors.Join(hub.Close(), stopRemotes(world.remotes), plane.Stop()) }
	if err := firstInstallation.install(ctx, hub); err != nil {
		return nil, nil, errors.Join(err, down())
	}
	fmt.Fprintln(out, "starting the operator …")
	// The operator ends when it is told to, after the story, and not by the signal that ends the story.
	stop, err := world.StartOperator(context.WithoutCancel(ctx), useKubeconfigs)
	if err != nil {
		return nil, nil, errors.Join(err, down())
	}
	return world, func() error { return errors.Join(stop(), down()) }, nil
}

func date(text string) time.Time {
	day, err := time.Parse(time.DateOnly, text)
	if err != nil {
		panic(err)
	}
	return day
}
