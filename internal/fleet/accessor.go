// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package fleet

import (
	"cmp"
	"context"
	"crypto/sha256"
	"sync"
	"time"

	"github.com/d2iq-labs/support-policy-operator/api/v1alpha1"
	"github.com/d2iq-labs/support-policy-operator/internal/contact"
	"github.com/d2iq-labs/support-policy-operator/internal/facts"

	"github.com/go-logr/logr"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/rest"

	"github.com/d2iq-labs/support-policy-operator/internal/observe"
)

// accessor is one cluster: its credentials, and the observer that uses them. Its own goroutine reads the Secret again and
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

	// What follows is the goroutine's alone.

	// fingerprint is that of the kubeconfig that is in use, or was refused; nil while there is none.
	fingerprint *[sha256.Size]byte
	// unread are the looks at the Secret that failed in a row.
	readFailures                int
	readBackoff, renewalBackoff wait.Backoff

	mu sync.Mutex
	// cancel ends all that goes on; nil before it has begun.
	cancel  context.CancelFunc
	stopped bool
	rules   []facts.DetectionRule
	// observation is nil while there is no connection.
	observer *runningObserver
	// before is what earlier observations have found; of interest while the present one has not seen everything.
	previous observe.Snapshot
	// answered is when the cluster last answered an earlier observation.
	lastAnswerTime time.Time
	// problem is one with the Secret or with what is in it.
	problem   *facts.Problem
	published View
}

func newAccessor(
	key types.NamespacedName, target Target, rules []facts.DetectionRule,
	options *ClusterCacheOptions, pace intervals, screen func(context.Context, []byte) (*rest.Config, error),
) *accessor {
	return &accessor{
		key: key, target: target, rules: rules,
		options: options, intervals: pace, screen: screen,
		log:            options.Observe.Log.WithValues("cluster", key),
		wake:           make(chan struct{}, 1),
		readBackoff:    newBackoff(pace.firstRetry, pace.lastRetry),
		renewalBackoff: newBackoff(pace.nextRenewal, options.RefreshInterval),
	}
}

// start returns the context of all that the entry does.
func (e *accessor) start(ctx context.Context) context.Context {
	e.mu.Lock()
	defer e.mu.Unlock()
	ctx, e.cancel = context.WithCancel(ctx)
	return ctx
}

// stop stops the entry and cuts its connections, without waiting for it.
func (e *accessor) stop() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.stopped = true
	if e.cancel != nil {
		e.cancel()
	}
}

// run lives until the context ends.
func (e *accessor) run(ctx context.Context) {
	defer e.disconnect()
	if e.target.Hub != nil {
		e.observe(ctx, e.target.Hub)
		<-ctx.Done()
		return
	}
	for ctx.Err() == nil {
		if sleep(ctx, e.refresh(ctx), e.wake) {
			// Of what breaks everywhere at once, not all have to be asked for at the same time.
			sleep(ctx, wait.Jitter(e.intervals.firstRenewal, 1), nil)
		}
	}
}

// refresh reads the Secret, acts on what is in it, and returns after which time to do so again.
func (e *accessor) refresh(ctx context.Context) time.Duration {
	kubeconfig, failure := e.readKubeconfig(ctx)
	switch {
	case ctx.Err() != nil:
		return never
	case failure != nil:
		return e.handleNoKubeconfig(failure)
	}
	e.readFailures, e.readBackoff = 0, newBackoff(e.intervals.firstRetry, e.intervals.lastRetry)
	if found := sha256.Sum256(kubeconfig); e.fingerprint == nil || *e.fingerprint != found {
		e.disconnect()
		e.fingerprint = &found
		e.connect(ctx, kubeconfig)
		e.renewalBackoff = newBackoff(e.intervals.nextRenewal, e.options.RefreshInterval)
	}
	if e.isUnauthorized() {
		return e.renewalBackoff.Step()
	}
	e.renewalBackoff = newBackoff(e.intervals.nextRenewal, e.options.RefreshInterval)
	return wait.Jitter(e.options.RefreshInterval, jitter)
}

