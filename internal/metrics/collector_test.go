// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package metrics_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil/promlint"
	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/d2iq-labs/support-policy-operator/api/v1alpha1"
	"github.com/d2iq-labs/support-policy-operator/internal/metrics"
	"github.com/d2iq-labs/support-policy-operator/internal/version"
	"github.com/d2iq-labs/support-policy-operator/test/golden"
)

// fakeCache is a cache with these objects.
type fakeCache struct {
	client.Reader

	clusters   []v1alpha1.ClusterSupport
	policies   []v1alpha1.SupportPolicy
	exceptions []v1alpha1.SupportException
	// failure is what it says instead.
	failure error
}

func (s *fakeCache) List(_ context.Context, into client.ObjectList, _ ...client.ListOption) error {
	switch list := into.(type) {
	case *v1alpha1.ClusterSupportList:
		list.Items = s.clusters
	case *v1alpha1.SupportPolicyList:
		list.Items = s.policies
	case *v1alpha1.SupportExceptionList:
		list.Items = s.exceptions
		return s.failure
	default:
		return fmt.Errorf("a list of %T", into)
	}
	return nil
}

func gather(options metrics.Options) ([]*dto.MetricFamily, error) {
	registry := prometheus.NewPedanticRegistry()
	registry.MustRegister(metrics.NewCollector(options))
	return registry.Gather()
}

// scrape is what a Prometheus server would get.
func scrape(t testing.TB, options metrics.Options) (string, error) {
	t.Helper()
	families, err := gather(options)
	if err != nil {
		return "", err
	}
	var text strings.Builder
	encoder := expfmt.NewEncoder(&text, expfmt.NewFormat(expfmt.TypeTextPlain).WithEscapingScheme(model.NoEscaping))
	for _, family := range families {
		if err := encoder.Encode(family); err != nil {
			t.Fatal(err)
		}
	}
	return text.String(), nil
}

func mustScrape(t testing.TB, options metrics.Options) string {
	t.Helper()
	text, err := scrape(t, options)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func day(text string) *metav1.Time {
	at, err := time.Parse(time.DateOnly, text)
	if err != nil {
		panic(err)
	}
	return &metav1.Time{Time: at}
}

func condition(kind string, status metav1.ConditionStatus) metav1.Condition {
	return metav1.Condition{Type: kind, Status: status, Reason: "Reason", Message: "a message that is not exported"}
}

func clusterOf(namespace, name string, status v1alpha1.ClusterSupportStatus) v1alpha1.ClusterSupport {
	return v1alpha1.ClusterSupport{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name}, Status: status}
}

