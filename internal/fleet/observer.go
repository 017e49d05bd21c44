// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package fleet

import (
	"context"
	"sync"

	"k8s.io/client-go/rest"

	"github.com/d2iq-labs/support-policy-operator/internal/observe"
)

// runningObserver is an observer and the connections that it has to itself.
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

// start observes until end, or until the context ends.
func (o *runningObserver) start(ctx context.Context) {
	ctx, o.cancel = context.WithCancel(ctx)
	o.running.Go(func() {
		// It runs for the first time, so there is no error.
		_ = o.Run(ctx)
	})
}

// stop returns when all has stopped, which is soon: nothing waits for an answer any more.
func (o *runningObserver) stop() {
	o.cancel()
	Disconnect(o.config)
	o.running.Wait()
}