// handleNoKubeconfig acts on a Secret without a kubeconfig, and returns after which time to look again.
func (e *accessor) handleNoKubeconfig(failure *contact.Failure) time.Duration {
	e.readFailures++
	// An error about an object that cannot be decoded quotes it.
	e.log.V(1).Info("There is no kubeconfig", "reason", failure.Reason, "secret", e.target.Secret,
		"answer", apierrors.ReasonForError(failure.Cause))
	switch failure.Reason {
	case v1alpha1.ReasonSecretNotAllowed:
		e.setProblem(e.target.secretProblem(failure.Reason))
		return never
	case v1alpha1.ReasonSecretUnreadable:
		// What was found in the Secret is still good for all that is known: the operator's own cluster may be away. It
		// may be so for a moment only.
		if e.fingerprint == nil && (e.readFailures > 1 || isForbidden(failure)) {
			e.setProblem(e.target.secretProblem(failure.Reason))
		}
	default:
		// The credentials were withdrawn.
		e.disconnect()
		e.fingerprint = nil
		e.setProblem(e.target.secretProblem(failure.Reason))
	}
	return e.readBackoff.Step()
}

// connect starts to observe with the kubeconfig, or says why not.
func (e *accessor) connect(ctx context.Context, kubeconfig []byte) {
	config, err := e.screen(ctx, kubeconfig)
	if ctx.Err() != nil {
		return
	}
	if err != nil {
		e.log.Info("The kubeconfig is refused", "reason", contact.ReasonOf(err))
		e.setProblem(contact.ProblemOf(err))
		return
	}
	e.observe(ctx, config)
}

// observe starts to observe the cluster of a configuration.
func (e *accessor) observe(ctx context.Context, config *rest.Config) {
	options := e.options.Observe
	options.Changed, options.HubDescription = e.publish, e.target.Hub != nil
	made, err := newRunningObserver(config, options)
	if err != nil {
		// It was screened, so this says nothing of interest to others.
		e.setProblem(contact.ProblemOf(&contact.Failure{Reason: v1alpha1.ReasonInvalidKubeconfig, Cause: err}))
		return
	}
	e.log.V(1).Info("Connecting")
	e.mu.Lock()
	made.SetRules(e.rules)
	e.observer, e.problem = made, nil
	e.mu.Unlock()
	e.publish()
	made.start(ctx)
}

// disconnect ends the observation if there is one, and keeps what it has found. It returns when it has stopped.
func (e *accessor) disconnect() {
	e.mu.Lock()
	observation := e.observer
	e.previous, e.lastAnswerTime = e.current().Snapshot, e.lastAnswer()
	e.observer = nil
	e.mu.Unlock()
	if observation != nil {
		observation.stop()
		e.log.V(1).Info("Disconnected")
	}
}

// setProblem tells of a problem that no observer can tell of, as there is none.
func (e *accessor) setProblem(problem *facts.Problem) {
	e.mu.Lock()
	e.problem = problem
	// The credentials with which that was heard are gone.
	e.previous.Problem = nil
	e.mu.Unlock()
	e.publish()
}

// setRules passes on rules to this and all further observers.
func (e *accessor) setRules(rules []facts.DetectionRule) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.rules = rules
	if e.observer != nil {
		e.observer.SetRules(rules)
	}
}

// publish makes what is known at present the View, and tells of it if it is another one.
func (e *accessor) publish() {
	e.mu.Lock()
	now := e.current()
	if e.stopped || now.equal(e.published) {
		e.mu.Unlock()
		return
	}
	refused := now.isUnauthorized() && !e.published.isUnauthorized()
	e.published = now
	e.mu.Unlock()
	if refused {
		select {
		case e.wake <- struct{}{}:
		default:
		}
	}
	e.options.Changed(e.key)
}

// current is what is known at present. The lock is held.
func (e *accessor) current() View {
	snapshot := e.previous
	if e.observer != nil {
		snapshot = merge(e.previous, e.observer.Snapshot())
	}
	return View{Snapshot: snapshot, Problem: cmp.Or(e.problem, snapshot.Problem)}
}

func (e *accessor) view() View {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.published
}

// lastAnswer is when the cluster last answered. The lock is held.
func (e *accessor) lastAnswer() time.Time {
	if e.observer != nil {
		if at := e.observer.LastAnswerTime(); !at.IsZero() {
			return at
		}
	}
	return e.lastAnswerTime
}

func (e *accessor) isUnauthorized() bool { return e.view().isUnauthorized() }
