package completion

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/true-and-useful/janee/cmd/janee/internal/hint"
)

const script = "#compdef janee\n\n# zsh completion for janee   -*- shell-script -*-\nnew\n"

func TestInstallAndRemove(t *testing.T) {
	path := filepath.Join(t.TempDir(), "site-functions", "_janee")
	for i, want := range []bool{true, false} {
		if changed, err := Install(path, []byte(script)); err != nil || changed != want {
			t.Fatalf("installing %d: %v, %v", i, changed, err)
		}
	}
	older := "#compdef janee\n# zsh completion for janee -*- shell-script -*-\nold\n"
	if err := os.WriteFile(path, []byte(older), 0o644); err != nil {
		t.Fatal(err)
	}
	if changed, err := Install(path, []byte(script)); err != nil || !changed {
		t.Fatalf("over an older version: %v, %v", changed, err)
	}
	if text, err := os.ReadFile(path); err != nil || string(text) != script {
		t.Errorf("%v: %q", err, text)
	}
	if entries, err := os.ReadDir(filepath.Dir(path)); err != nil || len(entries) != 1 {
		t.Errorf("%v, temporary files are left: %v", err, entries)
	}
	for i, want := range []bool{true, false} {
		if changed, err := Remove(path, []byte(script)); err != nil || changed != want {
			t.Fatalf("removing %d: %v, %v", i, changed, err)
		}
	}
}

// TestForeignFilesStay has other things where the completion should be.
func TestForeignFilesStay(t *testing.T) {
	for name, put := range map[string]func(path string) error{
		"own completion": func(path string) error {
			return os.WriteFile(path,
				[]byte("#compdef janee\n# by hand\n# zsh completion for janee\n"), 0o600)
		},
		"other shell": func(path string) error {
			return os.WriteFile(path,
				[]byte("# fish completion for janee -*- shell-script -*-\n"), 0o600)
		},
		"empty": func(path string) error { return os.WriteFile(path, nil, 0o600) },
		"link": func(path string) error {
			target := path + ".target"
			if err := os.WriteFile(target, []byte(script+"old"), 0o600); err != nil {
				return err
			}
			return os.Symlink(target, path)
		},
		"directory": func(path string) error { return os.Mkdir(path, 0o700) },
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "_janee")
			if err := put(path); err != nil {
				t.Skip(err) // Windows makes links for administrators only
			}
			before, _ := os.ReadFile(path)
			mode := lmode(t, path)
			for _, change := range []func(string, []byte) (bool, error){Install, Remove} {
				if changed, err := change(path, []byte(script)); err == nil || changed ||
					!strings.HasPrefix(hint.Of(err), "mv ") {
					t.Errorf("%v, %v, hint %q", changed, err, hint.Of(err))
				}
			}
			if after, _ := os.ReadFile(path); string(after) != string(before) ||
				lmode(t, path) != mode {
				t.Errorf("it changed: %q", after)
			}
		})
	}
}

func lmode(t *testing.T, path string) os.FileMode {
	t.Helper()
	fi, err := os.Lstat(path)
	if err != nil {
		t.Fatal(err)
	}
	return fi.Mode()
}

func TestFind(t *testing.T) {
	for name, want := range map[string]string{
		"bash": "bash", "/usr/bin/zsh": "zsh", `C:\Program Files\Git\bin\bash.exe`: "bash",
		"/opt/microsoft/powershell/7/pwsh": "powershell", "/bin/sh": "", "": "", "rbash": "",
	} {
		if s, ok := Find(name); ok != (want != "") || s.Name != want {
			t.Errorf("%q: %q, want %q", name, s.Name, want)
		}
	}
}

func TestPath(t *testing.T) {
	home, data := t.TempDir(), t.TempDir()
	for _, c := range []struct {
		shell, want string
		vars        map[string]string
	}{
		{"bash", data + "/bash-completion/completions/janee",
			map[string]string{"HOME": home, "XDG_DATA_HOME": data}},
		{"bash", home + "/.local/share/bash-completion/completions/janee",
			map[string]string{"HOME": home, "XDG_DATA_HOME": "relative"}},
		{"zsh", home + "/.local/share/zsh/site-functions/_janee",
			map[string]string{"HOME": home, "XDG_CONFIG_HOME": data}},
		{"fish", data + "/fish/completions/janee.fish",
			map[string]string{"HOME": home, "XDG_CONFIG_HOME": data}},
		{"fish", home + "/.config/fish/completions/janee.fish",
			map[string]string{"USERPROFILE": home}},
		{"powershell", "", nil},
		{"zsh", "error", nil},
	} {
		s, _ := Find(c.shell)
		got, err := s.Path(func(name string) string { return c.vars[name] })
		if err != nil {
			got = "error"
		}
		if got != filepath.FromSlash(c.want) {
			t.Errorf("%s with %v: %q, want %q", c.shell, c.vars, got, c.want)
		}
	}
}

func TestFpath(t *testing.T) {
	path := filepath.Join(t.TempDir(), "my functions", "_janee")
	getenv := func(fpath string) func(string) string {
		return func(string) string { return fpath }
	}
	if got := Fpath(path, getenv("/usr/share/zsh")); got !=
		"fpath=('"+filepath.Dir(path)+"' $fpath)" {
		t.Errorf("%q", got)
	}
	list := "/usr/share/zsh" + string(filepath.ListSeparator) + filepath.Dir(path)
	if got := Fpath(path, getenv(list)); got != "" {
		t.Errorf("it is there already: %q", got)
	}
}
