// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

// Package held_test holds every later version to what v0.1.0 wrote; see README.md.
package held_test

import (
	"bufio"
	"compress/gzip"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/d2iq-labs/support-policy-operator/api/v1alpha1"
	"github.com/d2iq-labs/support-policy-operator/internal/manifest"
	"github.com/d2iq-labs/support-policy-operator/internal/support"
)

// record is one line of a file: all objects at an instant, each with the status that v0.1.0 wrote.
type record struct {
	Name    string    `json:"name"`
	Instant time.Time `json:"instant"`
	// Shipped tells that the policies of v0.1.0 are there, too.
	Shipped    bool                        `json:"shipped"`
	Policies   []v1alpha1.SupportPolicy    `json:"policies"`
	Exceptions []v1alpha1.SupportException `json:"exceptions"`
	Clusters   []v1alpha1.ClusterSupport   `json:"clusters"`
}

func records(t *testing.T, file string) []record {
	t.Helper()
	opened, err := os.Open(filepath.Join("statuses", file))
	if err != nil {
		t.Fatal(err)
	}
	defer opened.Close()
	unpacked, err := gzip.NewReader(opened)
	if err != nil {
		t.Fatal(err)
	}
	var all []record
	lines := bufio.NewScanner(unpacked)
	lines.Buffer(nil, 16<<20)
	for lines.Scan() {
		var one record
		if err := json.Unmarshal(lines.Bytes(), &one); err != nil {
			t.Fatalf("%s, line %d: %v", file, len(all)+1, err)
		}
		all = append(all, one)
	}
	if err := lines.Err(); err != nil {
		t.Fatal(err)
	}
	return all
}

func shipped(t *testing.T) []*support.Policy {
	t.Helper()
	read, err := manifest.ReadPolicies(nil, "policies")
	if err != nil {
		t.Fatal(err)
	}
	var all []*support.Policy
	for i := range read.Policies {
		all = append(all, support.Compile(&read.Policies[i].Object))
	}
	return all
}

func (r *record) set(shipped []*support.Policy) *support.Set {
	var policies []*support.Policy
	if r.Shipped {
		policies = slices.Clone(shipped)
	}
	for i := range r.Policies {
		policies = append(policies, support.Compile(&r.Policies[i]))
	}
	var exceptions []*support.Exception
	for i := range r.Exceptions {
		exceptions = append(exceptions, support.CompileException(&r.Exceptions[i]))
	}
	return support.NewSet(policies, exceptions...)
}

// added are the fields that v0.1.0 did not have. Apart from them nothing may be different.
var added = cmpopts.IgnoreFields(v1alpha1.Finding{}, "Condition", "Status")

// TestStatusesOfV010: what v0.1.0 wrote is the record of what it saw. Judged again at the same instant, it gives the same
// status. With -short one in ten of the worlds of the differential test is judged.
func TestStatusesOfV010(t *testing.T) {
	t.Parallel()
	policies := shipped(t)
	for _, file := range []string{"specification.jsonl.gz", "differential.jsonl.gz", "demo.jsonl.gz"} {
		t.Run(file, func(t *testing.T) {
			t.Parallel()
			clusters, rollups := 0, 0
			for i, r := range records(t, file) {
				if testing.Short() && file == "differential.jsonl.gz" && i%10 != 0 {
					continue
				}
				set := r.set(policies)
				for i := range r.Clusters {
					object := &r.Clusters[i]
					clusters++
					now, _ := set.ClusterStatus(support.ClusterInput{Object: object, DuplicateOf: object.Status.DuplicateOf}, r.Instant)
					if diff := gocmp.Diff(object.Status, now, added, cmpopts.EquateEmpty()); diff != "" {
						t.Errorf("%s at %s: %s/%s (-v0.1.0 +now):\n%s", r.Name, r.Instant, object.Namespace, object.Name, diff)
					}
					// Policies are rolled up over what the operator has evaluated since it was upgraded.
					object.Status = now
				}
				for i := range r.Policies {
					object := &r.Policies[i]
					rollups++
					status, _ := set.PolicyStatus(object, r.Clusters, r.Instant)
					if diff := gocmp.Diff(object.Status, status, cmpopts.EquateEmpty()); diff != "" {
						t.Errorf("%s at %s: SupportPolicy %s (-v0.1.0 +now):\n%s", r.Name, r.Instant, object.Name, diff)
					}
				}
				for i := range r.Exceptions {
					object := &r.Exceptions[i]
					rollups++
					status, _ := support.CompileException(object).Status(object, r.Clusters, r.Instant)
					if diff := gocmp.Diff(object.Status, status, cmpopts.EquateEmpty()); diff != "" {
						t.Errorf("%s at %s: SupportException %s (-v0.1.0 +now):\n%s", r.Name, r.Instant, object.Name, diff)
					}
				}
			}
			t.Logf("%d statuses of clusters and %d of policies and exceptions", clusters, rollups)
		})
	}
}
