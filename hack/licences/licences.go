// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

// Package licences collects the licences of what a compiled Go program consists of: this project, the modules that are
// linked into the program, and Go's standard library. Whoever passes the program on has to pass these on, too.
package licences

import (
	"bytes"
	"context"
	"debug/buildinfo"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// File is the text of a licence or notice.
type File struct {
	// Path begins with MODULE@VERSION/, except for that of the project itself, which is LICENSE.
	Path    string
	Content []byte
}

// Collect returns the files for compiled programs of the Go module in the folder root, sorted by path, each once. The modules
// are those that the programs name in their build info; their texts come from the module cache. A module without a licence
// is an error, and so is a program that another version of Go built, or from other versions of modules than go.mod names.
func Collect(ctx context.Context, root string, programs ...string) ([]File, error) {
	files, err := projectFiles(root)
	if err != nil {
		return nil, err
	}
	for _, program := range programs {
		build, err := buildinfo.ReadFile(program)
		if err != nil {
			return nil, fmt.Errorf("licences: %s is no Go program: %w", program, err)
		}
		found, err := ofBuild(ctx, root, build)
		if err != nil {
			return nil, fmt.Errorf("licences: %s: %w", program, err)
		}
		files = append(files, found...)
	}
	slices.SortFunc(files, func(a, b File) int { return strings.Compare(a.Path, b.Path) })
	return slices.CompactFunc(files, func(a, b File) bool { return a.Path == b.Path }), nil
}

// OfModule returns the files of a module that go.mod names, for what is taken from it and not linked.
func OfModule(ctx context.Context, root, path string) ([]File, error) {
	modules, err := list(ctx, root, []string{path})
	if err != nil {
		return nil, fmt.Errorf("licences: %w", err)
	}
	files, err := ofModule(modules[0])
	if err != nil {
		return nil, fmt.Errorf("licences: %w", err)
	}
	return files, nil
}

// projectFiles are the licence of the project, and its notice where it has one.
func projectFiles(root string) ([]File, error) {
	var files []File
	for _, name := range []string{"LICENSE", "NOTICE"} {
		content, err := os.ReadFile(filepath.Join(root, name))
		switch {
		case err == nil:
			files = append(files, File{name, content})
		case name == "NOTICE" && errors.Is(err, fs.ErrNotExist):
		default:
			return nil, fmt.Errorf("licences: that of the project: %w", err)
		}
	}
	return files, nil
}

func ofBuild(ctx context.Context, root string, build *buildinfo.BuildInfo) ([]File, error) {
	files, err := standardLibrary(ctx, root, build.GoVersion)
	if err != nil || len(build.Deps) == 0 {
		return files, err
	}
	var paths []string
	for _, linked := range build.Deps {
		paths = append(paths, linked.Path)
	}
	modules, err := list(ctx, root, paths)
	if err != nil {
		return nil, err
	}
	for i, linked := range build.Deps {
		if here := modules[i]; here.Path != linked.Path || here.Version != linked.Version {
			return nil, fmt.Errorf("%s@%s is linked, and go.mod names %s@%s: build the program again",
				linked.Path, linked.Version, here.Path, here.Version)
		}
		found, err := ofModule(modules[i])
		if err != nil {
			return nil, err
		}
		files = append(files, found...)
	}
	return files, nil
}

// standardLibrary is the licence of Go, which built the program.
func standardLibrary(ctx context.Context, root, version string) ([]File, error) {
	out, err := run(ctx, root, "env", "GOVERSION", "GOROOT")
	if err != nil {
		return nil, err
	}
	here, folder, _ := strings.Cut(strings.TrimSpace(string(out)), "\n")
	if here != version {
		return nil, fmt.Errorf("%s built it, and %s is used here: use one, by GOTOOLCHAIN", version, here)
	}
	return filesBelow(folder, "std@"+version, func(string) bool { return false })
}

// module is what go list says of a module.
type module struct{ Path, Version, Dir string }

// list returns the modules as go.mod has them, in the order in which they are asked for.
func list(ctx context.Context, root string, paths []string) ([]module, error) {
	out, err := run(ctx, root, append([]string{"list", "-m", "-json"}, paths...)...)
	if err != nil {
		return nil, err
	}
	var modules []module
	for decoder := json.NewDecoder(bytes.NewReader(out)); ; {
		var one module
		switch err := decoder.Decode(&one); {
		case errors.Is(err, io.EOF):
			if len(modules) != len(paths) {
				return nil, fmt.Errorf("go list -m names %d modules of %d", len(modules), len(paths))
			}
			return modules, nil
		case err != nil:
			return nil, fmt.Errorf("go list -m: %w", err)
		}
		modules = append(modules, one)
	}
}

func ofModule(here module) ([]File, error) {
	if here.Dir == "" {
		return nil, fmt.Errorf("%s@%s is not in the module cache: run go mod download", here.Path, here.Version)
	}
	// Tests and vendored modules are not linked.
	return filesBelow(here.Dir, here.Path+"@"+here.Version, func(folder string) bool { return folder != "testdata" && folder != "vendor" })
}

var (
	// texts are the names of files that have to be passed on. Code about licences is not among them.
	texts = regexp.MustCompile(`(?i)^(un)?(licen[cs]e|copying|copyright|notice|patents)([-._].*)?$`)
	// grants are those of them that permit the use. A module has to have one at its top.
	grants = regexp.MustCompile(`(?i)^(un)?(licen[cs]e|copying)`)
)

// filesBelow are the texts in the folder of a module, and in the folders in it that enter accepts by their name: forked code
// has a licence of its own there.
func filesBelow(folder, name string, enter func(string) bool) ([]File, error) {
	var files []File
	granted := false
	err := filepath.WalkDir(folder, func(file string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && file != folder && !enter(entry.Name()):
			return filepath.SkipDir
		case entry.IsDir() || !texts.MatchString(entry.Name()) || path.Ext(entry.Name()) == ".go":
			return nil
		}
		content, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		relative, err := filepath.Rel(folder, file)
		if err != nil {
			return err
		}
		granted = granted || relative == entry.Name() && grants.MatchString(relative)
		files = append(files, File{path.Join(name, filepath.ToSlash(relative)), content})
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read the licences of %s: %w", name, err)
	}
	if !granted {
		return nil, fmt.Errorf("%s has no licence file in %s, and what has none must not be passed on", name, folder)
	}
	return files, nil
}

func run(ctx context.Context, root string, arguments ...string) ([]byte, error) {
	command := exec.CommandContext(ctx, "go", arguments...)
	command.Dir = root
	var stderr bytes.Buffer
	command.Stderr = &stderr
	out, err := command.Output()
	if err != nil {
		return nil, fmt.Errorf("go %s: %w: %s", arguments[0], err, stderr.Bytes())
	}
	return out, nil
}
