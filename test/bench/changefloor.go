// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/d2iq-labs/support-policy-operator/api/v1alpha1"
	"github.com/d2iq-labs/support-policy-operator/controllers"
	"github.com/d2iq-labs/support-policy-operator/test/front"
	"github.com/d2iq-labs/support-policy-operator/test/sandbox"
)

// copyVersion is where copies of ClusterSupports are: in a group of which the operator knows nothing.
var copyVersion = schema.GroupVersion{Group: "floor.example.com", Version: v1alpha1.GroupVersion.Version}

// copyScheme has the type of the ClusterSupports for their copies.
func copyScheme() *runtime.Scheme {
	scheme := runtime.NewScheme()
	scheme.AddKnownTypes(copyVersion, &v1alpha1.ClusterSupport{}, &v1alpha1.ClusterSupportList{})
	metav1.AddToGroupVersion(scheme, copyVersion)
	return scheme
}

// copyCRD makes a CRD for the copies of the one in a folder, and returns where it is.
func copyCRD(from, to string) (path string, err error) {
	text, err := os.ReadFile(filepath.Join(from, v1alpha1.GroupVersion.Group+"_clustersupports.yaml"))
	if err != nil {
		return "", fmt.Errorf("read a CRD: %w", err)
	}
	path = filepath.Join(to, "copies.yaml")
	text = bytes.ReplaceAll(text, []byte(v1alpha1.GroupVersion.Group), []byte(copyVersion.Group))
	return path, os.WriteFile(path, text, 0o600)
}

// copyRights lets the operator's account patch the copies.
const copyRights = `
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: bench}
rules: [{apiGroups: [%[1]s], resources: [clustersupports/status], verbs: [patch]}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: bench}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: bench}
subjects: [{kind: ServiceAccount, namespace: %[2]s, name: %[3]s}]
`

// changeFloor makes the operator's changes again, with the least that it takes; see the package comment.
type changeFloor struct {
	client *bareProcess
	copies *book
	// patches are how many it was told to make, bytes how large they were together, and asked what had been asked of the
	// clusters before.
	patches int
	bytes   bytesize
	asked   int64
}

// startFloor copies the ClusterSupports and starts the bare client on the spare clusters. If that ends, stop is called.
func (b *bench) startFloor(ctx context.Context, stop context.CancelCauseFunc) (*changeFloor, error) {
	if err := create(ctx, b.fleet.admin, fmt.Sprintf(copyRights, copyVersion.Group, sandbox.Namespace, controllers.Name)); err != nil {
		return nil, err
	}
	if err := b.fleet.copyAll(ctx); err != nil {
		return nil, err
	}
	copies, err := keepBook(ctx, b.fleet.copies, b.fleet.book.odd)
	if err != nil {
		return nil, err
	}
	all := order{CA: slices.Concat(b.fleet.relay.ca, b.fleet.account.CAData), Token: b.fleet.account.BearerToken}
	for _, spare := range b.fleet.spares {
		all.Clusters = append(all.Clusters, bareCluster{Address: spare.address(), Asked: konvoyRequests})
	}
	bare, err := b.startBare(all)
	if err != nil {
		return nil, err
	}
	go func() {
		_, err := bare.out.ReadByte()
		stop(fmt.Errorf("the bare client ended, see %s: %w", bare.log, err))
	}()
	_, err = copies.awaitAll(ctx, b.fleet.members, isAssessed)
	return &changeFloor{client: bare, copies: copies, asked: b.fleet.askedOfSpares()}, err
}

// konvoyRequests list and watch the KonvoyClusters.
var konvoyRequests = func() []asked {
	list := asked{Path: "/apis/kommander.mesosphere.io/v1beta1" + konvoyPath + "konvoyclusters", Accept: "application/json"}
	watch := list
	watch.Query = "watch=true"
	return []asked{list, watch}
}()

