// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package support

import (
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/d2iq-labs/support-policy-operator/api/v1alpha1"
	"github.com/d2iq-labs/support-policy-operator/internal/facts"
	"github.com/d2iq-labs/support-policy-operator/test/expect"
)

func TestContactConditions(t *testing.T) {
	condition := func(kind string, status metav1.ConditionStatus, reason string) metav1.Condition {
		return metav1.Condition{Type: kind, Status: status, Reason: reason, Message: "as it was"}
	}
	var (
		silent    = &facts.Problem{Reason: v1alpha1.ReasonUnreachable, Message: "it does not answer"}
		insecure  = &facts.Problem{Reason: v1alpha1.ReasonInsecureKubeconfig, Message: "exec runs a program"}
		notJoined = &facts.Obstacle{Status: metav1.ConditionUnknown, Reason: v1alpha1.ReasonNotJoined, Message: "it has not joined"}
		notLooked = &facts.Obstacle{Reason: v1alpha1.ReasonHubUnknown, Message: "the hub was not looked at yet"}

		connected = condition(v1alpha1.ConditionReachable, metav1.ConditionTrue, v1alpha1.ReasonConnected)
		unjoined  = condition(v1alpha1.ConditionReachable, metav1.ConditionUnknown, v1alpha1.ReasonNotJoined)
		refused   = []metav1.Condition{
			condition(v1alpha1.ConditionReady, metav1.ConditionFalse, v1alpha1.ReasonInsecureKubeconfig),
			condition(v1alpha1.ConditionStalled, metav1.ConditionTrue, v1alpha1.ReasonInsecureKubeconfig),
			condition(v1alpha1.ConditionReachable, metav1.ConditionFalse, v1alpha1.ReasonInsecureKubeconfig),
		}
	)
	for _, row := range []struct {
		name      string
		contact   *facts.Contact
		old       []metav1.Condition
		reachable string
		ready     string
		connects  bool
		reason    string
	}{
		{"never", &facts.Contact{}, nil, "Unknown NotContacted", "True Evaluated", true, "the first look is under way"},
		{"not yet since a start", &facts.Contact{}, []metav1.Condition{connected}, "True Connected", "True Evaluated", false, "a restart is no news"},
		{"now", &facts.Contact{Complete: true}, nil, "True Connected", "True Evaluated", false, "all was looked at"},
		{"no longer", &facts.Contact{Complete: true, Problem: silent}, []metav1.Condition{connected}, "False Unreachable", "True Evaluated", false,
			"what was known stays, and the contact is lost"},
		{"in vain, from the start", &facts.Contact{Problem: silent}, nil, "False Unreachable", "True Evaluated", false, "somebody has to mend it"},
		{"an obstacle", &facts.Contact{Obstacle: notJoined}, []metav1.Condition{connected}, "Unknown NotJoined", "True Evaluated", false,
			"there is nothing to connect to"},
		{"an obstacle that is gone", &facts.Contact{}, []metav1.Condition{unjoined}, "Unknown NotContacted", "True Evaluated", true,
			"what came before the contact says nothing any more"},
		{"the hub does not answer yet", &facts.Contact{Obstacle: notLooked}, []metav1.Condition{unjoined}, "Unknown NotJoined", "True Evaluated", false,
			"nothing is known yet, so that nothing changes"},
		{"a refused kubeconfig", &facts.Contact{Problem: insecure}, nil, "False InsecureKubeconfig", "False InsecureKubeconfig", false,
			"only another kubeconfig mends it"},
		{"a refused kubeconfig, not yet since a start", &facts.Contact{}, refused, "False InsecureKubeconfig", "False InsecureKubeconfig", false,
			"a restart is no news"},
		{"a kubeconfig that is refused no longer", &facts.Contact{Complete: true}, refused, "True Connected", "True Evaluated", false, "it was mended"},
		{"a refused kubeconfig, and the hub does not answer yet", &facts.Contact{Obstacle: notLooked}, refused, "False InsecureKubeconfig",
			"False InsecureKubeconfig", false, "nothing is known yet, so that nothing changes"},
		{"a refused kubeconfig, and an obstacle", &facts.Contact{Obstacle: notJoined}, refused, "Unknown NotJoined", "True Evaluated", false,
			"no kubeconfig is used"},
		{"nobody has tried", nil, refused, "False InsecureKubeconfig", "False InsecureKubeconfig", false, "the status is all that there is"},
		{"nobody has tried, of a manifest", nil, nil, "", "True Evaluated", false, "nobody says anything of a contact"},
	} {
		t.Run(row.name, func(t *testing.T) {
			object := &v1alpha1.ClusterSupport{Spec: v1alpha1.ClusterSupportSpec{Cluster: toSecret("admin", "")}}
			object.Status.Conditions = row.old
			status, _ := NewSet(nil).ClusterStatus(ClusterInput{Object: object, Contact: row.contact, Facts: &facts.Facts{}}, at("2021-06-01"))
			said := func(kind string) string {
				if found := meta.FindStatusCondition(status.Conditions, kind); found != nil {
					return string(found.Status) + " " + found.Reason
				}
				return ""
			}
			expect.Equal(t, row.reachable, said(v1alpha1.ConditionReachable), "Reachable", row.reason)
			expect.Equal(t, row.ready, said(v1alpha1.ConditionReady), "Ready", row.reason)
			expect.Equal(t, row.connects, said(v1alpha1.ConditionReconciling) != "", "Reconciling is there", row.reason)
			expect.Equal(t, row.ready != "True Evaluated", said(v1alpha1.ConditionStalled) != "",
				"Stalled is there", row.reason)
		})
	}
}

