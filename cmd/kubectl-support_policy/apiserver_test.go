// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/yaml"

	"github.com/d2iq-labs/support-policy-operator/api/v1alpha1"
	"github.com/d2iq-labs/support-policy-operator/internal/documents"
	"github.com/d2iq-labs/support-policy-operator/internal/manifest"
	"github.com/d2iq-labs/support-policy-operator/internal/support"
	"github.com/d2iq-labs/support-policy-operator/test/controlplane"
)

// Which variants are asked about, and how many of each kind. Others may find more.
var (
	variantSeed  = flag.Uint64("variant-seed", 20261201, "chooses the variants of objects")
	variantCount = flag.Int("variants", 1000, "how many variants there are of each kind")
)

// kindOfFile is one of the kinds, as an API server and as the plugin knows it.
type kindOfFile struct {
	kind, resource string
	// goodFiles hold the objects from which the variants are made.
	goodFiles    []string
	isNamespaced bool
	// ask asks the plugin about an object.
	ask func(object string) pluginAnswer
}

// pluginAnswer is what the plugin makes of an object.
type pluginAnswer struct {
	// bySchema is why an API server would refuse the object, own why the validator of the operator refuses it.
	bySchema, own []string
	outcome
}

func kindsOfFiles() []kindOfFile {
	configured := func(names ...string) []string {
		files := []string{}
		for _, name := range names {
			files = append(files, filepath.Join("..", "..", "config", name))
		}
		return files
	}
	return []kindOfFile{
		{"SupportPolicy", "supportpolicies", append(configured("samples/support_v1alpha1_supportpolicy.yaml", "policies/cassandra.yaml",
			"policies/kubernetes.yaml", "policies/kaptain.yaml"), "testdata/full/supportpolicy.yaml"), false, askLint},
		{"SupportException", "supportexceptions", append(configured("samples/support_v1alpha1_supportexception.yaml"), "testdata/full/supportexception.yaml"), false, askLint},
		{"ClusterSupport", "clustersupports", append(configured("samples/support_v1alpha1_clustersupport.yaml"), "testdata/full/clustersupport.yaml"), true, askCheck},
	}
}

// askLint asks lint about a policy or an exception. The policy beside an exception is good.
func askLint(object string) pluginAnswer {
	answer := pluginAnswer{outcome: plugin(object, "lint", "-")}
	read, err := manifest.ReadPolicies(strings.NewReader(object), manifest.Stdin)
	if err != nil {
		answer.bySchema = append(answer.bySchema, err.Error())
	}
	for i := range read.Policies {
		for _, problem := range read.Policies[i].Refused {
			answer.bySchema = append(answer.bySchema, problem.Error())
		}
	}
	for i := range read.Exceptions {
		for _, problem := range read.Exceptions[i].Refused {
			answer.bySchema = append(answer.bySchema, problem.Error())
		}
	}
	all, _ := compile(read)
	for _, one := range all.errors() {
		answer.own = append(answer.own, one.String())
	}
	return answer
}

// askCheck asks check about a cluster.
func askCheck(object string) pluginAnswer {
	answer := pluginAnswer{outcome: plugin(object, "check", "-f", filepath.Join(shipped, "kubernetes.yaml"), "--cluster", "-",
		"--ignore-unknown", "--ignore-unsupported", "--ignore-expiring")}
	read, err := manifest.ReadClusters(strings.NewReader(object), manifest.Stdin)
	if err != nil {
		answer.bySchema = append(answer.bySchema, err.Error())
	}
	for i := range read {
		for _, problem := range read[i].Refused {
			answer.bySchema = append(answer.bySchema, problem.Error())
		}
		problems, _ := support.ValidateClusterSupport(&read[i].Object)
		for _, problem := range problems {
			answer.own = append(answer.own, problem.Error())
		}
	}
	return answer
}

// goodObjects are the objects of a kind in its files.
func (k kindOfFile) goodObjects(t *testing.T) []any {
	t.Helper()
	var all []any
	for _, file := range k.goodFiles {
		content, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for document, err := range documents.Read(content) {
			if err != nil {
				t.Fatal(err)
			}
			var object any
			if err := yaml.Unmarshal(document.JSON, &object); err != nil {
				t.Fatal(err)
			}
			all = append(all, object)
		}
	}
	return all
}

// TestAPIServerAndPluginAgree: the plugin refuses by schema exactly what an API server refuses, and only its own validator comes on
// top. What an API server refuses about an update of an object that it has, such as another resourceVersion, is not meant.
func TestAPIServerAndPluginAgree(t *testing.T) {
	newest, oldest := newAPIServer(t, shared.ForTest(t)), newAPIServer(t, sharedOld.ForTest(t))
	for number, kind := range kindsOfFiles() {
		t.Run(kind.kind, func(t *testing.T) {
			t.Parallel()
			rng := rand.New(rand.NewPCG(*variantSeed, uint64(number)))
			good := kind.goodObjects(t)
			for _, object := range good {
				if why := kind.disagreement(newest, textOf(object)); why != "" || newest.refusal(kind, textOf(object)) != "" {
					t.Fatalf("a good object is refused: %s %s\n%s", why, newest.refusal(kind, textOf(object)), textOf(object))
				}
			}
			all := randomVariants(rng, good, *variantCount, isFixed)
			failures, refused := kind.disagreements(newest, all)
			for _, failed := range failures {
				smallest := failed.shrunk(func(object any) bool { return kind.disagreement(newest, textOf(object)) != "" })
				t.Errorf("%s: %s\n%s", failed.changes, kind.disagreement(newest, smallest), smallest)
			}
			for _, one := range all[:len(all)/4] {
				// It is asked without strictness, which it does not have, and must not refuse what the newest accepts.
				if refusal := oldest.refusal(kind, one.text()); refusal != "" && newest.refusal(kind, one.text()) == "" {
					t.Errorf("%s: the old API server refuses it: %s\n%s", one.changes, refusal, one.text())
				}
			}
			// Where all or none are refused the variants show nothing.
			if refused < *variantCount/4 || refused > *variantCount*9/10 {
				t.Errorf("%d of %d variants are refused by the API server", refused, *variantCount)
			}
		})
	}
}

