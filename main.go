// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

// The support-policy-operator makes a vendor's version support policy executable: it watches which releases are
// installed in a cluster and writes into conditions whether, and until when, the vendor supports them.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"os"
	"strings"

	"go.uber.org/zap/zapcore"
	"k8s.io/client-go/rest"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/log/zap"

	"github.com/d2iq-labs/support-policy-operator/config"
	"github.com/d2iq-labs/support-policy-operator/controllers"
	"github.com/d2iq-labs/support-policy-operator/internal/shipped"
	"github.com/d2iq-labs/support-policy-operator/internal/verdict"
	"github.com/d2iq-labs/support-policy-operator/internal/version"
)

func main() {
	if err := run(ctrl.SetupSignalHandler(), os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, controllers.Name+":", err)
		os.Exit(1)
	}
}

// defaultCopyLabels are the prefixes of labels that selectors of policies may use.
const defaultCopyLabels = "support.d2iq.io/,kommander.d2iq.io/,konvoy.d2iq.io/"

// splitList splits at commas, and leaves out spaces and empty items.
func splitList(text string) []string {
	var items []string
	for item := range strings.SplitSeq(text, ",") {
		if item = strings.TrimSpace(item); item != "" {
			items = append(items, item)
		}
	}
	return items
}

// run reads the flags and runs the operator until the context ends. It writes to out what it was asked for.
func run(ctx context.Context, arguments []string, out io.Writer) error {
	if err := controllers.DisableStreamingLists(); err != nil {
		return err
	}
	if len(arguments) > 0 && arguments[0] == verdict.Command {
		return verdict.Run(ctx, arguments[1:], out)
	}
	var options controllers.Options
	// A stack trace says nothing to the user of an operator.
	logging := zap.Options{TimeEncoder: zapcore.RFC3339TimeEncoder, StacktraceLevel: zapcore.PanicLevel}
	flags := flag.NewFlagSet(controllers.Name, flag.ContinueOnError)
	flags.StringVar(&options.Namespace, "namespace", os.Getenv("POD_NAMESPACE"),
		"the operator's own namespace, in which ClusterSupport \"host\" is kept")
	flags.BoolVar(&options.LeaderElection, "leader-elect", false, "let one of several replicas work at a time")
	flags.StringVar(&options.HealthAddress, "health-probe-bind-address", ":8081", "where /healthz and /readyz are served; 0 serves none")
	flags.StringVar(&options.MetricsAddress, "metrics-bind-address", "0",
		"where /metrics is served over TLS, to those whom the API server lets get it, such as :8443; 0 serves none")
	flags.StringVar(&options.MetricsCertDir, "metrics-cert-dir", "",
		"a folder with tls.crt and tls.key for the metrics (default a certificate that the operator makes itself)")
	flags.Func("kubeconfig-namespaces", "the namespaces whose Secrets may be read for kubeconfigs of other clusters, with commas; * is all (default none)",
		func(text string) error { options.KubeconfigNamespaces = splitList(text); return nil })
	flags.BoolVar(&options.AllowProxy, "kubeconfig-allow-proxy", false,
		"accept kubeconfigs with a proxy-url, as those of Kommander's tunnels have; where the proxy leads is up to who wrote them")
	flags.BoolVar(&options.AllowLoopback, "kubeconfig-allow-loopback", false, "accept kubeconfigs that lead to the operator's own machine, for tests")
	options.LabelPrefixes = splitList(defaultCopyLabels)
	flags.Func("copy-labels", "the beginnings of the labels that a ClusterSupport gets from the description of its cluster, with commas (default "+defaultCopyLabels+")",
		func(text string) error { options.LabelPrefixes = splitList(text); return nil })
	flags.Func("shard", "the part of the clusters that this replica is for, as INDEX/COUNT: 0/3 is the first of three (default all)",
		func(text string) (err error) { options.Shard, err = controllers.ParseShard(text); return err })
	printVersion := flags.Bool("version", false, "print the version, as the argument version does, and end")
	logging.BindFlags(flags)
	ctrl.RegisterFlags(flags)
	switch err := flags.Parse(arguments); {
	case errors.Is(err, flag.ErrHelp):
		return nil
	case err != nil:
		return fmt.Errorf("read the flags: %w", err)
	}
	build := version.Get()
	if *printVersion || flags.Arg(0) == "version" {
		_, err := fmt.Fprint(out, build)
		return err
	}
	options.Log = zap.New(zap.UseFlagOptions(&logging))
	ctrl.SetLogger(options.Log)
	// net/http logs unsolicited data from servers there.
	log.SetOutput(io.Discard)
	cfg, err := ctrl.GetConfig()
	if err != nil {
		return fmt.Errorf("find the cluster: %w", err)
	}
	if flags.Arg(0) == "apply-policies" {
		return applyPolicies(ctx, cfg, out)
	}
	options.Log.Info("Starting the operator", "version", build.Version, "commit", build.Commit, "date", build.Date,
		"modified", build.Modified, "goVersion", build.GoVersion, "platform", build.Platform)
	mgr, err := controllers.NewManager(ctx, cfg, options)
	if err != nil {
		return err
	}
	return mgr.Start(ctx)
}

// applyPolicies applies the shipped policies, and ends.
func applyPolicies(ctx context.Context, cfg *rest.Config, out io.Writer) error {
	server, err := client.New(cfg, client.Options{Scheme: controllers.Scheme()})
	if err != nil {
		return fmt.Errorf("make a client: %w", err)
	}
	return shipped.Apply(ctx, server, config.Policies(), out)
}
