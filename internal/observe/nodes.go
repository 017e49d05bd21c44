package observe

import (
	"context"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// konvoyNodeLabel returns the label of Konvoy 1.x that at least one node carries; empty when none does. Nodes are not
// watched: each of them reports its health every few minutes at least, and the answer hardly ever changes. Which node
// carries the label is of no interest, so that replacing nodes changes nothing.
func (c clients) konvoyNodeLabel(ctx context.Context) (string, error) {
	nodes := c.metadata.Resource(schema.GroupVersionResource{Version: "v1", Resource: Nodes})
	for _, label := range konvoyNodeLabels {
		found, err := nodes.List(ctx, metav1.ListOptions{LabelSelector: label, Limit: 1})
		if err != nil {
			return "", err
		}
		if len(found.Items) > 0 {
			return label, nil
		}
	}
	return "", nil
}
