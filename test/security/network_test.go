// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package security_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"github.com/d2iq-labs/support-policy-operator/api/v1alpha1"
	"github.com/d2iq-labs/support-policy-operator/test/controlplane"
	"github.com/d2iq-labs/support-policy-operator/test/process"
	"github.com/d2iq-labs/support-policy-operator/test/sandbox"
	"github.com/d2iq-labs/support-policy-operator/test/security"
)

// other is the control plane of a cluster that a kubeconfig leads to.
var other = controlplane.Shared{Options: controlplane.Options{ControllerManager: true}}

// TestNetworkPolicies runs the operator with the arguments of a shipped Deployment, and compares what it listens on and what it
// connects to with what the NetworkPolicies of the same overlay let through.
func TestNetworkPolicies(t *testing.T) {
	program := buildOperator(t)
	for name, test := range map[string]struct {
		base   string
		egress string
		// fleet has the operator reach another cluster, by a name.
		fleet bool
		// out are the ports of outgoing connections that are let through.
		out []string
	}{
		"one cluster": {"config/default", "config/network-policy/egress", false, []string{"TCP 443", "TCP 6443"}},
		"a fleet":     {"config/fleet", "config/network-policy/egress-fleet", true, []string{"TCP 443", "TCP 53", "TCP 6443", "UDP 53"}},
	} {
		t.Run(name, func(t *testing.T) {
			server := hub(t)
			manifest := build(t, test.base, "config/network-policy", test.egress)
			if _, err := server.KubectlInput(t.Context(), []byte(manifest), "apply", "--server-side", "-f", "-"); err != nil {
				t.Fatal(err)
			}
			pod := deployedPod(t, manifest)
			in, out := letThrough(t, server, pod.Labels)
			if diff := cmp.Diff(test.out, out); diff != "" {
				t.Errorf("let out (-want +got):\n%s", diff)
			}
			running := start(t, server, program, pod.Spec.Containers[0].Args)
			servers := map[string]bool{hostPort(t, shared.ForTest(t).Config().Host): true}
			if test.fleet {
				servers[attach(t, server)] = true
			}
			running.observe(t, server, servers, test.fleet)

			// Listening: each port is one of the container's, and those that are open to others are the metrics.
			ports := map[string]int32{}
			for _, port := range pod.Spec.Containers[0].Ports {
				ports[port.Name] = port.ContainerPort
			}
			if diff := cmp.Diff(sorted(map[string]bool{running.health: true, running.metrics: true}), sorted(running.listens)); diff != "" {
				t.Errorf("the operator listens elsewhere (-probes and metrics +listening):\n%s", diff)
			}
			if diff := cmp.Diff([]string{fmt.Sprintf("TCP %d from namespaces with metrics=enabled", ports["https"])}, in); diff != "" {
				t.Errorf("let in (-metrics +policies):\n%s", diff)
			}

			// Connecting: each address is that of an API server, and the ports of these, as a cluster has them, are let through.
			if diff := cmp.Diff(sorted(servers), sorted(running.connects)); diff != "" {
				t.Errorf("the operator connects elsewhere (-API servers +connected):\n%s", diff)
			}
			if diff := cmp.Diff(portsOfAPIServers(t, server), slices.DeleteFunc(out, func(port string) bool {
				return test.fleet && strings.HasSuffix(port, " 53")
			})); diff != "" {
				t.Errorf("other ports are let out than those of API servers (-API server +policies):\n%s", diff)
			}
			if (len(running.asks) > 0) && !test.fleet {
				t.Errorf("the operator asks %v by UDP", sorted(running.asks))
			}
		})
	}
}

// buildOperator builds the operator.
func buildOperator(t *testing.T) string {
	t.Helper()
	if testing.Short() {
		t.Skip("it builds the operator and needs control planes")
	}
	path := filepath.Join(t.TempDir(), operator)
	command := exec.CommandContext(t.Context(), "go", "build", "-o", path, ".")
	command.Dir = root
	if out, err := command.CombinedOutput(); err != nil {
		t.Fatalf("build the operator: %v: %s", err, out)
	}
	return path
}

