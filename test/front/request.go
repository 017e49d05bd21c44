// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package front

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"
)

// Request is what the front keeps of a request. It has neither body nor token.
type Request struct {
	// Method is the HTTP method, such as GET.
	Method string
	// Path is the URL's path, without the query; empty for requests beyond maxDistinct.
	Path string
	// Verb is the Kubernetes verb that the API server authorizes: get, list, watch, create, update, patch, delete or
	// deletecollection. For a path of no resource, such as /version, it is the method in lower case.
	Verb string
	// Group is the API group; empty for the core group, and for a path of no resource.
	Group string
	// Version is the API version, such as v1alpha1.
	Version string
	// Resource is the plural, such as kommanderclusters; empty for a path of no resource.
	Resource string
	// Subresource is what follows the name, such as status.
	Subresource string
	// Namespace and Name are those of the object, as far as the path has them.
	Namespace string
	Name      string
	// UserAgent is the header of that name.
	UserAgent string
}

// Writes tells whether the request changes something.
func (r Request) Writes() bool {
	switch r.Method {
	case http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete:
		return true
	}
	return false
}

// String returns the verb and the path.
func (r Request) String() string { return r.Verb + " " + r.Path }

// parseRequest reads a request as the API server does: /api/VERSION/… is the core group, /apis/GROUP/VERSION/… another.
func parseRequest(r *http.Request) Request {
	read := Request{
		Method:    r.Method,
		Path:      r.URL.Path,
		Verb:      strings.ToLower(r.Method),
		UserAgent: r.UserAgent(),
	}
	parts := strings.Split(strings.Trim(r.URL.Path, "/"), "/")
	switch {
	case len(parts) > 2 && parts[0] == "api":
		read.Version, parts = parts[1], parts[2:]
	case len(parts) > 3 && parts[0] == "apis":
		read.Group, read.Version, parts = parts[1], parts[2], parts[3:]
	default:
		return read
	}
	read.parsePath(parts)
	read.Verb = verb(r.Method, read.Name != "", r.URL.Query())
	return read
}

// parsePath reads the path below the API version: [namespaces/NAMESPACE/]RESOURCE[/NAME[/SUBRESOURCE]]. The names status and
// finalize tell subresources of a namespace from resources in it.
func (r *Request) parsePath(parts []string) {
	if len(parts) > 2 && parts[0] == "namespaces" && parts[2] != "status" && parts[2] != "finalize" {
		r.Namespace, parts = parts[1], parts[2:]
	}
	r.Resource = parts[0]
	if len(parts) > 1 {
		r.Name = parts[1]
	}
	if len(parts) > 2 {
		r.Subresource = strings.Join(parts[2:], "/")
	}
}

func verb(method string, named bool, query url.Values) string {
	switch method {
	case http.MethodPost:
		return "create"
	case http.MethodPut:
		return "update"
	case http.MethodPatch:
		return "patch"
	case http.MethodDelete:
		if named {
			return "delete"
		}
		return "deletecollection"
	case http.MethodGet, http.MethodHead:
		// A watch of one object names it in a field selector, not in the path.
		if named {
			return "get"
		}
		if watch, err := strconv.ParseBool(query.Get("watch")); err == nil && watch {
			return "watch"
		}
		return "list"
	}
	return strings.ToLower(method)
}
