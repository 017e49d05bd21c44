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

// accountNamespace is the namespace of the service accounts in kubeconfigs.
const accountNamespace = metav1.NamespaceDefault

// RemoteCRDs returns the folders of the CustomResourceDefinitions for the control plane of a Remote.
func RemoteCRDs() ([]string, error) {
	all, err := CRDs()
	if err != nil {
		return nil, err
	}
	return all[1:], nil
}

// NewRemote returns a cluster on a control plane, which reports a version of Kubernetes.
func NewRemote(plane *controlplane.ControlPlane, version string) (*Remote, error) {
	scheme := runtime.NewScheme()
	utilruntime.Must(corev1.AddToScheme(scheme))
	utilruntime.Must(rbacv1.AddToScheme(scheme))
	admin, err := client.New(plane.Config(), client.Options{Scheme: scheme})
	if err != nil {
		return nil, fmt.Errorf("make a client: %w", err)
	}
	proxy, err := front.Start(plane.Config(), version)
	if err != nil {
		return nil, err
	}
	return &Remote{Client: admin, Front: proxy, plane: plane}, nil
}

// Apply applies objects to the cluster, each from YAML.
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

// ReportNode writes the operating system and kernel of a node, as its kubelet would.
func (r *Remote) ReportNode(ctx context.Context, node, image, kernel string) error {
	patch := fmt.Appendf(nil, `{"status": {"nodeInfo": {"osImage": %q, "kernelVersion": %q}}}`, image, kernel)
	object := &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: node}}
	if err := r.Client.Status().Patch(ctx, object, client.RawPatch(types.StrategicMergePatchType, patch)); err != nil {
		return fmt.Errorf("report what node %s runs: %w", node, err)
	}
	return nil
}

// Close ends the front. The control plane goes on.
func (r *Remote) Close() error { return r.Front.Close() }

// StopServer stops the API server. Nothing listens at its address until StartServer.
func (r *Remote) StopServer() error { return errors.Join(r.Front.StopServing(), r.plane.StopServer()) }

// StartServer starts the API server again, with its data.
func (r *Remote) StartServer() error {
	return errors.Join(r.plane.StartServer(), r.Front.StartServing())
}

// Kubeconfig returns a kubeconfig with a token of the service account of this name, which it creates with all rights if
// necessary. Revoke ends its validity.
func (r *Remote) Kubeconfig(ctx context.Context, account string) ([]byte, error) {
	if err := r.ensureAccount(ctx, account); err != nil {
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

// ensureAccount creates a service account with all rights, if it does not exist.
func (r *Remote) ensureAccount(ctx context.Context, name string) error {
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

// Revoke deletes a service account. The API server refuses its tokens a moment later.
func (r *Remote) Revoke(ctx context.Context, account string) error {
	object := &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Namespace: accountNamespace, Name: account}}
	if err := r.Client.Delete(ctx, object); err != nil {
		return fmt.Errorf("remove the account %s: %w", account, err)
	}
	return nil
}
