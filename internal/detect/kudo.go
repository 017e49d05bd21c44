// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package detect

// The KUDO operators Cassandra, Kafka and Spark. Each Instance is an installation. Evidence, strongest first:
//
//  1. CustomResource: spec.version of the OperatorVersion to which the Instance refers.
//  2. CustomResource: spec.kudoReference.version of the addon that made the Instance.
//  3. Declared in place of either, until the plan that brings the version is complete: the Instance refers to a new
//     version as soon as it is wanted.
//  4. Forbidden, for a version that the API server denies, and for each product where it denies Instances.
//
// An OperatorVersion without an Instance is not installed. Its name is not parsed: the two forms that KUDO uses cannot be
// told apart. The addon's revision counts versions of the application, not of the operator.

import (
	"slices"
	"strings"

	"github.com/d2iq-labs/support-policy-operator/api/v1alpha1"
	"github.com/d2iq-labs/support-policy-operator/internal/facts"
)

// labelOperator is the label by which KUDO's tools name the operator of an Instance.
const labelOperator = "kudo.dev/operator"

// The plans that bring a version: deploy brings the first. For another OperatorVersion KUDO runs upgrade; where the
// operator has no such plan, update; where it has neither, deploy again.
const (
	planDeploy  = "deploy"
	planUpgrade = "upgrade"
	planUpdate  = "update"
)

// The states of a plan that is not under way.
const (
	planComplete = "COMPLETE"
	planNeverRun = "NEVER_RUN"
)

// kudoRepository is the host of the vendor's repository of packages.
const kudoRepository = "kudo-repository.storage.googleapis.com"

// operatorProduct returns the product that a KUDO operator is; empty for other operators, such as ZooKeeper, on which
// Kafka depends.
func operatorProduct(operator string) string {
	return map[string]string{
		"cassandra": facts.Cassandra, "kafka": facts.Kafka, "spark": facts.Spark,
	}[operator]
}

// detectKUDO finds one installation for each Instance of a supported operator, named <namespace>.<name>.
func detectKUDO(input Input) []facts.Installation {
	if slices.Contains(input.Forbidden, Instances) {
		return input.operatorsOfAddons()
	}
	var found []facts.Installation
	addons := input.installedAddons()
	for _, instance := range input.Instances {
		version, known := input.operatorVersion(instance)
		operator := version.Operator
		if operator == "" {
			operator = instance.Operator
		}
		product := operatorProduct(operator)
		if product == "" {
			continue
		}
		evidence := []v1alpha1.Evidence{newEvidence(instance.source(), instance.object(), coreVersion(version.Version))}
		for _, addon := range addons {
			if namespace, name := addon.kudoInstance(); namespace == instance.Namespace && name == instance.Name &&
				addon.Package.Name == operator {
				evidence = append(evidence, addon.packageEvidence(instance.source()))
			}
		}
		if !known {
			evidence = append(evidence, input.forbiddenEvidence(OperatorVersions)...)
		}
		found = append(found, installationFrom(product, qualifiedName(instance.Namespace, instance.Name), evidence)...)
	}
	return found
}

// operatorsOfAddons is for a cluster whose API server denies Instances: it returns what addons installed, and each other
// product as one that may be installed.
func (in Input) operatorsOfAddons() []facts.Installation {
	var found []facts.Installation
	for _, addon := range in.installedAddons() {
		if product := operatorProduct(addon.Package.Name); product != "" {
			namespace, name := addon.kudoInstance()
			evidence := append([]v1alpha1.Evidence{addon.packageEvidence(v1alpha1.SourceCustomResource)}, in.forbiddenEvidence(Instances)...)
			found = append(found, installationFrom(product, qualifiedName(namespace, name), evidence)...)
		}
	}
	for _, product := range [...]string{facts.Cassandra, facts.Kafka, facts.Spark} {
		if !slices.ContainsFunc(found, func(f facts.Installation) bool { return f.Product == product }) {
			found = append(found, installationFrom(product, facts.DefaultInstallation, in.forbiddenEvidence(Instances))...)
		}
	}
	return mergeByName(found)
}

// operatorVersion returns the OperatorVersion to which the Instance refers, if it was found.
func (in Input) operatorVersion(instance Instance) (version OperatorVersion, known bool) {
	namespace := instance.VersionNamespace
	if namespace == "" {
		namespace = instance.Namespace
	}
	for _, version := range in.OperatorVersions {
		if version.Namespace == namespace && version.Name == instance.VersionName {
			return version, true
		}
	}
	return OperatorVersion{}, false
}

// source is Declared until the plan that brings the version is complete: the version is then the one that is wanted.
func (i Instance) source() v1alpha1.EvidenceSource {
	plan := planUpgrade
	if _, has := i.Plans[plan]; !has {
		plan = planUpdate
	}
	state, has := i.Plans[plan]
	if i.Plans[planDeploy] == planComplete && (!has || state == planComplete || state == planNeverRun || state == "") {
		return v1alpha1.SourceCustomResource
	}
	return v1alpha1.SourceDeclared
}

// defaultTarget is the namespace into which kubeaddons installs a ClusterAddon that names none.
const defaultTarget = "kubeaddons"

// kudoInstance returns the name of the Instance that kubeaddons makes for an addon with a KUDO package.
func (a Addon) kudoInstance() (namespace, name string) {
	switch {
	case a.Namespace != "":
		return a.Namespace, a.Name
	case a.Target != "":
		return a.Target, a.Name
	}
	return defaultTarget, a.Name
}

// packageEvidence is the version of the addon's KUDO package, and its repository where that is not the vendor's.
func (a Addon) packageEvidence(source v1alpha1.EvidenceSource) v1alpha1.Evidence {
	evidence := newEvidence(source, a.object(), coreVersion(a.Package.Version))
	repository := withoutScheme(a.Package.Repository)
	if host, _, _ := strings.Cut(repository, "/"); repository != "" && !strings.EqualFold(host, kudoRepository) {
		evidence.Repository = facts.Printable(repository)
	}
	return evidence
}
