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

// entry is one cluster: its credentials, and the observer that uses them. Its own goroutine reads the Secret again and
// again, and acts on what it finds.
type entry struct {
	key     types.NamespacedName
	target  Target
	options *ConnectionsOptions
	pace    pace
	screen  func(context.Context, []byte) (*rest.Config, error)
	log     logr.Logger
	// wake has the Secret read soon.
	wake chan struct{}

	// What follows is the goroutine's alone.

	// fingerprint is that of the kubeconfig that is in use, or was refused; nil while there is none.
	fingerprint *[sha256.Size]byte
	// unread are the looks at the Secret that failed in a row.
	unread                    int
	untilReadable, untilValid wait.Backoff

	mu sync.Mutex
	// cancel ends all that goes on; nil before it has begun.
	cancel context.CancelFunc
	ended  bool
	rules  []facts.DetectionRule
	// observation is nil while there is no connection.
	observation *observation
	// before is what earlier observations have found; of interest while the present one has not seen everything.
	before observe.Snapshot
	// answered is when the cluster last answered an earlier observation.
	answered time.Time
	// problem is one with the Secret or with what is in it.
	problem *facts.Problem
	told    View
}

func newEntry(
	key types.NamespacedName, target Target, rules []facts.DetectionRule,
	options *ConnectionsOptions, pace pace, screen func(context.Context, []byte) (*rest.Config, error),
) *entry {
	return &entry{
		key: key, target: target, rules: rules,
		options: options, pace: pace, screen: screen,
		log:           options.Observe.Log.WithValues("cluster", key),
		wake:          make(chan struct{}, 1),
		untilReadable: newBackoff(pace.firstRetry, pace.lastRetry),
		untilValid:    newBackoff(pace.renewal, options.RefreshInterval),
	}
}

// begin returns the context of all that the entry does.
func (e *entry) begin(ctx context.Context) context.Context {
	e.mu.Lock()
	defer e.mu.Unlock()
	ctx, e.cancel = context.WithCancel(ctx)
	return ctx
}

// end stops the entry and cuts its connections, without waiting for it.
func (e *entry) end() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.ended = true
	if e.cancel != nil {
		e.cancel()
	}
}

// run lives until the context ends.
func (e *entry) run(ctx context.Context) {
	defer e.disconnect()
	if e.target.Hub != nil {
		e.observe(ctx, e.target.Hub)
		<-ctx.Done()
		return
	}
	for ctx.Err() == nil {
		if sleep(ctx, e.look(ctx), e.wake) {
			// Of what breaks everywhere at once, not all have to be asked for at the same time.
			sleep(ctx, wait.Jitter(e.pace.nudge, 1), nil)
		}
	}
}

// look reads the Secret, acts on what is in it, and returns after which time to do so again.
func (e *entry) look(ctx context.Context) time.Duration {
	kubeconfig, failure := e.read(ctx)
	switch {
	case ctx.Err() != nil:
		return never
	case failure != nil:
		return e.lack(failure)
	}
	e.unread, e.untilReadable = 0, newBackoff(e.pace.firstRetry, e.pace.lastRetry)
	if found := sha256.Sum256(kubeconfig); e.fingerprint == nil || *e.fingerprint != found {
		e.disconnect()
		e.fingerprint = &found
		e.connect(ctx, kubeconfig)
		e.untilValid = newBackoff(e.pace.renewal, e.options.RefreshInterval)
	}
	if e.isUnauthorized() {
		return e.untilValid.Step()
	}
	e.untilValid = newBackoff(e.pace.renewal, e.options.RefreshInterval)
	return wait.Jitter(e.options.RefreshInterval, jitter)
}

