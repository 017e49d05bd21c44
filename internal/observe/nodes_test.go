// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package observe

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	apiresource "k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	"github.com/d2iq-labs/support-policy-operator/api/v1alpha1"
	"github.com/d2iq-labs/support-policy-operator/internal/detect"
)

const (
	centOS       = "CentOS Linux 7 (Core)"
	centOSKernel = "3.10.0-1160.el7.x86_64"
	flatcar      = "Flatcar Container Linux by Kinvolk 2905.2.3 (Oklo)"
)

// konvoyLabel is on the nodes of Konvoy.
func konvoyLabel() map[string]string {
	return map[string]string{"konvoy.mesosphere.com/node_pool": "worker"}
}

// nodeRunning reports what it runs.
func nodeRunning(name, osImage, kernel string, labels map[string]string) *corev1.Node {
	return &corev1.Node{
		TypeMeta:   metav1.TypeMeta{APIVersion: "v1", Kind: "Node"},
		ObjectMeta: metav1.ObjectMeta{Name: name, Labels: labels},
		Status:     corev1.NodeStatus{NodeInfo: corev1.NodeSystemInfo{OSImage: osImage, KernelVersion: kernel}},
	}
}

// runs is how many nodes run something.
func runs(nodes int32, osImage, kernel string) v1alpha1.NodeOperatingSystem {
	return v1alpha1.NodeOperatingSystem{OSImage: osImage, KernelVersion: kernel, Nodes: ptr.To(nodes)}
}

// nodeServer is an API server that has nodes and nothing else.
type nodeServer struct {
	*httptest.Server

	nodes [][]byte
	// refuse answers a request instead; nil as a result lets it through.
	refuse    func(page int) *metav1.Status
	pages     atomic.Int64
	bytesSent atomic.Int64
}

func serveNodes(t testing.TB, nodes ...*corev1.Node) *nodeServer {
	t.Helper()
	s := &nodeServer{refuse: func(int) *metav1.Status { return nil }}
	for _, n := range nodes {
		text, err := json.Marshal(n)
		must(t, err)
		s.nodes = append(s.nodes, text)
	}
	s.Server = httptest.NewServer(http.HandlerFunc(s.serve))
	t.Cleanup(s.Close)
	return s
}

func (s *nodeServer) serve(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	if refusal := s.refuse(int(s.pages.Add(1))); refusal != nil {
		w.WriteHeader(int(refusal.Code))
		_ = json.NewEncoder(w).Encode(refusal)
		return
	}
	query := r.URL.Query()
	limit, _ := strconv.Atoi(query.Get("limit"))
	from, _ := strconv.Atoi(query.Get("continue"))
	if r.URL.Path != "/api/v1/nodes" || limit <= 0 || query.Get("watch") != "" {
		http.Error(w, "only pages of nodes are asked for", http.StatusBadRequest)
		return
	}
	to := min(from+limit, len(s.nodes))
	meta := map[string]any{"resourceVersion": "1"}
	if to < len(s.nodes) {
		meta["continue"], meta["remainingItemCount"] = strconv.Itoa(to), len(s.nodes)-to
	}
	metaText, _ := json.Marshal(meta)
	n, _ := fmt.Fprintf(w, `{"kind":"NodeList","apiVersion":"v1","metadata":%s,"items":[`, metaText)
	s.bytesSent.Add(int64(n))
	for i, node := range s.nodes[from:to] {
		if i > 0 {
			_, _ = w.Write([]byte(","))
		}
		n, _ := w.Write(node)
		s.bytesSent.Add(int64(n))
	}
	_, _ = w.Write([]byte("]}\n"))
}

func TestLookAtNodes(t *testing.T) {
	var many []*corev1.Node
	for i := range 250 {
		many = append(many, nodeRunning(fmt.Sprint(i), centOS, centOSKernel, konvoyLabel()))
	}
	many[120] = nodeRunning("other", flatcar, "5.10.61-flatcar", nil)
	many[249].Labels = map[string]string{"konvoy.mesosphere.com/inventory_hostname": "x"}
	server := serveNodes(t, many...)
	got, err := newTestClient(t, server.URL).listNodes(t.Context(), soon)
	must(t, err)
	want := nodeSummary{label: "konvoy.mesosphere.com/node_pool", status: &v1alpha1.NodesStatus{
		Count: ptr.To[int32](250),
		OperatingSystems: []v1alpha1.NodeOperatingSystem{
			runs(249, centOS, centOSKernel), runs(1, flatcar, "5.10.61-flatcar"),
		},
	}}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(nodeSummary{})); diff != "" {
		t.Errorf("nodes of several pages\n-want +got:\n%s", diff)
	}
	if pages := server.pages.Load(); pages != 3 {
		t.Errorf("%d requests for 250 nodes, want 3", pages)
	}
}

