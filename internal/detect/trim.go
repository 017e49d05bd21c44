// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package detect

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/validation"

	"github.com/d2iq-labs/support-policy-operator/internal/facts"
)

// The bounds of what is kept of an object, which anybody in the cluster could have written. They are far above what the
// products write.
const (
	// maxTextBytes is for each text but declared releases.
	maxTextBytes        = 256
	maxDeclarationBytes = 4096
	// maxEntries is for labels, or annotations, of one object.
	maxEntries     = 64
	maxListEntries = 32
)

// The labels and annotations that kubeaddons, the Konvoy CLI and Kommander's catalog write on addons.
const (
	labelRepositoryName = "kubeaddons.mesosphere.io/repository-name"
	labelRepositoryRef  = "kubeaddons.mesosphere.io/repository-ref"
	labelFederated      = "kubefed.io/managed"

	annotationRevision         = "catalog.kubeaddons.mesosphere.io/addon-revision"
	annotationOriginRepository = "catalog.kubeaddons.mesosphere.io/origin-repository"
	annotationOriginRef        = "catalog.kubeaddons.mesosphere.io/origin-repository-version"
	// annotationAppVersion comes before the name of the addon, or of a part of it.
	annotationAppVersion = "appversion.kubeaddons.mesosphere.io/"
	// annotationStage comes before the name of a component, which is the addon or a part of it: up to 3.0.1 of the base
	// addons, Kiali and Jaeger were parts of the addon istio.
	annotationStage = "stage.kubeaddons.mesosphere.io/"
)

func trimAddon(object *unstructured.Unstructured) any {
	name := nameOf(object)
	return Addon{
		Namespace:        namespaceOf(object),
		Name:             name,
		Target:           stringAt(object.Object, "spec", "namespace"),
		Repository:       label(object, labelRepositoryName),
		Ref:              label(object, labelRepositoryRef),
		OriginRepository: annotation(object, annotationOriginRepository),
		OriginRef:        annotation(object, annotationOriginRef),
		Federated:        label(object, labelFederated) == "true",
		Revision:         annotation(object, annotationRevision),
		AppVersion:       annotation(object, annotationAppVersion+name),
		Stages:           stagesOf(object),
		Stage:            stringAt(object.Object, "status", "stage"),
		Chart:            stringAt(object.Object, "spec", "chartReference", "chart"),
		ChartVersion:     stringAt(object.Object, "spec", "chartReference", "version"),
		Package: Package{
			Name:       stringAt(object.Object, "spec", "kudoReference", "package"),
			Version:    stringAt(object.Object, "spec", "kudoReference", "version"),
			Repository: stringAt(object.Object, "spec", "kudoReference", "repo"),
		},
	}
}

// stagesOf returns the stages of the addon and its parts, by component; nil where it names none.
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
		Version:            stringAt(object.Object, "spec", "cluster", "version"),
		ProvisionerVersion: stringAt(object.Object, "spec", "provisioner", "version"),
		Phase:              stringAt(object.Object, "status", "phase"),
	}
	for _, addons := range objectsAt(object.Object, "spec", "cluster", "addons") {
		cluster.Repositories = append(cluster.Repositories, Repository{
			URL: stringAt(addons, "configRepository"),
			Ref: stringAt(addons, "configVersion"),
		})
	}
	return cluster
}

func trimHelmRelease(object *unstructured.Unstructured) any {
	release := HelmRelease{
		Namespace:           namespaceOf(object),
		Name:                nameOf(object),
		LastAppliedRevision: stringAt(object.Object, "status", "lastAppliedRevision"),
	}
	for _, snapshot := range objectsAt(object.Object, "status", "history") {
		release.History = append(release.History, HelmSnapshot{
			ChartVersion: stringAt(snapshot, "chartVersion"),
			Status:       stringAt(snapshot, "status"),
		})
	}
	return release
}

func trimKommanderCore(object *unstructured.Unstructured) any {
	return KommanderCore{
		Name:    nameOf(object),
		Wanted:  stringAt(object.Object, "spec", "version"),
		Running: stringAt(object.Object, "status", "version"),
	}
}

func trimInstance(object *unstructured.Unstructured) any {
	instance := Instance{
		Namespace:        namespaceOf(object),
		Name:             nameOf(object),
		Operator:         truncate(object.GetLabels()[labelOperator]),
		VersionNamespace: stringAt(object.Object, "spec", "operatorVersion", "namespace"),
		VersionName:      stringAt(object.Object, "spec", "operatorVersion", "name"),
		Plans:            map[string]string{},
	}
	for _, plan := range [...]string{planDeploy, planUpgrade, planUpdate} {
		if _, has, err := unstructured.NestedFieldNoCopy(object.Object, "status", "planStatus", plan); has && err == nil {
			instance.Plans[plan] = stringAt(object.Object, "status", "planStatus", plan, "status")
		}
	}
	return instance
}