// deployedPod is the Pod of the operator's Deployment.
func deployedPod(t *testing.T, manifest string) *corev1.Pod {
	t.Helper()
	documents, err := security.Documents(manifest)
	if err != nil {
		t.Fatal(err)
	}
	var deployment appsv1.Deployment
	if err := yaml.UnmarshalStrict([]byte(documents["Deployment/"+operator]), &deployment); err != nil {
		t.Fatal(err)
	}
	return &corev1.Pod{ObjectMeta: deployment.Spec.Template.ObjectMeta, Spec: deployment.Spec.Template.Spec}
}

// letThrough adds up what the NetworkPolicies that the API server has let a Pod do.
func letThrough(t *testing.T, server *sandbox.Sandbox, pod map[string]string) (in, out []string) {
	t.Helper()
	policies, err := clientsFor(t, shared.ForTest(t).Config()).NetworkingV1().NetworkPolicies(system).List(t.Context(), metav1.ListOptions{})
	if err != nil {
		t.Fatal(err)
	}
	denied := map[networkingv1.PolicyType]bool{}
	for _, policy := range policies.Items {
		t.Cleanup(func() {
			if err := client.IgnoreNotFound(server.Client.Delete(context.Background(), &networkingv1.NetworkPolicy{ObjectMeta: policy.ObjectMeta})); err != nil && !errors.Is(err, context.Canceled) {
				t.Log(err)
			}
		})
		selector, err := metav1.LabelSelectorAsSelector(&policy.Spec.PodSelector)
		if err != nil {
			t.Fatal(err)
		}
		if !selector.Matches(labels.Set(pod)) {
			t.Errorf("the policy %s does not select the operator's Pods", policy.Name)
		}
		for _, direction := range policy.Spec.PolicyTypes {
			denied[direction] = true
		}
		for _, rule := range policy.Spec.Ingress {
			for _, port := range rule.Ports {
				for _, peer := range rule.From {
					in = append(in, fmt.Sprintf("%s %s from namespaces with %s", *port.Protocol, port.Port, metav1.FormatLabelSelector(peer.NamespaceSelector)))
				}
			}
		}
		for _, rule := range policy.Spec.Egress {
			for _, port := range rule.Ports {
				out = append(out, fmt.Sprintf("%s %s", *port.Protocol, port.Port))
			}
		}
	}
	if !denied[networkingv1.PolicyTypeIngress] || !denied[networkingv1.PolicyTypeEgress] {
		t.Errorf("what is not named is denied in %v only", denied)
	}
	slices.Sort(in)
	slices.Sort(out)
	return in, out
}

// portsOfAPIServers are the ports at which a cluster has its API server: that of its Service, and the one on which it listens unless
// it is told otherwise. The API servers of the tests are told.
func portsOfAPIServers(t *testing.T, server *sandbox.Sandbox) []string {
	t.Helper()
	var service corev1.Service
	if err := server.Client.Get(t.Context(), client.ObjectKey{Namespace: metav1.NamespaceDefault, Name: "kubernetes"}, &service); err != nil {
		t.Fatal(err)
	}
	folder, err := controlplane.Assets()
	if err != nil {
		t.Fatal(err)
	}
	help, err := exec.CommandContext(t.Context(), filepath.Join(folder, "kube-apiserver"), "--help").Output()
	if err != nil {
		t.Fatal(err)
	}
	match := regexp.MustCompile(`(?s)--secure-port int.*?\(default (\d+)\)`).FindSubmatch(help)
	if match == nil {
		t.Fatal("kube-apiserver does not say on which port it listens")
	}
	return []string{fmt.Sprintf("TCP %d", service.Spec.Ports[0].Port), "TCP " + string(match[1])}
}

