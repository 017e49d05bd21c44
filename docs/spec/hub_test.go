// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package spec_test

import (
	"context"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/yaml"

	"github.com/d2iq-labs/support-policy-operator/api/v1alpha1"
	"github.com/d2iq-labs/support-policy-operator/internal/contact"
	"github.com/d2iq-labs/support-policy-operator/internal/detect"
	"github.com/d2iq-labs/support-policy-operator/internal/facts"
	"github.com/d2iq-labs/support-policy-operator/internal/fleet"
	"github.com/d2iq-labs/support-policy-operator/internal/hub"
	"github.com/d2iq-labs/support-policy-operator/internal/observe"
	"github.com/d2iq-labs/support-policy-operator/internal/support"
	"github.com/d2iq-labs/support-policy-operator/test/testfile"
)

// What describes clusters on the hub, as far as it is read.
type (
	described[Spec, Status any] struct {
		metav1.TypeMeta   `json:",inline"`
		metav1.ObjectMeta `json:"metadata"`

		Spec   Spec   `json:"spec"`
		Status Status `json:"status"`
	}
	reference struct {
		Name      string `json:"name"`
		Namespace string `json:"namespace"`
	}
	kommanderCluster = described[struct {
		KubeconfigRef             reference `json:"kubeconfigRef"`
		ClusterTunnelConnectorRef reference `json:"clusterTunnelConnectorRef"`
		ClusterRef                struct {
			KonvoyCluster reference `json:"konvoyCluster"`
			CAPICluster   reference `json:"capiCluster"`
		} `json:"clusterRef"`
	}, struct {
		Phase     string `json:"phase"`
		ClusterID string `json:"clusterId"`
	}]
	konvoyCluster = described[struct {
		Cluster struct {
			Version string `json:"version"`
		} `json:"cluster"`
		Provisioner struct {
			Version  string `json:"version"`
			Provider string `json:"provider"`
		} `json:"provisioner"`
	}, struct {
		Phase string `json:"phase"`
	}]
	tunnelConnector = described[struct{}, struct {
		KubeconfigRef reference `json:"kubeconfigRef"`
	}]
	capiCluster = described[struct{}, struct{}]
)

// anyUID is that of what has none in an example.
const anyUID = types.UID("5d0c1f7e-8a39-4c0b-9e57-1b6d1d8f2a11")

// hub is what the operator's own cluster knows of others, and the Secrets that are there. What is installed in it is what
// the example has of the object for the host.
func (d documents) hub(t *testing.T, where fmt.Stringer, clusters []*v1alpha1.ClusterSupport, forbidden []string) (
	*hub.State, map[types.NamespacedName]map[string][]byte,
) {
	t.Helper()
	snapshot := observe.Snapshot{Complete: true, HubDescription: &detect.HubDescription{Forbidden: forbidden}}
	secrets := map[types.NamespacedName]map[string][]byte{}
	for _, cluster := range clusters {
		if observed := support.FactsOf(&cluster.Status); cluster.Spec.Cluster.Host != nil && cluster.Name == v1alpha1.HostName && observed != nil {
			snapshot.Facts = *observed
		}
	}
	for _, key := range slices.Sorted(maps.Keys(d)) {
		switch kind, _, _ := strings.Cut(key, "/"); kind {
		case "SupportPolicy", "ClusterSupport", "SupportException":
		case "KommanderCluster":
			snapshot.HubDescription.KommanderClusters = append(snapshot.HubDescription.KommanderClusters, readKommanderCluster(t, where, d[key]))
		case "KonvoyCluster":
			object := decode[konvoyCluster](t, where, d[key])
			snapshot.HubDescription.KonvoyClusters = append(snapshot.HubDescription.KonvoyClusters, detect.KonvoyCluster{
				Namespace: object.Namespace, Name: object.Name, Phase: object.Status.Phase,
				Version: object.Spec.Cluster.Version, ProvisionerVersion: object.Spec.Provisioner.Version,
			})
		case "Cluster":
			object := decode[capiCluster](t, where, d[key])
			snapshot.HubDescription.CAPIClusters = append(snapshot.HubDescription.CAPIClusters, detect.CAPICluster{
				Namespace: object.Namespace, Name: object.Name, UID: anyUID, APIVersion: object.APIVersion, Labels: object.Labels,
				IsKonvoy: slices.ContainsFunc(slices.Collect(maps.Keys(object.Labels)), func(label string) bool {
					return strings.HasPrefix(label, detect.KonvoyLabelPrefix)
				}),
			})
		case "TunnelConnector":
			object := decode[tunnelConnector](t, where, d[key])
			snapshot.HubDescription.Tunnels = append(snapshot.HubDescription.Tunnels, detect.TunnelConnector{
				Namespace: object.Namespace, Name: object.Name, KubeconfigSecret: object.Status.KubeconfigRef.Name,
			})
		case "Secret":
			object := decode[corev1.Secret](t, where, d[key])
			data := map[string][]byte{}
			for name, text := range object.StringData {
				data[name] = []byte(text)
			}
			secrets[types.NamespacedName{Namespace: object.Namespace, Name: object.Name}] = data
		default:
			t.Fatalf("%s: %s is of no kind that there is", where, key)
		}
	}
	snapshot.HubDescription.KommanderClusters = slices.DeleteFunc(snapshot.HubDescription.KommanderClusters, func(detect.KommanderCluster) bool {
		return slices.Contains(forbidden, detect.KommanderClusters)
	})
	return hub.New(snapshot), secrets
}