// lack acts on a Secret without a kubeconfig, and returns after which time to look again.
func (e *entry) lack(failure *contact.Failure) time.Duration {
	e.unread++
	// An error about an object that cannot be decoded quotes it.
	e.log.V(1).Info("There is no kubeconfig", "reason", failure.Reason, "secret", e.target.Secret,
		"answer", apierrors.ReasonForError(failure.Cause))
	switch failure.Reason {
	case v1alpha1.ReasonSecretNotAllowed:
		e.fail(e.target.problem(failure.Reason))
		return never
	case v1alpha1.ReasonSecretUnreadable:
		// What was found in the Secret is still good for all that is known: the operator's own cluster may be away. It
		// may be so for a moment only.
		if e.fingerprint == nil && (e.unread > 1 || isForbidden(failure)) {
			e.fail(e.target.problem(failure.Reason))
		}
	default:
		// The credentials were withdrawn.
		e.disconnect()
		e.fingerprint = nil
		e.fail(e.target.problem(failure.Reason))
	}
	return e.untilReadable.Step()
}

// connect starts to observe with the kubeconfig, or says why not.
func (e *entry) connect(ctx context.Context, kubeconfig []byte) {
	config, err := e.screen(ctx, kubeconfig)
	if ctx.Err() != nil {
		return
	}
	if err != nil {
		e.log.Info("The kubeconfig is refused", "reason", contact.ReasonOf(err))
		e.fail(contact.ProblemOf(err))
		return
	}
	e.observe(ctx, config)
}

// observe starts to observe the cluster of a configuration.
func (e *entry) observe(ctx context.Context, config *rest.Config) {
	options := e.options.Observe
	options.Changed, options.Fleet = e.publish, e.target.Hub != nil
	made, err := newObservation(config, options)
	if err != nil {
		// It was screened, so this says nothing of interest to others.
		e.fail(contact.ProblemOf(&contact.Failure{Reason: v1alpha1.ReasonInvalidKubeconfig, Cause: err}))
		return
	}
	e.log.V(1).Info("Connecting")
	e.mu.Lock()
	made.Find(e.rules)
	e.observation, e.problem = made, nil
	e.mu.Unlock()
	e.publish()
	made.start(ctx)
}

// disconnect ends the observation if there is one, and keeps what it has found. It returns when it has stopped.
func (e *entry) disconnect() {
	e.mu.Lock()
	observation := e.observation
	e.before, e.answered = e.judge().Snapshot, e.lastAnswer()
	e.observation = nil
	e.mu.Unlock()
	if observation != nil {
		observation.end()
		e.log.V(1).Info("Disconnected")
	}
}

// fail tells of a problem that no observer can tell of, as there is none.
func (e *entry) fail(problem *facts.Problem) {
	e.mu.Lock()
	e.problem = problem
	// The credentials with which that was heard are gone.
	e.before.Problem = nil
	e.mu.Unlock()
	e.publish()
}

// find passes on rules to this and all further observers.
func (e *entry) find(rules []facts.DetectionRule) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.rules = rules
	if e.observation != nil {
		e.observation.Find(rules)
	}
}

// publish makes what is known at present the View, and tells of it if it is another one.
func (e *entry) publish() {
	e.mu.Lock()
	now := e.judge()
	if e.ended || now.equal(e.told) {
		e.mu.Unlock()
		return
	}
	refused := now.isUnauthorized() && !e.told.isUnauthorized()
	e.told = now
	e.mu.Unlock()
	if refused {
		select {
		case e.wake <- struct{}{}:
		default:
		}
	}
	e.options.Changed(e.key)
}

// judge is what is known at present. The lock is held.
func (e *entry) judge() View {
	snapshot := e.before
	if e.observation != nil {
		snapshot = follow(e.before, e.observation.Snapshot())
	}
	return View{Snapshot: snapshot, Problem: cmp.Or(e.problem, snapshot.Problem)}
}

func (e *entry) view() View {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.told
}

// lastAnswer is when the cluster last answered. The lock is held.
func (e *entry) lastAnswer() time.Time {
	if e.observation != nil {
		if at := e.observation.Answered(); !at.IsZero() {
			return at
		}
	}
	return e.answered
}

func (e *entry) isUnauthorized() bool { return e.view().isUnauthorized() }
