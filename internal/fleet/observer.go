// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package fleet

import (
	"context"
	"sync"

	"k8s.io/client-go/rest"

	"github.com/d2iq-labs/support-policy-operator/internal/observe"
)

// runningObserver is an observer with a configuration of its own, and thereby with connections of its own.
type runningObserver struct {
	*observe.Observer

	config  *rest.Config
	cancel  context.CancelFunc
	running sync.WaitGroup
}

func newRunningObserver(config *rest.Config, options observe.Options) (*runningObserver, error) {
	observer, err := observe.New(config, options)
	if err != nil {
		return nil, err
	}
	return &runningObserver{Observer: observer, config: config, cancel: func() {}}, nil
}

// start observes until stop, or until the context ends.
func (o *runningObserver) start(ctx context.Context) {
	ctx, o.cancel = context.WithCancel(ctx)
	o.running.Go(func() {
		// The only error is that of a second Run.
		_ = o.Run(ctx)
	})
}

// stop cuts the connections, so that no request waits for an answer, and returns when the observer has ended.
func (o *runningObserver) stop() {
	o.cancel()
	Disconnect(o.config)
	o.running.Wait()
}