// TestOnlyTheHostIsTheHost: an object that claims to be the operator's own cluster has to be the one that the operator keeps.
func TestOnlyTheHostIsTheHost(t *testing.T) {
	claim := func(namespace, name string) *v1alpha1.ClusterSupport {
		return &v1alpha1.ClusterSupport{
			ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name},
			Spec:       v1alpha1.ClusterSupportSpec{Cluster: toHost()},
		}
	}
	readyOf := func(in ClusterInput) string {
		status, _ := NewSet(nil).ClusterStatus(in, at("2021-06-01"))
		in.Object.Status = status
		return meta.FindStatusCondition(status.Conditions, v1alpha1.ConditionReady).Reason
	}
	own := ClusterInput{Object: claim("system", "host"), HostNamespace: "system", Contact: &facts.Contact{}}
	expect.Equal(t, v1alpha1.ReasonEvaluated, readyOf(own), "the host")
	for _, object := range []*v1alpha1.ClusterSupport{claim("system", "other"), claim("elsewhere", "host")} {
		expect.Equal(t, v1alpha1.ReasonHostNotAllowed,
			readyOf(ClusterInput{Object: object, HostNamespace: "system", Contact: &facts.Contact{}}),
			object.Namespace+"/"+object.Name)
		// Who does not know the operator's namespace leaves it at that.
		expect.Equal(t, v1alpha1.ReasonHostNotAllowed, readyOf(ClusterInput{Object: object}),
			object.Namespace+"/"+object.Name, "to somebody else")
	}
	other := &v1alpha1.ClusterSupport{ObjectMeta: metav1.ObjectMeta{Namespace: "elsewhere", Name: "other"}, Spec: v1alpha1.ClusterSupportSpec{Cluster: toSecret("admin", "")}}
	expect.Equal(t, v1alpha1.ReasonEvaluated,
		readyOf(ClusterInput{Object: other, HostNamespace: "system", Contact: &facts.Contact{}}), "another cluster")
}

// TestObservedBeforeRecorded: what was observed goes before what the status records, which holds while nothing was.
func TestObservedBeforeRecorded(t *testing.T) {
	object := &v1alpha1.ClusterSupport{Spec: v1alpha1.ClusterSupportSpec{Cluster: toSecret("admin", "")}}
	object.Status.KubernetesVersion, object.Status.ClusterID = "v1.18.9", "recorded"
	for _, row := range []struct {
		facts       *facts.Facts
		version, id string
		reason      string
	}{
		{cluster().on("v1.19.9").identified("observed").Facts, "v1.19.9", "observed", "the cluster was upgraded"},
		{nil, "v1.18.9", "recorded", "nothing was observed since a start"},
	} {
		in := ClusterInput{Object: object, Contact: &facts.Contact{}, Facts: row.facts}
		status, _ := NewSet(nil).ClusterStatus(in, at("2021-06-01"))
		if status.KubernetesVersion != row.version || status.ClusterID != row.id || in.ClusterID() != row.id {
			t.Errorf("%s: Kubernetes %s, cluster %s and %s", row.reason, status.KubernetesVersion, status.ClusterID, in.ClusterID())
		}
	}
}

// TestWarningsInReady: what is wrong with annotations of the hub stands in Ready, and changes neither status nor reason.
func TestWarningsInReady(t *testing.T) {
	object := &v1alpha1.ClusterSupport{Spec: v1alpha1.ClusterSupportSpec{Cluster: toKommander("prod")}}
	ready := func(warnings ...string) *metav1.Condition {
		in := ClusterInput{Object: object, Contact: &facts.Contact{}, Hub: &facts.HubFacts{Warnings: warnings}}
		status, _ := NewSet(nil).ClusterStatus(in, at("2021-06-01"))
		return meta.FindStatusCondition(status.Conditions, v1alpha1.ConditionReady)
	}
	plain, warned := ready(), ready("one", "two")
	if strings.HasSuffix(plain.Message, "; ") || warned.Message != plain.Message+"; one; two" || warned.Reason != plain.Reason {
		t.Errorf("without warnings %q, with them %q", plain.Message, warned.Message)
	}
}

// TestColumnsOfACluster: the first of all ends, and all that is installed.
func TestColumnsOfACluster(t *testing.T) {
	ending := func(name, day string) policyBuilder { return policy(name).listed().minor("1.0", through(day)) }
	s := validSet(t, ending("A", "2021-12-31"), ending("B", "2021-10-31"), ending("D", "2022-12-31"), policy("C").listed().minor("1.0"))
	all := []facts.Installation{product("A", "1.0.0"), product("B", "1.0.1"), product("C", "1.0.2"), product("D", "1.0.3")}
	for _, row := range []struct {
		found          []facts.Installation
		end, installed string
		reason         string
	}{
		{all, "2021-11-01", "A 1.0.0, B 1.0.1, C 1.0.2, D 1.0.3", "B ends first"},
		{all[2:3], "", "C 1.0.2", "C has no end"},
		{[]facts.Installation{found("C", facts.DefaultInstallation), all[3]}, "2023-01-01", "C ?, D 1.0.3", "the version of C is not known"},
	} {
		got := assess(s, cluster().with(row.found...), "2021-06-01")
		if endText(got.SupportEndTime) != row.end || got.InstalledVersions != row.installed {
			t.Errorf("%s: %s, the first end is %q", row.reason, got.InstalledVersions, endText(got.SupportEndTime))
		}
	}
}
