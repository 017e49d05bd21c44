// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package shipped_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"github.com/d2iq-labs/support-policy-operator/api/v1alpha1"
	"github.com/d2iq-labs/support-policy-operator/config"
	"github.com/d2iq-labs/support-policy-operator/controllers"
	"github.com/d2iq-labs/support-policy-operator/internal/shipped"
	"github.com/d2iq-labs/support-policy-operator/test/controlplane"
)

const crds = "../../config/crd/bases"

func clientFor(t *testing.T, config *rest.Config) client.Client {
	t.Helper()
	made, err := client.New(config, client.Options{Scheme: controllers.Scheme()})
	if err != nil {
		t.Fatal(err)
	}
	return made
}

// policy is a file with a policy.
func policy(name, lines string) fstest.MapFS {
	return fstest.MapFS{
		"kustomization.yaml": {Data: []byte("resources: [" + name + ".yaml]")},
		name + ".yaml": {Data: []byte("apiVersion: support.d2iq.io/v1alpha1\nkind: SupportPolicy\nmetadata: {name: " + name + "}\n" +
			"spec: {product: " + name + ", timeZone: Etc/UTC, lifecycle: {listed: {}}, releases: [" + lines + "]}\n")},
	}
}

// TestApply: a policy is applied, replaced by a newer one, and left alone once another manager has changed what it says.
func TestApply(t *testing.T) {
	plane := controlplane.ForTest(t, controlplane.Options{CRDs: []string{crds}})
	server := clientFor(t, plane.Config())
	for _, step := range []struct {
		reason, lines, want string
		edit                string
		versions            []string
	}{
		{"it is there", `{version: "1.0"}, {version: "1.1"}`, "SupportPolicy example applied\n", "", []string{"1.0", "1.1"}},
		{"a line that a newer release lacks is gone", `{version: "1.1"}, {version: "1.2"}`, "SupportPolicy example applied\n", "", []string{"1.1", "1.2"}},
		{
			"what the user changed is the user's", `{version: "1.3"}`, "SupportPolicy example stays as it is: ",
			`{"spec":{"product":"Other"}}`, []string{"1.1", "1.2"},
		},
	} {
		if step.edit != "" {
			object := &v1alpha1.SupportPolicy{}
			object.Name = "example"
			err := server.Patch(t.Context(), object, client.RawPatch(types.MergePatchType, []byte(step.edit)), client.FieldOwner("user"))
			if err != nil {
				t.Fatal(err)
			}
		}
		var out strings.Builder
		if err := shipped.Apply(t.Context(), server, policy("example", step.lines), &out); err != nil {
			t.Fatal(err)
		}
		if !strings.HasPrefix(out.String(), step.want) {
			t.Errorf("it said %q, want %q, as %s", out.String(), step.want, step.reason)
		}
		var got v1alpha1.SupportPolicy
		if err := server.Get(t.Context(), client.ObjectKey{Name: "example"}, &got); err != nil {
			t.Fatal(err)
		}
		var versions []string
		for _, release := range got.Spec.Releases {
			versions = append(versions, release.Version)
		}
		slices.Sort(versions)
		if !slices.Equal(versions, step.versions) || got.Labels[shipped.Label] != shipped.Owner {
			t.Errorf("lines %q, labels %v; want %q, as %s", versions, got.Labels, step.versions, step.reason)
		}
	}
}

// TestRefused: a policy that the API server refuses is an error with its name, and the others are applied.
func TestRefused(t *testing.T) {
	plane := controlplane.ForTest(t, controlplane.Options{CRDs: []string{crds}})
	files := policy("good", `{version: "1.0"}`)
	files["bad.yaml"] = &fstest.MapFile{Data: []byte("apiVersion: support.d2iq.io/v1alpha1\nkind: SupportPolicy\nmetadata: {name: bad}\nspec: {}\n")}
	var out strings.Builder
	err := shipped.Apply(t.Context(), clientFor(t, plane.Config()), files, &out)
	if err == nil || !strings.Contains(err.Error(), "apply SupportPolicy bad: ") || out.String() != "SupportPolicy good applied\n" {
		t.Errorf("error %v, output %q", err, out.String())
	}
}

// TestRoleNamesThePolicies: the Job may write each policy that is in the image, and no other.
func TestRoleNamesThePolicies(t *testing.T) {
	text, err := os.ReadFile("../../config/components/policies/role.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var role rbacv1.ClusterRole
	if err := yaml.UnmarshalStrict(text, &role); err != nil {
		t.Fatal(err)
	}
	entries, err := fs.ReadDir(config.Policies(), ".")
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, entry := range entries {
		if name := strings.TrimSuffix(entry.Name(), filepath.Ext(entry.Name())); name != "kustomization" {
			names = append(names, name)
		}
	}
	if len(role.Rules) != 1 || !slices.Equal(role.Rules[0].ResourceNames, names) {
		t.Errorf("the role is %+v, and the policies are %q", role.Rules, names)
	}
}
