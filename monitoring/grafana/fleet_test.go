// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package grafana

import (
	"context"
	"fmt"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/d2iq-labs/support-policy-operator/api/v1alpha1"
	"github.com/d2iq-labs/support-policy-operator/internal/metrics"
)

// calendar returns instants relative to the start of the test: at(10) is ten and a half days later, so that ten whole days are
// left while the test runs.
type calendar struct{ now time.Time }

func (c calendar) at(days int) *metav1.Time {
	return &metav1.Time{Time: c.now.Add(time.Duration(days)*24*time.Hour + 12*time.Hour)}
}

// shown returns the instant in the form of Grafana.
func (c calendar) shown(days int) string { return iso(c.at(days).Time) }

func iso(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05") }

// cluster returns a ClusterSupport whose conditions are good, but for the given ones.
func cluster(namespace, name string, conditions map[string]metav1.ConditionStatus, releases ...v1alpha1.InstalledRelease) v1alpha1.ClusterSupport {
	status := map[string]metav1.ConditionStatus{
		v1alpha1.ConditionReady: "True", v1alpha1.ConditionReachable: "True", v1alpha1.ConditionSupported: "True",
		v1alpha1.ConditionCompatible: "True", v1alpha1.ConditionExpiringSoon: "False", v1alpha1.ConditionUpgradeRecommended: "False",
	}
	object := v1alpha1.ClusterSupport{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name}}
	for kind, of := range conditions {
		status[kind] = of
	}
	for kind, of := range status {
		object.Status.Conditions = append(object.Status.Conditions, metav1.Condition{Type: kind, Status: of})
	}
	object.Status.Releases = releases
	return object
}

// release returns an installed release, with options.
func release(product, name, version string, state v1alpha1.State, options ...func(*v1alpha1.InstalledRelease)) v1alpha1.InstalledRelease {
	r := v1alpha1.InstalledRelease{Product: product, Name: name, Version: version, State: state}
	for _, option := range options {
		option(&r)
	}
	return r
}

func by(policy string) func(*v1alpha1.InstalledRelease) {
	return func(r *v1alpha1.InstalledRelease) { r.Policy = policy }
}

func until(end *metav1.Time) func(*v1alpha1.InstalledRelease) {
	return func(r *v1alpha1.InstalledRelease) { r.SupportEndTime = end }
}

func covered(name string, end *metav1.Time) func(*v1alpha1.InstalledRelease) {
	return func(r *v1alpha1.InstalledRelease) {
		r.Exception = &v1alpha1.CoveringException{Name: name, EndTime: end}
	}
}

func finding(kind v1alpha1.FindingType, condition string, status metav1.ConditionStatus, reason string) v1alpha1.Finding {
	return v1alpha1.Finding{Type: kind, Condition: condition, Status: status, Reason: reason, Message: "…"}
}

func with(found v1alpha1.Finding) func(*v1alpha1.InstalledRelease) {
	return func(r *v1alpha1.InstalledRelease) { r.Findings = append(r.Findings, found) }
}

// clustersOf returns the clusters of the fleet.
func clustersOf(c calendar) []v1alpha1.ClusterSupport {
	lastInWindow := with(finding(v1alpha1.FindingLifecycle, v1alpha1.ConditionSupported, metav1.ConditionTrue, v1alpha1.ReasonLastInWindow))
	prohibited := with(finding(v1alpha1.FindingRequires, v1alpha1.ConditionCompatible, metav1.ConditionFalse, v1alpha1.ReasonProhibitedCombination))
	ended := with(finding(v1alpha1.FindingLifecycle, v1alpha1.ConditionSupported, metav1.ConditionFalse, v1alpha1.ReasonSupportEnded))
	duplicate := cluster("workspace-b", "twin", map[string]metav1.ConditionStatus{"Supported": "False", "ExpiringSoon": "True"},
		release("Konvoy", "default", "1.6.3", v1alpha1.StateUnsupported, by("konvoy"), until(c.at(-41)), prohibited))
	duplicate.Status.DuplicateOf = "workspace-a/eu"
	us := cluster("workspace-a", "us", map[string]metav1.ConditionStatus{"Reachable": "False", "Supported": "Unknown", "Compatible": "False"},
		release("Konvoy", "default", "", v1alpha1.StateUnknown, by("konvoy")),
		release("BasePlatformServices", "default", "stable-1.20-4.1.0", v1alpha1.StateSupported, by("base-platform-services"), until(c.at(179))))
	// The manager does not allow its Kubernetes.
	us.Status.Findings = []v1alpha1.Finding{
		finding(v1alpha1.FindingAttachRange, v1alpha1.ConditionCompatible, metav1.ConditionFalse, v1alpha1.ReasonOutsideAttachRange),
	}
	return []v1alpha1.ClusterSupport{
		cluster("support-policy-system", "host", map[string]metav1.ConditionStatus{"ExpiringSoon": "True", "UpgradeRecommended": "True"},
			release("Konvoy", "default", "1.8.4", v1alpha1.StateSupported, by("konvoy"), until(c.at(29))),
			release("Kommander", "kommander", "1.4.3", v1alpha1.StateSupported, by("kommander"), until(c.at(89)), lastInWindow),
			release("Kubernetes", "default", "v1.20.13", v1alpha1.StateSupported, by("kubernetes"), lastInWindow)),
		cluster("workspace-a", "eu", map[string]metav1.ConditionStatus{"Supported": "False", "Compatible": "False", "ExpiringSoon": "True"},
			// The vendor's support has ended, and an exception covers the release.
			release("Konvoy", "default", "1.6.3", v1alpha1.StateUnsupported, by("konvoy"), until(c.at(-41)), covered("konvoy-1.6", c.at(20)), prohibited, ended),
			// Two installations of a product, of a supported and an unsupported version.
			release("Cassandra", "prod.blue", "3.11", v1alpha1.StateSupported, by("cassandra"), until(c.at(59))),
			release("Cassandra", "prod.green", "3.10", v1alpha1.StateUnsupported, by("cassandra"), until(c.at(-10)), ended),
			// A supported version with an experimental part in production.
			release("Kaptain", "default", "1.0", v1alpha1.StateUnsupported, by("kaptain"), until(c.at(45)),
				with(finding(v1alpha1.FindingExperimental, v1alpha1.ConditionSupported, metav1.ConditionFalse, v1alpha1.ReasonExperimentalInProduction)))),
		us,
		cluster("workspace-b", "new", map[string]metav1.ConditionStatus{
			"Reachable": "Unknown", "Supported": "Unknown", "Compatible": "Unknown", "ExpiringSoon": "Unknown", "UpgradeRecommended": "Unknown"}),
		// The replica that wrote its status does not exist any more.
		cluster("workspace-b", "silent", map[string]metav1.ConditionStatus{"Compatible": "False", "Supported": "Unknown"},
			release("Dispatch", "default", "1.3.0", v1alpha1.StateUnknown),
			// The exception ends after the vendor's support.
			release("Spark", "prod.spark", "3.0", v1alpha1.StateSupported, by("spark"), until(c.at(100)), covered("spark", c.at(400))),
			// The exception ends first, and does not count.
			release("Spark", "test.spark", "3.0", v1alpha1.StateSupported, by("spark"), until(c.at(200)), covered("spark-test", c.at(5))),
			// The exception ends first, and counts: the combination is prohibited.
			release("Kafka", "prod.kafka", "2.7", v1alpha1.StateSupported, by("kafka"), until(c.at(300)), covered("kafka", c.at(80)), prohibited)),
		duplicate,
		// It is no longer evaluated, so that its status has an exception that has ended.
		cluster("workspace-c", "late", map[string]metav1.ConditionStatus{"Compatible": "False"},
			release("Kafka", "late.kafka", "2.6", v1alpha1.StateSupported, by("kafka"), until(c.at(150)), covered("kafka", c.at(-3)), prohibited)),
	}
}

