// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package controlplane

import (
	"context"
	"fmt"

	authenticationv1 "k8s.io/api/authentication/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/client-go/tools/clientcmd/api"
	"k8s.io/utils/ptr"
)

// tokenSeconds is longer than any test or demo runs: the token is not renewed.
const tokenSeconds = 24 * 60 * 60

// ServiceAccountConfig returns a configuration for a client with the identity of a service account, which must exist. The
// API server issues the token for a day; RBAC decides about the rights. A front takes the BearerToken.
func (c *ControlPlane) ServiceAccountConfig(ctx context.Context, namespace, name string) (*rest.Config, error) {
	clients, err := kubernetes.NewForConfig(c.config)
	if err != nil {
		return nil, fmt.Errorf("controlplane: a client for the API server: %w", err)
	}
	issued, err := clients.CoreV1().ServiceAccounts(namespace).CreateToken(ctx, name, &authenticationv1.TokenRequest{
		Spec: authenticationv1.TokenRequestSpec{ExpirationSeconds: ptr.To(int64(tokenSeconds))},
	}, metav1.CreateOptions{})
	if err != nil {
		return nil, fmt.Errorf("controlplane: no token for the service account %s in the namespace %s, create it first: %w",
			name, namespace, err)
	}
	config := rest.AnonymousClientConfig(c.config)
	config.BearerToken = issued.Status.Token
	return config, nil
}

// WriteKubeconfig writes a kubeconfig file, readable by its owner only, for the server and the user of a configuration of a
// ControlPlane or a front.
func WriteKubeconfig(path string, config *rest.Config) error {
	const name = "test"
	kubeconfig := api.NewConfig()
	kubeconfig.Clusters[name] = &api.Cluster{Server: config.Host, CertificateAuthorityData: config.CAData}
	kubeconfig.AuthInfos[name] = &api.AuthInfo{
		ClientCertificateData: config.CertData,
		ClientKeyData:         config.KeyData,
		Token:                 config.BearerToken,
	}
	kubeconfig.Contexts[name] = &api.Context{Cluster: name, AuthInfo: name}
	kubeconfig.CurrentContext = name
	if err := clientcmd.WriteToFile(*kubeconfig, path); err != nil {
		return fmt.Errorf("controlplane: writing a kubeconfig file: %w", err)
	}
	return nil
}
