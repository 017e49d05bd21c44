package observe

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"k8s.io/apimachinery/pkg/version"

	"github.com/d2iq-labs/support-policy-operator/internal/support"
)

// kubernetesVersion asks GET /version. No field of any object is as good: it is what runs.
func (c clients) kubernetesVersion(ctx context.Context) (string, error) {
	answer, err := c.discovery.RESTClient().Get().AbsPath("/version").Do(ctx).Raw()
	if err != nil {
		return "", err
	}
	var found version.Info
	if err := json.Unmarshal(answer, &found); err != nil {
		return "", fmt.Errorf("the answer to GET /version is not a version: %w", err)
	}
	if found.GitVersion == "" {
		return "", errors.New("the answer to GET /version has no gitVersion")
	}
	return support.Printable(found.GitVersion), nil
}