// isFixed tells which values stay: those by which an object would be another one, or be sent elsewhere.
func isFixed(at place) bool {
	return at.is("apiVersion") || at.is("kind") || at.is("metadata", "namespace")
}

// maxFailures is how many variants are shown that fail.
const maxFailures = 10

// disagreements returns the first of the variants about which the API server and the plugin disagree, and how many the API server refuses.
func (k kindOfFile) disagreements(server *apiServer, all []variant) (failures []variant, refused int) {
	var lock sync.Mutex
	var group sync.WaitGroup
	next := make(chan variant)
	for range 8 {
		group.Go(func() {
			for one := range next {
				isRefused := server.refusal(k, one.text()) != ""
				why := k.disagreement(server, one.text())
				lock.Lock()
				if isRefused {
					refused++
				}
				if why != "" && len(failures) < maxFailures {
					failures = append(failures, one)
				}
				lock.Unlock()
			}
		})
	}
	for _, one := range all {
		next <- one
	}
	close(next)
	group.Wait()
	return failures, refused
}

// disagreement says what the API server and the plugin disagree about; empty where they agree.
func (k kindOfFile) disagreement(server *apiServer, object []byte) string {
	refusal, answer := server.refusal(k, object), k.ask(string(object))
	isRefused := refusal != ""
	switch {
	case isRefused && len(answer.bySchema) == 0:
		return "only the API server refuses it: " + refusal
	case !isRefused && answer.Code == 1 && slices.ContainsFunc(answer.bySchema, isStricter):
		return ""
	case !isRefused && len(answer.bySchema) > 0:
		return fmt.Sprintf("only the plugin refuses it: %q", answer.bySchema)
	case (isRefused || len(answer.own) > 0) != (answer.Code == 1):
		return fmt.Sprintf("exit code %d with the problems %q %q: %s%s", answer.Code, answer.bySchema, answer.own, answer.Out, answer.Err)
	case isRefused && answer.Out+answer.Err == "":
		return "the plugin does not say why"
	}
	return ""
}

// isStricter tells whether the plugin refuses, with a reason, what API servers accept: a list in place of a text with a format, which their
// validator lets pass and for which the types of the operator have no room; and generateName instead of a name.
func isStricter(problem string) bool {
	return strings.Contains(problem, "is a array and must be a string") || strings.Contains(problem, "an object in a file has to have a name")
}

// shrunk returns the text of the smallest object about which the same can be said.
func (v variant) shrunk(still func(object any) bool) []byte {
	object := v.object
	for isSmaller := true; isSmaller; {
		isSmaller = false
		for _, at := range slices.Backward(placesOf(object, nil)) {
			if len(at) == 0 || isFixed(at) {
				continue
			}
			smaller := edit(object, at, func(any) any { return removed })
			if still(smaller) {
				object, isSmaller = smaller, true
				break
			}
		}
	}
	return textOf(object)
}

// apiServer is a client that only asks.
type apiServer struct {
	t      *testing.T
	client *rest.RESTClient
	lock   sync.Mutex
	// known are the refusals by kind and object.
	known map[string]string
}

func newAPIServer(t *testing.T, plane *controlplane.ControlPlane) *apiServer {
	t.Helper()
	config := plane.Config()
	config.GroupVersion = &v1alpha1.GroupVersion
	config.APIPath = "/apis"
	config.WarningHandler = rest.NoWarnings{}
	config.NegotiatedSerializer = serializer.NewCodecFactory(runtime.NewScheme())
	client, err := rest.RESTClientFor(config)
	if err != nil {
		t.Fatal(err)
	}
	return &apiServer{t: t, client: client, known: map[string]string{}}
}

// refusal is why the API server refuses to create an object; empty where it would create it.
func (s *apiServer) refusal(kind kindOfFile, object []byte) string {
	key := kind.kind + string(object)
	s.lock.Lock()
	known, isKnown := s.known[key]
	s.lock.Unlock()
	if isKnown {
		return known
	}
	namespace := ""
	if kind.isNamespaced {
		namespace = "default"
	}
	var status int
	result := s.client.Post().NamespaceIfScoped(namespace, kind.isNamespaced).Resource(kind.resource).Param("dryRun", "All").
		Param("fieldValidation", "Strict").SetHeader("Content-Type", "application/json").Body(bytes.Clone(object)).Do(s.t.Context()).StatusCode(&status)
	text, err := result.Raw()
	switch status {
	case 201:
	case 400, 422:
		known = fmt.Sprintf("%v: %s", err, text)
	default:
		s.t.Errorf("the API server answered %d: %v: %s\n%s", status, err, text, object)
	}
	s.lock.Lock()
	defer s.lock.Unlock()
	s.known[key] = known
	return known
}
