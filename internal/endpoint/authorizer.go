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

// authorizer lets requests through whose user the API server lets read the path. It caches nothing: a right that is taken
// away is gone with the next request. The filter of controller-runtime would do nearly the same with the libraries of the
// API server, half of the program's size; docs/adr/0014-signals.md has the reason.
type authorizer struct {
	tokens  authenticationclient.TokenReviewInterface
	access  authorizationclient.SubjectAccessReviewInterface
	limiter *requestLimiter
	timeout time.Duration
	log     logr.Logger
	handler http.Handler
}

// newAuthorizer puts an authorizer before a handler.
func newAuthorizer(options Options, limits limits, handler http.Handler) (*authorizer, error) {
	config := rest.CopyConfig(options.Config)
	// The client must not have one request wait for those of all others: the request limiter does it.
	config.QPS, config.RateLimiter = -1, nil
	tokens, err := authenticationclient.NewForConfigAndClient(config, options.Client)
	if err != nil {
		return nil, fmt.Errorf("make a client for token reviews: %w", err)
	}
	access, err := authorizationclient.NewForConfigAndClient(config, options.Client)
	if err != nil {
		return nil, fmt.Errorf("make a client for access reviews: %w", err)
	}
	return &authorizer{
		tokens.TokenReviews(), access.SubjectAccessReviews(), newRequestLimiter(limits), limits.review, options.Log, handler,
	}, nil
}

// ServeHTTP answers 401 to an unknown user, 403 to one without the right, 429 to a request that waited too long for its
// turn, and 503 where the API server could not be asked.
func (a *authorizer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch code, err := a.review(r); {
	case err != nil:
		// What the API server says could quote the token. A client that has gone could fill the log.
		if r.Context().Err() == nil {
			a.log.Info("The API server does not tell who may read the metrics", "reason", apierrors.ReasonForError(err))
		}
		refuse(w, http.StatusServiceUnavailable)
	case code != http.StatusOK:
		refuse(w, code)
	default:
		a.handler.ServeHTTP(w, r)
	}
}

// refuse answers and ends the connection, so that its place is free.
func refuse(w http.ResponseWriter, code int) {
	w.Header().Set("Connection", "close")
	if code == http.StatusUnauthorized {
		w.Header().Set("WWW-Authenticate", "Bearer")
	}
	http.Error(w, http.StatusText(code), code)
}

// review is the status with which the request is to be answered.
func (a *authorizer) review(r *http.Request) (int, error) {
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "Bearer") || token == "" || len(token) > maxToken || strings.ContainsAny(token, " \t") {
		return http.StatusUnauthorized, nil
	}
	ctx, cancel := context.WithTimeout(r.Context(), a.timeout)
	defer cancel()
	if !a.limiter.wait(ctx, addressOf(r.RemoteAddr)) {
		return http.StatusTooManyRequests, nil
	}
	user, err := a.userOf(ctx, token)
	switch {
	case err != nil:
		return 0, err
	case user == nil:
		return http.StatusUnauthorized, nil
	}
	switch may, err := a.isAllowed(ctx, user, r); {
	case err != nil:
		return 0, err
	case !may:
		return http.StatusForbidden, nil
	}
	return http.StatusOK, nil
}

// userOf is the user of a token; nil when the API server knows none.
func (a *authorizer) userOf(ctx context.Context, token string) (*authenticationv1.UserInfo, error) {
	review, err := a.tokens.Create(ctx, &authenticationv1.TokenReview{Spec: authenticationv1.TokenReviewSpec{Token: token}}, metav1.CreateOptions{})
	if err != nil || !review.Status.Authenticated {
		return nil, err
	}
	return &review.Status.User, nil
}

// isAllowed tells whether the user may do what the request does.
func (a *authorizer) isAllowed(ctx context.Context, user *authenticationv1.UserInfo, r *http.Request) (bool, error) {
	extra := map[string]authorizationv1.ExtraValue{}
	for key, values := range user.Extra {
		extra[key] = authorizationv1.ExtraValue(values)
	}
	review, err := a.access.Create(ctx, &authorizationv1.SubjectAccessReview{Spec: authorizationv1.SubjectAccessReviewSpec{
		User: user.Username, UID: user.UID, Groups: user.Groups, Extra: extra,
		NonResourceAttributes: &authorizationv1.NonResourceAttributes{Verb: strings.ToLower(r.Method), Path: r.URL.Path},
	}}, metav1.CreateOptions{})
	if err != nil {
		return false, err
	}
	return review.Status.Allowed, nil
}
