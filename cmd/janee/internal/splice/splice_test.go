package splice

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

var entry = Object{
	{"command", `C:\Program Files\janee "1".exe`},
	{"args", []string{"serve", "--agent", "a b"}},
	{"enabled", true},
	{"timeout", 60},
	{"env", Object{{"JANEE_HOME", "/home/é/.janee"}, {"A.B", ""}}},
}

var other = Object{{"command", "/usr/bin/janee"}}

// paths are where clients keep their servers.
var paths = map[Format][]Path{
	JSON: {Keys("mcpServers", "janee"), Keys("servers", "janee"), Keys("context_servers", "janee"),
		Keys("mcp", "servers", "janee")},
	TOML: {Keys("mcp_servers", "janee"), Keys("mcp_servers", "ja nee"), Keys("a", "b", "janee")},
	YAML: {append(Keys("mcpServers"), Step{"name", "janee"}), Keys("extensions", "janee"),
		Keys("a", "b", "janee")},
}

// try checks what Set and Remove promise, where the text can be edited at all, and returns what Set
// returned.
func try(t *testing.T, f Format, text string, path Path) (string, error) {
	t.Helper()
	if _, _, found, err := f.Find([]byte(text), path); err != nil || found {
		return "", err
	}
	set := mustSet(t, f, text, path, entry)
	if set == "" {
		return "", errAltered
	}
	value, line, found, err := f.Find([]byte(set), path)
	if err != nil || !found || !same(value, entry.withItem(path).plain()) {
		t.Fatalf("Find after Set of %q gives %v, %v, %v", text, value, found, err)
	}
	last := path[len(path)-1]
	at := strings.Split(strings.TrimPrefix(set, "\ufeff"), "\n")[line-1]
	if !strings.Contains(at, last.Key) && !strings.Contains(at, last.Item) {
		t.Errorf("line %d of %q does not have the entry", line, set)
	}
	if twice := mustSet(t, f, set, path, entry); twice != set {
		t.Errorf("Set changes what it wrote:\n%q\n%q", set, twice)
	}
	undone(t, f, text, set, path)
	if changed := mustSet(t, f, set, path, other); changed == "" {
		t.Errorf("Set does not replace in %q", set)
	} else {
		undone(t, f, text, changed, path)
	}
	return set, nil
}

func mustSet(t *testing.T, f Format, text string, path Path, value Object) string {
	t.Helper()
	out, err := f.Set([]byte(text), path, value)
	var is *Error
	if err != nil && !errors.As(err, &is) {
		t.Fatalf("Set in %q: %v is no *Error", text, err)
	}
	return string(out)
}

func undone(t *testing.T, f Format, text, set string, path Path) {
	t.Helper()
	back, err := f.Remove([]byte(set), path)
	if err != nil || string(back) != text {
		t.Errorf("Remove does not undo Set: %v\nfrom %q\nvia  %q\nto   %q", err, text, set, back)
	}
}

func formatOf(name string) Format {
	return map[string]Format{".json": JSON, ".toml": TOML, ".yaml": YAML}[filepath.Ext(name)]
}

// variants returns a text with other line ends, a byte order mark, and without a final newline.
func variants(text string) []string {
	var all []string
	for _, t := range []string{text, strings.TrimRight(text, "\n"), text + "\n\n"} {
		crlf := strings.ReplaceAll(t, "\n", "\r\n")
		all = append(all, t, crlf, "\ufeff"+t, "\ufeff"+crlf)
	}
	return all
}

func TestFilesOfClients(t *testing.T) {
	files, _ := filepath.Glob("testdata/*.*")
	if len(files) < 8 {
		t.Fatalf("only %d files", len(files))
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		f := formatOf(file)
		for _, variant := range variants(string(text)) {
			for _, path := range paths[f] {
				if _, err := try(t, f, variant, path); err != nil {
					t.Errorf("%s at %s: %v in %q", file, path, err, variant)
				}
			}
		}
	}
}

