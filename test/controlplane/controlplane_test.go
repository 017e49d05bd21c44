// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package controlplane_test

import (
	"context"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/cache"

	"github.com/d2iq-labs/support-policy-operator/test/controlplane"
	"github.com/d2iq-labs/support-policy-operator/test/expect"
	"github.com/d2iq-labs/support-policy-operator/test/testfile"
)

var shared = controlplane.Shared{Options: controlplane.Options{ControllerManager: true}}

func TestMain(m *testing.M) { os.Exit(shared.Run(m)) }

// timeout is far longer than anything here takes.
const timeout = 30 * time.Second

func clientsFor(t *testing.T, config *rest.Config) *kubernetes.Clientset {
	t.Helper()
	clients, err := kubernetes.NewForConfig(config)
	if err != nil {
		t.Fatal(err)
	}
	return clients
}

// eventually waits until done returns true, and fails the test after the timeout.
func eventually(t *testing.T, what string, done func(context.Context) (bool, error)) {
	t.Helper()
	if err := wait.PollUntilContextTimeout(t.Context(), 50*time.Millisecond, timeout, true, done); err != nil {
		t.Fatalf("waiting for %s: %v", what, err)
	}
}

func namespace(t *testing.T, clients *kubernetes.Clientset) string {
	t.Helper()
	made, err := clients.CoreV1().Namespaces().Create(t.Context(),
		&corev1.Namespace{ObjectMeta: metav1.ObjectMeta{GenerateName: "test-"}}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return made.Name
}

func TestVersionsAreTrue(t *testing.T) {
	client, server, want := versions(t, shared.ForTest(t))
	expect.Equal(t, want, client, "client")
	expect.Equal(t, want, server, "server")
}

type version struct{ GitVersion, Major, Minor string }

// versions returns the versions of kubectl and the API server, and the one in the name of the programs' folder.
func versions(t *testing.T, plane *controlplane.ControlPlane) (client, server, want version) {
	t.Helper()
	kubectl, err := plane.Kubectl()
	if err != nil {
		t.Fatal(err)
	}
	kubeconfig := filepath.Join(t.TempDir(), "kubeconfig")
	if err := plane.WriteKubeconfig(kubeconfig); err != nil {
		t.Fatal(err)
	}
	output, err := exec.CommandContext(t.Context(), kubectl, "--kubeconfig", kubeconfig, "version", "-o", "json").Output()
	if err != nil {
		t.Fatal(err)
	}
	var got struct{ ClientVersion, ServerVersion version }
	testfile.Decode(t, string(output), &got)
	// The folder of the project's own programs is named for their version.
	name := filepath.Base(filepath.Dir(kubectl))
	if !strings.HasPrefix(name, "v") {
		t.Skipf("someone else's programs, in %s, say %+v", filepath.Dir(kubectl), got)
	}
	parts := strings.Split(strings.TrimPrefix(name, "v"), ".")
	return got.ClientVersion, got.ServerVersion, version{GitVersion: name, Major: parts[0], Minor: parts[1]}
}

func TestOwnedObjectsGoWithTheirOwner(t *testing.T) {
	plane := shared.ForTest(t)
	maps := clientsFor(t, plane.Config()).CoreV1().ConfigMaps(metav1.NamespaceDefault)
	owner, err := maps.Create(t.Context(),
		&corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{GenerateName: "owner-"}}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	owned, err := maps.Create(t.Context(), &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{
		GenerateName:    "owned-",
		OwnerReferences: []metav1.OwnerReference{{APIVersion: "v1", Kind: "ConfigMap", Name: owner.Name, UID: owner.UID}},
	}}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if err := maps.Delete(t.Context(), owner.Name, metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the owned object to go", func(ctx context.Context) (bool, error) {
		_, err := maps.Get(ctx, owned.Name, metav1.GetOptions{})
		return apierrors.IsNotFound(err), nil
	})
}

