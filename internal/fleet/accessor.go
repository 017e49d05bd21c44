// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package fleet

import (
	"cmp"
	"context"
	"crypto/sha256"
	"sync"
	"time"

	"github.com/go-logr/logr"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/rest"

	"github.com/d2iq-labs/support-policy-operator/api/v1alpha1"
	"github.com/d2iq-labs/support-policy-operator/internal/contact"
	"github.com/d2iq-labs/support-policy-operator/internal/facts"
	"github.com/d2iq-labs/support-policy-operator/internal/observe"
)

// accessor has the credentials of one cluster, and the observer that uses them. Its goroutine reads the Secret again and
// again, and acts on what it finds.
type accessor struct {
	key       types.NamespacedName
	target    Target
	options   *ClusterCacheOptions
	intervals intervals
	screen    func(context.Context, []byte) (*rest.Config, error)
	log       logr.Logger
	// wake has the Secret read soon.
	wake chan struct{}

	// Only the goroutine uses what follows.

	// fingerprint is that of the kubeconfig that is in use, or was refused; nil while there is none.
	fingerprint *[sha256.Size]byte
	// readFailures counts the reads of the Secret in a row that brought no kubeconfig.
	readFailures int
	// readBackoff is for reads without a kubeconfig, renewalBackoff for credentials that the cluster refuses.
	readBackoff, renewalBackoff wait.Backoff

	mu sync.Mutex
	// cancel ends the goroutine and the observer; nil before start.
	cancel  context.CancelFunc
	stopped bool
	rules   []facts.DetectionRule
	// observer is nil while there is no connection.
	observer *runningObserver
	// previous is what earlier observers have found; of interest until the present one is complete.
	previous observe.Snapshot
	// lastAnswerTime is when the cluster last answered an earlier observer.
	lastAnswerTime time.Time
	// problem is one with the Secret or the kubeconfig.
	problem *facts.Problem
	// published is the snapshot that callers get.
	published observe.Snapshot
}

func newAccessor(
	key types.NamespacedName, target Target, rules []facts.DetectionRule,
	options *ClusterCacheOptions, intervals intervals, screen func(context.Context, []byte) (*rest.Config, error),
) *accessor {
	return &accessor{
		key: key, target: target, rules: rules,
		options: options, intervals: intervals, screen: screen,
		log:            options.Observe.Log.WithValues("cluster", key),
		wake:           make(chan struct{}, 1),
		readBackoff:    newBackoff(intervals.firstRetry, intervals.lastRetry),
		renewalBackoff: newBackoff(intervals.nextRenewal, options.RefreshInterval),
	}
}

// start returns the context for run, which stop ends.
func (a *accessor) start(ctx context.Context) context.Context {
	a.mu.Lock()
	defer a.mu.Unlock()
	ctx, a.cancel = context.WithCancel(ctx)
	return ctx
}

// stop ends run and cuts the connections, without waiting for either.
func (a *accessor) stop() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.stopped = true
	if a.cancel != nil {
		a.cancel()
	}
}

// run observes the cluster until the context ends.
func (a *accessor) run(ctx context.Context) {
	defer a.disconnect()
	if a.target.Hub != nil {
		a.observe(ctx, a.target.Hub)
		<-ctx.Done()
		return
	}
	for ctx.Err() == nil {
		if sleep(ctx, a.refresh(ctx), a.wake) {
			// After a failure of many clusters at once the Secrets are not all read at the same time.
			sleep(ctx, wait.Jitter(a.intervals.firstRenewal, 1), nil)
		}
	}
}

// refresh reads the Secret, acts on what is in it, and returns after which time to do so again.
func (a *accessor) refresh(ctx context.Context) time.Duration {
	kubeconfig, failure := a.readKubeconfig(ctx)
	switch {
	case ctx.Err() != nil:
		return never
	case failure != nil:
		return a.handleNoKubeconfig(failure)
	}
	a.readFailures, a.readBackoff = 0, newBackoff(a.intervals.firstRetry, a.intervals.lastRetry)
	if found := sha256.Sum256(kubeconfig); a.fingerprint == nil || *a.fingerprint != found {
		a.disconnect()
		a.fingerprint = &found
		a.connect(ctx, kubeconfig)
		a.renewalBackoff = newBackoff(a.intervals.nextRenewal, a.options.RefreshInterval)
	}
	if isUnauthorized(a.snapshot()) {
		return a.renewalBackoff.Step()
	}
	a.renewalBackoff = newBackoff(a.intervals.nextRenewal, a.options.RefreshInterval)
	return wait.Jitter(a.options.RefreshInterval, jitter)
}

