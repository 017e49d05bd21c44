// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package detect

import (
	"slices"
	"strings"

	"github.com/d2iq-labs/support-policy-operator/internal/facts"

	"github.com/d2iq-labs/support-policy-operator/api/v1alpha1"
)

// labelOperator is what KUDO's tools write on an Instance.
const labelOperator = "kudo.dev/operator"

// The plans that bring a version: the first one, and, when the Instance comes to refer to another OperatorVersion,
// upgrade, where the operator has none update, and where it has neither deploy again.
const (
	planDeploy  = "deploy"
	planUpgrade = "upgrade"
	planUpdate  = "update"
)

// The states of a plan after which there is nothing more to come.
const (
	planComplete = "COMPLETE"
	planNeverRun = "NEVER_RUN"
)

// kudoRepository is the host of the repository from which D2iQ's packages come.
const kudoRepository = "kudo-repository.storage.googleapis.com"

// operatorProduct is the product that a KUDO operator is; empty for operators without support, such as ZooKeeper, which
// is there for Kafka.
func operatorProduct(operator string) string {
	return map[string]string{
		"cassandra": facts.Cassandra, "kafka": facts.Kafka, "spark": facts.Spark,
	}[operator]
}

// kudo detects the KUDO operators. The Instance is the installation, and the OperatorVersion to which it refers has the
// version. An addon that installed it tells the version, too.
func kudo(objects Objects) []facts.Installation {
	if slices.Contains(objects.Forbidden, Instances) {
		return objects.hiddenOperators()
	}
	var found []facts.Installation
	addons := objects.installedAddons()
	for _, instance := range objects.Instances {
		version, known := objects.operatorVersion(instance)
		operator := version.Operator
		if operator == "" {
			operator = instance.Operator
		}
		product := operatorProduct(operator)
		if product == "" {
			continue
		}
		evidence := []v1alpha1.Evidence{sign(instance.source(), instance.object(), coreVersion(version.Version))}
		for _, addon := range addons {
			if namespace, name := addon.instance(); namespace == instance.Namespace && name == instance.Name &&
				addon.Package.Name == operator {
				evidence = append(evidence, addon.packaged(instance.source()))
			}
		}
		if !known {
			evidence = append(evidence, objects.forbidden(OperatorVersions)...)
		}
		found = append(found, installation(product, qualified(instance.Namespace, instance.Name), evidence)...)
	}
	return found
}

// hiddenOperators are what can be told where Instances may not be looked at: what addons say that they installed, and
// that each of the other products may be there or not.
func (o Objects) hiddenOperators() []facts.Installation {
	var found []facts.Installation
	for _, addon := range o.installedAddons() {
		if product := operatorProduct(addon.Package.Name); product != "" {
			namespace, name := addon.instance()
			evidence := append([]v1alpha1.Evidence{addon.packaged(v1alpha1.SourceCustomResource)}, o.forbidden(Instances)...)
			found = append(found, installation(product, qualified(namespace, name), evidence)...)
		}
	}
	for _, product := range [...]string{facts.Cassandra, facts.Kafka, facts.Spark} {
		if !slices.ContainsFunc(found, func(f facts.Installation) bool { return f.Product == product }) {
			found = append(found, installation(product, facts.DefaultInstallation, o.forbidden(Instances))...)
		}
	}
	return merged(found)
}

// operatorVersion is what the Instance refers to, if it can be seen.
func (o Objects) operatorVersion(instance Instance) (version OperatorVersion, known bool) {
	namespace := instance.VersionNamespace
	if namespace == "" {
		namespace = instance.Namespace
	}
	for _, version := range o.OperatorVersions {
		if version.Namespace == namespace && version.Name == instance.VersionName {
			return version, true
		}
	}
	return OperatorVersion{}, false
}

// source is how far the version can be trusted. The Instance refers to a new version as soon as it is wanted; until the
// plan that brings it is complete, it is the one to come.
func (i Instance) source() v1alpha1.EvidenceSource {
	bringing := planUpgrade
	if _, has := i.Plans[bringing]; !has {
		bringing = planUpdate
	}
	state, has := i.Plans[bringing]
	if i.Plans[planDeploy] == planComplete && (!has || state == planComplete || state == planNeverRun || state == "") {
		return v1alpha1.SourceCustomResource
	}
	return v1alpha1.SourceDeclared
}

// defaultTarget is the namespace into which kubeaddons installs a ClusterAddon that does not say another.
const defaultTarget = "kubeaddons"

// instance is the Instance that kubeaddons makes for an addon with a package of KUDO.
func (a Addon) instance() (namespace, name string) {
	switch {
	case a.Namespace != "":
		return a.Namespace, a.Name
	case a.Target != "":
		return a.Target, a.Name
	}
	return defaultTarget, a.Name
}

// packaged is the evidence of a package of KUDO. The addon's revision is no evidence: it counts packages of the
// application.
func (a Addon) packaged(source v1alpha1.EvidenceSource) v1alpha1.Evidence {
	evidence := sign(source, a.object(), coreVersion(a.Package.Version))
	place := withoutScheme(a.Package.Repository)
	if host, _, _ := strings.Cut(place, "/"); place != "" && !strings.EqualFold(host, kudoRepository) {
		evidence.Repository = facts.Printable(place)
	}
	return evidence
}