// hostPort is the address and the port of a URL.
func hostPort(t *testing.T, text string) string {
	t.Helper()
	if !strings.Contains(text, "://") {
		text = "https://" + text
	}
	parsed, err := url.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	addresses, err := net.DefaultResolver.LookupHost(t.Context(), parsed.Hostname())
	if err != nil {
		t.Fatal(err)
	}
	return net.JoinHostPort(addresses[0], parsed.Port())
}

// attach stores the kubeconfig of another cluster, describes this by a ClusterSupport, and returns the address of its API server.
func attach(t *testing.T, server *sandbox.Sandbox) string {
	t.Helper()
	plane := other.ForTest(t)
	remote, err := sandbox.NewRemote(plane, "v1.19.9")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := remote.Close(); err != nil {
			t.Error(err)
		}
	})
	kubeconfig, err := remote.Kubeconfig(t.Context(), "operator")
	if err != nil {
		t.Fatal(err)
	}
	for _, object := range []client.Object{
		&corev1.Secret{
			ObjectMeta: metav1.ObjectMeta{Namespace: metav1.NamespaceDefault, Name: "edge"},
			Data:       map[string][]byte{"kubeconfig": kubeconfig},
		},
		&v1alpha1.ClusterSupport{
			ObjectMeta: metav1.ObjectMeta{Namespace: metav1.NamespaceDefault, Name: "edge"},
			Spec: v1alpha1.ClusterSupportSpec{Cluster: v1alpha1.ClusterReference{
				KubeconfigSecret: &v1alpha1.KubeconfigSecretReference{Name: "edge"},
			}},
		},
	} {
		if err := server.Client.Create(t.Context(), object); err != nil {
			t.Fatal(err)
		}
	}
	return hostPort(t, remote.Front.Config("").Host)
}

// running is an operator in a process of its own.
type running struct {
	process         *process.Process
	pid             int
	health, metrics string
	log             *bytes.Buffer
	// listens and connects are all addresses of TCP that its sockets had, and asks those of UDP.
	listens, connects, asks map[string]bool
}

// start runs the operator with the arguments of a container. Only the ports are free ones, and kubeconfigs may lead to this machine.
func start(t *testing.T, server *sandbox.Sandbox, program string, arguments []string) *running {
	t.Helper()
	account, err := shared.ForTest(t).ServiceAccountConfig(t.Context(), system, operator)
	if err != nil {
		t.Fatal(err)
	}
	kubeconfig := filepath.Join(t.TempDir(), "kubeconfig")
	if err := controlplane.WriteKubeconfig(kubeconfig, account); err != nil {
		t.Fatal(err)
	}
	r := &running{
		health: process.FreeAddress(t), metrics: process.FreeAddress(t), log: &bytes.Buffer{},
		listens: map[string]bool{}, connects: map[string]bool{}, asks: map[string]bool{},
	}
	arguments = slices.Clone(arguments)
	for i, argument := range arguments {
		if strings.HasPrefix(argument, "--metrics-bind-address=") {
			arguments[i] = "--metrics-bind-address=" + r.metrics
		}
	}
	arguments = append(arguments, "--health-probe-bind-address="+r.health, "--kubeconfig-allow-loopback")
	command := exec.Command(program, arguments...)
	command.Env = append(os.Environ(), "POD_NAMESPACE="+system, "KUBECONFIG="+kubeconfig)
	command.Stdout, command.Stderr = r.log, r.log
	thread := process.NewThread()
	t.Cleanup(thread.End)
	thread.Do(func() { r.process, err = process.Start(command) })
	if err != nil {
		t.Fatal(err)
	}
	r.pid = command.Process.Pid
	t.Cleanup(func() {
		if err := r.process.Stop(patience); err != nil || t.Failed() {
			t.Errorf("the operator: %v\n%s", err, r.log)
		}
		ctx := context.Background()
		for _, object := range []client.Object{&v1alpha1.ClusterSupport{}, &corev1.Secret{}} {
			if err := server.Client.DeleteAllOf(ctx, object, client.InNamespace(metav1.NamespaceDefault)); err != nil {
				t.Error(err)
			}
		}
	})
	return r
}

