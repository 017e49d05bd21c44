// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package observe

import (
	"context"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/d2iq-labs/support-policy-operator/internal/detect"
)

// workloadWatcher watches the workloads of Helm charts for as long as a rule is about one. Only the metadata of those with
// the label is requested.
type workloadWatcher struct {
	observer *Observer
	// task reconciles; it is woken when the rules have changed.
	task       task
	reflectors []*reflector
}

func newWorkloadWatcher(observer *Observer) *workloadWatcher {
	w := &workloadWatcher{observer: observer}
	w.task.run = w.reconcile
	return w
}

func (w *workloadWatcher) reconcile(ctx context.Context) time.Duration {
	if w.observer.state.needsWorkloads() {
		w.start(ctx)
	} else {
		w.stop()
	}
	return never
}

func (w *workloadWatcher) start(ctx context.Context) {
	if len(w.reflectors) > 0 {
		return
	}
	for _, resource := range detect.WorkloadResources() {
		path := pathOf(resource.GroupResource().WithVersion("v1"), metav1.NamespaceAll)
		r := w.observer.newReflector(path, w.observer.newStore(resource.Name, resource.Trim))
		r.listAccept, r.watchAccept, r.selector = acceptMetadataList, acceptMetadata, resource.Label
		r.onResult = func(err error) { w.record(resource.Name, err) }
		r.start(ctx)
		w.reflectors = append(w.reflectors, r)
	}
}

func (w *workloadWatcher) stop() {
	if len(w.reflectors) == 0 {
		return
	}
	for _, reflector := range w.reflectors {
		reflector.stop()
	}
	for _, resource := range detect.WorkloadResources() {
		w.observer.state.remove(resource.Name)
	}
	w.reflectors = nil
}

// record takes the result of a list or watch.
func (w *workloadWatcher) record(name string, err error) {
	state := w.observer.state
	switch state.record(name, err) {
	case outcomeForbidden:
		state.confirmForbidden(name)
	case outcomeNotFound:
		state.confirmAbsent(name)
	case outcomeOK, outcomeExpired, outcomeFailed:
	}
}
