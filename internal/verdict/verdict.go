// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

// Package verdict asks a running operator for its verdict on its own cluster. `helm test` runs it to learn whether an
// installation works. It reads one object, ClusterSupport "host", and needs the right to get it.
package verdict

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/rest"
	"k8s.io/utils/ptr"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/d2iq-labs/support-policy-operator/api/v1alpha1"
)

// Command is the argument by which the operator's program does nothing but this.
const Command = "verdict"

const (
	// pollInterval is the time between two requests for the object.
	pollInterval = time.Second
	// requestTimeout is the time that the API server has for an answer.
	requestTimeout = 10 * time.Second
)

// Run reads the flags, waits for a verdict and writes it to out. A verdict is one whatever it says: that a release is not
// supported is no error. The error says why there is none.
func Run(ctx context.Context, arguments []string, out io.Writer) error {
	flags := flag.NewFlagSet(Command, flag.ContinueOnError)
	namespace := flags.String("namespace", os.Getenv("POD_NAMESPACE"), "the operator's own namespace, in which ClusterSupport \"host\" is kept")
	timeout := flags.Duration("timeout", time.Minute, "how long to wait for a verdict")
	ctrl.RegisterFlags(flags)
	switch err := flags.Parse(arguments); {
	case errors.Is(err, flag.ErrHelp):
		return nil
	case err != nil:
		return fmt.Errorf("read the flags: %w", err)
	case flags.NArg() > 0:
		return fmt.Errorf("unexpected argument %q: %s has flags only", flags.Arg(0), Command)
	case *namespace == "":
		return errors.New("the operator's own namespace is not known: set POD_NAMESPACE or --namespace")
	}
	cfg, err := ctrl.GetConfig()
	if err != nil {
		return fmt.Errorf("find the cluster: %w", err)
	}
	cfg.Timeout = requestTimeout
	reader, err := newReader(cfg)
	if err != nil {
		return err
	}
	host, err := await(ctx, reader, *namespace, *timeout)
	if err != nil {
		return err
	}
	return write(out, host)
}

// newReader returns a client that knows where a ClusterSupport is, and so sends no requests to discover it.
func newReader(cfg *rest.Config) (client.Reader, error) {
	scheme := runtime.NewScheme()
	if err := v1alpha1.AddToScheme(scheme); err != nil {
		return nil, fmt.Errorf("register the kinds: %w", err)
	}
	mapper := meta.NewDefaultRESTMapper([]schema.GroupVersion{v1alpha1.GroupVersion})
	mapper.Add(v1alpha1.GroupVersion.WithKind("ClusterSupport"), meta.RESTScopeNamespace)
	reader, err := client.New(cfg, client.Options{Scheme: scheme, Mapper: mapper})
	if err != nil {
		return nil, fmt.Errorf("a client for the cluster: %w", err)
	}
	return reader, nil
}

// await reads the object until it has a verdict, at least once.
func await(ctx context.Context, reader client.Reader, namespace string, timeout time.Duration) (*v1alpha1.ClusterSupport, error) {
	key := types.NamespacedName{Namespace: namespace, Name: v1alpha1.HostName}
	var host v1alpha1.ClusterSupport
	var lack error
	// A request is not cut short by the end of the waiting: its answer says what is missing.
	err := wait.PollUntilContextTimeout(ctx, pollInterval, timeout, true, func(context.Context) (bool, error) {
		host = v1alpha1.ClusterSupport{}
		if err := reader.Get(ctx, key, &host); err != nil {
			lack = explain(err, key)
		} else {
			lack = missing(&host)
		}
		return lack == nil, nil
	})
	if err != nil {
		return nil, fmt.Errorf("no verdict within %s: %w", timeout, lack)
	}
	return &host, nil
}

// explain adds to an error of a request what to do about it.
func explain(err error, key types.NamespacedName) error {
	if apierrors.IsNotFound(err) {
		return fmt.Errorf("there is no ClusterSupport %s, which the operator creates: see whether it runs in this namespace, and its log: %w", key, err)
	}
	return fmt.Errorf("get ClusterSupport %s: %w", key, err)
}

// missing returns what the object lacks for a verdict; nil for one that has it.
func missing(host *v1alpha1.ClusterSupport) error {
	key := client.ObjectKeyFromObject(host)
	if ptr.Deref(host.Status.ObservedGeneration, 0) != host.Generation {
		return fmt.Errorf("the operator has not evaluated the spec of ClusterSupport %s: see whether it runs, and its log", key)
	}
	for _, name := range []string{v1alpha1.ConditionReady, v1alpha1.ConditionReachable} {
		switch found := meta.FindStatusCondition(host.Status.Conditions, name); {
		case found == nil:
			return fmt.Errorf("ClusterSupport %s has no condition %s: see whether the operator runs, and its log", key, name)
		case found.Status != metav1.ConditionTrue:
			return fmt.Errorf("%s of ClusterSupport %s is %s, %s: %s", name, key, found.Status, found.Reason, found.Message)
		}
	}
	return nil
}

// write writes each condition on a line.
func write(out io.Writer, host *v1alpha1.ClusterSupport) error {
	for _, condition := range host.Status.Conditions {
		if _, err := fmt.Fprintf(out, "%s %s, %s: %s\n", condition.Type, condition.Status, condition.Reason, condition.Message); err != nil {
			return fmt.Errorf("write the verdict: %w", err)
		}
	}
	return nil
}
