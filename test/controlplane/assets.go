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

// The names of the programs in the folder that Assets finds.
const (
	etcd              = "etcd"
	apiServer         = "kube-apiserver"
	controllerManager = "kube-controller-manager"
	kubectl           = "kubectl"
)

// Old is a value of Options.Version: the oldest version of Kubernetes that builds from its module as the current one does.
const Old = "v1.24"

// assetsVariable is the environment variable with the folder to use instead of the project's own, as for envtest. An old
// version has a variable of its own, so that a folder of the current version does not replace it.
const (
	assetsVariable    = "KUBEBUILDER_ASSETS"
	oldAssetsVariable = "KUBEBUILDER_ASSETS_OLD"
)

// versionsFolder, relative to the root of the repository, has build.sh and a go.mod with the version of Kubernetes that it
// builds. The go.mod of an old version is in a folder below, named for the version.
const versionsFolder = "hack/controlplane"

// ErrMissing is wrapped by the errors for a missing program, which say how to get it.
var ErrMissing = errors.New("run make controlplane (minutes the first time), or set " + assetsVariable +
	" (for an old version " + oldAssetsVariable + ") to a folder that has the programs")

// Assets returns the folder of the programs of the current version: KUBEBUILDER_ASSETS if that is set, or else
// .cache/controlplane/VERSION in the repository around the working directory. It has at least etcd and kube-apiserver;
// where one is missing, the error wraps ErrMissing.
func Assets() (string, error) { return assets("") }

// assets is Assets for a value of Options.Version.
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
