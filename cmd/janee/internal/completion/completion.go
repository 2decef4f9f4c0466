// Package completion puts the completions of a shell where that shell looks for those of one
// person. Find returns a Shell by name; its Path is the file, which Install writes and Remove
// removes again. Both leave a file alone that holds something else.
//
// The package does not make the completions: cobra does, from the tree of commands.
package completion

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/true-and-useful/janee/cmd/janee/internal/hint"
	"github.com/true-and-useful/janee/cmd/janee/internal/home"
)

// Shell is a shell that can complete Janee's commands.
type Shell struct {
	Name string
	base func(getenv func(string) string) string // a directory, "" if the environment names none
	file string                                  // below base
}

// Shells are all of them. PowerShell reads completions from the person's profile only, so it has no
// file.
var Shells = []Shell{
	// https://github.com/scop/bash-completion, "Installation"
	{"bash", xdg("XDG_DATA_HOME", ".local/share"), "bash-completion/completions/janee"},
	// no directory of a person is in fpath by default: see Fpath
	{"zsh", xdg("XDG_DATA_HOME", ".local/share"), "zsh/site-functions/_janee"},
	// https://fishshell.com/docs/current/completions.html, "Where to put completions"
	{"fish", xdg("XDG_CONFIG_HOME", ".config"), "fish/completions/janee.fish"},
	{Name: "powershell"},
}

// xdg is the directory that a variable names, or the one that is usual in the home of the person.
// The XDG Base Directory Specification has a relative path ignored.
func xdg(name, usual string) func(func(string) string) string {
	return func(getenv func(string) string) string {
		if dir := getenv(name); filepath.IsAbs(dir) {
			return dir
		}
		for _, name := range []string{"HOME", "USERPROFILE"} {
			if dir := getenv(name); dir != "" {
				return filepath.Join(dir, filepath.FromSlash(usual))
			}
		}
		return ""
	}
}

// Find returns the shell of a name such as "zsh", "/usr/bin/zsh" or "pwsh.exe".
func Find(name string) (Shell, bool) {
	name = strings.TrimSuffix(name[strings.LastIndexAny(name, `/\`)+1:], ".exe")
	if name == "pwsh" {
		name = "powershell"
	}
	i := slices.IndexFunc(Shells, func(s Shell) bool { return s.Name == name })
	if i < 0 {
		return Shell{}, false
	}
	return Shells[i], true
}

// Path is the file that the shell reads, or "" for a shell without one.
func (s Shell) Path(getenv func(string) string) (string, error) {
	if s.file == "" {
		return "", nil
	}
	base := s.base(getenv)
	if base == "" {
		return "", hint.Errorf(hint.Failed, "export HOME=/path/to/your/home",
			"find the directory of completions for %s: HOME is not set", s.Name)
	}
	return filepath.Join(base, filepath.FromSlash(s.file)), nil
}

// Fpath is the line of .zshrc that makes zsh look in the directory of path, or "" where the
// environment shows that it does already.
func Fpath(path string, getenv func(string) string) string {
	dir := filepath.Dir(path)
	if slices.Contains(filepath.SplitList(getenv("FPATH")), dir) {
		return ""
	}
	return "fpath=(" + home.Quote(dir) + " $fpath)"
}

// Install makes script the content of the file at path, and reports whether that changed anything.
// It makes missing directories, 0700. A file that is not a completion of Janee is an error.
func Install(path string, script []byte) (changed bool, err error) {
	old, err := read(path, script)
	if err != nil || old != nil && bytes.Equal(old, script) {
		return false, err
	}
	if err := home.MakeDir(filepath.Dir(path)); err != nil {
		return false, err
	}
	return true, home.WriteNew(path, true, func(w io.Writer) error {
		_, err := w.Write(script)
		return err
	})
}

// Remove removes the file at path, and reports whether there was one. script is what this program
// would install. A file that is not a completion of Janee is an error.
func Remove(path string, script []byte) (changed bool, err error) {
	old, err := read(path, script)
	if err != nil || old == nil {
		return false, err
	}
	return true, os.Remove(path)
}

// read returns the completion at path, nil if there is none. Another version of Janee may have
// written it, or `janee completion bash > path`: what tells it is the title.
func read(path string, script []byte) ([]byte, error) {
	fi, err := os.Lstat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, nil
	case err != nil:
		return nil, err
	case !fi.Mode().IsRegular(): // a link is somebody's arrangement, and a FIFO would hang
		return nil, foreign(path, "it is not a regular file")
	}
	old, err := os.ReadFile(path)
	if err == nil && title(old) != title(script) {
		err = foreign(path, "it is not a completion of Janee")
	}
	return old, err
}

func foreign(path, why string) error {
	return hint.Errorf(hint.Failed, "mv "+home.Quote(path)+" "+home.Quote(path+".aside"),
		"%s was left as it is: %s", path, why)
}

// title is the first line of a completion by cobra that is a comment about the program, as in
// "# zsh completion for janee". It is "" if there is none.
func title(script []byte) string {
	for line := range bytes.Lines(script) {
		if bytes.HasPrefix(line, []byte("# ")) {
			return strings.Join(strings.Fields(string(line)), " ")
		}
	}
	return ""
}
