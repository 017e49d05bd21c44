// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package bundle

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"slices"
	"strings"

	"github.com/Masterminds/semver/v3"
	"k8s.io/apimachinery/pkg/util/json"
	"k8s.io/apimachinery/pkg/util/validation"
)

// bundleRules are the rules for a bundle: first what OLM needs to install it, then what catalogs and consoles show.
var bundleRules = append([]rule[*contents]{
	{"annotations", "operator-registry pkg/lib/bundle: ValidateBundleFormat", checkAnnotations},
	{"name and version", "operator-framework/api: CSVValidator, bundle name", checkVersion},
	{"owned definitions", "operator-framework/api: BundleValidator; operator-controller: CheckOwnedCRDExistence", checkOwned},
	{"examples", "operator-framework/api: CSVValidator", checkExamples},
	{"service account", "operator-framework/api: BundleValidator", checkServiceAccounts},
	{"kinds", "operator-registry pkg/lib/bundle: IsSupported; operator-framework/api: AlphaDeprecatedAPIsValidator", checkKinds},
	{"namespace", "operator-controller: BundleAdditionalResourcesGenerator", checkNamespaces},
	{"size", "operator-framework/api: BundleValidator", checkSize},
	{"install modes", "operator-controller: AllNamespaces alone by default", checkInstallModes},
	{"features of OLM v1", "operator-controller: no dependencies, webhooks or API services", checkFeatures},
	{"deployments", "operator-controller: CheckDeploymentSpecUniqueness, CheckDeploymentNameIsDNS1123SubDomain", checkDeployments},
	{"resource requests", "operator-framework/api: GoodPracticesValidator", checkRequests},
	{"related images", "OLM: mirroring for clusters without the internet", checkRelatedImages},
}, listingRules...)

// checkAnnotations: the paths and the package are there, and the channel is one of those that are expected.
func checkAnnotations(c *contents) []string {
	var broken []string
	const prefix = "operators.operatorframework.io.bundle."
	for name, want := range map[string]string{"mediatype.v1": "registry+v1", "manifests.v1": "manifests/", "metadata.v1": "metadata/"} {
		if got := c.annotations[prefix+name]; got != want {
			broken = append(broken, fmt.Sprintf("%s: %s%s is %q, want %q", metadataFile, prefix, name, got, want))
		}
	}
	if c.annotations[prefix+"package.v1"] == "" {
		broken = append(broken, metadataFile+": the package has no name")
	}
	channels := strings.Split(c.annotations[prefix+"channels.v1"], ",")
	if !slices.Contains(channels, c.annotations[prefix+"channel.default.v1"]) {
		broken = append(broken, fmt.Sprintf("%s: the default channel is none of the channels %q", metadataFile, channels))
	}
	for _, channel := range channels {
		if !slices.ContainsFunc([]string{"candidate", "fast", "stable"}, func(begin string) bool { return strings.HasPrefix(channel, begin) }) {
			broken = append(broken, fmt.Sprintf("%s: the channel %q begins with none of candidate, fast and stable", metadataFile, channel))
		}
	}
	slices.Sort(broken)
	return broken
}

// checkVersion: the name is PACKAGE.vVERSION, and an older version can be upgraded.
func checkVersion(c *contents) []string {
	var broken []string
	version, err := semver.StrictNewVersion(c.csv.text("spec", "version"))
	if err != nil {
		return []string{fmt.Sprintf("spec.version %q: %v", c.csv.text("spec", "version"), err)}
	}
	if want := c.annotations["operators.operatorframework.io.bundle.package.v1"] + ".v" + version.String(); c.csv.name() != want {
		broken = append(broken, fmt.Sprintf("metadata.name is %q, want %q", c.csv.name(), want))
	}
	skipped, err := semver.NewConstraint(c.annotation("olm.skipRange"))
	if err != nil {
		return append(broken, fmt.Sprintf("the annotation olm.skipRange %q: %v", c.annotation("olm.skipRange"), err))
	}
	if skipped.Check(version) {
		broken = append(broken, fmt.Sprintf("olm.skipRange %q has the version %s itself in it", c.annotation("olm.skipRange"), version))
	}
	return broken
}

// gvk is what a definition is of: GROUP/VERSION KIND.
func gvk(group, version, kind string) string { return group + "/" + version + " " + kind }

// ownedKinds are the kinds that the ClusterServiceVersion says to own.
func (c *contents) ownedKinds() []string {
	var kinds []string
	for _, owned := range c.objects("customresourcedefinitions", "owned") {
		kinds = append(kinds, gvk(groupOf(owned.text("name")), owned.text("version"), owned.text("kind")))
	}
	slices.Sort(kinds)
	return kinds
}