func trimOperatorVersion(object *unstructured.Unstructured) any {
	return OperatorVersion{
		Namespace: namespaceOf(object),
		Name:      nameOf(object),
		Operator:  stringAt(object.Object, "spec", "operator", "name"),
		Version:   stringAt(object.Object, "spec", "version"),
	}
}

// trimWorkload trims workloads of one kind. Their objects hold only the metadata.
func trimWorkload(kind string) func(*unstructured.Unstructured) any {
	return func(object *unstructured.Unstructured) any {
		labels := object.GetLabels()
		return Workload{
			Kind:      kind,
			Namespace: namespaceOf(object),
			Name:      nameOf(object),
			Chart:     truncate(labels[labelChart]),
			Instance:  truncate(labels[labelInstance]),
		}
	}
}

// namespaceOf and nameOf return names that a status can hold. A real API server serves no others; names from anything that
// only answers like one are made printable.
func namespaceOf(object *unstructured.Unstructured) string {
	return validOrPrintable(object.GetNamespace(), validation.IsDNS1123Label)
}

func nameOf(object *unstructured.Unstructured) string {
	return validOrPrintable(object.GetName(), validation.IsDNS1123Subdomain)
}

func validOrPrintable(name string, validate func(string) []string) string {
	if name == "" || len(validate(name)) == 0 {
		return name
	}
	return facts.Printable(name)
}

// stringAt returns the string at a path, bounded; empty where there is none, or a value of another type.
func stringAt(object map[string]any, path ...string) string {
	return stringAtMost(maxTextBytes, object, path...)
}

func stringAtMost(most int, object map[string]any, path ...string) string {
	value, _, err := unstructured.NestedString(object, path...)
	if err != nil {
		return ""
	}
	return truncateTo(most, value)
}

// objectsAt returns the first objects of the list at a path, without copying them.
func objectsAt(object map[string]any, path ...string) []map[string]any {
	value, _, err := unstructured.NestedFieldNoCopy(object, path...)
	if err != nil {
		return nil
	}
	entries, _ := value.([]any)
	var objects []map[string]any
	for _, entry := range entries[:min(len(entries), maxListEntries)] {
		if object, ok := entry.(map[string]any); ok {
			objects = append(objects, object)
		}
	}
	return objects
}

func label(object *unstructured.Unstructured, key string) string {
	return stringAt(object.Object, "metadata", "labels", key)
}

func annotation(object *unstructured.Unstructured, key string) string {
	return stringAt(object.Object, "metadata", "annotations", key)
}

// preferredLabelPrefixes begin the labels that are kept before all others: policies, Konvoy and Kommander read them.
func preferredLabelPrefixes() []string {
	return []string{"support.d2iq.io/", "kommander.d2iq.io/", KonvoyLabelPrefix}
}

func isPreferred(key string) bool {
	return slices.ContainsFunc(preferredLabelPrefixes(), func(prefix string) bool { return strings.HasPrefix(key, prefix) })
}

// labelsOf returns the valid labels of an object.
func labelsOf(object *unstructured.Unstructured) map[string]string {
	return entries(object, "labels", func(key, value string) bool {
		return len(validation.IsQualifiedName(key)) == 0 && len(validation.IsValidLabelValue(value)) == 0
	})
}

// entries returns the labels or annotations to keep; of too many, the preferred ones and then the first by key.
func entries(object *unstructured.Unstructured, field string, keep func(key, value string) bool) map[string]string {
	all := metadataOf(object, field)
	var kept map[string]string
	keys := slices.SortedFunc(maps.Keys(all), func(a, b string) int {
		return cmp.Or(compareBool(!isPreferred(a), !isPreferred(b)), cmp.Compare(a, b))
	})
	for _, key := range keys {
		value, ok := all[key].(string)
		if !ok || !keep(key, value) || len(kept) >= maxEntries {
			continue
		}
		if kept == nil {
			kept = map[string]string{}
		}
		kept[key] = truncate(value)
	}
	return kept
}

// metadataOf returns a map of the metadata, without copying it.
func metadataOf(object *unstructured.Unstructured, field string) map[string]any {
	value, _, err := unstructured.NestedFieldNoCopy(object.Object, "metadata", field)
	if err != nil {
		return nil
	}
	all, _ := value.(map[string]any)
	return all
}

// truncate bounds a text. A text that is kept whole keeps nothing else in memory: each string of a decoded JSON document
// is allocated by itself.
func truncate(text string) string { return truncateTo(maxTextBytes, text) }

func truncateTo(most int, text string) string {
	if len(text) <= most {
		return text
	}
	return strings.Clone(strings.ToValidUTF8(text[:most], ""))
}
