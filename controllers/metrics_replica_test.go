// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"

	"github.com/d2iq-labs/support-policy-operator/api/v1alpha1"
	"github.com/d2iq-labs/support-policy-operator/controllers"
)

// exampleExported is what is exported about the release on the host.
const exampleExported = `supportpolicy_release_state{cluster_name="host",cluster_namespace="support-policy-system",installation="default",` +
	`policy="example",product="Example",state="Supported",version="1.0.3"} 1`

// A replica that is not the leader exports the same statuses as the leader, and that it is not active: when the leader
// ends, nothing is missing.
func TestMetricsOfStandby(t *testing.T) {
	w := newExampleWorld(t, "2021-03-01")
	e := newEndpoint(w)
	electing := w.elect()
	w.start(electing)
	w.awaitHost(v1alpha1.ConditionSupported, metav1.ConditionTrue, v1alpha1.ReasonSupported)
	leader := w.stop
	w.launch(electing, e.serving)
	token := e.token("scraper")
	const observed = "supportpolicy_cluster_observed_timestamp_seconds{"
	waiting := e.await(token, exampleExported, `supportpolicy_operator_active{shard="0"} 0`, "supportpolicy_operator_shards 1")
	if strings.Contains(waiting, observed) {
		t.Error("it says when the host answered, and has not asked")
	}
	check(t, leader())
	e.await(token, exampleExported, `supportpolicy_operator_active{shard="0"} 1`, "supportpolicy_operator_shards 1", observed)
	e.awaitEvaluated(token)
	w.settle()
}

// awaitEvaluated declares another version, and waits until the operator has evaluated it. An operator that is stopped while
// it starts logs errors.
func (e *endpoint) awaitEvaluated(token string) {
	e.w.t.Helper()
	e.w.apply(strings.Replace(exampleHost, "1.0.3", "1.0.4", 1))
	e.await(token, strings.Replace(exampleExported, "1.0.3", "1.0.4", 1))
}

// A shard exports all clusters, and says which one it is, of how many.
func TestMetricsOfShard(t *testing.T) {
	w := newExampleWorld(t, "2021-03-01")
	e := newEndpoint(w)
	w.start()
	w.awaitHost(v1alpha1.ConditionSupported, metav1.ConditionTrue, v1alpha1.ReasonSupported)
	w.halt()
	w.start(e.serving, func(_ *rest.Config, options *controllers.Options) {
		options.Shard = controllers.Shard{Index: 1, Count: 3}
	})
	e.await(e.token("scraper"), exampleExported, `supportpolicy_operator_active{shard="1"} 1`, "supportpolicy_operator_shards 3")
	w.settle()
}
