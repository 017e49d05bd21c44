package controllers

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/go-logr/logr"
	"golang.org/x/time/rate"
	authenticationv1 "k8s.io/api/authentication/v1"
	authorizationv1 "k8s.io/api/authorization/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	authenticationclient "k8s.io/client-go/kubernetes/typed/authentication/v1"
	authorizationclient "k8s.io/client-go/kubernetes/typed/authorization/v1"
	"k8s.io/client-go/rest"
	metricsserver "sigs.k8s.io/controller-runtime/pkg/metrics/server"
)

// Who asks is known by a token, and what he may is asked of the API server.
//
// +kubebuilder:rbac:groups=authentication.k8s.io,resources=tokenreviews,verbs=create
// +kubebuilder:rbac:groups=authorization.k8s.io,resources=subjectaccessreviews,verbs=create

const (
	// Each request asks the API server twice, and anybody can send one: so many a second are let through to that.
	visitsPerSecond, visitsAtOnce = 10, 20
	// reviewTimeout bounds how long the API server may think about one. Prometheus waits ten seconds.
	reviewTimeout = 5 * time.Second
	// maxToken is more than any token has.
	maxToken = 16 << 10
)

// doorkeeper lets those in whom the API server lets read the path. It remembers nobody: a right that is taken away is gone
// with the next request. The filter of controller-runtime would do nearly the same with the libraries of the API server,
// half of the program's size; docs/adr/0014-signals.md has the reason.
type doorkeeper struct {
	tokens  authenticationclient.TokenReviewInterface
	access  authorizationclient.SubjectAccessReviewInterface
	visits  *rate.Limiter
	log     logr.Logger
	handler http.Handler
}

// guarded puts a doorkeeper before a handler.
func guarded(config *rest.Config, connections *http.Client) (metricsserver.Filter, error) {
	tokens, err := authenticationclient.NewForConfigAndClient(config, connections)
	if err != nil {
		return nil, fmt.Errorf("make a client that asks who somebody is: %w", err)
	}
	access, err := authorizationclient.NewForConfigAndClient(config, connections)
	if err != nil {
		return nil, fmt.Errorf("make a client that asks what somebody may: %w", err)
	}
	visits := rate.NewLimiter(visitsPerSecond, visitsAtOnce)
	return func(log logr.Logger, handler http.Handler) (http.Handler, error) {
		return &doorkeeper{tokens.TokenReviews(), access.SubjectAccessReviews(), visits, log, handler}, nil
	}, nil
}

// ServeHTTP refuses with 401 who is not known, and with 403 who may not. 503 tells that the API server could not be asked.
func (d *doorkeeper) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch code, err := d.review(r); {
	case err != nil:
		// What the API server says could quote the token.
		d.log.Info("The API server does not tell who may read the metrics", "reason", apierrors.ReasonForError(err))
		http.Error(w, http.StatusText(http.StatusServiceUnavailable), http.StatusServiceUnavailable)
	case code == http.StatusOK:
		d.handler.ServeHTTP(w, r)
	default:
		http.Error(w, http.StatusText(code), code)
	}
}

// review is the status with which the request is to be answered.
func (d *doorkeeper) review(r *http.Request) (int, error) {
	ctx, cancel := context.WithTimeout(r.Context(), reviewTimeout)
	defer cancel()
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	switch {
	case !strings.EqualFold(scheme, "Bearer") || token == "" || len(token) > maxToken:
		return http.StatusUnauthorized, nil
	case !d.visits.Allow():
		return http.StatusTooManyRequests, nil
	}
	user, err := d.known(ctx, token)
	if err != nil || user == nil {
		return http.StatusUnauthorized, err
	}
	may, err := d.may(ctx, user, r)
	if err != nil || !may {
		return http.StatusForbidden, err
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
