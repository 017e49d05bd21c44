// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package observe_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	k8sruntime "k8s.io/apimachinery/pkg/runtime"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/client-go/tools/clientcmd/api"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"github.com/d2iq-labs/support-policy-operator/internal/fleet"
	"github.com/d2iq-labs/support-policy-operator/internal/observe"
)

const (
	// observers are as many as the API server of a test has patience for.
	observers = 100
	// atRest is longer than an observer is busy after it has seen everything.
	atRest = 8 * time.Second
	// collections is after how many nothing more is freed.
	collections = 6
	// patience is for all observers together, on a machine with two cores.
	gracePeriod = 3 * time.Minute
)

// BenchmarkObserverAtRest tells what one more cluster costs while nothing happens in it: one that has none of the
// products, and one with all of them. Once is enough:
//
//	go test ./internal/observe -run '^$' -bench AtRest -benchtime 1x
func BenchmarkObserverAtRest(b *testing.B) {
	plane := observe.Shared.ForTest(b)
	scheme := k8sruntime.NewScheme()
	for _, add := range []func(*k8sruntime.Scheme) error{clientgoscheme.AddToScheme, apiextensionsv1.AddToScheme} {
		must(b, add(scheme))
	}
	cluster, err := client.New(plane.Config(), client.Options{Scheme: scheme})
	must(b, err)
	kubeconfig := kubeconfigFor(b, cluster, plane.ServiceAccountConfig)
	b.Run("none", func(b *testing.B) { observersAtRest(b, kubeconfig) })
	fill(b, cluster)
	b.Run("all", func(b *testing.B) { observersAtRest(b, kubeconfig) })
}

func observersAtRest(b *testing.B, kubeconfig []byte) {
	b.Helper()
	for b.Loop() {
		before := usage()
		stop := start(b, kubeconfig)
		time.Sleep(atRest)
		after := usage()
		stop()
		report := func(figure func(used) uint64, unit string) {
			b.ReportMetric(float64(figure(after)-figure(before))/observers, unit+"/observer")
		}
		report(func(u used) uint64 { return u.heap + u.stack }, "B")
		report(func(u used) uint64 { return u.heap }, "heap-B")
		report(func(u used) uint64 { return u.stack }, "stack-B")
		report(func(u used) uint64 { return u.goroutines }, "goroutines")
		report(func(u used) uint64 { return u.sockets }, "connections")
		b.ReportMetric(0, "ns/op")
	}
}

// start starts all observers, waits until each has seen everything, and returns how to stop them.
func start(b *testing.B, kubeconfig []byte) (stop func()) {
	b.Helper()
	ctx, cancel := context.WithCancel(b.Context())
	var running sync.WaitGroup
	var all []*observe.Observer
	for range observers {
		config, refusal := fleet.Screen(kubeconfig, fleet.Options{AllowLoopback: true})
		if refusal != nil {
			b.Fatal(refusal)
		}
		observer, err := observe.New(config, observe.Options{})
		must(b, err)
		all = append(all, observer)
		running.Go(func() {
			if err := observer.Run(ctx); err != nil {
				b.Error(err)
			}
			fleet.Disconnect(config)
		})
	}
	for deadline := time.Now().Add(gracePeriod); !complete(all); time.Sleep(100 * time.Millisecond) {
		if time.Now().After(deadline) {
			b.Fatal("not all observers have seen everything")
		}
	}
	return func() {
		cancel()
		running.Wait()
	}
}

func must(b *testing.B, err error) {
	b.Helper()
	if err != nil {
		b.Fatal(err)
	}
}

func complete(all []*observe.Observer) bool {
	for _, observer := range all {
		if !observer.Snapshot().Complete {
			return false
		}
	}
	return true
}

// used is what the process uses.
type used struct{ heap, stack, goroutines, sockets uint64 }

func usage() used {
	// Each collection halves stacks that are mostly unused. A process that is at rest has one every two minutes.
	for range collections {
		runtime.GC()
	}
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return used{
		heap: stats.HeapAlloc, stack: stats.StackInuse, goroutines: uint64(runtime.NumGoroutine()), sockets: sockets(),
	}
}

// sockets is 0 where there is no /proc.
func sockets() uint64 {
	files, _ := filepath.Glob("/proc/self/fd/*")
	var open uint64
	for _, file := range files {
		if target, err := os.Readlink(file); err == nil && strings.HasPrefix(target, "socket:") {
			open++
		}
	}
	return open
}

