// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"cmp"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"k8s.io/utils/clock"

	"github.com/d2iq-labs/support-policy-operator/api/v1alpha1"
	"github.com/d2iq-labs/support-policy-operator/internal/manifest"
)

// checkOptions are the flags of check.
type checkOptions struct {
	policies, clusters, releases []string
	asOf, output                 string
	recursive, keepGoing         bool
	tolerance                    tolerance
}

func newCheck(now clock.PassiveClock) *cobra.Command {
	var options checkOptions
	command := &cobra.Command{
		Use:   "check -f POLICIES [--cluster FILE]... [--release PRODUCT=VERSION]... [--as-of DATE] [-o FORM]",
		Short: "Judge clusters by policies, as the operator would",
		Long: `Judge clusters by policies, as the operator would at the same instant.

POLICIES are files or folders with SupportPolicies and SupportExceptions. Of a folder the .yaml, .yml and .json files
in it are read, with -R also those in the folders below it, but not a kustomization.yaml. What lies there beside is named.

All that is given is read, or the answer is an error with file, line and column: YAML and JSON in any encoding of Unicode, in
documents, JSON lines and Lists. With --keep-going the rest is judged, and the exit code is 1 all the same.

FILE holds ClusterSupports, in one or many documents or in a List. It may be a folder. Of one without a status, what
spec.declaredReleases names is what there is: Kubernetes is declared like the other products, and what is not declared is
not there. One with the status that the operator wrote is judged again by the facts in that status, among which is what
the operator's own cluster knows of it; what a newer operator wrote beside is noted. A status is refused where no operator can
have written it. That this one was written by the operator is what the API server sees to, which lets nobody else write status:
of a file that others can change, the facts in it are their word. Either of both files may be - for the standard input.

--release declares a release of one more cluster, which has the name command-line. PRODUCT/NAME=VERSION names one
of several installations of a product.

Output: a table for people; json and yaml are the ClusterSupports in a List, with the status that the operator would write;
junit has a suite for each cluster, with a case for each release and condition.

Exit codes, of which the first that applies to anything in any cluster is given:
  1  an error: something was not read, or not judged
  3  something is not supported (Supported is False), or must not run together (Compatible is False)
  4  nobody can tell about something (Supported or Compatible is Unknown)
  2  something loses its support soon (ExpiringSoon is True)
  0  none of these
With --ignore-unsupported, --ignore-unknown and --ignore-expiring the codes 3, 4 and 2 do not apply. With
--accept-exceptions a release that a running SupportException covers counts neither as 3 nor as 4, whatever the findings
about it say; it counts as 2 when it rests on the exception and that ends soon. Findings about other releases still count.`,
		Example: `  # Would this combination be supported?
  kubectl support-policy check -f config/policies \
    --release Konvoy=1.8.4 --release Kommander=1.4.3 --release Kubernetes=1.20.13

  # What of the fleet will be out of support on that day?
  kubectl get clustersupports -A -o yaml | kubectl support-policy check -f config/policies --cluster - --as-of 2022-04-08

  # In a pipeline
  kubectl support-policy check -f config/policies --cluster clusters/ -o junit --ignore-expiring >report.xml`,
		Args:                  noArguments,
		DisableFlagsInUseLine: true,
		RunE:                  func(command *cobra.Command, _ []string) error { return options.run(command, now) },
	}
	flags := command.Flags()
	flags.StringArrayVarP(&options.policies, "policies", "f", nil, "files or folders with `POLICIES`, - is the standard input")
	flags.StringArrayVar(&options.clusters, "cluster", nil, "a `FILE` or folder with ClusterSupports, - is the standard input")
	flags.StringArrayVar(&options.releases, "release", nil, "an installed release, as `PRODUCT=VERSION` or PRODUCT/NAME=VERSION")
	flags.StringVar(&options.asOf, "as-of", "", asOfUsage)
	flags.StringVarP(&options.output, "output", "o", "table", "the `FORM` of the answer: "+outputNames())
	flags.BoolVarP(&options.recursive, "recursive", "R", false, recursiveUsage)
	flags.BoolVar(&options.keepGoing, "keep-going", false, "judge what can be read where something cannot; the exit code is 1 all the same")
	flags.BoolVar(&options.tolerance.unsupported, "ignore-unsupported", false, "do not answer with exit code 3")
	flags.BoolVar(&options.tolerance.unknown, "ignore-unknown", false, "do not answer with exit code 4")
	flags.BoolVar(&options.tolerance.expiring, "ignore-expiring", false, "do not answer with exit code 2")
	flags.BoolVar(&options.tolerance.exceptions, "accept-exceptions", false,
		"do not answer with exit code 3 or 4 because of a release that a running SupportException covers")
	return command
}

func noArguments(_ *cobra.Command, arguments []string) error {
	if len(arguments) > 0 {
		return usageErrorf("%q is not expected here; policies are named with -f, clusters with --cluster", arguments[0])
	}
	return nil
}

