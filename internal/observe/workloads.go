package observe

import (
	"context"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/watch"
)

// workloads are the resources that tell by their labels which Helm charts are installed, with their kinds. Every cluster
// has them.
func workloads() map[string]string {
	return map[string]string{Deployments: "Deployment", StatefulSets: "StatefulSet", DaemonSets: "DaemonSet"}
}

// chartWatch watches the workloads of Helm charts for as long as a rule asks for one. Only their metadata is asked for,
// and only what has the label.
type chartWatch struct {
	observer *Observer
	// wake has it look at the rules again.
	wake        chan struct{}
	reflections []*reflection
}

func (c *chartWatch) run(ctx context.Context) {
	defer c.stop()
	for alive := true; alive; {
		if c.observer.world.asksForCharts() {
			c.start(ctx)
		} else {
			c.stop()
		}
		_, alive = sleep(ctx, c.observer.options.Clock, never, c.wake)
	}
}

func (c *chartWatch) start(ctx context.Context) {
	if len(c.reflections) > 0 {
		return
	}
	for name, kind := range workloads() {
		world := c.observer.world
		store := &items{trim: trimWorkload(kind), changed: world.signal}
		store.listed = func(i *items) { world.show(name, i) }
		c.reflections = append(c.reflections, reflect(ctx, name, c.stream(name), &metav1.PartialObjectMetadata{}, store))
	}
}

func (c *chartWatch) stop() {
	for _, reflection := range c.reflections {
		reflection.end()
	}
	if len(c.reflections) > 0 {
		for name := range workloads() {
			c.observer.world.forget(name)
		}
	}
	c.reflections = nil
}

func (c *chartWatch) stream(name string) *stream {
	client := c.observer.clients.metadata.Resource(schema.ParseGroupResource(name).WithVersion("v1"))
	s := c.observer.newStream(func(err error) { c.heard(name, err) })
	s.list = func(ctx context.Context, options metav1.ListOptions) (runtime.Object, error) {
		options.LabelSelector = labelChart
		return client.List(ctx, options)
	}
	s.watch = func(ctx context.Context, options metav1.ListOptions) (watch.Interface, error) {
		options.LabelSelector = labelChart
		return client.Watch(ctx, options)
	}
	return s
}

// heard takes the outcome of a list or watch.
func (c *chartWatch) heard(name string, err error) {
	world := c.observer.world
	world.heard(name, err)
	switch answerOf(err) {
	case denied:
		world.deny(name)
	case missing:
		world.lose(name)
	case granted, outdated, failed:
	}
}