func TestLookAtNoNodes(t *testing.T) {
	got, err := newTestClient(t, serveNodes(t).URL).listNodes(t.Context(), soon)
	must(t, err)
	if !got.isEmpty() || got.label != "" || got.status.OperatingSystems != nil || got.status.Omitted != nil {
		t.Errorf("%+v, want that there are no nodes", got)
	}
	if (nodeSummary{}).isEmpty() || (nodeSummary{status: &v1alpha1.NodesStatus{}}).isEmpty() {
		t.Error("nodes that nobody may look at are no empty list")
	}
}

func TestLookAtNodesFails(t *testing.T) {
	var nodes []*corev1.Node
	for i := range 150 {
		nodes = append(nodes, nodeRunning(fmt.Sprint(i), centOS, centOSKernel, konvoyLabel()))
	}
	for _, row := range []struct {
		name, reason string
		status       metav1.Status
		want         outcome
	}{
		{"forbidden", "we may not look", metav1.Status{Code: 403, Reason: metav1.StatusReasonForbidden}, outcomeForbidden},
		{"expired", "the list is too old for its next page, so it has to be asked for anew",
			metav1.Status{Code: 410, Reason: metav1.StatusReasonExpired}, outcomeExpired},
		{"broken", "half a list is none", metav1.Status{Code: 400, Reason: metav1.StatusReasonBadRequest}, outcomeFailed},
	} {
		t.Run(row.name, func(t *testing.T) {
			server := serveNodes(t, nodes...)
			row.status.Status = metav1.StatusFailure
			row.status.TypeMeta = metav1.TypeMeta{Kind: "Status", APIVersion: "v1"}
			server.refuse = func(page int) *metav1.Status {
				if page == 2 {
					return &row.status
				}
				return nil
			}
			client := newTestClient(t, server.URL)
			got, err := client.listNodes(t.Context(), soon)
			if answer := outcomeOf(err); answer != row.want || got.status != nil {
				t.Errorf("%v with %+v, want %v and nothing: %s", answer, got, row.want, row.reason)
			}
			if got, err = client.listNodes(t.Context(), soon); err != nil || *got.status.Count != 150 {
				t.Errorf("the next look shows %+v, %v; want all nodes, from the first page on", got, err)
			}
		})
	}
}

func TestLookAtNodesIsBounded(t *testing.T) {
	for _, row := range []struct {
		name, reason string
		page         string
		count        int32
	}{
		{
			"pages without end", "an API server that only looks like one says again and again that there is more",
			`{"metadata":{"continue":"x","remainingItemCount":7},"items":[{}]}`, detect.MaxNodes/nodesPerPage + 7,
		},
		{
			"a page without a limit", "an API server that does not know of limits sends all at once",
			`{"items":[` + strings.Repeat("{},", detect.MaxNodes+4) + `{}],"metadata":{}}`, detect.MaxNodes + 5,
		},
		{
			"more than there can be", "the number is one that can be counted with",
			`{"metadata":{"continue":"x","remainingItemCount":2147483647},"items":[]}`, 1 << 29,
		},
	} {
		t.Run(row.name, func(t *testing.T) {
			var pages atomic.Int64
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				pages.Add(1)
				_, _ = w.Write([]byte(row.page))
			}))
			t.Cleanup(server.Close)
			got, err := newTestClient(t, server.URL).listNodes(t.Context(), soon)
			must(t, err)
			if *got.status.Count != row.count {
				t.Errorf("%d nodes, want %d: %s", *got.status.Count, row.count, row.reason)
			}
			if got := pages.Load(); got > detect.MaxNodes/nodesPerPage {
				t.Errorf("%d pages, want at most %d", got, detect.MaxNodes/nodesPerPage)
			}
		})
	}
}

