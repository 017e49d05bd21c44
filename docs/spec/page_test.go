// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package spec_test

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// page is one Markdown file of this folder.
type page struct {
	name  string
	lines []string
	// blocks are those with a marker before them.
	blocks []*block
}

// block is a fenced block with a marker before it; see README.md.
type block struct {
	page *page
	// line is the marker's, counted from 1.
	line int
	// kind is example or output.
	kind string
	// options are the key: value pairs of the marker, the first one under the block's kind.
	options map[string]string
	// first and end are the lines of the content, half-open, counted from 0.
	first, end int
}

var markerPattern = regexp.MustCompile(`^<!-- (example|output): (.*) -->$`)

// readPages reads all pages and finds their marked blocks.
func readPages(t *testing.T) []*page {
	t.Helper()
	files, err := filepath.Glob("*.md")
	if err != nil {
		t.Fatal(err)
	}
	var pages []*page
	for _, file := range files {
		p := pageOf(t, file)
		p.findBlocks(t)
		pages = append(pages, p)
	}
	return pages
}

func (p *page) findBlocks(t *testing.T) {
	t.Helper()
	fence := false
	for i := 0; i < len(p.lines); i++ {
		if strings.HasPrefix(p.lines[i], "```") {
			fence = !fence
		}
		match := markerPattern.FindStringSubmatch(p.lines[i])
		if match == nil || fence {
			continue
		}
		b := &block{page: p, line: i + 1, kind: match[1], options: map[string]string{}}
		for j, option := range strings.Split(match[2], ";") {
			key, value, found := strings.Cut(strings.TrimSpace(option), ": ")
			if j == 0 {
				key, value, found = b.kind, strings.TrimSpace(option), true
			}
			if !found {
				t.Fatalf("%s: %q is no key: value", b, option)
			}
			b.options[key] = value
		}
		if i+1 >= len(p.lines) || !strings.HasPrefix(p.lines[i+1], "```") {
			t.Fatalf("%s: no fenced block follows the marker", b)
		}
		b.first = i + 2
		for b.end = b.first; b.end < len(p.lines) && p.lines[b.end] != "```"; {
			b.end++
		}
		p.blocks = append(p.blocks, b)
		i = b.end
	}
}

func (b *block) String() string { return fmt.Sprintf("%s:%d", b.page.name, b.line) }

func (b *block) content() string {
	return strings.Join(b.page.lines[b.first:b.end], "\n") + "\n"
}

// write puts new content into the blocks, last block first, so that the lines of the others stay right.
func (p *page) write(t *testing.T, contents map[*block]string) {
	t.Helper()
	lines := p.lines
	for i := len(p.blocks) - 1; i >= 0; i-- {
		b := p.blocks[i]
		if content, ok := contents[b]; ok {
			fresh := append([]string{}, lines[:b.first]...)
			fresh = append(fresh, strings.Split(strings.TrimSuffix(content, "\n"), "\n")...)
			lines = append(fresh, lines[b.end:]...)
		}
	}
	if err := os.WriteFile(p.name, []byte(strings.Join(lines, "\n")), 0o644); err != nil {
		t.Fatal(err)
	}
}

// fences are the contents of the fenced blocks of a language.
func (p *page) fences(language string) []string {
	var found []string
	for i := 0; i < len(p.lines); i++ {
		opening := p.lines[i]
		if !strings.HasPrefix(opening, "```") {
			continue
		}
		first := i + 1
		for i = first; i < len(p.lines) && p.lines[i] != "```"; {
			i++
		}
		if opening == "```"+language {
			found = append(found, strings.Join(p.lines[first:i], "\n")+"\n")
		}
	}
	return found
}

// prose is the page without its fenced blocks and its comments.
func (p *page) prose() string {
	var prose []string
	fence := false
	for _, line := range p.lines {
		if strings.HasPrefix(line, "```") {
			fence = !fence
			continue
		}
		if !fence && !strings.HasPrefix(line, "<!--") {
			prose = append(prose, line)
		}
	}
	return strings.Join(prose, "\n")
}
