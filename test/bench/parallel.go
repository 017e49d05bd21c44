// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"sync"
)

// inParallel does something for each of n, a few at a time, and goes on after errors.
func inParallel(n, atATime int, do func(i int) error) error {
	var (
		running sync.WaitGroup
		places  = make(chan struct{}, atATime)
		errs    = make([]error, n)
	)
	for i := range n {
		places <- struct{}{}
		running.Go(func() {
			errs[i] = do(i)
			<-places
		})
	}
	running.Wait()
	return errors.Join(errs...)
}