func TestReadNodes(t *testing.T) {
	for _, row := range []struct {
		name, reason, text string
		want               *v1alpha1.NodesStatus
		fails              bool
	}{
		{
			name:   "in any order",
			reason: "JSON has no order",
			text: `{"items":[{"status":{"nodeInfo":{"kernelVersion":"5","osImage":"b"}},"metadata":{"labels":null}}],` +
				`"kind":"NodeList","metadata":{"continue":"x"}}`,
			want: &v1alpha1.NodesStatus{Count: ptr.To[int32](1), OperatingSystems: []v1alpha1.NodeOperatingSystem{runs(1, "b", "5")}},
		},
		{
			name:   "what most nodes run first",
			reason: "then by text, so that the order is always the same",
			text: `{"items":[{"status":{"nodeInfo":{"osImage":"c","kernelVersion":"2"}}},{"status":{"nodeInfo":{"osImage":"c","kernelVersion":"1"}}},` +
				`{"status":{"nodeInfo":{"osImage":"a","kernelVersion":"9"}}},{"status":{"nodeInfo":{"osImage":"z","kernelVersion":"1"}}},` +
				`{"status":{"nodeInfo":{"osImage":"z","kernelVersion":"1"}}}]}`,
			want: &v1alpha1.NodesStatus{Count: ptr.To[int32](5), OperatingSystems: []v1alpha1.NodeOperatingSystem{
				runs(2, "z", "1"), runs(1, "a", "9"), runs(1, "c", "1"), runs(1, "c", "2"),
			}},
		},
		{
			name:   "nothing reported",
			reason: "a node that has not come up yet is a node",
			text:   `{"items":[{"metadata":{"name":"new"}}]}`,
			want:   &v1alpha1.NodesStatus{Count: ptr.To[int32](1), OperatingSystems: []v1alpha1.NodeOperatingSystem{runs(1, "Unknown", "Unknown")}},
		},
		{
			name:   "hostile",
			reason: "foreign text is made printable and cut; what is the same then is counted together",
			text: `{"items":[{"status":{"nodeInfo":{"osImage":"a\n","kernelVersion":"` + strings.Repeat("x", 1000) + `1"}}},` +
				`{"status":{"nodeInfo":{"osImage":"a\n","kernelVersion":"` + strings.Repeat("x", 1000) + `2"}}}]}`,
			want: &v1alpha1.NodesStatus{Count: ptr.To[int32](2), OperatingSystems: []v1alpha1.NodeOperatingSystem{
				runs(2, `a\n`, strings.Repeat("x", 61)+"..."),
			}},
		},
		{name: "no items", reason: "an empty list can be null", text: `{"items":null}`, want: &v1alpha1.NodesStatus{Count: ptr.To[int32](0)}},
		{name: "half", reason: "the connection broke", text: `{"items":[{"status":{}},`, fails: true},
		{name: "no end", reason: "the connection broke", text: `{"items":[]`, fails: true},
		{name: "no list", reason: "it is something else", text: `{"items":{}}`, fails: true},
		{name: "no object", reason: "it is something else", text: `[]`, fails: true},
		{name: "no JSON", reason: "it is something else", text: `<html>`, fails: true},
		{name: "nothing", reason: "it is something else", text: ``, fails: true},
	} {
		t.Run(row.name, func(t *testing.T) {
			count := detect.NewNodeCount()
			_, err := readNodes(strings.NewReader(row.text), count)
			if (err != nil) != row.fails {
				t.Fatalf("error %v: %s", err, row.reason)
			}
			if row.fails {
				return
			}
			if diff := cmp.Diff(row.want, count.Status()); diff != "" {
				t.Errorf("%s\n-want +got:\n%s", row.reason, diff)
			}
		})
	}
}

func TestReadNodesFindsLabels(t *testing.T) {
	for _, row := range []struct{ labels, want, reason string }{
		{`{}`, "", "another distribution"},
		{`{"konvoy.mesosphere.com/other":"x"}`, "", "another label"},
		{`{"konvoy.mesosphere.com/node_pool":""}`, "konvoy.mesosphere.com/node_pool", "a label needs no value"},
		{`{"konvoy.mesosphere.com/inventory_hostname":"x"}`, "konvoy.mesosphere.com/inventory_hostname", "the other one"},
		{`{"konvoy.mesosphere.com/inventory_hostname":"x","konvoy.mesosphere.com/node_pool":"y"}`, "konvoy.mesosphere.com/node_pool", "always the same of both"},
	} {
		count := detect.NewNodeCount()
		text := `{"items":[{"metadata":{"labels":{}}},{"metadata":{"labels":` + row.labels + `}},{"metadata":{"labels":{}}}]}`
		if _, err := readNodes(strings.NewReader(text), count); err != nil {
			t.Fatal(err)
		}
		if got := count.NodeLabel(); got != row.want {
			t.Errorf("%s gives %q, want %q: %s", row.labels, got, row.want, row.reason)
		}
	}
}

