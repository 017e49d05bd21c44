package observe

import (
	"maps"
	"slices"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/validation"

	"github.com/d2iq-labs/support-policy-operator/internal/support"
)

// The bounds of what is kept of an object that somebody else wrote. They are far above what the products write.
const (
	maxTextBytes   = 256
	maxEntries     = 64
	maxListEntries = 32
)

// addonsDomain is the domain of kubeaddons' labels and annotations; catalog., appversion. and stage. are below it.
const addonsDomain = "kubeaddons.mesosphere.io"

func trimAddon(object *unstructured.Unstructured) any {
	return Addon{
		Namespace:    namespaceOf(object),
		Name:         nameOf(object),
		Target:       text(object.Object, "spec", "namespace"),
		Labels:       marks(object, "labels"),
		Annotations:  marks(object, "annotations"),
		Stage:        text(object.Object, "status", "stage"),
		Chart:        text(object.Object, "spec", "chartReference", "chart"),
		ChartVersion: text(object.Object, "spec", "chartReference", "version"),
		Package: Package{
			Name:       text(object.Object, "spec", "kudoReference", "package"),
			Version:    text(object.Object, "spec", "kudoReference", "version"),
			Repository: text(object.Object, "spec", "kudoReference", "repo"),
		},
	}
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
func trimWorkload(kind string) func(metav1.Object) any {
	return func(object metav1.Object) any {
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
func namespaceOf(object metav1.Object) string {
	return unlessInvalid(object.GetNamespace(), validation.IsDNS1123Label)
}

func nameOf(object metav1.Object) string {
	return unlessInvalid(object.GetName(), validation.IsDNS1123Subdomain)
}

func unlessInvalid(name string, validate func(string) []string) string {
	if name == "" || len(validate(name)) == 0 {
		return strings.Clone(name)
	}
	return support.Printable(name)
}

// text is the string at a path, empty when there is none: what a foreign object has elsewhere is as good as absent.
func text(object map[string]any, path ...string) string {
	value, _, err := unstructured.NestedString(object, path...)
	if err != nil {
		return ""
	}
	return cut(value)
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

// marks are the labels or annotations that are read. Annotations such as the last applied configuration hold whole
// objects.
func marks(object *unstructured.Unstructured, field string) map[string]string {
	value, _, err := unstructured.NestedFieldNoCopy(object.Object, "metadata", field)
	if err != nil {
		return nil
	}
	all, _ := value.(map[string]any)
	kept := map[string]string{}
	for _, key := range slices.Sorted(maps.Keys(all)) {
		if value, is := all[key].(string); is && isRead(key) && len(kept) < maxEntries {
			kept[key] = cut(value)
		}
	}
	return kept
}

func isRead(key string) bool {
	domain, _, _ := strings.Cut(key, "/")
	return domain == addonsDomain || strings.HasSuffix(domain, "."+addonsDomain) || key == labelFederated
}

// cut bounds foreign text. The copy lets go of the object that it was part of.
func cut(text string) string {
	if len(text) > maxTextBytes {
		text = strings.ToValidUTF8(text[:maxTextBytes], "")
	}
	return strings.Clone(text)
}