func readKommanderCluster(t *testing.T, where fmt.Stringer, document map[string]any) detect.KommanderCluster {
	t.Helper()
	object := decode[kommanderCluster](t, where, document)
	read := detect.KommanderCluster{
		Namespace: object.Namespace, Name: object.Name, UID: anyUID, APIVersion: object.APIVersion, Labels: object.Labels,
		IsHost: object.Annotations[detect.HostAnnotation] == "true", Environment: object.Annotations[v1alpha1.AnnotationEnvironment],
		DeclaredReleases: object.Annotations[v1alpha1.AnnotationDeclaredReleases], KubeconfigSecret: object.Spec.KubeconfigRef.Name,
		KonvoyCluster: object.Spec.ClusterRef.KonvoyCluster.Name, Tunnel: object.Spec.ClusterTunnelConnectorRef.Name,
		Phase: object.Status.Phase, ClusterID: object.Status.ClusterID,
	}
	if made := object.Spec.ClusterRef.CAPICluster; made.Name != "" {
		read.CAPICluster = types.NamespacedName{Namespace: made.Namespace, Name: made.Name}
	}
	return read
}

// problem is why a cluster is not observed: by the kubeconfig that is in the example, or by what the contact is said to be.
// Without a target it is the operator's own cluster.
func (w *world) problem(t *testing.T, target *fleet.Target, word string) *facts.Problem {
	t.Helper()
	reason, resource, _ := strings.Cut(word, " ")
	switch reason {
	case "":
		if target != nil && w.secrets[target.Secret] != nil {
			return w.screened(t, *target)
		}
		return nil
	case v1alpha1.ReasonSecretNotAllowed, v1alpha1.ReasonSecretMissing, v1alpha1.ReasonSecretUnreadable, v1alpha1.ReasonKubeconfigMissing:
		return lack(t, *target, reason)
	}
	if !slices.Contains(slices.Collect(maps.Values(constants(t, "Reason"))), reason) {
		t.Fatalf("there is no reason %s", reason)
	}
	if resource != "" {
		return contact.CannotList(resource)
	}
	return contact.ProblemOf(&contact.Failure{Reason: reason})
}

// screened is what is wrong with the kubeconfig of an example; nil when it is taken.
func (w *world) screened(t *testing.T, target fleet.Target) *facts.Problem {
	t.Helper()
	for _, key := range target.Keys {
		if kubeconfig := w.secrets[target.Secret][key]; kubeconfig != nil {
			if _, refusal := fleet.Screen(kubeconfig, fleet.Options{}); refusal != nil {
				return contact.ProblemOf(refusal)
			}
			return nil
		}
	}
	return lack(t, target, v1alpha1.ReasonKubeconfigMissing)
}

// lack is what package fleet says of a Secret from which it gets no kubeconfig.
func lack(t *testing.T, target fleet.Target, reason string) *facts.Problem {
	t.Helper()
	var (
		key      = types.NamespacedName{Name: "any"}
		resource = schema.GroupResource{Resource: "secrets"}
		changed  = make(chan struct{}, 1)
		ctx, end = context.WithCancel(t.Context())
	)
	connections := fleet.NewClusterCache(fleet.ClusterCacheOptions{
		IsAllowed: func(string) bool { return reason != v1alpha1.ReasonSecretNotAllowed },
		Secret: func(context.Context, types.NamespacedName) (map[string][]byte, error) {
			switch reason {
			case v1alpha1.ReasonSecretMissing:
				return nil, apierrors.NewNotFound(resource, target.Secret.Name)
			case v1alpha1.ReasonSecretUnreadable:
				return nil, apierrors.NewForbidden(resource, target.Secret.Name, nil)
			}
			return map[string][]byte{}, nil
		},
		Changed: func(types.NamespacedName) {
			select {
			case changed <- struct{}{}:
			default:
			}
		},
	})
	ended := make(chan error, 1)
	go func() { ended <- connections.Start(ctx) }()
	connections.Connect(key, target, nil)
	<-changed
	problem := connections.Snapshot(key).Problem
	end()
	if err := <-ended; err != nil || problem == nil || problem.Reason != reason {
		t.Fatalf("fleet tells of %v instead of %s, %v", problem, reason, err)
	}
	return problem
}

// defaultCopyLabels is the default of --copy-labels.
func defaultCopyLabels(t *testing.T) []string {
	t.Helper()
	source := testfile.Read(t, mainFile)
	match := regexp.MustCompile(`const defaultCopyLabels = "([^"]+)"`).FindStringSubmatch(source)
	if match == nil {
		t.Fatalf("%s has no defaultCopyLabels", mainFile)
	}
	return strings.Split(match[1], ",")
}

// mainFile has the flags.
const mainFile = "../../main.go"

// inventory are the objects that the operator makes.
func (w *world) inventory(t *testing.T, b *block) string {
	t.Helper()
	ids := hub.Changed(nil, w.hub)
	slices.SortFunc(ids, func(x, y hub.ID) int { return strings.Compare(x.String(), y.String()) })
	var texts []string
	for _, id := range ids {
		member, is := w.hub.Member(id)
		if !is {
			continue
		}
		object := v1alpha1.ClusterSupport{
			ObjectMeta: metav1.ObjectMeta{
				Name: id.Name, Namespace: id.Namespace, Labels: hub.CopiedLabels(member.Labels, defaultCopyLabels(t)),
				OwnerReferences: []metav1.OwnerReference{member.Owner},
			},
			Spec: v1alpha1.ClusterSupportSpec{Cluster: id.Reference()},
		}
		object.APIVersion, object.Kind = v1alpha1.GroupVersion.String(), "ClusterSupport"
		text, err := yaml.Marshal(&object)
		if err != nil {
			t.Fatal(err)
		}
		texts = append(texts, strings.TrimSuffix(string(text), "status: {}\n"))
	}
	if len(texts) == 0 {
		t.Errorf("%s: nothing is in the inventory", b)
	}
	return strings.Join(texts, "---\n")
}
