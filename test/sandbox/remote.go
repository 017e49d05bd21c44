// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package sandbox

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	utilruntime "k8s.io/apimachinery/pkg/util/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"github.com/d2iq-labs/support-policy-operator/test/controlplane"
	"github.com/d2iq-labs/support-policy-operator/test/front"
)

// Remote is another cluster, behind a front of its own.
type Remote struct {
	// Client has an administrator's rights and sees the real API server.
	Client client.Client
	Front  *front.Front

	plane *controlplane.ControlPlane
}

// accountNamespace is where the accounts are that kubeconfigs are for.
const accountNamespace = metav1.NamespaceDefault

// RemoteCRDs are the folders whose CustomResourceDefinitions a control plane for a Remote has to be started with.
func RemoteCRDs() ([]string, error) {
	all, err := CRDs()
	if err != nil {
		return nil, err
	}
	return all[1:], nil
}

// NewRemote makes a cluster of a control plane that claims to be of a version of Kubernetes.
func NewRemote(plane *controlplane.ControlPlane, version string) (*Remote, error) {
	scheme := runtime.NewScheme()
	utilruntime.Must(corev1.AddToScheme(scheme))
	utilruntime.Must(rbacv1.AddToScheme(scheme))
	made, err := client.New(plane.Config(), client.Options{Scheme: scheme})
	if err != nil {
		return nil, fmt.Errorf("make a client: %w", err)
	}
	before, err := front.Start(plane.Config(), version)
	if err != nil {
		return nil, err
	}
	return &Remote{Client: made, Front: before, plane: plane}, nil
}

// Apply makes the cluster have objects, each from YAML.
func (r *Remote) Apply(ctx context.Context, objects ...string) error {
	for _, text := range objects {
		object := &unstructured.Unstructured{}
		if err := yaml.UnmarshalStrict([]byte(text), &object.Object); err != nil {
			return fmt.Errorf("read an object: %w: %s", err, text)
		}
		err := r.Client.Apply(ctx, client.ApplyConfigurationFromUnstructured(object), client.FieldOwner("sandbox"), client.ForceOwnership)
		if err != nil {
			return fmt.Errorf("apply %s %s: %w", object.GetKind(), object.GetName(), err)
		}
	}
	return nil
}

// Report has a node report its operating system, as its kubelet would.
func (r *Remote) Report(ctx context.Context, node, image, kernel string) error {
	patch := fmt.Appendf(nil, `{"status": {"nodeInfo": {"osImage": %q, "kernelVersion": %q}}}`, image, kernel)
	object := &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: node}}
	if err := r.Client.Status().Patch(ctx, object, client.RawPatch(types.StrategicMergePatchType, patch)); err != nil {
		return fmt.Errorf("report what node %s runs: %w", node, err)
	}
	return nil
}

// Close ends the front. The control plane stays.
func (r *Remote) Close() error { return r.Front.Close() }

// Kill ends the API server. Nobody listens at the address of the cluster any more.
func (r *Remote) Kill() error { return errors.Join(r.Front.Sever(), r.plane.StopServer()) }

// Revive has the cluster answer again, with all that was in it.
func (r *Remote) Revive() error { return errors.Join(r.plane.StartServer(), r.Front.Heal()) }

// Kubeconfig is one with a token of an account that may do everything. Each name is another account; Revoke ends it.
func (r *Remote) Kubeconfig(ctx context.Context, account string) ([]byte, error) {
	if err := r.account(ctx, account); err != nil {
		return nil, err
	}
	config, err := r.plane.ServiceAccountConfig(ctx, accountNamespace, account)
	if err != nil {
		return nil, err
	}
	folder, err := os.MkdirTemp("", "kubeconfig-")
	if err != nil {
		return nil, fmt.Errorf("make a folder for a kubeconfig: %w", err)
	}
	path := filepath.Join(folder, "kubeconfig")
	err = controlplane.WriteKubeconfig(path, r.Front.Config(config.BearerToken))
	content, errRead := os.ReadFile(path)
	return content, errors.Join(err, errRead, os.RemoveAll(folder))
}

// account makes a service account that may do everything, if there is none.
func (r *Remote) account(ctx context.Context, name string) error {
	subject := rbacv1.Subject{Kind: rbacv1.ServiceAccountKind, Namespace: accountNamespace, Name: name}
	for _, object := range []client.Object{
		&corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Namespace: accountNamespace, Name: name}},
		&rbacv1.ClusterRoleBinding{
			ObjectMeta: metav1.ObjectMeta{Name: name},
			RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: "cluster-admin"},
			Subjects:   []rbacv1.Subject{subject},
		},
	} {
		if err := r.Client.Create(ctx, object); err != nil && !apierrors.IsAlreadyExists(err) {
			return fmt.Errorf("make the account %s: %w", name, err)
		}
	}
	return nil
}

// Revoke removes an account: its tokens are refused a moment later.
func (r *Remote) Revoke(ctx context.Context, account string) error {
	object := &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Namespace: accountNamespace, Name: account}}
	if err := r.Client.Delete(ctx, object); err != nil {
		return fmt.Errorf("remove the account %s: %w", account, err)
	}
	return nil
}
