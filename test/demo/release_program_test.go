// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"archive/tar"
	"bytes"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/d2iq-labs/support-policy-operator/controllers"
	"github.com/d2iq-labs/support-policy-operator/internal/shipped"
	"github.com/d2iq-labs/support-policy-operator/test/controlplane"
	"github.com/d2iq-labs/support-policy-operator/test/process"
	"github.com/d2iq-labs/support-policy-operator/test/sandbox"
)

// unpack takes the program out of a release's tarball of the image, and returns its path.
func unpack(t *testing.T, folder string) string {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(folder, "*_image_linux_*.tar"))
	if err != nil || len(found) != 1 {
		t.Fatalf("tarballs of the image: %q, %v", found, err)
	}
	image, err := tarball.ImageFromPath(found[0], nil)
	if err != nil {
		t.Fatal(err)
	}
	config, err := image.ConfigFile()
	if err != nil {
		t.Fatal(err)
	}
	files := mutate.Extract(image)
	defer files.Close()
	for archive := tar.NewReader(files); ; {
		header, err := archive.Next()
		if errors.Is(err, io.EOF) {
			t.Fatalf("the image has no %q", config.Config.Entrypoint)
		}
		if err != nil {
			t.Fatal(err)
		}
		if "/"+header.Name != config.Config.Entrypoint[0] {
			continue
		}
		content, err := io.ReadAll(archive)
		if err != nil {
			t.Fatal(err)
		}
		program := filepath.Join(t.TempDir(), filepath.Base(header.Name))
		if err := os.WriteFile(program, content, 0o700); err != nil {
			t.Fatal(err)
		}
		return program
	}
}

// command is the program of a release as the container of a pod runs it: with its arguments, its environment and the token of
// its account, and nothing else from this machine.
func (h *releaseHub) command(t *testing.T, folder string, pod corev1.PodSpec) *exec.Cmd {
	t.Helper()
	container := pod.Containers[0]
	release, err := os.ReadFile(filepath.Join(folder, "release.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(release), "image: "+container.Image+"\n") || !strings.Contains(container.Image, "@sha256:") {
		t.Errorf("the pod runs the image %s, and the release is:\n%s", container.Image, release)
	}
	account, err := h.AccountConfig(t.Context(), pod.ServiceAccountName)
	if err != nil {
		t.Fatal(err)
	}
	kubeconfig := filepath.Join(t.TempDir(), "kubeconfig")
	if err := controlplane.WriteKubeconfig(kubeconfig, account); err != nil {
		t.Fatal(err)
	}
	command := exec.CommandContext(background(t), unpack(t, folder), container.Args...)
	command.Env = []string{"KUBECONFIG=" + kubeconfig}
	for _, variable := range container.Env {
		value := variable.Value
		if from := variable.ValueFrom; from != nil && from.FieldRef.FieldPath == "metadata.namespace" {
			value = sandbox.Namespace
		}
		command.Env = append(command.Env, variable.Name+"="+value)
	}
	return command
}

// runJob runs the Job that applies the policies, and returns what it logs.
func (h *releaseHub) runJob(t *testing.T, folder, version string) string {
	t.Helper()
	job, err := h.clients.BatchV1().Jobs(sandbox.Namespace).Get(t.Context(), shipped.Owner+"-"+version, metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	out, err := h.command(t, folder, job.Spec.Template.Spec).CombinedOutput()
	if err != nil {
		t.Fatalf("the Job: %v\n%s", err, out)
	}
	if lines := strings.Count(string(out), "\n"); lines < 9 {
		t.Errorf("the Job applied %d policies:\n%s", lines, out)
	}
	return string(out)
}

// runningOperator is the operator of a release.
type runningOperator struct {
	running *process.Process
	output  *bytes.Buffer
	ended   bool
}

// startOperator starts the operator as its Deployment says. Behind its arguments stand the addresses, of which a machine without
// pods has each only once, and that kubeconfigs may lead to this machine, where the fleet is.
func (h *releaseHub) startOperator(t *testing.T, folder string) *runningOperator {
	t.Helper()
	deployment, err := h.clients.AppsV1().Deployments(sandbox.Namespace).Get(t.Context(), controllers.Name, metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	command := h.command(t, folder, deployment.Spec.Template.Spec)
	command.Args = append(command.Args, "--kubeconfig-allow-loopback",
		"--metrics-bind-address="+process.FreeAddress(t), "--health-probe-bind-address="+process.FreeAddress(t))
	o := &runningOperator{output: &bytes.Buffer{}}
	writer := &process.SerialWriter{To: o.output}
	command.Stdout, command.Stderr = writer, writer
	if o.running, err = process.Start(command); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		o.stop(t)
		if t.Failed() {
			t.Logf("the operator logged:\n%s", o.output)
		}
	})
	return o
}

// stop ends the operator, if it runs.
func (o *runningOperator) stop(t *testing.T) {
	t.Helper()
	if o.ended {
		return
	}
	o.ended = true
	select {
	case <-o.running.Exited():
		t.Logf("the operator had ended: %v", o.running.Err())
	default:
		if err := o.running.Stop(30 * time.Second); err != nil {
			t.Error(err)
		}
	}
}
