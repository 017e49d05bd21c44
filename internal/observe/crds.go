package observe

import (
	"context"
	"fmt"
	"sync"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/tools/cache"
)

// definitionsName is how errors name them.
const definitionsName = "customresourcedefinitions.apiextensions.k8s.io"

// definitions are the CustomResourceDefinitions of the resources that are watched: which of them there are, kept up to
// date by a reflector.
type definitions struct {
	// changed is called when something of that has changed.
	changed func()

	mu    sync.Mutex
	state definitionsState
	// incarnations are by name, and tell one state of a definition from another.
	incarnations map[string]string
	wanted       map[string]bool
}

type definitionsState int

const (
	// unlisted: no answer yet.
	unlisted definitionsState = iota
	// listed: what is not known is not there.
	listed
	// unlistable: we may not look, or there is nothing to look at. Only discovery can tell.
	unlistable
)

var _ cache.ReflectorStore = &definitions{}

func newDefinitions(resources []resource, changed func()) *definitions {
	d := &definitions{changed: changed, incarnations: map[string]string{}, wanted: map[string]bool{}}
	for _, resource := range resources {
		d.wanted[resource.name] = true
	}
	return d
}

// lookup tells what is known of the definition of that name. Its incarnation is empty when it is not there.
func (d *definitions) lookup(name string) (definitionsState, string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.state, d.incarnations[name]
}

// heard takes the outcome of a request for definitions.
func (d *definitions) heard(err error) {
	switch answerOf(err) {
	case denied, missing:
	case granted, outdated, failed:
		return
	}
	// Heard again and again, and news only once: what it changes is that discovery has to be asked.
	if state, _ := d.lookup(""); state != unlistable {
		d.become(unlistable, map[string]string{})
	}
}

// Replace takes the result of a list.
func (d *definitions) Replace(objects []any, _ string) error {
	incarnations := map[string]string{}
	for _, object := range objects {
		if definition, is := d.relevant(object); is {
			incarnations[definition.Name] = incarnation(definition)
		}
	}
	d.become(listed, incarnations)
	return nil
}

// Add takes a definition that is new.
func (d *definitions) Add(object any) error { return d.Update(object) }

// Update takes a definition that has changed, which may be in its status only.
func (d *definitions) Update(object any) error {
	if definition, is := d.relevant(object); is {
		d.set(definition.Name, incarnation(definition))
	}
	return nil
}

// Delete forgets a definition.
func (d *definitions) Delete(object any) error {
	if definition, is := d.relevant(object); is {
		d.set(definition.Name, "")
	}
	return nil
}

// Resync is of use to queues only.
func (*definitions) Resync() error { return nil }

func (d *definitions) relevant(object any) (*metav1.PartialObjectMetadata, bool) {
	definition, is := object.(*metav1.PartialObjectMetadata)
	return definition, is && d.wanted[definition.Name]
}

func incarnation(definition *metav1.PartialObjectMetadata) string {
	return fmt.Sprintf("%s/%d", definition.UID, definition.Generation)
}

func (d *definitions) become(state definitionsState, incarnations map[string]string) {
	defer d.changed()
	d.mu.Lock()
	defer d.mu.Unlock()
	d.state, d.incarnations = state, incarnations
}

func (d *definitions) set(name, incarnation string) {
	defer d.changed()
	d.mu.Lock()
	defer d.mu.Unlock()
	if incarnation == "" {
		delete(d.incarnations, name)
		return
	}
	d.incarnations[name] = incarnation
}

// reflectDefinitions keeps the definitions up to date. Only their metadata is asked for: their schemas are large.
func (o *Observer) reflectDefinitions(ctx context.Context) *reflection {
	client := o.clients.metadata.Resource(schema.ParseGroupResource(definitionsName).WithVersion("v1"))
	s := o.newStream(func(err error) {
		o.world.heard(definitionsName, err)
		o.definitions.heard(err)
	})
	s.list = func(ctx context.Context, options metav1.ListOptions) (runtime.Object, error) {
		return client.List(ctx, options)
	}
	s.watch = client.Watch
	return reflect(ctx, definitionsName, s, &metav1.PartialObjectMetadata{}, o.definitions)
}
