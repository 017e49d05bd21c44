package fleet

import (
	"context"
	"time"

	"k8s.io/apimachinery/pkg/types"

	"github.com/d2iq-labs/support-policy-operator/internal/observe"
	"github.com/d2iq-labs/support-policy-operator/internal/support"
)

// ConnectionsOptions say how the clusters of a fleet are reached and observed.
type ConnectionsOptions struct {
	Options

	// Secret reads a Secret by its name. It is called without a lock, with a context that has a deadline. Required.
	Secret func(ctx context.Context, name types.NamespacedName) (map[string][]byte, error)
	// IsAllowed tells whether Secrets of a namespace may be read; nil allows none.
	IsAllowed func(namespace string) bool
	// Changed is called after the View of a cluster has changed. It must return soon.
	Changed func(key types.NamespacedName)
	// Observe is how each cluster is observed; Changed and Classify in it are not used.
	Observe observe.Options
	// RefreshInterval is the time between two looks at a Secret; 10 minutes by default.
	RefreshInterval time.Duration
}

// Target says where the credentials for a cluster are.
type Target struct {
	Secret types.NamespacedName
	// Keys are those under which the kubeconfig may be, the first one that is there counts.
	Keys []string
}

// Connections observes many clusters, each over a connection of its own. Its methods may be called from several
// goroutines, and none of them waits for a cluster.
type Connections struct{}

// View is what is known of one cluster.
type View struct {
	// Snapshot is that of its observer; the zero value before there is one.
	Snapshot observe.Snapshot
	// Problem is why the cluster is not observed at present; nil while all is well, and before the first answer.
	Problem *Problem
}

// Problem is why a cluster is not observed. Nothing in it is in the cluster's own words.
type Problem struct {
	Reason Reason
	// Message says what is wrong and what to do.
	Message string
}

// NewConnections returns connections to no cluster yet.
func NewConnections(options ConnectionsOptions) *Connections { return &Connections{} }

// Start observes until the context ends, and returns when all has stopped. It can be called once.
func (c *Connections) Start(ctx context.Context) error { <-ctx.Done(); return nil }

// Connect has a cluster observed, with rules for what else to find in it (see observe.Observer.Find). Called again with
// the same target it keeps the connection; another target makes a new one.
func (c *Connections) Connect(key types.NamespacedName, target Target, rules []support.Detection) {}

// Forget ends the connection of a cluster, if there is one, without waiting for it.
func (c *Connections) Forget(key types.NamespacedName) {}

// View returns what is known of a cluster; the zero value of one that is not connected.
func (c *Connections) View(key types.NamespacedName) View { return View{} }