// snippets are texts that are small and nasty.
var snippets = map[Format][]string{
	JSON: {"", " ", "\n", "{}", "{ }", "{\n}\n", "{\n\n}", "{\t}", "\n{}", "// c\n{}\n// d",
		"{// c\n}",
		"{/* c */}", `{"mcpServers":{}}`, `{"mcpServers": { }}`, "{\n  \"mcpServers\": {}\n}\n",
		"{\n  \"mcpServers\": {\n  }\n}\n", "{\n \"mcpServers\": {\n\n },\n}", `{"a":1}`,
		`{"a":1,}`,
		"{\"\":{\n }}",
		`{"a":1 /* c */ }`, "{\"a\":1 // c\n}", "{\"a\":1, // c\n}", "{\n\t\"a\": {\"b\": []}\n}",
		`{"mcpServers":{"x":{}}}`, "{\"mcpServers\":{\"x\":{} // c\n}}",
		"{\"mcpServers\":{// c\n}}",
		`{"mcp":{"servers":{}}}`, `{"mcp":{}}`, "{\n  \"mcp\": {}\n}",
		`{"mcp\u0053ervers":{"x":1}}`,
		"{\n  \"mcpServers\": {\"x\": {\n  }}\n}", "{\"a\": 1}\n// end without a line break"},
	TOML: {"", "\n", "a = 1", "# c \n", "a = 1\n\n\n", "# c", "mcp_servers = {}",
		"mcp_servers = { } # c\n",
		"mcp_servers = {x = {a = 1}}\nb = 2", "[mcp_servers]", "[mcp_servers] # c\n\n[z]\n",
		"mcp_servers.x.y = 1\n", "a.b.c = 1\n", "a = {b = {c = 1}}\n", "a = {b.c = 1}\n",
		"[[x]]\na = 1\n[x.y]\n", "[mcp_servers.x]\n[mcp_servers.x.env]\n", "a = '''\n\n'''",
		"[a.b]\nx = 1\n[z]\n# end\n", "[ 'a' . \"b\" ]\nx.y = 1 # c"},
	YAML: {"", "\n", "# c\n", "---\n", "--- # c\n\n", "---\na: 1\n", "a: 1\n...\n", "x: 1",
		"x: 1 # c\n\n",
		"mcpServers:\n", "mcpServers: # c\nx: 1\n", "mcpServers:\n# c\nx: 1",
		"mcpServers:\n  # c\nx: 1",
		"mcpServers: []\n", "mcpServers: [ ] # c\nb: 2", "mcpServers: [{name: x}]\n",
		"mcpServers: [\n  {name: x}, # c\n  {name: \"a]\", b: it's}\n]\n", "extensions: {}", "{}\n",
		"extensions:\n  x:\n    a: |-\n      # no\n", "extensions: {x: {a: 1}}\n", "{x: 1}\n",
		"mcpServers:\n- name: x\n  a: b\n# c\nz: 1\n", "mcpServers:\n  - a\n  # c\n\n\nz: 1\n",
		"a:\n  b:\n    c: 1\nd: 1\n", "a:\n  b: {}\n", "a: {b: {}}\n", "a:\n", "x:\n    y: 1\na:\n",
		"x: &a 1\ny: *a\n", "x: \"a\n  b\"\n", "\"mcpServers\" : \n  - name: x\n"},
}

func TestSmallFiles(t *testing.T) {
	for f, texts := range snippets {
		for _, text := range texts {
			for _, variant := range variants(text) {
				for _, path := range paths[f] {
					_, err := try(t, f, variant, path)
					if errors.Is(err, errAltered) {
						t.Errorf("%q at %s cannot be edited", variant, path)
					}
				}
			}
		}
	}
}

// TestLayout holds what people see in their files.
func TestLayout(t *testing.T) {
	value := Object{{"command", "janee"}, {"args", []string{"serve"}}, {"env", Object{{"A", "b"}}}}
	for _, c := range []struct {
		f            Format
		path         Path
		before, want string
	}{
		{JSON, Keys("mcpServers", "janee"), "", `{
  "mcpServers": {
    "janee": {
      "command": "janee",
      "args": ["serve"],
      "env": {
        "A": "b"
      }
    }
  }
}
`},
		{JSON, Keys("servers", "janee"), "{\n\t\"servers\": {\n\t\t\"x\": {} // c\n\t}\n}", `{
	"servers": {
		"x": {}, // c
		"janee": {
			"command": "janee",
			"args": ["serve"],
			"env": {
				"A": "b"
			}
		}
	}
}`},
		{JSON, Keys("mcpServers", "janee"), "{\n  \"mcpServers\": {},\n}", `{
  "mcpServers": {"janee": {
    "command": "janee",
    "args": ["serve"],
    "env": {
      "A": "b"
    }
  }},
}`},
		{JSON, Keys("mcpServers", "janee"), `{"a":1}`,
			`{"a":1,"mcpServers":{ "janee":{"command":"janee","args":["serve"],"env":{"A":"b"}} }}`},
		{TOML, Keys("mcp_servers", "janee"), "a = 1\n\n\n", `a = 1

[mcp_servers.janee]
command = "janee"
args = ["serve"]

[mcp_servers.janee.env]
A = "b"


`},
		{YAML, append(Keys("mcpServers"), Step{"name", "janee"}), "models: []", `models: []
mcpServers:
  - name: janee
    command: janee
    args: [serve]
    env:
      A: b`},
		{YAML, Keys("extensions", "janee"), "extensions:\n    x: {}\n# c\n", `extensions:
    x: {}
    janee:
      command: janee
      args: [serve]
      env:
        A: b
# c
`},
	} {
		if got := mustSet(t, c.f, c.before, c.path, value); got != c.want {
			t.Errorf("%q becomes\n%s\nwant\n%s", c.before, got, c.want)
		}
	}
}

