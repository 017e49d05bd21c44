// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package gitops_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	lua "github.com/yuin/gopher-lua"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"

	"github.com/d2iq-labs/support-policy-operator/api/v1alpha1"
	"github.com/d2iq-labs/support-policy-operator/test/expect"
	"github.com/d2iq-labs/support-policy-operator/test/golden"
	"github.com/d2iq-labs/support-policy-operator/test/repository"
	"github.com/d2iq-labs/support-policy-operator/test/testfile"
)

const argoFolder = "argocd"

// customization returns the folder of a kind in the layout of Argo CD.
func customization(kind string) string {
	return filepath.Join(argoFolder, v1alpha1.GroupVersion.Group, kind)
}

// healthStatus is the result of a script, as in health_test.yaml.
type healthStatus struct {
	Status  string `json:"status"`
	Message string `json:"message"`
}

// healthTests is the content of a health_test.yaml.
type healthTests struct {
	Tests []healthTest `json:"tests"`
}

type healthTest struct {
	HealthStatus healthStatus `json:"healthStatus"`
	InputPath    string       `json:"inputPath"`
}

// health runs the script of the object's kind as Argo CD does: with the libraries package, base and table only, the object in
// the global obj, for at most a second.
func health(t *testing.T, object *unstructured.Unstructured) healthStatus {
	t.Helper()
	script := testfile.Read(t, filepath.Join(customization(object.GetKind()), "health.lua"))
	machine := lua.NewState(lua.Options{SkipOpenLibs: true})
	defer machine.Close()
	for _, library := range []struct {
		name string
		open lua.LGFunction
	}{{lua.LoadLibName, lua.OpenPackage}, {lua.BaseLibName, lua.OpenBase}, {lua.TabLibName, lua.OpenTable}} {
		opened := lua.P{Fn: machine.NewFunction(library.open), Protect: true}
		if err := machine.CallByParam(opened, lua.LString(library.name)); err != nil {
			t.Fatal(err)
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	machine.SetContext(ctx)
	machine.SetGlobal("obj", luaValue(t, machine, object.Object))
	if err := machine.DoString(script); err != nil {
		t.Fatal(err)
	}
	result, ok := machine.Get(-1).(*lua.LTable)
	if !ok {
		t.Fatalf("the script returns %s and no table", machine.Get(-1).Type())
	}
	got := map[string]string{}
	result.ForEach(func(key, value lua.LValue) {
		text, isText := value.(lua.LString)
		if !isText {
			t.Errorf("%s is %s and no text", key, value.Type())
		}
		got[key.String()] = string(text)
	})
	expect.Equal(t, map[string]string{"status": got["status"], "message": got["message"]}, got,
		"the script returns more than a status and a message")
	return healthStatus{got["status"], got["message"]}
}

// luaValue converts a value of an object as Argo CD does.
func luaValue(t *testing.T, machine *lua.LState, value any) lua.LValue {
	t.Helper()
	switch typed := value.(type) {
	case nil:
		return lua.LNil
	case bool:
		return lua.LBool(typed)
	case int64:
		return lua.LNumber(typed)
	case string:
		return lua.LString(typed)
	case []any:
		list := machine.NewTable()
		for _, item := range typed {
			list.Append(luaValue(t, machine, item))
		}
		return list
	case map[string]any:
		table := machine.NewTable()
		for key, item := range typed {
			table.RawSetString(key, luaValue(t, machine, item))
		}
		return table
	}
	t.Fatalf("an object holds a %T", value)
	return nil
}

// TestHealthTests compares each health_test.yaml with the situations of its kind and the results of the script.
func TestHealthTests(t *testing.T) {
	want := map[string]*healthTests{}
	for _, kind := range kinds {
		want[kind] = &healthTests{}
	}
	forEachSituation(t, func(t *testing.T, s *situation, kind string) {
		want[kind].Tests = append(want[kind].Tests, healthTest{
			HealthStatus: health(t, s.object(t, kind)), InputPath: "testdata/" + s.name + ".yaml",
		})
	})
	for _, kind := range kinds {
		content, err := yaml.Marshal(want[kind])
		if err != nil {
			t.Fatal(err)
		}
		golden.Expect(t, filepath.Join(customization(kind), "health_test.yaml"), string(content))
		files, err := os.ReadDir(filepath.Join(customization(kind), "testdata"))
		if err != nil {
			t.Fatal(err)
		}
		expect.Equal(t, len(want[kind].Tests), len(files), kind, "an object for each situation")
	}
}

// TestEverySituationHasAMessage: a status alone does not say what to do.
func TestEverySituationHasAMessage(t *testing.T) {
	forEachSituation(t, func(t *testing.T, s *situation, kind string) {
		if got := health(t, s.object(t, kind)); got.Message == "" {
			t.Error("there is none")
		}
	})
}

// TestForms compares health.lua with its copies: a file for each kind, a patch of argocd-cm, values for the Helm chart.
func TestForms(t *testing.T) {
	script := testfile.Read(t, filepath.Join(argoFolder, "health.lua"))
	if strings.Contains(script, "{{") {
		t.Error("health.lua has {{, which Helm charts take for a template")
	}
	var data strings.Builder
	for _, kind := range kinds {
		golden.Expect(t, filepath.Join(customization(kind), "health.lua"), script)
		fmt.Fprintf(&data, "%s: |\n%s", dataKey(kind), indent(script, 2))
	}
	golden.Expect(t, filepath.Join(argoFolder, "argocd-cm.yaml"), "# Generated from health.lua: go test ./gitops -run=TestForms -update\n"+
		"apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: argocd-cm\ndata:\n"+indent(data.String(), 2))
	golden.Expect(t, filepath.Join(argoFolder, "values.yaml"), "# For the Helm chart argo-cd.\n"+
		"# Generated from health.lua: go test ./gitops -run=TestForms -update\n"+
		"configs:\n  cm:\n"+indent(data.String(), 4))
}

// dataKey returns the key of a kind's script in argocd-cm.
func dataKey(kind string) string {
	return "resource.customizations.health." + v1alpha1.GroupVersion.Group + "_" + kind
}

// indent indents the lines that are not empty.
func indent(text string, by int) string {
	var out strings.Builder
	for line := range strings.Lines(text) {
		if line != "\n" {
			out.WriteString(strings.Repeat(" ", by))
		}
		out.WriteString(line)
	}
	return out.String()
}

// TestArgoComponent builds an overlay with an argocd-cm, to which the component adds the scripts.
func TestArgoComponent(t *testing.T) {
	script := testfile.Read(t, filepath.Join(argoFolder, "health.lua"))
	want := map[string]any{"url": "https://argocd.example.com"}
	for _, kind := range kinds {
		want[dataKey(kind)] = script
	}
	objects := build(t, argoFolder, map[string]string{"argocd-cm.yaml": `
apiVersion: v1
kind: ConfigMap
metadata: {name: argocd-cm, namespace: argocd}
data: {url: "https://argocd.example.com"}
`})
	if len(objects) != 1 {
		t.Fatalf("%d objects were built", len(objects))
	}
	expect.Equal[any](t, want, objects[0].Object["data"], "argocd-cm")
	expect.Equal(t, "argocd", objects[0].GetNamespace(), "the namespace of argocd-cm")
	var values struct {
		Configs struct {
			CM map[string]any `json:"cm"`
		} `json:"configs"`
	}
	testfile.DecodeStrict(t, testfile.Read(t, filepath.Join(argoFolder, "values.yaml")), &values)
	delete(want, "url")
	expect.Equal(t, want, values.Configs.CM, "values.yaml has other scripts")
}

// build builds an overlay of files with a component of this folder. It returns the objects, ordered by name.
func build(t *testing.T, component string, files map[string]string) []*unstructured.Unstructured {
	t.Helper()
	kustomization := "components: [ROOT/gitops/" + component + "]\nresources:\n"
	for name := range files {
		kustomization += "- " + name + "\n"
	}
	return built(t, repository.Overlay{Kustomization: kustomization, Files: files})
}

// built returns the objects of an overlay, ordered by name.
func built(t *testing.T, overlay repository.Overlay) []*unstructured.Unstructured {
	t.Helper()
	var objects []*unstructured.Unstructured
	for document := range strings.SplitSeq(repository.Build(t, overlay), "\n---\n") {
		objects = append(objects, parse(t, document))
	}
	slices.SortFunc(objects, func(a, b *unstructured.Unstructured) int { return strings.Compare(a.GetName(), b.GetName()) })
	return objects
}
