// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package observe

import (
	"context"
	"time"

	"github.com/d2iq-labs/support-policy-operator/internal/detect"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// chartWatch watches the workloads of Helm charts for as long as a rule asks for one. Only their metadata is asked for,
// and only what has the label.
type chartWatch struct {
	observer *Observer
	// task looks at the rules; it is woken when there are others.
	task        task
	reflections []*reflection
}

func newChartWatch(observer *Observer) *chartWatch {
	c := &chartWatch{observer: observer}
	c.task.work = c.look
	return c
}

func (c *chartWatch) look(ctx context.Context) time.Duration {
	if c.observer.world.asksForCharts() {
		c.start(ctx)
	} else {
		c.stop()
	}
	return never
}

func (c *chartWatch) start(ctx context.Context) {
	if len(c.reflections) > 0 {
		return
	}
	for _, resource := range detect.WorkloadResources() {
		name, world := resource.Name, c.observer.world
		kept := &items{trim: resource.Trim, changed: world.signal}
		kept.listed = func(i *items) { world.show(name, i) }
		kept.hasRoom = func(bytes int) bool { return world.hasRoom(name, bytes) }
		s := c.observer.newStream(pathOf(resource.GroupResource().WithVersion("v1"), metav1.NamespaceAll), kept)
		s.list, s.each, s.selector = onlyMetadataList, onlyMetadata, resource.Label
		s.heard = func(err error) { c.heard(name, err) }
		c.reflections = append(c.reflections, reflect(ctx, s))
	}
}

func (c *chartWatch) stop() {
	for _, reflection := range c.reflections {
		reflection.end()
	}
	if len(c.reflections) > 0 {
		for _, resource := range detect.WorkloadResources() {
			c.observer.world.forget(resource.Name)
		}
	}
	c.reflections = nil
}

// heard takes the outcome of a list or watch.
func (c *chartWatch) heard(name string, err error) {
	world := c.observer.world
	switch world.heard(name, err) {
	case denied:
		world.deny(name)
	case missing:
		world.lose(name)
	case granted, outdated, failed:
	}
}
