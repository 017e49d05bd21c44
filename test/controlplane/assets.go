// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package controlplane

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/d2iq-labs/support-policy-operator/test/repository"
)

// The programs of a control plane, as they are called in the folder that Assets finds.
const (
	etcd              = "etcd"
	apiServer         = "kube-apiserver"
	controllerManager = "kube-controller-manager"
	kubectl           = "kubectl"
)

// Old is the oldest version of Kubernetes that builds from its module as the current one does. Options.Version takes it.
const Old = "v1.24"

// assetsVariable names the folder to use instead of the project's own; envtest knows it by the same name. The other one
// is for an old version, so that whoever gives a folder of the current one does not get that in its place.
const (
	assetsVariable    = "KUBEBUILDER_ASSETS"
	oldAssetsVariable = "KUBEBUILDER_ASSETS_OLD"
)

// versionsFolder, seen from the root of the repository, has build.sh and a go.mod that says which version of Kubernetes
// that builds. For an old version this go.mod is in a folder below with the version's name.
const versionsFolder = "hack/controlplane"

// ErrMissing is wrapped by the errors that say that a program is not there, and how to get it.
var ErrMissing = errors.New("run make controlplane (minutes the first time), or set " + assetsVariable +
	" (for an old version " + oldAssetsVariable + ") to a folder that has the programs")

// Assets returns the folder of the programs of the current version: that of KUBEBUILDER_ASSETS when it is set, else
// .cache/controlplane/VERSION in the root of the repository that the working directory is in. It has etcd and
// kube-apiserver; what else it has only shows when it is needed. The error wraps ErrMissing.
func Assets() (string, error) { return assets("") }

// assets is Assets for any version that Options.Version takes.
func assets(version string) (string, error) {
	variable := assetsVariable
	if version != "" {
		variable = oldAssetsVariable
	}
	folder := os.Getenv(variable)
	if folder == "" {
		var err error
		if folder, err = ownAssets(version); err != nil {
			return "", err
		}
	}
	for _, name := range []string{etcd, apiServer} {
		if _, err := program(folder, name); err != nil {
			return "", err
		}
	}
	return folder, nil
}

// ownAssets returns the folder that hack/controlplane/build.sh fills.
func ownAssets(version string) (string, error) {
	root, err := repository.Root()
	if err != nil {
		return "", fmt.Errorf("controlplane: %w; or %w", err, ErrMissing)
	}
	built, err := builtVersion(filepath.Join(root, filepath.FromSlash(versionsFolder), version, "go.mod"))
	if err != nil {
		return "", err
	}
	return filepath.Join(root, ".cache", "controlplane", built), nil
}

// builtVersion reads the required version of k8s.io/kubernetes from a go.mod file.
func builtVersion(goMod string) (string, error) {
	file, err := os.Open(goMod)
	if err != nil {
		return "", fmt.Errorf("controlplane: which version of Kubernetes to run: %w", err)
	}
	defer file.Close()
	lines := bufio.NewScanner(file)
	for lines.Scan() {
		words := strings.Fields(strings.TrimPrefix(strings.TrimSpace(lines.Text()), "require "))
		if len(words) > 1 && words[0] == "k8s.io/kubernetes" {
			return words[1], nil
		}
	}
	if err := lines.Err(); err != nil {
		return "", fmt.Errorf("controlplane: which version of Kubernetes to run: %w", err)
	}
	return "", fmt.Errorf("controlplane: %s requires no k8s.io/kubernetes; add it, its version names the folder", goMod)
}

// program returns the path of one of the programs.
func program(folder, name string) (string, error) {
	path := filepath.Join(folder, name)
	if found, err := os.Stat(path); err != nil || found.IsDir() {
		return "", fmt.Errorf("controlplane: there is no %s: %w", path, ErrMissing)
	}
	return path, nil
}