// TestEntriesOfPeople removes entries that Set did not write.
func TestEntriesOfPeople(t *testing.T) {
	for _, c := range []struct {
		f             Format
		path          Path
		before, after string
	}{
		{JSON, Keys("s", "janee"), `{"s": {"janee": 1, "b": 2}}`, `{"s": { "b": 2}}`},
		{JSON, Keys("s", "janee"), "{\"s\": {// c\n\"janee\": 1, \"b\": 2}}",
			"{\"s\": {// c\n \"b\": 2}}"},
		{JSON, Keys("s", "janee"), "{\"s\": {\"a\": 1, // c\n \"janee\": {}}}",
			"{\"s\": {\"a\": 1 // c\n }}"},
		{TOML, Keys("s", "janee"), "[s]\njanee.a = 1\nx = 1\njanee.b = 2 # c\n[s.janee.env]\n[t]\n",
			"[s]\nx = 1\n[t]\n"},
		{TOML, Keys("s", "janee"), "[s]\njanee = {}", "[s]"},
		{TOML, Keys("s", "janee"), "s = {a = 1, janee = {}, b = 2}", "s = {a = 1, b = 2}"},
		{TOML, Keys("s", "janee"), "[s.janee] # c\na = 1\n# next\n[t]\n[s.janee.env]\n[u]\n",
			"# next\n[t]\n[u]\n"},
		{YAML, Keys("s", "janee"), "s:\n  janee:\n    a: |\n      # x\n  # c\n  b: 1\n",
			"s:\n  # c\n  b: 1\n"},
		{YAML, Keys("s", "janee"), "s: {a: 1, janee: 'a,b', c: 1}", "s: {a: 1, c: 1}"},
	} {
		got, err := c.f.Remove([]byte(c.before), c.path)
		if err != nil || string(got) != c.after {
			t.Errorf("%q becomes %q, want %q: %v", c.before, got, c.after, err)
		}
	}
}

func TestReplaceKeepsThePlace(t *testing.T) {
	for _, c := range []struct {
		f             Format
		path          Path
		before, after string
	}{
		{JSON, Keys("s", "janee"), `{"s": {"janee": 1, "b": 2}} // c`,
			`{"s": {"janee": {"command": "/usr/bin/janee"}, "b": 2}} // c`},
		{TOML, Keys("s", "janee"), "[s.janee] # c\nx = 1\n[s.janee.env]\na = 1 # d\n\n[t]\n",
			"[s.janee] # c\ncommand = \"/usr/bin/janee\"\n\n[t]\n"},
		{TOML, Keys("s", "janee"), "s = {janee = {a = 1}, b = 1}",
			`s = {janee = { command = "/usr/bin/janee" }, b = 1}`},
		{TOML, Keys("s", "janee"), "[s]\njanee.a = 1\n[t]\n",
			"[s]\n[t]\n\n[s.janee]\ncommand = \"/usr/bin/janee\"\n"},
		{YAML, append(Keys("s"), Step{"name", "janee"}),
			"s:\n  - name: janee\n    x: 1\n  # c\n  - name: b\n",
			"s:\n  - name: janee\n    command: /usr/bin/janee\n  # c\n  - name: b\n"},
		{YAML, Keys("s", "janee"), "s: {janee: {x: 1}, b: 1}\n",
			"s: {janee: {command: /usr/bin/janee}, b: 1}\n"},
	} {
		if got := mustSet(t, c.f, c.before, c.path, other); got != c.after {
			t.Errorf("%q becomes\n%q, want\n%q", c.before, got, c.after)
		}
	}
}

