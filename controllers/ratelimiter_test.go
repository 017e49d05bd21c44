// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"testing"
	"testing/synctest"
	"time"

	"k8s.io/apimachinery/pkg/types"
)

// A cluster that changes all the time is evaluated at once as often as the burst allows, and then twice a second, however
// many changes there are. Other clusters do not notice.
func TestRateLimiter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var limiter rateLimiter
		busy, calm := types.NamespacedName{Name: "busy"}, types.NamespacedName{Name: "calm"}
		for i := range changeBurst {
			if delay := limiter.delay(busy); delay != 0 {
				t.Fatalf("change %d is delayed by %s", i+1, delay)
			}
		}
		// The changes of 10 seconds, which come every 10 ms.
		begin, evaluations := time.Now(), map[time.Duration]bool{}
		for range 1000 {
			evaluations[(time.Since(begin) + limiter.delay(busy)).Round(time.Millisecond)] = true
			time.Sleep(10 * time.Millisecond)
		}
		for i := range 20 {
			if at := time.Duration(i+1) * changeInterval; !evaluations[at] {
				t.Errorf("there is no evaluation after %s", at)
			}
		}
		if len(evaluations) != 20 {
			t.Errorf("%d evaluations in 10 seconds: %v", len(evaluations), evaluations)
		}
		if delay := limiter.delay(calm); delay != 0 {
			t.Errorf("the first change of another cluster is delayed by %s", delay)
		}
		limiter.forget(busy)
		if delay := limiter.delay(busy); delay != 0 {
			t.Errorf("the first change of a new object of that name is delayed by %s", delay)
		}
	})
}
