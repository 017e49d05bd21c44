// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package charts_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// documented returns the commands in the console blocks of a section of a file, each of them a command of bash. An empty heading
// is what comes before the first one.
func documented(t *testing.T, file, heading string) []string {
	t.Helper()
	content, err := os.ReadFile(filepath.Join("..", filepath.FromSlash(file)))
	if err != nil {
		t.Fatal(err)
	}
	section := string(content)
	if heading != "" {
		_, section, _ = strings.Cut(section, "\n## "+heading+"\n")
	}
	section, _, _ = strings.Cut(section, "\n## ")
	var commands []string
	for i, block := range strings.Split(section, "```") {
		text, isConsole := strings.CutPrefix(block, "console\n")
		if i%2 == 0 || !isConsole {
			continue
		}
		isContinued := false
		for line := range strings.Lines(text) {
			command, begins := strings.CutPrefix(line, "$ ")
			switch {
			case begins:
				commands = append(commands, command)
			case isContinued:
				commands[len(commands)-1] += line
			}
			isContinued = (begins || isContinued) && strings.HasSuffix(line, "\\\n")
		}
	}
	if len(commands) == 0 {
		t.Fatalf("%s has no commands in the section %q", file, heading)
	}
	return commands
}

// withHelm returns those of the commands that run Helm.
func withHelm(commands []string) []string {
	var found []string
	for _, command := range commands {
		if strings.HasPrefix(command, "helm ") {
			found = append(found, command)
		}
	}
	return found
}

// try runs a documented command, with our helm and kubectl, and returns the error with what it wrote.
func (c cluster) try(command string) error {
	c.Helper()
	bash := exec.CommandContext(c.Context(), "bash", "-eu", "-o", "pipefail", "-c", command)
	bash.Env = append(os.Environ(), "KUBECONFIG="+c.kubeconfig, "PATH="+c.programs+string(os.PathListSeparator)+os.Getenv("PATH"))
	_, err := run(bash)
	return err
}

// follow runs documented commands, each of which has to succeed.
func (c cluster) follow(commands ...string) {
	c.Helper()
	for _, command := range commands {
		if err := c.try(command); err != nil {
			c.Fatalf("%s\n%v", command, err)
		}
	}
}
