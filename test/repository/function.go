// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package repository

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
)

// CheckFunction returns an error where a Go file, whose path is relative to the root, has no function of that name. Pages name tests; so a
// test can hold them to it.
func CheckFunction(path, name string) error {
	root, err := Root()
	if err != nil {
		return err
	}
	file, err := parser.ParseFile(token.NewFileSet(), filepath.Join(root, filepath.FromSlash(path)), nil, parser.SkipObjectResolution)
	if err != nil {
		return fmt.Errorf("parse a file that a page names: %w", err)
	}
	for _, declaration := range file.Decls {
		if function, ok := declaration.(*ast.FuncDecl); ok && function.Recv == nil && function.Name.Name == name {
			return nil
		}
	}
	return fmt.Errorf("there is no %s in %s", name, path)
}