// copyAll copies the ClusterSupports of the fleet, as they are.
func (f *fleet) copyAll(ctx context.Context) error {
	return inParallel(len(f.members), 8, func(i int) error {
		found, _ := f.book.read(f.members[i].name)
		made := &v1alpha1.ClusterSupport{
			ObjectMeta: metav1.ObjectMeta{Namespace: found.object.Namespace, Name: found.object.Name}, Spec: found.object.Spec,
		}
		if err := f.copies.Create(ctx, made); err != nil {
			return fmt.Errorf("copy %s: %w", found.object.Name, err)
		}
		made.Status = found.object.Status
		if err := f.copies.Status().Update(ctx, made, client.FieldOwner(controllers.Name)); err != nil {
			return fmt.Errorf("copy the status of %s: %w", found.object.Name, err)
		}
		return nil
	})
}

// spareFor is the spare cluster behind the same API server.
func (f *fleet) spareFor(m *member) *member {
	return f.spares[slices.IndexFunc(f.spares, func(spare *member) bool { return spare.kind == m.kind })]
}

func (f *fleet) askedOfSpares() (n int64) {
	for _, spare := range f.spares {
		n += spare.requests.Load()
	}
	return n
}

// prepare has the bare client wait for an event, and then do to the copy what the operator has done to the original.
func (c *changeFloor) prepare(f *fleet, m *member) error {
	copied, _ := c.copies.read(m.name)
	next, err := f.patchFor(copied.object)
	if err != nil {
		return err
	}
	c.patches, c.bytes = c.patches+1, c.bytes+bytesize(len(next.Body))
	return c.client.patches.Encode(next)
}

// patchFor makes the patch that gives a copy the status of its original.
func (f *fleet) patchFor(copied *v1alpha1.ClusterSupport) (patch, error) {
	original, _ := f.book.read(copied.Name)
	changed := copied.DeepCopy()
	changed.Status = original.object.Status
	body, err := client.MergeFromWithOptions(copied, client.MergeFromWithOptimisticLock{}).Data(changed)
	if err != nil {
		return patch{}, fmt.Errorf("make a patch for the copy of %s: %w", copied.Name, err)
	}
	url := fmt.Sprintf("%s/apis/%s/namespaces/%s/clustersupports/%s/status?fieldManager=%s",
		f.account.Host, copyVersion, copied.Namespace, copied.Name, controllers.Name)
	return patch{URL: url, Body: body}, nil
}

// check tells of requests of the bare client that nobody told it to make: it would not be the least.
func (c *changeFloor) check(f *fleet) error {
	toHub := f.hub.Front.Requests(func(r front.Request) bool { return r.UserAgent == bareArgument })
	if asked := f.askedOfSpares() - c.asked; toHub != c.patches || asked != 0 {
		return fmt.Errorf("the bare client made %d requests to the hub and %d to the clusters, want %d and 0: it is not the least",
			toHub, asked, c.patches)
	}
	return nil
}

// writeAll gives all copies the status of their originals, as many at a time as the operator does.
func (b *bench) writeAll(ctx context.Context) (time.Duration, error) {
	var all v1alpha1.ClusterSupportList
	if err := b.fleet.copies.List(ctx, &all); err != nil {
		return 0, fmt.Errorf("list the copies: %w", err)
	}
	patches := make([]patch, len(all.Items))
	for i := range all.Items {
		var err error
		if patches[i], err = b.fleet.patchFor(&all.Items[i]); err != nil {
			return 0, err
		}
	}
	hub, token := newTransport(trustIn(b.fleet.account.CAData)), b.fleet.account.BearerToken
	now := make(chan struct{})
	close(now)
	// It changes nothing, and has the connection made.
	if err := (&patch{URL: patches[0].URL, Body: []byte("{}")}).send(ctx, hub, token, now); err != nil {
		return 0, err
	}
	start := time.Now()
	err := inParallel(len(patches), writesAtATime, func(i int) error { return patches[i].send(ctx, hub, token, now) })
	return time.Since(start), err
}

// writesAtATime is as many as the operator makes.
const writesAtATime = 8