// handleNoKubeconfig acts on a Secret without a kubeconfig, and returns after which time to read it again.
func (a *accessor) handleNoKubeconfig(failure *contact.Failure) time.Duration {
	a.readFailures++
	// The text of an error about an object that cannot be decoded quotes the object, so it is not logged.
	a.log.V(1).Info("There is no kubeconfig", "reason", failure.Reason, "secret", a.target.Secret,
		"answer", apierrors.ReasonForError(failure.Cause))
	switch failure.Reason {
	case v1alpha1.ReasonSecretNotAllowed:
		a.setProblem(a.target.secretProblem(failure.Reason))
		return never
	case v1alpha1.ReasonSecretUnreadable:
		// The operator's own cluster may be away. A kubeconfig that was read before stays in use, and a first failure may
		// pass.
		if a.fingerprint == nil && (a.readFailures > 1 || isForbidden(failure)) {
			a.setProblem(a.target.secretProblem(failure.Reason))
		}
	default:
		// The credentials were withdrawn.
		a.disconnect()
		a.fingerprint = nil
		a.setProblem(a.target.secretProblem(failure.Reason))
	}
	return a.readBackoff.Step()
}

// connect starts to observe with the kubeconfig, or sets the problem with it.
func (a *accessor) connect(ctx context.Context, kubeconfig []byte) {
	config, err := a.screen(ctx, kubeconfig)
	if ctx.Err() != nil {
		return
	}
	if err != nil {
		a.log.Info("The kubeconfig is refused", "reason", contact.ReasonOf(err))
		a.setProblem(contact.ProblemOf(err))
		return
	}
	a.observe(ctx, config)
}

// observe starts to observe the cluster of a configuration.
func (a *accessor) observe(ctx context.Context, config *rest.Config) {
	options := a.options.Observe
	options.Changed, options.HubDescription = a.publish, a.target.Hub != nil
	observer, err := newRunningObserver(config, options)
	if err != nil {
		// The configuration was screened, so the text of the error helps no user.
		a.setProblem(contact.ProblemOf(&contact.Failure{Reason: v1alpha1.ReasonInvalidKubeconfig, Cause: err}))
		return
	}
	a.log.V(1).Info("Connecting")
	a.mu.Lock()
	observer.SetRules(a.rules)
	a.observer, a.problem = observer, nil
	a.mu.Unlock()
	a.publish()
	observer.start(ctx)
}

// disconnect stops the observer if there is one, and keeps what it has found.
func (a *accessor) disconnect() {
	a.mu.Lock()
	observer := a.observer
	a.previous, a.lastAnswerTime = a.observedLocked(), a.lastAnswerLocked()
	a.observer = nil
	a.mu.Unlock()
	if observer != nil {
		observer.stop()
		a.log.V(1).Info("Disconnected")
	}
}

// setProblem sets a problem with the Secret or the kubeconfig. There is no observer.
func (a *accessor) setProblem(problem *facts.Problem) {
	a.mu.Lock()
	a.problem = problem
	// A problem of the last observer was one of credentials that are gone.
	a.previous.Problem = nil
	a.mu.Unlock()
	a.publish()
}

// setRules passes on rules to this and all further observers.
func (a *accessor) setRules(rules []facts.DetectionRule) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.rules = rules
	if a.observer != nil {
		a.observer.SetRules(rules)
	}
}

// publish makes what is known the snapshot that callers get, and calls Changed if it differs.
func (a *accessor) publish() {
	a.mu.Lock()
	now := a.observedLocked()
	now.Problem = cmp.Or(a.problem, now.Problem)
	if a.stopped || now.Equal(a.published) {
		a.mu.Unlock()
		return
	}
	refused := isUnauthorized(now) && !isUnauthorized(a.published)
	a.published = now
	a.mu.Unlock()
	if refused {
		select {
		case a.wake <- struct{}{}:
		default:
		}
	}
	a.options.Changed(a.key)
}

// observedLocked is what this and earlier observers have found.
func (a *accessor) observedLocked() observe.Snapshot {
	if a.observer == nil {
		return a.previous
	}
	return merge(a.previous, a.observer.Snapshot())
}

func (a *accessor) snapshot() observe.Snapshot {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.published
}

// lastAnswer is when the cluster last answered.
func (a *accessor) lastAnswer() time.Time {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.lastAnswerLocked()
}

func (a *accessor) lastAnswerLocked() time.Time {
	if a.observer != nil {
		if at := a.observer.LastAnswerTime(); !at.IsZero() {
			return at
		}
	}
	return a.lastAnswerTime
}

func isUnauthorized(snapshot observe.Snapshot) bool {
	return snapshot.Problem != nil && snapshot.Problem.Reason == v1alpha1.ReasonUnauthorized
}

// merge is what is known when an observer has taken over from earlier ones: what those have found, until it is complete,
// and their problem, until it has had an answer.
func merge(previous, now observe.Snapshot) observe.Snapshot {
	if now.Complete {
		return now
	}
	if now.Problem == nil && now.Facts.KubernetesVersion == "" {
		now.Problem = previous.Problem
	}
	if previous.Complete {
		previous.Problem = now.Problem
		return previous
	}
	return now
}
