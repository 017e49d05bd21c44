// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package fleet

import (
	"context"
	"sync"

	"k8s.io/client-go/rest"

	"github.com/d2iq-labs/support-policy-operator/internal/observe"
)

// observation is an observer and the connections that it has to itself.
type observation struct {
	*observe.Observer

	config  *rest.Config
	cancel  context.CancelFunc
	running sync.WaitGroup
}

func newObservation(config *rest.Config, options observe.Options) (*observation, error) {
	observer, err := observe.New(config, options)
	if err != nil {
		return nil, err
	}
	return &observation{Observer: observer, config: config, cancel: func() {}}, nil
}

// start observes until end, or until the context ends.
func (o *observation) start(ctx context.Context) {
	ctx, o.cancel = context.WithCancel(ctx)
	o.running.Go(func() {
		// It runs for the first time, so there is no error.
		_ = o.Run(ctx)
	})
}

// end returns when all has stopped, which is soon: nothing waits for an answer any more.
func (o *observation) end() {
	o.cancel()
	Disconnect(o.config)
	o.running.Wait()
}