func policy(name string, conditions map[string]metav1.ConditionStatus) v1alpha1.SupportPolicy {
	object := v1alpha1.SupportPolicy{ObjectMeta: metav1.ObjectMeta{Name: name}}
	for kind, of := range conditions {
		object.Status.Conditions = append(object.Status.Conditions, metav1.Condition{Type: kind, Status: of})
	}
	return object
}

func policies() []v1alpha1.SupportPolicy {
	return []v1alpha1.SupportPolicy{
		policy("cassandra", map[string]metav1.ConditionStatus{"Ready": "True"}),
		policy("konvoy", map[string]metav1.ConditionStatus{"Ready": "True", "Conflicting": "True"}),
		policy("kommander", map[string]metav1.ConditionStatus{"Ready": "False", "Stalled": "True"}),
	}
}

func exceptionObject(name, product string, end *metav1.Time) v1alpha1.SupportException {
	return v1alpha1.SupportException{
		ObjectMeta: metav1.ObjectMeta{Name: name},
		Spec:       v1alpha1.SupportExceptionSpec{Product: product},
		Status:     v1alpha1.SupportExceptionStatus{EndTime: end},
	}
}

func exceptionObjects(c calendar) []v1alpha1.SupportException {
	return []v1alpha1.SupportException{
		exceptionObject("konvoy-1.6", "Konvoy", c.at(20)),
		exceptionObject("cassandra-3.10", "Cassandra", c.at(-6)),
		exceptionObject("spark", "Spark", c.at(400)),
		exceptionObject("invalid", "Konvoy", nil),
	}
}

// fakeCache replaces the operator's cache.
type fakeCache struct {
	client.Reader

	calendar calendar
}

func (c fakeCache) List(_ context.Context, list client.ObjectList, _ ...client.ListOption) error {
	switch l := list.(type) {
	case *v1alpha1.ClusterSupportList:
		l.Items = clustersOf(c.calendar)
	case *v1alpha1.SupportPolicyList:
		l.Items = policies()
	case *v1alpha1.SupportExceptionList:
		l.Items = exceptionObjects(c.calendar)
	default:
		return fmt.Errorf("no %T here", list)
	}
	return nil
}

// replica serves the operator's metrics as one replica does, and returns its address.
func replica(t *testing.T, options metrics.Options) string {
	t.Helper()
	registry := prometheus.NewPedanticRegistry()
	registry.MustRegister(metrics.NewCollector(options))
	server := httptest.NewServer(promhttp.HandlerFor(registry, promhttp.HandlerOpts{}))
	t.Cleanup(server.Close)
	return server.Listener.Addr().String()
}

// operators starts two replicas: one works for shard 0 and observes its clusters; the other waits for shard 1, whose clusters
// are not observed.
func operators(t *testing.T, c calendar) []string {
	// The threshold is 15 minutes: one is below, one above.
	answers := map[string]time.Time{
		"host": c.now, "eu": c.now.Add(-14 * time.Minute), "late": c.now.Add(-16 * time.Minute), "us": c.now.Add(-3 * time.Hour),
	}
	return []string{
		replica(t, metrics.Options{Reader: fakeCache{calendar: c}, Shard: 0, Shards: 2,
			Answered: func(cluster *v1alpha1.ClusterSupport) time.Time { return answers[cluster.Name] }}),
		replica(t, metrics.Options{Reader: fakeCache{calendar: c}, Shard: 1, Shards: 2, Active: func() bool { return false }}),
	}
}