func TestRefusals(t *testing.T) {
	deep := strings.Repeat(`{"a":`, 65) + "1" + strings.Repeat("}", 65)
	deepYAML := strings.Repeat("[", 66) + strings.Repeat("]", 66)
	for _, c := range []struct {
		f    Format
		text string
		want string
	}{
		{JSON, "{\n  \"s\": {}, \"x\": 1,\n  \"s\": {}\n}", "line 3: s is given twice"},
		{JSON, "{\"s\": {\"janee\": 1,\n\"janee\": 2}}", "line 2: s.janee is given twice"},
		{JSON, "{\n  \"s\": \"s3cret\"}", "line 2: s is not an object"},
		{JSON, "{\n  \"s\": null}", "line 2: s is not an object"},
		{JSON, "\n[\"s3cret\"]", "line 2: the file is not a JSON object"},
		{JSON, "{\n  s3cret: 1}",
			"line 2: this is not JSON: names and texts must be in double quotes (\")"},
		{JSON, "{\n  \"a\": 's3cret'}",
			"line 2: this is not JSON: names and texts must be in double quotes (\")"},
		{JSON, "{\n  \"a\": 1s3cret}", "line 2: this is not JSON"},
		{JSON, "{\n  \"a\": \"s3cret", "line 2: the JSON ends too early"},
		{JSON, deep, "line 1: objects and lists are nested more than 64 deep"},
		{JSON, strings.Repeat(" ", maxSize+1), "the file is larger than 8 MiB"},
		{TOML, "a = 1\ns = \"s3cret\n", "line 2: this is not TOML, or a key is given twice"},
		{TOML, "[s.janee]\n[t]\n[s.janee]\n", "line 3: this is not TOML, or a key is given twice"},
		{TOML, "\ns = 's3cret'\n", "line 2: s is a value, not an object"},
		{TOML, "\n[[s]]\n", "line 2: s is a list"},
		{YAML, "a: 1\n\tb: s3cret\n", "line 2: this is not YAML, or a key is given twice"},
		{YAML, "s: 1\ns: s3cret\n", "line 2: this is not YAML, or a key is given twice"},
		{YAML, "a: 1\n---\nb: 2\n", "line 2: a second YAML document begins here"},
		{YAML, " !\n", errLasting.Error()},
		{YAML, "a: 1\nb: \"s3cret\u2028\"\n",
			"line 2: this line has an invisible line break: delete it"},
		{JSON, "{\n\r}", "line 2: a carriage return does not end its line: delete it"},
		{YAML, "&s3cret\n", "line 1: the file is not a YAML mapping"},
		{YAML, "- s3cret\n", "line 1: the file is not a YAML mapping"},
		{YAML, "x: &x {}\ns: *x\n", "line 2: s is an alias (*name): write it out"},
		{YAML, "x: &x {a: 1}\ns:\n  <<: *x\n", "line 3: s has a merge key (<<): write it out"},
		{YAML, "s: ~\n", "line 1: s is null: delete the line"},
		{YAML, "\ns: s3cret\n", "line 2: s is a value, not an object"},
		{YAML, "s:\n- s3cret\n", "line 1: s is a list"},
		{YAML, "a: |\n  the line end is part of the text, and not there", errAltered.Error()},
		{YAML, "x: " + deepYAML, "line 1: mappings and lists are nested more than 64 deep"},
	} {
		_, err := c.f.Set([]byte(c.text), Keys("s", "janee"), entry)
		if err == nil || err.Error() != c.want {
			t.Errorf("%.80q: %v, want %s", c.text, err, c.want)
		}
	}
}

// TestSharedAnchor adds to a mapping that an alias repeats elsewhere.
func TestSharedAnchor(t *testing.T) {
	_, err := YAML.Set([]byte("s: &x\n  a: 1\nt: *x\n"), Keys("s", "janee"), entry)
	if !errors.Is(err, errAltered) {
		t.Errorf("the alias changed as well: %v", err)
	}
}

func TestAppend(t *testing.T) {
	path := Keys("permissions", "deny")
	items := []string{"Read(~/.janee/**)", "Bash(janee approve:*)", "x"}
	for _, text := range append(snippets[JSON], `{"permissions":{}}`, `{"permissions":{"deny":[]}}`,
		"{\n  \"permissions\": {\n    \"deny\": [\n      \"a\", // c\n      \"b\" // d\n    ]}}",
		`{"permissions":{"deny":["a",]}}`, "{\"permissions\":{\"deny\":[// c\n]}}",
		`{"permissions":{"allow":[]}}`) {
		for _, variant := range variants(text) {
			out, err := JSON.Append([]byte(variant), path, items)
			if err != nil {
				t.Errorf("Append to %q: %v", variant, err)
				continue
			}
			if again, err := JSON.Append(out, path, items); err != nil || !bytes.Equal(again, out) {
				t.Errorf("Append changes what it wrote: %q, %q, %v", out, again, err)
			}
			if back, err := JSON.Cut(out, path, items); err != nil || string(back) != variant {
				t.Errorf("Cut does not undo Append: %q, %q, %q, %v", variant, out, back, err)
			}
		}
	}
	_, err := JSON.Append([]byte("{\"permissions\":\n{\"deny\": {}}}"), path, items)
	if err == nil || err.Error() != "line 2: permissions.deny is not a list" {
		t.Errorf("appending to an object: %v", err)
	}
}

func FuzzSplice(f *testing.F) {
	for format, texts := range snippets {
		for _, text := range texts {
			f.Add(int(format), text)
		}
	}
	files, _ := filepath.Glob("testdata/*.*")
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(int(formatOf(file)), string(text))
	}
	f.Fuzz(func(t *testing.T, format int, text string) {
		if format < 0 || format > int(YAML) {
			return
		}
		for _, path := range paths[Format(format)] {
			_, _ = try(t, Format(format), text, path)
		}
	})
}