// fleet has one of everything that makes a difference.
func fleet() *fakeCache {
	healthy := []metav1.Condition{
		condition(v1alpha1.ConditionReady, metav1.ConditionTrue), condition(v1alpha1.ConditionReachable, metav1.ConditionTrue),
		condition(v1alpha1.ConditionSupported, metav1.ConditionFalse), condition(v1alpha1.ConditionCompatible, metav1.ConditionUnknown),
		condition(v1alpha1.ConditionExpiringSoon, metav1.ConditionTrue), condition(v1alpha1.ConditionUpgradeRecommended, metav1.ConditionTrue),
	}
	finding := func(kind v1alpha1.FindingType, reason string) v1alpha1.Finding {
		return v1alpha1.Finding{Type: kind, Reason: reason, Message: "a message that is not exported"}
	}
	feeds := func(condition string, status metav1.ConditionStatus, kind v1alpha1.FindingType, reason string) v1alpha1.Finding {
		f := finding(kind, reason)
		f.Condition, f.Status = condition, status
		return f
	}
	return &fakeCache{
		clusters: []v1alpha1.ClusterSupport{
			clusterOf("workspace-a", "prod", v1alpha1.ClusterSupportStatus{Conditions: healthy, Findings: []v1alpha1.Finding{
				feeds(v1alpha1.ConditionCompatible, metav1.ConditionFalse, v1alpha1.FindingAttachRange, v1alpha1.ReasonOutsideAttachRange),
				finding(v1alpha1.FindingEvidence, v1alpha1.ReasonDeclarationIgnored),
			}, Releases: []v1alpha1.InstalledRelease{
				{
					Product: "Konvoy", Name: "default", Version: "1.6.3", State: v1alpha1.StateUnsupported, Policy: "konvoy",
					SupportEndTime: day("2021-05-05"),
					Exception:      &v1alpha1.CoveringException{Name: "until-upgrade", EndTime: day("2021-09-01")},
					Findings: []v1alpha1.Finding{
						feeds(v1alpha1.ConditionSupported, metav1.ConditionFalse, v1alpha1.FindingLifecycle, v1alpha1.ReasonSupportEnded),
						feeds(v1alpha1.ConditionUpgradeRecommended, metav1.ConditionTrue, v1alpha1.FindingUpgrade, v1alpha1.ReasonLastInWindow),
					},
				},
				{
					Product: "Kommander", Name: "default", Version: "1.3.1", State: v1alpha1.StateSupported, Policy: "kommander",
					Findings: []v1alpha1.Finding{
						feeds(v1alpha1.ConditionSupported, metav1.ConditionTrue, v1alpha1.FindingLifecycle, v1alpha1.ReasonLastInWindow),
						feeds(v1alpha1.ConditionCompatible, metav1.ConditionFalse, v1alpha1.FindingRequires, v1alpha1.ReasonProhibitedCombination),
					},
				},
				{
					Product: "BasePlatformServices", Name: "default", Version: "stable-1.19-3.4.1", State: v1alpha1.StateUnsupported,
					Policy:   "base-platform-services",
					Findings: []v1alpha1.Finding{feeds(v1alpha1.ConditionSupported, metav1.ConditionFalse, v1alpha1.FindingExperimental, v1alpha1.ReasonExperimentalInProduction)},
				},
			}}),
			clusterOf("workspace-a", "unknown", v1alpha1.ClusterSupportStatus{
				Conditions: []metav1.Condition{condition(v1alpha1.ConditionStalled, metav1.ConditionTrue)},
				Findings:   []v1alpha1.Finding{feeds(v1alpha1.ConditionSupported, metav1.ConditionFalse, v1alpha1.FindingExperimental, v1alpha1.ReasonExperimentalInProduction)},
				Releases: []v1alpha1.InstalledRelease{{
					Product: "Konvoy", Name: `with "quotes" and \`, State: v1alpha1.StateUnknown,
					// Nobody says that this is a production cluster.
					Findings: []v1alpha1.Finding{finding(v1alpha1.FindingExperimental, v1alpha1.ReasonExperimentalUndeclared)},
				}},
			}),
			clusterOf("workspace-b", "new", v1alpha1.ClusterSupportStatus{}),
			clusterOf("workspace-b", "again", v1alpha1.ClusterSupportStatus{
				DuplicateOf: "workspace-a/prod", Conditions: healthy,
				Releases: []v1alpha1.InstalledRelease{{Product: "Konvoy", Name: "default", Version: "1.6.3", State: v1alpha1.StateUnsupported}},
			}),
		},
		policies: []v1alpha1.SupportPolicy{{
			ObjectMeta: metav1.ObjectMeta{Name: "konvoy"},
			Status: v1alpha1.SupportPolicyStatus{Conditions: []metav1.Condition{
				condition(v1alpha1.ConditionReady, metav1.ConditionFalse), condition(v1alpha1.ConditionStalled, metav1.ConditionTrue),
				condition(v1alpha1.ConditionSupported, metav1.ConditionUnknown), condition(v1alpha1.ConditionExpiringSoon, metav1.ConditionUnknown),
			}},
		}},
		exceptions: []v1alpha1.SupportException{
			{
				ObjectMeta: metav1.ObjectMeta{Name: "until-upgrade"}, Spec: v1alpha1.SupportExceptionSpec{Product: "Konvoy"},
				Status: v1alpha1.SupportExceptionStatus{EndTime: day("2021-09-01")},
			},
			{ObjectMeta: metav1.ObjectMeta{Name: "invalid"}, Spec: v1alpha1.SupportExceptionSpec{Product: "Konvoy"}},
		},
	}
}

// answered knows one cluster, as does a replica that is for others.
func answered(cluster *v1alpha1.ClusterSupport) time.Time {
	if cluster.Name == "prod" {
		return day("2021-06-01").Time
	}
	return time.Time{}
}

// The golden file is what a reviewer reads.
func TestGolden(t *testing.T) {
	got := mustScrape(t, metrics.Options{
		Reader: fleet(), Answered: answered, Active: func() bool { return false }, Shard: 1, Shards: 3,
		// That of the test is another one in each commit.
		Build: version.Info{Version: "v0.2.0", Commit: "0123456789abcdef0123456789abcdef01234567", GoVersion: "go1.26.10"},
	})
	golden.Expect(t, filepath.Join("testdata", "fleet.prom"), got)
}

// Neither a message nor a reason is in a label: both are text, and each text would be a series.
func TestNoText(t *testing.T) {
	text := mustScrape(t, metrics.Options{Reader: fleet(), Answered: answered})
	for _, word := range []string{"message", "Reason", v1alpha1.ReasonProhibitedCombination, "until-upgrade/"} {
		if strings.Contains(text, word) {
			t.Errorf("the metrics have %q", word)
		}
	}
}

// What Prometheus's own linter would have otherwise.
func TestLint(t *testing.T) {
	problems, err := promlint.New(strings.NewReader(mustScrape(t, metrics.Options{Reader: fleet(), Answered: answered}))).Lint()
	if err != nil || len(problems) > 0 {
		t.Errorf("%v, %v", problems, err)
	}
}

// The number of series is what docs/signals.md says: for each cluster, and for each of its releases at most.
func TestNumberOfSeries(t *testing.T) {
	const (
		perOperator, perCluster, perRelease, perPolicy, perException = 3, 27, 10, 18, 1
	)
	page, err := os.ReadFile(filepath.Join("..", "..", "docs", "signals.md"))
	if err != nil {
		t.Fatal(err)
	}
	for _, sentence := range []string{
		fmt.Sprintf("- %d for each cluster:", perCluster), fmt.Sprintf("- at most %d for each installed release", perRelease),
		fmt.Sprintf("- %d for each policy, %d for each exception, %d for each replica", perPolicy, perException, perOperator),
		fmt.Sprintf("four releases has at most %d,", perCluster+4*perRelease), fmt.Sprintf("the schema allows %d.", perCluster+64*perRelease),
	} {
		if !strings.Contains(string(page), sentence) {
			t.Errorf("docs/signals.md does not say %q", sentence)
		}
	}
	everything := v1alpha1.InstalledRelease{
		Product: "Konvoy", Version: "1.6.3", State: v1alpha1.StateSupported, SupportEndTime: day("2021-05-05"),
		Exception: &v1alpha1.CoveringException{Name: "until-upgrade", EndTime: day("2021-09-01")},
	}
	cache := fleet()
	cache.clusters = nil
	for i := range 3 {
		status := v1alpha1.ClusterSupportStatus{}
		for j := range 64 {
			everything.Name = fmt.Sprint(j)
			status.Releases = append(status.Releases, everything)
		}
		cache.clusters = append(cache.clusters, clusterOf("workspace-a", fmt.Sprint(i), status))
	}
	text := mustScrape(t, metrics.Options{Reader: cache, Answered: func(*v1alpha1.ClusterSupport) time.Time { return day("2021-06-01").Time }})
	got := 0
	for line := range strings.Lines(text) {
		if !strings.HasPrefix(line, "#") {
			got++
		}
	}
	if want := perOperator + 3*(perCluster+64*perRelease) + perPolicy + perException; got != want {
		t.Errorf("there are %d series, want %d", got, want)
	}
}

// Of each state set one series is 1, whatever a status has.
func TestStateSets(t *testing.T) {
	families, err := gather(metrics.Options{Reader: fleet()})
	if err != nil {
		t.Fatal(err)
	}
	sums := map[string]float64{}
	for _, family := range families {
		for _, series := range family.GetMetric() {
			all := len(series.GetLabel())
			labels := slices.DeleteFunc(series.GetLabel(), func(l *dto.LabelPair) bool { return l.GetName() == "status" || l.GetName() == "state" })
			if len(labels) < all {
				sums[fmt.Sprint(family.GetName(), labels)] += series.GetGauge().GetValue()
			}
		}
	}
	if want := 3*8 + 4 + 6; len(sums) != want {
		t.Errorf("there are %d state sets, want %d: conditions of clusters, releases, conditions of policies", len(sums), want)
	}
	for set, sum := range sums {
		if sum != 1 {
			t.Errorf("%s: %f are 1", set, sum)
		}
	}
}

// A cache that cannot be read fails the scrape: half of the truth would resolve alerts.
func TestUnreadableCache(t *testing.T) {
	cache := fleet()
	cache.failure = errors.New("the cache is not filled")
	if text, err := scrape(t, metrics.Options{Reader: cache}); err == nil || !strings.Contains(err.Error(), "not filled") {
		t.Errorf("the scrape is %.80q, %v", text, err)
	}
}

// An installation that is there twice, which old API servers may let through, is exported once.
func TestInstallationTwice(t *testing.T) {
	cache := fleet()
	releases := &cache.clusters[0].Status.Releases
	*releases = append(*releases, (*releases)[0])
	want := mustScrape(t, metrics.Options{Reader: fleet()})
	if diff := cmp.Diff(want, mustScrape(t, metrics.Options{Reader: cache})); diff != "" {
		t.Errorf("(-once +twice):\n%s", diff)
	}
}

// The page for users has all metrics, and none that there is not.
func TestPageHasAllMetrics(t *testing.T) {
	page, err := os.ReadFile(filepath.Join("..", "..", "docs", "signals.md"))
	if err != nil {
		t.Fatal(err)
	}
	var told, exported []string
	for _, match := range regexp.MustCompile("(?m)^\\| `(supportpolicy_[a-z_]+)` \\|").FindAllStringSubmatch(string(page), -1) {
		told = append(told, match[1])
	}
	families, err := gather(metrics.Options{Reader: fleet(), Answered: answered})
	if err != nil {
		t.Fatal(err)
	}
	for _, family := range families {
		exported = append(exported, family.GetName())
	}
	slices.Sort(told)
	if diff := cmp.Diff(exported, told); diff != "" {
		t.Errorf("docs/signals.md has other metrics (-exported +page):\n%s", diff)
	}
}