func TestNamespacesComeAndGo(t *testing.T) {
	plane := shared.ForTest(t)
	clients := clientsFor(t, plane.Config())
	name := namespace(t, clients)
	eventually(t, "the service account", func(ctx context.Context) (bool, error) {
		_, err := clients.CoreV1().ServiceAccounts(name).Get(ctx, "default", metav1.GetOptions{})
		return err == nil, nil
	})
	if err := clients.CoreV1().Namespaces().Delete(t.Context(), name, metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the namespace to go", func(ctx context.Context) (bool, error) {
		_, err := clients.CoreV1().Namespaces().Get(ctx, name, metav1.GetOptions{})
		return apierrors.IsNotFound(err), nil
	})
}

func TestServiceAccountMayDoWhatItsRoleAllows(t *testing.T) {
	serviceAccountMayDoWhatItsRoleAllows(t, shared.ForTest(t))
}

func serviceAccountMayDoWhatItsRoleAllows(t *testing.T, plane *controlplane.ControlPlane) {
	t.Helper()
	admin := clientsFor(t, plane.Config())
	ns := namespace(t, admin)
	if _, err := plane.ServiceAccountConfig(t.Context(), ns, "reader"); !apierrors.IsNotFound(err) {
		t.Fatalf("a token for an account that does not exist: %v, want not found", err)
	}
	account := metav1.ObjectMeta{Name: "reader"}
	_, err := admin.CoreV1().ServiceAccounts(ns).Create(t.Context(),
		&corev1.ServiceAccount{ObjectMeta: account}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	config, err := plane.ServiceAccountConfig(t.Context(), ns, account.Name)
	if err != nil {
		t.Fatal(err)
	}
	reader := clientsFor(t, config).CoreV1()

	if _, err := reader.ConfigMaps(ns).List(t.Context(), metav1.ListOptions{}); !apierrors.IsForbidden(err) {
		t.Fatalf("listing without a role: %v, want forbidden", err)
	}
	_, err = admin.RbacV1().RoleBindings(ns).Create(t.Context(), &rbacv1.RoleBinding{
		ObjectMeta: account,
		RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: "view"},
		Subjects:   []rbacv1.Subject{{Kind: rbacv1.ServiceAccountKind, Name: account.Name, Namespace: ns}},
	}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	eventually(t, "the role to allow listing", func(ctx context.Context) (bool, error) {
		_, err := reader.ConfigMaps(ns).List(ctx, metav1.ListOptions{})
		return err == nil, nil
	})
	if _, err := reader.Secrets(ns).List(t.Context(), metav1.ListOptions{}); !apierrors.IsForbidden(err) {
		t.Errorf("listing secrets: %v, want forbidden", err)
	}
}

// TestStopEndsWatches: an open watch does not delay the end.
func TestStopEndsWatches(t *testing.T) {
	stopEndsWatches(t, controlplane.ForTest(t, controlplane.Options{}))
}

func stopEndsWatches(t *testing.T, plane *controlplane.ControlPlane) {
	t.Helper()
	informers := informers.NewSharedInformerFactory(clientsFor(t, plane.Config()), 0)
	namespaces := informers.Core().V1().Namespaces().Informer()
	informers.Start(t.Context().Done())
	if !cache.WaitForCacheSync(t.Context().Done(), namespaces.HasSynced) {
		t.Fatal("the informer got no namespaces")
	}
	client, err := rest.HTTPClientFor(plane.Config())
	if err != nil {
		t.Fatal(err)
	}
	ready := plane.Config().Host + "/readyz"

	start := time.Now()
	if err := plane.Stop(); err != nil {
		t.Fatal(err)
	}
	if took := time.Since(start); took > 15*time.Second {
		t.Errorf("stopping took %s", took)
	}
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, ready, nil)
	if err != nil {
		t.Fatal(err)
	}
	if response, err := client.Do(request); err == nil {
		response.Body.Close()
		t.Errorf("the API server still answers: %s", response.Status)
	}
}