// kubeconfigFor is what a user would lend: the token of an account that may see everything.
func kubeconfigFor(
	b *testing.B, c client.Client, config func(ctx context.Context, namespace, name string) (*rest.Config, error),
) []byte {
	b.Helper()
	account := &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Namespace: "default", GenerateName: "bench-"}}
	must(b, c.Create(b.Context(), account))
	binding := &rbacv1.ClusterRoleBinding{
		ObjectMeta: metav1.ObjectMeta{Name: account.Name},
		RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: "cluster-admin"},
		Subjects:   []rbacv1.Subject{{Kind: rbacv1.ServiceAccountKind, Namespace: "default", Name: account.Name}},
	}
	must(b, c.Create(b.Context(), binding))
	lent, err := config(b.Context(), "default", account.Name)
	must(b, err)
	kubeconfig := api.NewConfig()
	kubeconfig.Clusters["x"] = &api.Cluster{Server: lent.Host, CertificateAuthorityData: lent.CAData}
	kubeconfig.AuthInfos["x"] = &api.AuthInfo{Token: lent.BearerToken}
	kubeconfig.Contexts["x"] = &api.Context{Cluster: "x", AuthInfo: "x"}
	kubeconfig.CurrentContext = "x"
	text, err := clientcmd.Write(*kubeconfig)
	must(b, err)
	return text
}

// fill has the API server serve everything that an observer looks at, with about as many objects as clusters have.
func fill(b *testing.B, c client.Client) {
	b.Helper()
	files, err := filepath.Glob("../../test/crds/*.yaml")
	must(b, err)
	for _, file := range files {
		text, err := os.ReadFile(file)
		must(b, err)
		definition := &apiextensionsv1.CustomResourceDefinition{}
		must(b, yaml.Unmarshal(text, definition))
		must(b, c.Create(b.Context(), definition))
		b.Cleanup(func() { _ = c.Delete(context.Background(), definition) })
	}
	for i := range 30 {
		create(b, c, addon("ClusterAddon", "", fmt.Sprintf("addon-%02d", i), 2000+600*i))
	}
	for i := range 10 {
		create(b, c, addon("Addon", "default", fmt.Sprintf("addon-%02d", i), 2000+1800*i))
	}
	for i := range 10 {
		create(b, c, fmt.Sprintf(helmRelease, i))
	}
	create(b, c, konvoyCluster)
	for _, operator := range []string{"cassandra", "kafka", "spark"} {
		create(b, c, fmt.Sprintf(operatorVersion, operator, strings.Repeat("x", 50_000)))
		create(b, c, fmt.Sprintf(instance, operator))
	}
}

func create(b *testing.B, c client.Client, text string) {
	b.Helper()
	object := &unstructured.Unstructured{}
	must(b, yaml.Unmarshal([]byte(text), &object.Object))
	for deadline := time.Now().Add(gracePeriod); ; time.Sleep(100 * time.Millisecond) {
		err := c.Create(b.Context(), object)
		if err == nil || apierrors.IsAlreadyExists(err) {
			return
		}
		// The definition may just have come.
		if time.Now().After(deadline) {
			b.Fatal(err)
		}
	}
}

func addon(kind, namespace, name string, size int) string {
	return fmt.Sprintf(`
apiVersion: kubeaddons.mesosphere.io/v1beta1
kind: %s
metadata:
  namespace: %q
  name: %s
  labels:
    kubeaddons.mesosphere.io/name: %[3]s
    kubeaddons.mesosphere.io/provides: storageclass
    kubeaddons.mesosphere.io/repository-name: mesosphere-kubernetes-base-addons
    kubeaddons.mesosphere.io/repository-ref: stable-1.19-3.2.0
  annotations:
    catalog.kubeaddons.mesosphere.io/addon-revision: "1.0.3-7"
    appversion.kubeaddons.mesosphere.io/%[3]s: "1.0.3"
    endpoint.kubeaddons.mesosphere.io/%[3]s: "/ops/portal/%[3]s"
    docs.kubeaddons.mesosphere.io/%[3]s: "https://docs.example.com/%[3]s/README.md"
    values.chart.helm.kubeaddons.mesosphere.io/%[3]s: "https://raw.example.com/charts/%[3]s/values.yaml"
spec: {chartReference: {chart: %[3]s, version: 0.2.7, values: %q}}
`, kind, namespace, name, strings.Repeat("key: value\n", size/12))
}

const (
	helmRelease = `
apiVersion: helm.toolkit.fluxcd.io/v2beta1
kind: HelmRelease
metadata: {name: release-%02d, namespace: default}
spec: {releaseName: kommander}
`
	konvoyCluster = `
apiVersion: kommander.mesosphere.io/v1beta1
kind: KonvoyCluster
metadata: {name: prod, namespace: default}
spec:
  cluster: {version: v1.7.2, kubernetes: {version: 1.19.9}}
  provisioner: {provider: none, version: v1.7.2, sshCredentials: {user: centos}}
  cloudProviderAccountRef: {name: none}
`
	operatorVersion = `
apiVersion: kudo.dev/v1beta1
kind: OperatorVersion
metadata: {name: %[1]s-1.0.2, namespace: default}
spec: {operator: {name: %[1]s}, version: 1.0.2, templates: {a.yaml: %[2]s}}
`
	instance = `
apiVersion: kudo.dev/v1beta1
kind: Instance
metadata: {name: %[1]s, namespace: default, labels: {kudo.dev/operator: %[1]s}}
spec: {operatorVersion: {name: %[1]s-1.0.2}}
`
)
