// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package fleet

import (
	"time"

	"k8s.io/utils/clock"
)

// patience bounds how long a test hangs that would never end. No outcome depends on it.
const patience = 2 * time.Minute

// haste is how many seconds a fast clock counts for each of the machine's.
const haste = 50

// fastClock is for observers whose waits are those of production, while a test has less time than they take.
type fastClock struct {
	clock.RealClock

	start time.Time
}

func newFastClock() *fastClock { return &fastClock{start: time.Now()} }

func (c *fastClock) Now() time.Time { return c.start.Add(time.Since(c.start) * haste) }

func (c *fastClock) Since(at time.Time) time.Duration { return c.Now().Sub(at) }

func (c *fastClock) NewTimer(after time.Duration) clock.Timer {
	return c.RealClock.NewTimer(after / haste)
}

func (c *fastClock) AfterFunc(after time.Duration, do func()) clock.Timer {
	return c.RealClock.AfterFunc(after/haste, do)
}

// Sleep waits for so long by this clock.
func (c *fastClock) Sleep(long time.Duration) { time.Sleep(long / haste) }