// outputs are the forms of the answer.
var outputs = map[string]func(io.Writer, report) error{
	"table": printTable,
	"json":  printJSON,
	"yaml":  printYAML,
	"junit": printJUnit,
}

func outputNames() string { return strings.Join(slices.Sorted(maps.Keys(outputs)), ", ") }

func (o *checkOptions) run(command *cobra.Command, now clock.PassiveClock) error {
	form, known := outputs[o.output]
	switch {
	case !known:
		return usageErrorf("--output: %q is none of %s", o.output, outputNames())
	case len(o.policies) == 0:
		return usageErrorf("name the files or folders with the policies: -f POLICIES")
	case len(o.clusters)+len(o.releases) == 0:
		return usageErrorf("there is nothing to check: give --cluster or --release")
	}
	at, err := asOf(command.Flags(), o.asOf, now)
	if err != nil {
		return err
	}
	policies, clusters, unread := o.read(command)
	var misuse usageError
	switch {
	case unread == nil:
	case !o.keepGoing, errors.As(unread, &misuse), len(policies.Policies) == 0, len(clusters) == 0:
		return unread
	default:
		printError(command.ErrOrStderr(), unread)
	}
	for _, one := range policies.errors() {
		// It is no error of the check: what is not valid decides nothing, and the answer says so.
		one.level = levelWarning
		printLine(command.ErrOrStderr(), "%s", one)
	}
	for i := range clusters {
		isOffline := isOffline(&clusters[i])
		evaluate(policies.set, &clusters[i], at)
		if unused := undecided(&clusters[i]); isOffline && len(unused) > 0 {
			printLine(command.ErrOrStderr(), "note: %s: nothing is said about %s: no policy speaks about it beside what else is there",
				displayName(&clusters[i]), strings.Join(unused, ", "))
		}
	}
	answer := report{clusters: clusters, at: at, tolerance: o.tolerance, isPartial: unread != nil}
	// The answer about many clusters is not kept in memory.
	out := bufio.NewWriter(command.OutOrStdout())
	if err := errors.Join(form(out, answer), out.Flush()); err != nil {
		return fmt.Errorf("print the answer: %w", err)
	}
	if code := answer.exitCode(); code != 0 {
		return code
	}
	return nil
}

// undecided are the declared products about which the answer has no row, such as a Kubernetes beside nothing that decides
// about it: a forgotten --release would pass for a good answer.
func undecided(cluster *v1alpha1.ClusterSupport) []string {
	var unused []string
	for _, declared := range cluster.Spec.DeclaredReleases {
		isRow := func(r v1alpha1.InstalledRelease) bool { return r.Product == declared.Product }
		if !slices.ContainsFunc(cluster.Status.Releases, isRow) {
			unused = append(unused, declared.Product)
		}
	}
	return unused
}

// read reads policies and clusters, those of the command line included. What could be read is returned beside an error.
func (o *checkOptions) read(command *cobra.Command) (compiled, []v1alpha1.ClusterSupport, error) {
	if err := cmp.Or(refuseEmpty("-f", o.policies), refuseEmpty("--cluster", o.clusters), readOnce(slices.Concat(o.policies, o.clusters))); err != nil {
		return compiled{}, nil, err
	}
	declared, err := declaredReleases(o.releases)
	if err != nil {
		return compiled{}, nil, err
	}
	reader := manifest.Reader{Stdin: command.InOrStdin(), Recursive: o.recursive}
	read, unreadPolicies := reader.Policies(o.policies...)
	policies, refused := compile(read)
	if len(policies.Policies) == 0 && unreadPolicies == nil {
		unreadPolicies = errors.New("-f: there is no SupportPolicy in what was read")
	}
	for _, one := range policies.refused() {
		refused = errors.Join(refused, one)
	}
	clusters, unreadClusters := readClusters(command.ErrOrStderr(), &reader, o.clusters)
	if len(declared) > 0 {
		clusters = append(clusters, commandLineCluster(declared))
	}
	noteUnread(command, &reader)
	return policies, clusters, errors.Join(unreadPolicies, refused, unreadClusters)
}

// recursiveUsage describes the flag --recursive, which both commands have.
const recursiveUsage = "read the folders below a folder, too"

// noteUnread says what lies in the folders that were read, and is no manifest.
func noteUnread(command *cobra.Command, reader *manifest.Reader) {
	for _, note := range reader.NotRead() {
		printLine(command.ErrOrStderr(), "note: not read: %s", note)
	}
}

// refuseEmpty refuses an empty path: mostly it is a variable that nobody has set.
func refuseEmpty(flag string, paths []string) error {
	if slices.Contains(paths, "") {
		return usageErrorf("%s: is empty; name a file or folder", flag)
	}
	return nil
}

// readOnce refuses to read the standard input a second time.
func readOnce(paths []string) error {
	first := slices.Index(paths, manifest.Stdin)
	if first >= 0 && slices.Contains(paths[first+1:], manifest.Stdin) {
		return usageErrorf("the standard input (-) can be read once only; put one of both into a file")
	}
	return nil
}
