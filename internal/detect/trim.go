// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package detect

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"github.com/d2iq-labs/support-policy-operator/internal/facts"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/validation"
)

// The bounds of what is kept of an object that somebody else wrote. They are far above what the products write.
const (
	maxTextBytes   = 256
	maxDeclaration = 4096
	maxEntries     = 64
	maxListEntries = 32
)

// The marks that kubeaddons, the Konvoy CLI and Kommander's catalog leave on addons.
const (
	labelRepositoryName = "kubeaddons.mesosphere.io/repository-name"
	labelRepositoryRef  = "kubeaddons.mesosphere.io/repository-ref"
	labelFederated      = "kubefed.io/managed"

	annotationRevision         = "catalog.kubeaddons.mesosphere.io/addon-revision"
	annotationOriginRepository = "catalog.kubeaddons.mesosphere.io/origin-repository"
	annotationOriginRef        = "catalog.kubeaddons.mesosphere.io/origin-repository-version"
	// annotationAppVersion is before the name of the addon, or of a part of it, whose version it tells.
	annotationAppVersion = "appversion.kubeaddons.mesosphere.io/"
	// annotationStage is before the name of the component whose stage it tells, which need not be the addon itself: up to
	// 3.0.1 of the base addons, Kiali and Jaeger were parts of the addon istio.
	annotationStage = "stage.kubeaddons.mesosphere.io/"
)

func trimAddon(object *unstructured.Unstructured) any {
	name := nameOf(object)
	return Addon{
		Namespace:        namespaceOf(object),
		Name:             name,
		Target:           text(object.Object, "spec", "namespace"),
		Repository:       label(object, labelRepositoryName),
		Ref:              label(object, labelRepositoryRef),
		OriginRepository: annotation(object, annotationOriginRepository),
		OriginRef:        annotation(object, annotationOriginRef),
		Federated:        label(object, labelFederated) == "true",
		Revision:         annotation(object, annotationRevision),
		AppVersion:       annotation(object, annotationAppVersion+name),
		Stages:           stagesOf(object),
		Stage:            text(object.Object, "status", "stage"),
		Chart:            text(object.Object, "spec", "chartReference", "chart"),
		ChartVersion:     text(object.Object, "spec", "chartReference", "version"),
		Package: Package{
			Name:       text(object.Object, "spec", "kudoReference", "package"),
			Version:    text(object.Object, "spec", "kudoReference", "version"),
			Repository: text(object.Object, "spec", "kudoReference", "repo"),
		},
	}
}

// stagesOf are, by component, what the addon tells of its stages.
func stagesOf(object *unstructured.Unstructured) map[string]string {
	isStage := func(key, _ string) bool {
		return strings.HasPrefix(key, annotationStage) && len(validation.IsQualifiedName(key)) == 0
	}
	var stages map[string]string
	for key, stage := range entries(object, "annotations", isStage) {
		if stages == nil {
			stages = map[string]string{}
		}
		stages[strings.TrimPrefix(key, annotationStage)] = stage
	}
	return stages
}

func trimKonvoyCluster(object *unstructured.Unstructured) any {
	cluster := KonvoyCluster{
		Namespace:          namespaceOf(object),
		Name:               nameOf(object),
		Version:            text(object.Object, "spec", "cluster", "version"),
		ProvisionerVersion: text(object.Object, "spec", "provisioner", "version"),
		Phase:              text(object.Object, "status", "phase"),
	}
	for _, addons := range list(object.Object, "spec", "cluster", "addons") {
		cluster.Repositories = append(cluster.Repositories, Repository{
			URL: text(addons, "configRepository"),
			Ref: text(addons, "configVersion"),
		})
	}
	return cluster
}

func trimHelmRelease(object *unstructured.Unstructured) any {
	release := HelmRelease{
		Namespace:           namespaceOf(object),
		Name:                nameOf(object),
		LastAppliedRevision: text(object.Object, "status", "lastAppliedRevision"),
	}
	for _, snapshot := range list(object.Object, "status", "history") {
		release.History = append(release.History, HelmSnapshot{
			ChartVersion: text(snapshot, "chartVersion"),
			Status:       text(snapshot, "status"),
		})
	}
	return release
}

func trimKommanderCore(object *unstructured.Unstructured) any {
	return KommanderCore{
		Name:    nameOf(object),
		Wanted:  text(object.Object, "spec", "version"),
		Running: text(object.Object, "status", "version"),
	}
}

func trimInstance(object *unstructured.Unstructured) any {
	instance := Instance{
		Namespace:        namespaceOf(object),
		Name:             nameOf(object),
		Operator:         cut(object.GetLabels()[labelOperator]),
		VersionNamespace: text(object.Object, "spec", "operatorVersion", "namespace"),
		VersionName:      text(object.Object, "spec", "operatorVersion", "name"),
		Plans:            map[string]string{},
	}
	for _, plan := range [...]string{planDeploy, planUpgrade, planUpdate} {
		if _, has, err := unstructured.NestedFieldNoCopy(object.Object, "status", "planStatus", plan); has && err == nil {
			instance.Plans[plan] = text(object.Object, "status", "planStatus", plan, "status")
		}
	}
	return instance
}

