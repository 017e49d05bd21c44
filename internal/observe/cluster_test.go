// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package observe

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/go-logr/logr"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	apiequality "k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/log"
	"sigs.k8s.io/yaml"

	"github.com/d2iq-labs/support-policy-operator/test/controlplane"
	"github.com/d2iq-labs/support-policy-operator/test/fixtures"
	"github.com/d2iq-labs/support-policy-operator/test/front"
)

var shared controlplane.Shared

func TestMain(m *testing.M) {
	log.SetLogger(logr.Discard())
	os.Exit(shared.Run(m))
}

const (
	// soon is far more than anything takes that happens because of an event.
	soon = time.Minute
	// calm is longer than anything that would follow an event by mistake takes to show.
	calm = time.Second
	// settlingInTests is enough for an API server that has nothing else to do.
	settlingInTests = 500 * time.Millisecond
	// pollingInTests is often enough to see a change soon.
	pollingInTests = 200 * time.Millisecond
)

// cluster is the shared API server, for one test: what the test makes goes when it ends. Observers have an account of
// their own, and their requests pass a cable, which the test can cut, and a front, which records them.
type cluster struct {
	client.Client

	t              *testing.T
	plane          *controlplane.ControlPlane
	cable          cable
	front          *front.Front
	account, token string
}

// newCluster makes a cluster that claims a version, and in which the account of observers has the rights of the rules.
func newCluster(t *testing.T, version string, rules ...rbacv1.PolicyRule) *cluster {
	t.Helper()
	plane := shared.ForTest(t)
	scheme := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{clientgoscheme.AddToScheme, apiextensionsv1.AddToScheme} {
		must(t, add(scheme))
	}
	made, err := client.New(plane.Config(), client.Options{Scheme: scheme})
	must(t, err)
	c := &cluster{t: t, plane: plane, Client: made}
	c.front = c.startFront(version)
	c.account, c.token = c.makeAccount()
	if len(rules) > 0 {
		c.permit(rules...)
	}
	return c
}

// config is that of an observer.
func (c *cluster) config() *rest.Config { return c.cable.connect(c.front.Config(c.token)) }

// make creates an object, and removes it when the test ends.
func (c *cluster) make(object client.Object) {
	c.t.Helper()
	must(c.t, c.Create(c.t.Context(), object))
	c.t.Cleanup(func() { _ = c.Delete(contextForCleanup(), object) })
}

// namespace makes sure that there is one. It is left behind: without a controller manager it would never be gone.
func (c *cluster) namespace(name string) {
	c.t.Helper()
	err := c.Create(c.t.Context(), &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name}})
	if err != nil && !apierrors.IsAlreadyExists(err) {
		c.t.Fatal(err)
	}
}

// apply creates an object, and its status if it has one, or updates them. The resource may just have come.
func (c *cluster) apply(text string) {
	c.t.Helper()
	object := fixtures.Object(c.t, text)
	status, hasStatus := object.Object["status"]
	c.eventually("apply "+object.GetName(), func() error {
		err := c.Create(c.t.Context(), object)
		if apierrors.IsAlreadyExists(err) {
			return c.update(object)
		}
		return err
	})
	if !hasStatus || apiequality.Semantic.DeepEqual(object.Object["status"], status) {
		// Without a subresource for it the status is there already.
		return
	}
	object.Object["status"] = status
	must(c.t, c.Status().Update(c.t.Context(), object))
}

func (c *cluster) update(object client.Object) error {
	current := fixtures.Object(c.t, "{}")
	current.SetGroupVersionKind(object.GetObjectKind().GroupVersionKind())
	if err := c.Get(c.t.Context(), client.ObjectKeyFromObject(object), current); err != nil {
		return err
	}
	object.SetResourceVersion(current.GetResourceVersion())
	return c.Update(c.t.Context(), object)
}

// install creates the definition of a resource, changed as the test wants it.
func (c *cluster) install(name string, change ...func(*apiextensionsv1.CustomResourceDefinition)) {
	c.t.Helper()
	definition := readDefinition(c.t, name)
	for _, change := range change {
		change(definition)
	}
	must(c.t, c.Create(c.t.Context(), definition))
	c.t.Cleanup(func() { c.uninstall(name) })
}

func readDefinition(t *testing.T, name string) *apiextensionsv1.CustomResourceDefinition {
	t.Helper()
	files, err := filepath.Glob("../../test/crds/*.yaml")
	must(t, err)
	for _, file := range files {
		text, err := os.ReadFile(file)
		must(t, err)
		definition := &apiextensionsv1.CustomResourceDefinition{}
		if err := yaml.UnmarshalStrict(text, definition); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		if definition.Name == name {
			return definition
		}
	}
	t.Fatalf("no file in test/crds has the definition %s", name)
	return nil
}

