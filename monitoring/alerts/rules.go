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

// Rules are all rules, records first.
func Rules(t Timing) monitoringv1.PrometheusRuleSpec {
	rules := records(t)
	for _, alert := range Alerts(t) {
		rules = append(rules, alert.rule())
	}
	return monitoringv1.PrometheusRuleSpec{Groups: []monitoringv1.RuleGroup{{Name: GroupName, Rules: rules}}}
}

// File is a rule file, as Prometheus reads it.
func File(t Timing) ([]byte, error) { return readable(Rules(t)) }

// Object is the rules as a manifest for the Prometheus Operator.
func Object(t Timing) ([]byte, error) {
	return readable(manifest{
		APIVersion: monitoringv1.SchemeGroupVersion.String(),
		Kind:       monitoringv1.PrometheusRuleKind,
		Metadata: metadata{
			Name:      "support-policy-operator",
			Namespace: "support-policy-system",
			Labels:    map[string]string{"app.kubernetes.io/name": "support-policy-operator"},
			// Flux would take $labels and $value for variables of its own.
			Annotations: map[string]string{"kustomize.toolkit.fluxcd.io/substitute": "disabled"},
		},
		Spec: Rules(t),
	})
}

// manifest is a PrometheusRule as a person writes one: the API's type would add an empty status.
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

// readable is the YAML of an object with the fields in the order of its type, and with expressions as they were written.
// The usual way, by sigs.k8s.io/yaml, would sort the fields and fold the lines.
func readable(object any) ([]byte, error) {
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

// restyle takes the braces and quotes of JSON away.
func restyle(node *yaml.Node) {
	node.Style = 0
	if strings.Contains(node.Value, "\n") {
		node.Style = yaml.LiteralStyle
	}
	for _, child := range node.Content {
		restyle(child)
	}
}