// observe looks at the sockets of the operator from its start until it has judged its clusters, has been probed and has been asked
// for its metrics, and for a second after that. A connection that is shorter than the time between two looks can be missed: to that
// of an API server the operator keeps.
func (r *running) observe(t *testing.T, server *sandbox.Sandbox, servers map[string]bool, fleet bool) {
	t.Helper()
	rest := 100
	for range int(patience / (10 * time.Millisecond)) {
		r.look(t)
		if rest < 100 || r.isComplete(t, server, servers, fleet) {
			rest--
		}
		if rest == 0 {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Errorf("waited %s until the operator had judged its clusters and served", patience)
}

// isComplete tells whether the operator has done all that it connects for.
func (r *running) isComplete(t *testing.T, server *sandbox.Sandbox, servers map[string]bool, fleet bool) bool {
	t.Helper()
	keys := []client.ObjectKey{{Namespace: system, Name: v1alpha1.HostName}}
	if fleet {
		keys = append(keys, client.ObjectKey{Namespace: metav1.NamespaceDefault, Name: "edge"})
	}
	for _, key := range keys {
		var object v1alpha1.ClusterSupport
		if err := server.Client.Get(t.Context(), key, &object); err != nil {
			return false
		}
		if !slices.ContainsFunc(object.Status.Conditions, func(c metav1.Condition) bool {
			return c.Type == v1alpha1.ConditionReachable && c.Status == metav1.ConditionTrue
		}) {
			return false
		}
	}
	for _, address := range []string{"http://" + r.health + "/healthz", "http://" + r.metrics + "/metrics"} {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, nil)
		if err != nil {
			t.Fatal(err)
		}
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			return false
		}
		_ = response.Body.Close()
	}
	return len(r.connects) >= len(servers)
}

// look notes the sockets that the operator has at this moment.
func (r *running) look(t *testing.T) {
	t.Helper()
	inodes := socketInodes(r.pid)
	for _, table := range []string{"tcp", "tcp6", "udp", "udp6"} {
		content, err := os.ReadFile(fmt.Sprintf("/proc/%d/net/%s", r.pid, table))
		if errors.Is(err, os.ErrNotExist) {
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(content)) {
			fields := strings.Fields(line)
			if len(fields) < 10 || !inodes[fields[9]] {
				continue
			}
			local, peer := address(t, fields[1]), address(t, fields[2])
			_, localPort, _ := net.SplitHostPort(local)
			switch {
			case strings.HasPrefix(table, "udp"):
				r.asks[peer] = true
			case fields[3] == "0A": // listening
				r.listens[local] = true
			case local == r.health || local == r.metrics || localPort == "0":
				// Another program has connected to it.
			default:
				r.connects[peer] = true
			}
		}
	}
}

// socketInodes are the inodes of a process's sockets.
func socketInodes(pid int) map[string]bool {
	found := map[string]bool{}
	descriptors, _ := filepath.Glob(fmt.Sprintf("/proc/%d/fd/*", pid))
	for _, descriptor := range descriptors {
		// It may be closed by now.
		target, _ := os.Readlink(descriptor)
		if inode, is := strings.CutPrefix(target, "socket:["); is {
			found[strings.TrimSuffix(inode, "]")] = true
		}
	}
	return found
}

// address reads one of /proc/net/tcp: the bytes of each four are in the machine's order, which is little endian here.
func address(t *testing.T, text string) string {
	t.Helper()
	host, port, _ := strings.Cut(text, ":")
	number, err := strconv.ParseUint(port, 16, 16)
	if err != nil {
		t.Fatal(err)
	}
	ip := make(net.IP, len(host)/2)
	for i := range ip {
		b, err := strconv.ParseUint(host[2*i:2*i+2], 16, 8)
		if err != nil {
			t.Fatal(err)
		}
		ip[i/4*4+3-i%4] = byte(b)
	}
	return net.JoinHostPort(ip.String(), strconv.FormatUint(number, 10))
}