// checkOwned: what is owned is defined, once, and what is defined is owned.
func checkOwned(c *contents) []string {
	var defined, broken []string
	for _, d := range c.definitions {
		for _, version := range objectsIn(d, "spec", "versions") {
			defined = append(defined, gvk(d.text("spec", "group"), version.text("name"), d.text("spec", "names", "kind")))
		}
	}
	owned := c.ownedKinds()
	for _, kind := range owned {
		if !slices.Contains(defined, kind) {
			broken = append(broken, kind+" is owned, and the bundle has no CustomResourceDefinition of it")
		}
	}
	slices.Sort(defined)
	for i, kind := range defined {
		if !slices.Contains(owned, kind) {
			broken = append(broken, kind+" is defined and not owned")
		}
		if i > 0 && defined[i-1] == kind {
			broken = append(broken, kind+" is defined twice")
		}
	}
	return broken
}

// examples are the objects of the annotation alm-examples.
func (c *contents) examples() ([]object, error) {
	var maps []map[string]any
	if err := json.Unmarshal([]byte(c.annotation("alm-examples")), &maps); err != nil {
		return nil, fmt.Errorf("the annotation alm-examples is no list of objects: %w", err)
	}
	var all []object
	for _, o := range maps {
		all = append(all, o)
	}
	return all, nil
}

// checkExamples: there is an example of each owned kind, with a specification, and of no other.
func checkExamples(c *contents) []string {
	examples, err := c.examples()
	if err != nil {
		return []string{err.Error()}
	}
	var kinds, broken []string
	owned := c.ownedKinds()
	for _, example := range examples {
		group, version, _ := strings.Cut(example.text("apiVersion"), "/")
		kind := gvk(group, version, example.kind())
		kinds = append(kinds, kind)
		if !slices.Contains(owned, kind) {
			broken = append(broken, "there is an example of "+kind+", which is not owned")
		}
		if spec, _ := example["spec"].(map[string]any); len(spec) == 0 {
			broken = append(broken, "the example "+example.kind()+" "+example.name()+" has no spec")
		}
	}
	for _, kind := range owned {
		if !slices.Contains(kinds, kind) {
			broken = append(broken, "there is no example of "+kind)
		}
	}
	return broken
}

// checkServiceAccounts: OLM makes the accounts itself, those of the permissions, and the Deployments use them.
func checkServiceAccounts(c *contents) []string {
	var granted, broken []string
	for _, list := range []string{"clusterPermissions", "permissions"} {
		for _, p := range c.objects("install", "spec", list) {
			granted = append(granted, p.text("serviceAccountName"))
		}
	}
	for _, d := range c.objects("install", "spec", "deployments") {
		account := d.text("spec", "template", "spec", "serviceAccountName")
		if !slices.Contains(granted, account) {
			broken = append(broken, fmt.Sprintf("the Deployment %s runs as %q, for which there are no permissions", d.text("name"), account))
		}
		for _, o := range c.manifests {
			if o.kind() == "ServiceAccount" && o.name() == account {
				broken = append(broken, fmt.Sprintf("ServiceAccount %s is a manifest: OLM makes it, and both would own it", account))
			}
		}
	}
	return broken
}

// olmKinds are the kinds that every release of OLM creates from a bundle, with the one API version that current API servers
// have. Of those that it knows, PrometheusRule and ServiceMonitor are missing: where their CRDs are, OLM creates them, and
// elsewhere nothing is installed at all.
var olmKinds = map[string]string{
	"ClusterRole":         "rbac.authorization.k8s.io/v1",
	"ClusterRoleBinding":  "rbac.authorization.k8s.io/v1",
	"Role":                "rbac.authorization.k8s.io/v1",
	"RoleBinding":         "rbac.authorization.k8s.io/v1",
	"ConfigMap":           "v1",
	"Secret":              "v1",
	"Service":             "v1",
	"ServiceAccount":      "v1",
	"PodDisruptionBudget": "policy/v1",
	"PriorityClass":       "scheduling.k8s.io/v1",
}

func checkKinds(c *contents) []string {
	var broken []string
	for _, o := range c.manifests {
		if version, known := olmKinds[o.kind()]; !known || version != o.text("apiVersion") {
			broken = append(broken, fmt.Sprintf("%s %s of %s: OLM does not create it everywhere", o.kind(), o.name(), o.text("apiVersion")))
		}
	}
	for _, d := range c.definitions {
		if d.text("apiVersion") != "apiextensions.k8s.io/v1" {
			broken = append(broken, fmt.Sprintf("CustomResourceDefinition %s of %s: API servers have v1 only", d.name(), d.text("apiVersion")))
		}
	}
	return broken
}

