// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package alerts

import (
	"bytes"
	"encoding/json"
	"strings"

	monitoringv1 "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	"go.yaml.in/yaml/v3"
)

const header = "# Generated from monitoring/alerts by `make generate-all`.\n"

// Rules returns all rules, records first.
func Rules(t Timing) monitoringv1.PrometheusRuleSpec {
	rules := records(t)
	for _, alert := range Alerts(t) {
		rules = append(rules, alert.rule())
	}
	return monitoringv1.PrometheusRuleSpec{Groups: []monitoringv1.RuleGroup{{Name: GroupName, Rules: rules}}}
}

// RuleFile returns the rules as a rule file of Prometheus.
func RuleFile(t Timing) ([]byte, error) { return marshal(Rules(t)) }

// Manifest returns the rules as a PrometheusRule of the Prometheus Operator.
func Manifest(t Timing) ([]byte, error) {
	return marshal(manifest{
		APIVersion: monitoringv1.SchemeGroupVersion.String(),
		Kind:       monitoringv1.PrometheusRuleKind,
		Metadata: metadata{
			Name:      "support-policy-operator",
			Namespace: "support-policy-system",
			Labels:    map[string]string{"app.kubernetes.io/name": "support-policy-operator"},
			// Flux would replace $labels and $value as its own variables.
			Annotations: map[string]string{"kustomize.toolkit.fluxcd.io/substitute": "disabled"},
		},
		Spec: Rules(t),
	})
}

// manifest is a PrometheusRule without the empty status that the API's type would add.
type manifest struct {
	APIVersion string                          `json:"apiVersion"`
	Kind       string                          `json:"kind"`
	Metadata   metadata                        `json:"metadata"`
	Spec       monitoringv1.PrometheusRuleSpec `json:"spec"`
}

type metadata struct {
	Name        string            `json:"name"`
	Namespace   string            `json:"namespace"`
	Labels      map[string]string `json:"labels"`
	Annotations map[string]string `json:"annotations"`
}

// marshal returns the YAML of an object, with the fields in the order of its type and expressions line by line.
// sigs.k8s.io/yaml would sort the fields and fold the lines.
func marshal(object any) ([]byte, error) {
	asJSON, err := json.Marshal(object)
	if err != nil {
		return nil, err
	}
	var document yaml.Node
	if err := yaml.Unmarshal(asJSON, &document); err != nil {
		return nil, err
	}
	restyle(&document)
	content := bytes.NewBufferString(header)
	encoder := yaml.NewEncoder(content)
	encoder.SetIndent(2)
	if err := encoder.Encode(&document); err != nil {
		return nil, err
	}
	return content.Bytes(), encoder.Close()
}

// restyle replaces the style of JSON by that of YAML.
func restyle(node *yaml.Node) {
	node.Style = 0
	if strings.Contains(node.Value, "\n") {
		node.Style = yaml.LiteralStyle
	}
	for _, child := range node.Content {
		restyle(child)
	}
}
