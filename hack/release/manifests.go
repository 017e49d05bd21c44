// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package release

import (
	"bytes"
	"context"
	_ "embed"
	"fmt"
	"path/filepath"
	"strings"

	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/api/resmap"
	"sigs.k8s.io/kustomize/api/resource"
	"sigs.k8s.io/kustomize/kyaml/filesys"

	"github.com/d2iq-labs/support-policy-operator/internal/shipped"
)

const (
	installFile   = "install.yaml"
	fleetFile     = "install-fleet.yaml"
	uninstallFile = "uninstall.yaml"
	policiesFile  = "policies.yaml"
	templateFile  = "operators-own.gotemplate"
)

// operatorsOwn is a template for kubectl: it selects what the operator has created and nobody else has changed.
//
//go:embed operators-own.gotemplate
var operatorsOwn []byte

// lease is in no manifest: the operator makes it.
const lease = `---
apiVersion: coordination.k8s.io/v1
kind: Lease
metadata:
  name: support-policy-operator
  namespace: support-policy-system
`

// writeManifests writes what installs the operator, for one cluster and for a fleet, what uninstalls either, and the policies
// alone, for those who apply them by other means.
func (b *build) writeManifests(context.Context) error {
	one, err := b.kustomize("config/install")
	if err != nil {
		return err
	}
	fleet, err := b.kustomize("config/install/fleet")
	if err != nil {
		return err
	}
	policies, err := b.kustomize("config/policies")
	if err != nil {
		return err
	}
	for _, policy := range policies.Resources() {
		// As the Job sets it, so that an uninstallation finds them.
		if err := policy.SetLabels(map[string]string{shipped.Label: shipped.Owner}); err != nil {
			return err
		}
	}
	for name, resources := range map[string][]*resource.Resource{
		installFile: one.Resources(), fleetFile: fleet.Resources(), policiesFile: policies.Resources(), uninstallFile: uninstalled(one, fleet),
	} {
		text, err := b.manifest(resources)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		if name == uninstallFile {
			text = append(text, lease...)
		}
		if err := write(b.Folder, name, text); err != nil {
			return err
		}
	}
	return write(b.Folder, templateFile, operatorsOwn)
}

// kustomize builds a folder of the repository, with namespaces and CustomResourceDefinitions first.
func (b *build) kustomize(folder string) (resmap.ResMap, error) {
	options := krusty.MakeDefaultOptions()
	options.Reorder = krusty.ReorderOptionLegacy
	built, err := krusty.MakeKustomizer(options).Run(filesys.MakeFsOnDisk(), filepath.Join(b.Root, filepath.FromSlash(folder)))
	if err != nil {
		return nil, fmt.Errorf("kustomize %s: %w", folder, err)
	}
	for _, r := range built.Resources() {
		// The pod template of a Job cannot be changed, and each release has a Job of its own.
		if r.GetKind() == "Job" {
			if err := r.SetName(r.GetName() + "-" + strings.ToLower(strings.ReplaceAll(b.Version, ".", "-"))); err != nil {
				return nil, err
			}
		}
	}
	return built, nil
}

// uninstalled are the objects of both installations, in the order of their deletion, without those that hold what people wrote:
// with a CustomResourceDefinition all its objects would go, and with the namespace the ClusterSupports in it.
func uninstalled(one, fleet resmap.ResMap) []*resource.Resource {
	seen := map[string]bool{}
	var all []*resource.Resource
	for _, r := range append(fleet.Resources(), one.Resources()...) {
		id := r.CurId().String()
		if r.GetKind() == "CustomResourceDefinition" || r.GetKind() == "Namespace" || seen[id] {
			continue
		}
		seen[id] = true
		all = append(all, r)
	}
	return all
}

// placeholder is the image in config.
const placeholder = "image: support-policy-operator:latest\n"

// manifest writes objects as YAML, with the image of the release.
func (b *build) manifest(resources []*resource.Resource) ([]byte, error) {
	var text bytes.Buffer
	for _, r := range resources {
		object, err := r.AsYAML()
		if err != nil {
			return nil, err
		}
		fmt.Fprintf(&text, "---\n%s", object)
	}
	return bytes.ReplaceAll(text.Bytes(), []byte(placeholder), []byte("image: "+b.image+"\n")), nil
}
