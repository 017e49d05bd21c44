// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package endpoint

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/go-logr/logr"
	authenticationv1 "k8s.io/api/authentication/v1"
	authorizationv1 "k8s.io/api/authorization/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	authenticationclient "k8s.io/client-go/kubernetes/typed/authentication/v1"
	authorizationclient "k8s.io/client-go/kubernetes/typed/authorization/v1"
	"k8s.io/client-go/rest"
)

// maxToken is more than any token has.
const maxToken = 16 << 10

// doorkeeper lets those in whom the API server lets read the path. It remembers nobody: a right that is taken away is gone
// with the next request. The filter of controller-runtime would do nearly the same with the libraries of the API server,
// half of the program's size; docs/adr/0014-signals.md has the reason.
type doorkeeper struct {
	tokens   authenticationclient.TokenReviewInterface
	access   authorizationclient.SubjectAccessReviewInterface
	turns    *turns
	patience time.Duration
	log      logr.Logger
	handler  http.Handler
}

// newDoorkeeper puts a doorkeeper before a handler.
func newDoorkeeper(options Options, limits limits, handler http.Handler) (*doorkeeper, error) {
	config := rest.CopyConfig(options.Config)
	// It is not for the client to have one request wait for those of everybody else: the turns do it.
	config.QPS, config.RateLimiter = -1, nil
	tokens, err := authenticationclient.NewForConfigAndClient(config, options.Client)
	if err != nil {
		return nil, fmt.Errorf("make a client that asks who somebody is: %w", err)
	}
	access, err := authorizationclient.NewForConfigAndClient(config, options.Client)
	if err != nil {
		return nil, fmt.Errorf("make a client that asks what somebody may: %w", err)
	}
	return &doorkeeper{
		tokens.TokenReviews(), access.SubjectAccessReviews(), newTurns(limits), limits.review, options.Log, handler,
	}, nil
}

// ServeHTTP refuses with 401 who is not known, and with 403 who may not; with 429 who did not get his turn. 503 tells that
// the API server could not be asked.
func (d *doorkeeper) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch code, err := d.review(r); {
	case err != nil:
		// What the API server says could quote the token. Who has gone has nothing to be told, and could fill the log.
		if r.Context().Err() == nil {
			d.log.Info("The API server does not tell who may read the metrics", "reason", apierrors.ReasonForError(err))
		}
		refuse(w, http.StatusServiceUnavailable)
	case code != http.StatusOK:
		refuse(w, code)
	default:
		d.handler.ServeHTTP(w, r)
	}
}

// refuse answers, and ends the connection: its place is for somebody else.
func refuse(w http.ResponseWriter, code int) {
	w.Header().Set("Connection", "close")
	if code == http.StatusUnauthorized {
		w.Header().Set("WWW-Authenticate", "Bearer")
	}
	http.Error(w, http.StatusText(code), code)
}

// review is the status with which the request is to be answered.
func (d *doorkeeper) review(r *http.Request) (int, error) {
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "Bearer") || token == "" || len(token) > maxToken || strings.ContainsAny(token, " \t") {
		return http.StatusUnauthorized, nil
	}
	ctx, cancel := context.WithTimeout(r.Context(), d.patience)
	defer cancel()
	if !d.turns.await(ctx, addressOf(r.RemoteAddr)) {
		return http.StatusTooManyRequests, nil
	}
	user, err := d.known(ctx, token)
	switch {
	case err != nil:
		return 0, err
	case user == nil:
		return http.StatusUnauthorized, nil
	}
	switch may, err := d.may(ctx, user, r); {
	case err != nil:
		return 0, err
	case !may:
		return http.StatusForbidden, nil
	}
	return http.StatusOK, nil
}

// known is whose token it is; nil when the API server knows nobody by it.
func (d *doorkeeper) known(ctx context.Context, token string) (*authenticationv1.UserInfo, error) {
	review, err := d.tokens.Create(ctx, &authenticationv1.TokenReview{Spec: authenticationv1.TokenReviewSpec{Token: token}}, metav1.CreateOptions{})
	if err != nil || !review.Status.Authenticated {
		return nil, err
	}
	return &review.Status.User, nil
}

// may tells whether somebody may do what the request does.
func (d *doorkeeper) may(ctx context.Context, user *authenticationv1.UserInfo, r *http.Request) (bool, error) {
	extra := map[string]authorizationv1.ExtraValue{}
	for key, values := range user.Extra {
		extra[key] = authorizationv1.ExtraValue(values)
	}
	review, err := d.access.Create(ctx, &authorizationv1.SubjectAccessReview{Spec: authorizationv1.SubjectAccessReviewSpec{
		User: user.Username, UID: user.UID, Groups: user.Groups, Extra: extra,
		NonResourceAttributes: &authorizationv1.NonResourceAttributes{Verb: strings.ToLower(r.Method), Path: r.URL.Path},
	}}, metav1.CreateOptions{})
	if err != nil {
		return false, err
	}
	return review.Status.Allowed, nil
}
