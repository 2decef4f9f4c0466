package cli

import (
	"bytes"
	"os"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestTableFits(t *testing.T) {
	var out bytes.Buffer
	tab := newTable(&out, "NAME", "BASE URL", "NOTE")
	tab.row("short", "https://"+strings.Repeat("long.", 30)+"example.com", "an ä and a …")
	tab.row("two\nlines", "\x1b[31mred\u202e", strings.Repeat("ü", 100))
	if err := tab.flush(); err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSuffix(out.String(), "\n"), "\n")
	if len(lines) != 3 {
		t.Fatalf("%d lines:\n%s", len(lines), out.String())
	}
	for _, line := range lines {
		if n := utf8.RuneCountInString(line); n > tableWidth ||
			strings.TrimRight(line, " ") != line {
			t.Errorf("%d columns: %q", n, line)
		}
	}
	for want, line := range map[string]string{
		`two\u000alines`: lines[2], `\u001b[31mred\u202e`: lines[2], "üü…": lines[2],
		"lo…": lines[1] + " ",
	} {
		if !strings.Contains(line, want) && !strings.Contains(line, "…") {
			t.Errorf("no %q in %q", want, line)
		}
	}
}

func TestTableKeepsNarrowRows(t *testing.T) {
	var out bytes.Buffer
	tab := newTable(&out, "A", "BB")
	tab.row("x", "")
	if err := tab.flush(); err != nil || out.String() != "A  BB\nx\n" {
		t.Errorf("%q, %v", out.String(), err)
	}
}

func TestListFits(t *testing.T) {
	m := newMachine(t)
	name := strings.Repeat("n", 64)
	m.write(t, "services:\n  "+name+":\n    baseUrl: https://"+strings.Repeat("a", 60)+
		".example.com/api/v1\n    auth: {type: bearer, key: sk_live_0123456789}\n"+
		"capabilities:\n  "+strings.Repeat("c", 64)+": {service: "+name+"}\n")
	code, out, stderr := m.run("list")
	if code != 0 || strings.Count(out, "…") < 4 {
		t.Fatalf("exit %d\n%s%s", code, out, stderr)
	}
	for line := range strings.Lines(out) {
		if n := utf8.RuneCountInString(line) - 1; n > tableWidth {
			t.Errorf("%d columns: %q", n, line)
		}
	}
}

func TestNoColourElsewhere(t *testing.T) {
	file, err := os.Create(t.TempDir() + "/out")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	for name, s := range map[string]style{
		"a buffer": newStyle(new(bytes.Buffer), os.Getenv), "a file": newStyle(file, os.Getenv),
	} {
		if got := s.bad("x") + s.good("y") + s.warn("z") + s.dim(""); got != "xyz" {
			t.Errorf("%s: %q", name, got)
		}
	}
	if got := (style{on: true}).bad("x") + (style{on: true}).dim(""); got != "\x1b[31mx\x1b[0m" {
		t.Errorf("on: %q", got)
	}
}

func TestNearest(t *testing.T) {
	names := []string{"stripe", "github", "github_readonly", "s3"}
	for typed, want := range map[string]string{
		"strpe": "stripe", "stirpe": "stripe", "STRIPE": "stripe", "gihtub": "github",
		"github_": "github", "git": "github", "github_read": "github_readonly", "openai": "",
		"": "", "x": "", "s4": "s3", strings.Repeat("s", 65): "",
	} {
		if got := nearest(typed, names); got != want {
			t.Errorf("nearest(%q) = %q, want %q", typed, got, want)
		}
	}
}