// checkNamespaces: OLM installs into the namespace that its user chooses.
func checkNamespaces(c *contents) []string {
	var broken []string
	for _, o := range c.manifests {
		if namespace := o.text("metadata", "namespace"); namespace != "" {
			broken = append(broken, fmt.Sprintf("%s %s names the namespace %s", o.kind(), o.name(), namespace))
		}
		for _, subject := range objectsIn(o, "subjects") {
			if subject.text("namespace") != "" {
				broken = append(broken, fmt.Sprintf("%s %s names the namespace of a subject", o.kind(), o.name()))
			}
		}
	}
	return broken
}

// maxSize is what fits into the ConfigMap in which OLM keeps an unpacked bundle, compressed, less the 15 % at which
// validators warn.
const maxSize = (1 << 20) * 85 / 100

func checkSize(c *contents) []string {
	var packed bytes.Buffer
	writer := gzip.NewWriter(&packed)
	for _, name := range sortedNames(c.files) {
		if _, err := writer.Write(c.files[name]); err != nil {
			return []string{err.Error()}
		}
	}
	if err := writer.Close(); err != nil {
		return []string{err.Error()}
	}
	if packed.Len() > maxSize {
		return []string{fmt.Sprintf("the bundle has %d bytes compressed, more than %d", packed.Len(), maxSize)}
	}
	return nil
}

func checkInstallModes(c *contents) []string {
	supported := map[string]bool{}
	var broken []string
	for _, mode := range c.objects("installModes") {
		name := mode.text("type")
		if _, twice := supported[name]; twice {
			broken = append(broken, "the install mode "+name+" is there twice")
		}
		supported[name], _ = mode["supported"].(bool)
	}
	if !supported["AllNamespaces"] {
		broken = append(broken, "the install mode AllNamespaces is not supported")
	}
	return broken
}

func checkFeatures(c *contents) []string {
	var broken []string
	for _, path := range [][]string{
		{"webhookdefinitions"}, {"apiservicedefinitions", "owned"}, {"apiservicedefinitions", "required"}, {"customresourcedefinitions", "required"},
	} {
		if len(c.objects(path...)) > 0 {
			broken = append(broken, "spec."+strings.Join(path, ".")+": not every OLM v1 has it")
		}
	}
	for _, file := range []string{"metadata/dependencies.yaml", "metadata/properties.yaml"} {
		if c.files[file] != nil {
			broken = append(broken, file+": OLM v1 resolves no dependencies")
		}
	}
	return broken
}

func checkDeployments(c *contents) []string {
	seen := map[string]bool{}
	var broken []string
	for _, d := range c.objects("install", "spec", "deployments") {
		name := d.text("name")
		for _, problem := range validation.IsDNS1123Subdomain(name) {
			broken = append(broken, fmt.Sprintf("the name %q of a Deployment: %s", name, problem))
		}
		if seen[name] {
			broken = append(broken, fmt.Sprintf("the Deployment %s is there twice", name))
		}
		seen[name] = true
	}
	if len(seen) == 0 {
		broken = append(broken, "there is no Deployment")
	}
	return broken
}

func checkRequests(c *contents) []string {
	var broken []string
	for _, container := range c.deployedContainers() {
		for _, resource := range []string{"cpu", "memory"} {
			if container.text("resources", "requests", resource) == "" {
				broken = append(broken, fmt.Sprintf("the container %s requests no %s", container.text("name"), resource))
			}
		}
	}
	return broken
}

// checkRelatedImages: each image that runs is named, and by its digest, so that a mirror has the same.
func checkRelatedImages(c *contents) []string {
	var related, broken []string
	for _, image := range c.objects("relatedImages") {
		related = append(related, image.text("image"))
	}
	running := []string{c.annotation("containerImage")}
	for _, container := range c.deployedContainers() {
		running = append(running, container.text("image"))
	}
	for _, image := range running {
		if !slices.Contains(related, image) {
			broken = append(broken, fmt.Sprintf("the image %s is none of the related images", image))
		}
	}
	for _, image := range related {
		if !byDigest.MatchString(image) {
			broken = append(broken, fmt.Sprintf("the image %s is not named by its digest", image))
		}
	}
	return broken
}
