//go:build !race

package e2e

import (
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// markdown returns every Markdown file of the repository, by its path from the root.
func markdown(t *testing.T) map[string][]string {
	t.Helper()
	texts := map[string][]string{}
	err := filepath.WalkDir(root, func(file string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && (d.Name() == "node_modules" || d.Name() == ".git"):
			return filepath.SkipDir
		case filepath.Ext(file) == ".md":
			name, err := filepath.Rel(root, file)
			texts[filepath.ToSlash(name)] = strings.Split(document(t, name), "\n")
			return err
		}
		return nil
	})
	if err != nil || len(texts) < 20 {
		t.Fatalf("%d pages, %v", len(texts), err)
	}
	return texts
}

// prose blanks the lines of fenced blocks, which hold neither links nor headings.
func prose(lines []string) []string {
	out, fenced := make([]string, len(lines)), false
	for i, line := range lines {
		fence := strings.HasPrefix(strings.TrimSpace(line), "```")
		if !fence && !fenced {
			out[i] = line
		}
		fenced = fenced != fence
	}
	return out
}

var (
	heading    = regexp.MustCompile(`^#{1,6} +(.*?)[ #]*$`)
	linkText   = regexp.MustCompile(`\[([^\]]*)\]\([^)]*\)`)
	notInSlugs = regexp.MustCompile(`[^\p{L}\p{N}_ -]`)
)

// anchors are the names that GitHub gives to the headings of a page.
func anchors(lines []string) map[string]bool {
	found, times := map[string]bool{}, map[string]int{}
	for _, line := range prose(lines) {
		h := heading.FindStringSubmatch(line)
		if h == nil {
			continue
		}
		slug := strings.ToLower(linkText.ReplaceAllString(h[1], "$1"))
		slug = strings.ReplaceAll(notInSlugs.ReplaceAllString(slug, ""), " ", "-")
		if n := times[slug]; n > 0 {
			found[fmt.Sprintf("%s-%d", slug, n)] = true
		} else {
			found[slug] = true
		}
		times[slug]++
	}
	return found
}

var (
	codeSpan = regexp.MustCompile("`(?:[^`\\n]|\\n[^`\\n])*`") // may end on the next line
	link     = regexp.MustCompile(`\]\(\s*<?([^)\s>]*)`)
	named    = regexp.MustCompile(`^\s*\[[^\]]+\]:\s*<?([^\s>]+)`)
)

// sentences are the lines of a page without any code.
func sentences(lines []string) []string {
	text := codeSpan.ReplaceAllStringFunc(strings.Join(prose(lines), "\n"),
		func(code string) string { return strings.Repeat("\n", strings.Count(code, "\n")) })
	return strings.Split(text, "\n")
}

// links calls visit with every target of a link, and the number of its line. The text of a link may
// be on the line before its target.
func links(lines []string, visit func(line int, target string)) {
	for i, line := range sentences(lines) {
		for _, l := range append(link.FindAllStringSubmatch(line, -1),
			named.FindAllStringSubmatch(line, -1)...) {
			visit(i+1, l[1])
		}
	}
}

// broken says what is wrong with a link of a page to a target within the repository.
func broken(all map[string][]string, page, target string) string {
	file, anchor, anchored := strings.Cut(target, "#")
	to := page
	if file != "" {
		to = path.Join(path.Dir(page), file)
	}
	if strings.HasPrefix(to, "../") || strings.HasPrefix(file, "/") {
		return "it leaves the repository"
	}
	if _, err := os.Stat(filepath.Join(root, filepath.FromSlash(to))); err != nil {
		return "there is no such file"
	}
	if anchored && !anchors(all[to])[anchor] {
		return to + " has no such heading"
	}
	return ""
}

var elsewhere = regexp.MustCompile(`^[a-z][a-z0-9+.-]*:`)

// TestLinks follows every link between pages of the repository, to the heading if it names one.
func TestLinks(t *testing.T) {
	all, inside, anchored := markdown(t), 0, 0
	for page, lines := range all {
		links(lines, func(line int, target string) {
			if elsewhere.MatchString(target) {
				return
			}
			inside++
			if strings.Contains(target, "#") {
				anchored++
			}
			if why := broken(all, page, target); why != "" {
				t.Errorf("%s:%d: the link to %s: %s", page, line, target, why)
			}
		})
	}
	if inside < 80 || anchored < 20 {
		t.Errorf("only %d links were found, %d of them to a heading", inside, anchored)
	}
}

// TestEveryPageIsLinked looks for pages that nobody finds: README.md links to each, itself or
// through others.
func TestEveryPageIsLinked(t *testing.T) {
	all, found := markdown(t), map[string]bool{}
	var follow func(page string)
	follow = func(page string) {
		if _, is := all[page]; !is || found[page] {
			return
		}
		found[page] = true
		links(all[page], func(_ int, target string) {
			file, _, _ := strings.Cut(target, "#")
			follow(path.Join(path.Dir(page), file))
		})
	}
	follow("README.md")
	for page := range all {
		if strings.HasPrefix(page, "docs/") && !found[page] {
			t.Errorf("no link leads to %s", page)
		}
	}
}

// TestBrokenLinks shows that TestLinks would find a link that breaks.
func TestBrokenLinks(t *testing.T) {
	all := map[string][]string{
		"README.md": strings.Split("# Top\n## What is `x`, and why?\n## Twice\n## Twice\n"+
			"```\n## Fenced\n[a](nowhere.md)\n```\n`[a](b)` [one](docs/keys.md#none) [two\n"+
			"words](nowhere.md) `code\nhere` [more](keys.md) `[no](code)`\n"+
			"[three]: else.md\n", "\n"),
		"docs/keys.md": {"# The root key"},
	}
	var got []string
	links(all["README.md"], func(line int, target string) {
		got = append(got, fmt.Sprint(line, " ", target))
	})
	want := "9 docs/keys.md#none,10 nowhere.md,11 keys.md,12 else.md"
	if strings.Join(got, ",") != want {
		t.Errorf("links: %q, want %q", got, want)
	}
	for target, good := range map[string]bool{
		"#top": true, "#what-is-x-and-why": true, "#twice": true, "#twice-1": true,
		"docs/keys.md": true, "docs/keys.md#the-root-key": true, "docs": true,
		"#twice-2": false, "#fenced": false, "#Top": false, "docs/keys.md#none": false,
		"docs/none.md": false, "../else.md": false, "/README.md": false,
	} {
		if why := broken(all, "README.md", target); (why == "") != good {
			t.Errorf("%s: %q", target, why)
		}
	}
}