func trimOperatorVersion(object *unstructured.Unstructured) any {
	return OperatorVersion{
		Namespace: namespaceOf(object),
		Name:      nameOf(object),
		Operator:  text(object.Object, "spec", "operator", "name"),
		Version:   text(object.Object, "spec", "version"),
	}
}

// trimWorkload is for objects of that kind, of which only the metadata is known.
func trimWorkload(kind string) func(*unstructured.Unstructured) any {
	return func(object *unstructured.Unstructured) any {
		labels := object.GetLabels()
		return Workload{
			Kind:      kind,
			Namespace: namespaceOf(object),
			Name:      nameOf(object),
			Chart:     cut(labels[labelChart]),
			Instance:  cut(labels[labelInstance]),
		}
	}
}

// namespaceOf and nameOf are what an API server lets through, which is fit for the status; of anything else, from
// something that only looks like an API server, they are made so.
func namespaceOf(object *unstructured.Unstructured) string {
	return unlessInvalid(object.GetNamespace(), validation.IsDNS1123Label)
}

func nameOf(object *unstructured.Unstructured) string {
	return unlessInvalid(object.GetName(), validation.IsDNS1123Subdomain)
}

func unlessInvalid(name string, validate func(string) []string) string {
	if name == "" || len(validate(name)) == 0 {
		return name
	}
	return facts.Printable(name)
}

// text is the string at a path, empty when there is none: what a foreign object has elsewhere is as good as absent.
func text(object map[string]any, path ...string) string { return textTo(maxTextBytes, object, path...) }

func textTo(most int, object map[string]any, path ...string) string {
	value, _, err := unstructured.NestedString(object, path...)
	if err != nil {
		return ""
	}
	return cutTo(most, value)
}

// list are the objects of a list at a path, without copying what else is in them.
func list(object map[string]any, path ...string) []map[string]any {
	value, _, err := unstructured.NestedFieldNoCopy(object, path...)
	if err != nil {
		return nil
	}
	entries, _ := value.([]any)
	var objects []map[string]any
	for _, entry := range entries[:min(len(entries), maxListEntries)] {
		if object, is := entry.(map[string]any); is {
			objects = append(objects, object)
		}
	}
	return objects
}

func label(object *unstructured.Unstructured, key string) string {
	return text(object.Object, "metadata", "labels", key)
}

func annotation(object *unstructured.Unstructured, key string) string {
	return text(object.Object, "metadata", "annotations", key)
}

// firstLabels are the prefixes of the labels that are kept before all others: what policies and Konvoy's and Kommander's
// own tools go by.
func firstLabels() []string {
	return []string{"support.d2iq.io/", "kommander.d2iq.io/", konvoyLabelPrefix}
}

func isFirst(key string) bool {
	return slices.ContainsFunc(firstLabels(), func(prefix string) bool { return strings.HasPrefix(key, prefix) })
}

// labelsOf are all labels, but those that no API server lets through.
func labelsOf(object *unstructured.Unstructured) map[string]string {
	return entries(object, "labels", func(key, value string) bool {
		return len(validation.IsQualifiedName(key)) == 0 && len(validation.IsValidLabelValue(value)) == 0
	})
}

// entries are the labels or annotations that are to be kept; of too many, ours before others, and then by their keys.
func entries(object *unstructured.Unstructured, field string, keep func(key, value string) bool) map[string]string {
	all := metadataOf(object, field)
	var kept map[string]string
	keys := slices.SortedFunc(maps.Keys(all), func(a, b string) int {
		return cmp.Or(compareBool(!isFirst(a), !isFirst(b)), cmp.Compare(a, b))
	})
	for _, key := range keys {
		value, is := all[key].(string)
		if !is || !keep(key, value) || len(kept) >= maxEntries {
			continue
		}
		if kept == nil {
			kept = map[string]string{}
		}
		kept[key] = cut(value)
	}
	return kept
}

// metadataOf is a field of the metadata, without copying it.
func metadataOf(object *unstructured.Unstructured, field string) map[string]any {
	value, _, err := unstructured.NestedFieldNoCopy(object.Object, "metadata", field)
	if err != nil {
		return nil
	}
	all, _ := value.(map[string]any)
	return all
}

// cut bounds foreign text. Each text in a JSON document has memory of its own, so keeping it keeps nothing else.
func cut(text string) string { return cutTo(maxTextBytes, text) }

func cutTo(most int, text string) string {
	if len(text) <= most {
		return text
	}
	return strings.Clone(strings.ToValidUTF8(text[:most], ""))
}
