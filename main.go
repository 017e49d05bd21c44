// The support-policy-operator makes a vendor's version support policy executable: it watches which releases are
// installed in a cluster and writes into conditions whether, and until when, the vendor supports them.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	_ "time/tzdata" // policies name time zones, and a container image may have none

	"go.uber.org/zap/zapcore"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/log/zap"

	"github.com/d2iq-labs/support-policy-operator/controllers"
)

func main() {
	if err := run(ctrl.SetupSignalHandler(), os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, controllers.Name+":", err)
		os.Exit(1)
	}
}

// run reads the flags and runs the operator until the context ends.
func run(ctx context.Context, arguments []string) error {
	if err := controllers.DisableStreamingLists(); err != nil {
		return err
	}
	var options controllers.Options
	// A stack trace says nothing to somebody who runs an operator.
	logging := zap.Options{TimeEncoder: zapcore.RFC3339TimeEncoder, StacktraceLevel: zapcore.PanicLevel}
	flags := flag.NewFlagSet(controllers.Name, flag.ContinueOnError)
	flags.StringVar(&options.Namespace, "namespace", os.Getenv("POD_NAMESPACE"),
		"the operator's own namespace, in which ClusterSupport \"host\" is kept")
	flags.BoolVar(&options.LeaderElection, "leader-elect", false, "let one of several replicas work at a time")
	flags.StringVar(&options.HealthAddress, "health-probe-bind-address", ":8081", "where /healthz and /readyz are served; 0 serves none")
	logging.BindFlags(flags)
	ctrl.RegisterFlags(flags)
	switch err := flags.Parse(arguments); {
	case errors.Is(err, flag.ErrHelp):
		return nil
	case err != nil:
		return fmt.Errorf("read the flags: %w", err)
	}
	options.Log = zap.New(zap.UseFlagOptions(&logging))
	ctrl.SetLogger(options.Log)
	cfg, err := ctrl.GetConfig()
	if err != nil {
		return fmt.Errorf("find the cluster: %w", err)
	}
	mgr, err := controllers.NewManager(cfg, options)
	if err != nil {
		return err
	}
	return mgr.Start(ctx)
}