// serve changes which versions of a resource are served, and which one is stored.
func serve(stored string, served ...string) func(*apiextensionsv1.CustomResourceDefinition) {
	return func(definition *apiextensionsv1.CustomResourceDefinition) {
		for i := range definition.Spec.Versions {
			version := &definition.Spec.Versions[i]
			version.Storage = version.Name == stored
			version.Served = false
			for _, name := range served {
				version.Served = version.Served || version.Name == name
			}
		}
	}
}

// change changes the definition of a resource. The API server writes to it as well.
func (c *cluster) change(name string, change func(*apiextensionsv1.CustomResourceDefinition)) {
	c.t.Helper()
	c.eventually("change "+name, func() error {
		definition := &apiextensionsv1.CustomResourceDefinition{}
		if err := c.Get(c.t.Context(), client.ObjectKey{Name: name}, definition); err != nil {
			return err
		}
		change(definition)
		return c.Update(c.t.Context(), definition)
	})
}

var errStillThere = errors.New("it is still there")

// must ends the test with an error, if there is one.
func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// contextForCleanup outlives a test, whose own context has ended by the time of its cleanup.
func contextForCleanup() context.Context { return context.Background() }

// uninstall deletes the definition of a resource, and all its objects with it.
func (c *cluster) uninstall(name string) {
	c.t.Helper()
	definition := &apiextensionsv1.CustomResourceDefinition{ObjectMeta: metav1.ObjectMeta{Name: name}}
	c.eventually("delete "+name, func() error {
		err := c.Delete(contextForCleanup(), definition)
		if apierrors.IsNotFound(err) {
			return nil
		}
		if err == nil {
			err = errStillThere
		}
		return err
	})
}

// makeAccount makes a service account.
func (c *cluster) makeAccount() (name, token string) {
	c.t.Helper()
	account := &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Namespace: "default", GenerateName: "observer-"}}
	c.make(account)
	config, err := c.plane.ServiceAccountConfig(c.t.Context(), "default", account.Name)
	must(c.t, err)
	return account.Name, config.BearerToken
}

// permit grants the account what the rules say; it returns how to take that back.
func (c *cluster) permit(rules ...rbacv1.PolicyRule) (revoke func()) {
	c.t.Helper()
	role := &rbacv1.ClusterRole{ObjectMeta: metav1.ObjectMeta{GenerateName: "observe-"}, Rules: rules}
	c.make(role)
	binding := &rbacv1.ClusterRoleBinding{
		ObjectMeta: metav1.ObjectMeta{Name: role.Name},
		RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: role.Name},
		Subjects:   []rbacv1.Subject{{Kind: rbacv1.ServiceAccountKind, Namespace: "default", Name: c.account}},
	}
	c.make(binding)
	return func() {
		must(c.t, c.Delete(c.t.Context(), binding))
	}
}

// startFront starts a front that reports gitVersion.
func (c *cluster) startFront(gitVersion string) *front.Front {
	c.t.Helper()
	made, err := front.Start(c.plane.Config(), gitVersion)
	must(c.t, err)
	c.t.Cleanup(func() {
		if err := made.Close(); err != nil {
			c.t.Error(err)
		}
	})
	return made
}

// awaitRequest waits for a request that matches.
func (c *cluster) awaitRequest(what string, match func(front.Request) bool) {
	c.t.Helper()
	c.eventually(what, func() error {
		if c.front.Requests(match) == 0 {
			return errors.New("no request")
		}
		return nil
	})
}

// expectNoRequests fails the test if a request matches that was made since the front was reset.
func (c *cluster) expectNoRequests(when string, match func(front.Request) bool) {
	c.t.Helper()
	if n := c.front.Requests(match); n > 0 {
		c.t.Errorf("%d requests %s: %v", n, when, c.front.Recent(match))
	}
}

// awaitRest waits until nothing is asked for during a while that is longer than any wait between two requests.
func (c *cluster) awaitRest() {
	c.t.Helper()
	asked := c.front.Requests(nil)
	c.eventually("be at rest", func() error {
		time.Sleep(calm)
		if now := c.front.Requests(nil); now != asked {
			asked = now
			return fmt.Errorf("%d requests", now)
		}
		return nil
	})
}

// awaitWatches waits until the resources are watched.
func (c *cluster) awaitWatches(resources ...string) {
	c.t.Helper()
	c.eventually("watch", func() error { return c.cable.watches(resources...) })
}

// eventually repeats what may fail for a moment.
func (c *cluster) eventually(what string, do func() error) {
	c.t.Helper()
	var err error
	for deadline := time.Now().Add(soon); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		if err = do(); err == nil {
			return
		}
	}
	c.t.Fatalf("%s: %v", what, err)
}