// realisticNode is as large as one at work: it has 50 images, and says when it last reported each of its conditions.
func realisticNode(i int) *corev1.Node {
	n := nodeRunning(fmt.Sprintf("ip-10-0-%d-%d.us-west-2.compute.internal", i/250, i%250), centOS, centOSKernel, konvoyLabel())
	if i%10 == 0 {
		n.Status.NodeInfo.OSImage, n.Status.NodeInfo.KernelVersion = flatcar, "5.10.61-flatcar"
	}
	now := metav1.NewTime(time.Date(2021, 5, 5, 0, 0, 0, 0, time.UTC))
	for key, value := range map[string]string{
		"beta.kubernetes.io/arch": "amd64", "beta.kubernetes.io/instance-type": "m5.2xlarge", "kubernetes.io/hostname": n.Name,
		"failure-domain.beta.kubernetes.io/region": "us-west-2", "failure-domain.beta.kubernetes.io/zone": "us-west-2a",
	} {
		n.Labels[key] = value
	}
	n.Annotations = map[string]string{
		"csi.volume.kubernetes.io/nodeid": `{"ebs.csi.aws.com":"i-0123456789abcdef0"}`, "projectcalico.org/IPv4Address": "10.0.0.1/18",
	}
	for image := range 50 {
		name := fmt.Sprintf("docker.io/mesosphere/some-component-of-the-platform-%02d", image)
		n.Status.Images = append(n.Status.Images, corev1.ContainerImage{
			Names:     []string{name + "@sha256:" + strings.Repeat(fmt.Sprintf("%02x", image), 32), name + ":v1.2.3"},
			SizeBytes: int64(image) << 20,
		})
	}
	for _, kind := range []corev1.NodeConditionType{"NetworkUnavailable", "MemoryPressure", "DiskPressure", "PIDPressure", "Ready"} {
		n.Status.Conditions = append(n.Status.Conditions, corev1.NodeCondition{
			Type: kind, Status: "False", LastHeartbeatTime: now, LastTransitionTime: now,
			Reason: "KubeletHasSufficientMemory", Message: "kubelet has sufficient memory available",
		})
	}
	n.Status.Capacity = corev1.ResourceList{"cpu": apiresource.MustParse("8"), "memory": apiresource.MustParse("32Gi"), "pods": apiresource.MustParse("110")}
	n.Status.Allocatable = n.Status.Capacity
	return n
}

// BenchmarkLookAtNodes looks at 1,000 nodes as an API server sends them. The floor is what has to be read: the bytes of
// the pages. The server is in the same process, and its own allocations are taken off.
func BenchmarkLookAtNodes(b *testing.B) {
	var nodes []*corev1.Node
	for i := range 1000 {
		nodes = append(nodes, realisticNode(i))
	}
	server := serveNodes(b, nodes...)
	client := newTestClient(b, server.URL)
	look := func() {
		if got, err := client.listNodes(b.Context(), soon); err != nil || *got.status.Count != 1000 {
			b.Fatal(got, err)
		}
	}
	fetch := func() {
		for from := 0; from < len(nodes); from += nodesPerPage {
			request := client.rest.Get().AbsPath("/api/v1/nodes").
				Param("limit", strconv.Itoa(nodesPerPage)).Param("continue", strconv.Itoa(from))
			answer, err := request.Stream(b.Context())
			if err != nil {
				b.Fatal(err)
			}
			var buffer [32 << 10]byte
			for err == nil {
				_, err = answer.Read(buffer[:])
			}
			_ = answer.Close()
		}
	}
	look()
	fetch()
	fetchedBytes, fetchedObjects := allocations(10, fetch)
	server.bytesSent.Store(0)
	b.ReportAllocs()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	looks := 0
	for b.Loop() {
		look()
		looks++
	}
	runtime.ReadMemStats(&after)
	perLook := func(from, to uint64, server float64) float64 { return float64(to-from)/float64(looks) - server }
	read := float64(server.bytesSent.Load()) / float64(looks)
	bytes := perLook(before.TotalAlloc, after.TotalAlloc, fetchedBytes)
	b.ReportMetric(read, "read-B/op")
	b.ReportMetric(bytes, "own-B/op")
	b.ReportMetric(perLook(before.Mallocs, after.Mallocs, fetchedObjects), "own-allocs/op")
	b.ReportMetric(bytes/read, "own-B/read-B")
}

// allocations are the mean bytes and objects that a function allocates, with all that it makes others do.
func allocations(times int, do func()) (bytes, objects float64) {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for range times {
		do()
	}
	runtime.ReadMemStats(&after)
	return float64(after.TotalAlloc-before.TotalAlloc) / float64(times), float64(after.Mallocs-before.Mallocs) / float64(times)
}
