// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

// The demo shows two years of a small fleet in about a minute: a hub and two attached clusters, each with a real API server.
// The operator runs with the rights of its ServiceAccount and a simulated clock, from April 2021 to December 2022, and the
// shipped policies are applied as they were known on each day.
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

// run plays the timeline, prints it to out, and with --stay waits for the user to end the demo.
func run(ctx context.Context, arguments []string, out io.Writer) error {
	flags := flag.NewFlagSet("demo", flag.ContinueOnError)
	stay := flags.Bool("stay", isInteractive(), "keep the API server and the operator up after the last day")
	if err := flags.Parse(arguments); err != nil {
		return err
	}
	ctrl.SetLogger(logr.Discard())
	folder, err := os.MkdirTemp("", "support-policy-demo-")
	if err != nil {
		return fmt.Errorf("make a folder for the demo: %w", err)
	}
	defer os.RemoveAll(folder) //nolint:errcheck // a folder left behind in the system's own is no harm
	fleet, end, err := start(ctx, folder, out)
	if err != nil {
		return err
	}
	err = play(ctx, fleet, out)
	if err == nil && *stay {
		fmt.Fprintf(out, "\nThe API server and the operator stay up; the clock stands still. Look around in another terminal:\n\n"+
			"  export KUBECONFIG=%s\n  kubectl get support -A\n\nCtrl-C ends the demo.\n", fleet.Kubeconfig())
		<-ctx.Done()
	}
	return errors.Join(err, end())
}

// isInteractive tells whether the output is a terminal, outside of CI.
func isInteractive() bool {
	terminal, err := os.Stdout.Stat()
	return err == nil && terminal.Mode()&os.ModeCharDevice != 0 && os.Getenv("CI") == ""
}

// start starts the control planes and the operator. The function end stops them.
func start(ctx context.Context, folder string, out io.Writer) (all *fleet, end func() error, err error) {
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
	all = &fleet{Sandbox: hub}
	if all.remotes, err = startRemotes(ctx, out); err != nil {
		return nil, nil, errors.Join(err, hub.Close(), plane.Stop())
	}
	down := func() error { return errors.Join(hub.Close(), stopRemotes(all.remotes), plane.Stop()) }
	if err := firstInstallation.install(ctx, hub); err != nil {
		return nil, nil, errors.Join(err, down())
	}
	fmt.Fprintln(out, "starting the operator …")
	// A signal ends the timeline; end stops the operator after it.
	stop, err := all.StartOperator(context.WithoutCancel(ctx), useKubeconfigs)
	if err != nil {
		return nil, nil, errors.Join(err, down())
	}
	return all, func() error { return errors.Join(stop(), down()) }, nil
}

func date(text string) time.Time {
	day, err := time.Parse(time.DateOnly, text)
	if err != nil {
		panic(err)
	}
	return day
}
