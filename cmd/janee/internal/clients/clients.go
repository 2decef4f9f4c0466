// Package clients knows the MCP clients that `janee setup` and `janee doctor` work with: where each
// keeps its list of servers on Linux, macOS and Windows, what an entry for Janee looks like there,
// and what the person has to know about the client. The table is in table.go, one value per client.
//
// Every function is pure over a Machine, so that the paths of all three systems are tested on one.
// The package reads and writes no file; package setup does.
package clients

import (
	"path"
	"strings"
	"time"

	"github.com/true-and-useful/janee/cmd/janee/internal/splice"
)

// Entry is the name under which Janee is in the list of servers of a client.
const Entry = "janee"

// Machine is what the table asks of a machine.
type Machine struct {
	OS        string // as runtime.GOOS names it
	Home      string // of the user; "" if there is none
	ConfigDir string // os.UserConfigDir; "" if there is none
	WorkDir   string // of the project; "" if there is none
	Getenv    func(string) string
	LookPath  func(string) (string, error) // exec.LookPath
	Exists    func(path string) bool       // a file or a directory
}

// Client is one MCP client.
type Client struct {
	Name    string   // as in `janee setup NAME`
	Title   string   // as its vendor writes it
	Program string   // its command, if it has one
	Reports string   // the name that it reports in initialize; "" if that is not known
	Wait    Wait     // for the result of a call
	Restart string   // what makes it read its settings, as a sentence
	Notes   []string // what the person has to know or do, as sentences
	Docs    string   // the vendor's page about these settings

	Format splice.Format
	Path   splice.Path // of the entry
	New    string      // what else must be in a file that setup makes
	// Project is the file of a project, with slashes, below its directory; "" if there is none.
	Project string
	// Stdio and HTTP make the entry. HTTP is nil if the client cannot take the token from its
	// environment, and NoHTTP then says what to do.
	Stdio  func(Server) splice.Object
	HTTP   func(Remote) splice.Object
	NoHTTP string
	// Choices are keys of the entry that setup sets once; after that their value is the person's.
	Choices []string
	// Own has the client's own program change the list of servers; nil if it has none that leaves
	// the rest of the file as it was.
	Own *Own
	// Rules are what keeps files from the client's own file tools; nil if it has no such setting.
	Rules *Rules

	files []location
}

// Server is how a client starts Janee.
type Server struct {
	Command string
	Args    []string
	Env     []splice.Field // string values
}

// Remote is where a client finds a Janee that serves over HTTP.
type Remote struct {
	URL      string
	TokenEnv string // name of the environment variable of the client that has the token
}

// Wait is how long a client waits for the result of a call.
type Wait struct {
	For time.Duration // 0 if it is not known
	Key string        // what changes that; "" if nothing does
}

// Own is the command line of a client's own program, without the program.
type Own struct {
	Add    func(entry string) []string // entry is the JSON of the entry
	Remove []string
}

// Place is a file in which a client looks for servers.
type Place struct {
	File string
	// Root is the directory that the file must stay in if a part of its path below Root is a
	// symbolic link.
	Root string

	signs []string
}

// location is a Place in the table. A path begins with ~ for the home of the user, with @ for
// ConfigDir, or with $NAME for an environment variable; one whose base is not set does not count.
type location struct {
	os    string   // "" for every system
	files []string // of those that count the first that exists, else the first: see expandAll
	signs []string // one exists where the client is in use; nil: the directory of the file
}

// Find returns the client of a name.
func Find(name string) (Client, bool) {
	for _, c := range table {
		if c.Name == name {
			return c, true
		}
	}
	return Client{}, false
}

// All returns every client, in the order in which they are shown.
func All() []Client { return table }

// Found returns the clients that are in use on a machine.
func Found(m Machine) []Client {
	var found []Client
	for _, c := range table {
		if len(c.InUse(m)) > 0 {
			found = append(found, c)
		}
	}
	return found
}

// Places returns every file of the user in which a client may look, the usual one first.
func (c Client) Places(m Machine) []Place {
	var places []Place
	for _, l := range c.files {
		if l.os != "" && l.os != m.OS {
			continue
		}
		if p, ok := l.place(m); ok {
			places = append(places, p)
		}
	}
	return places
}

// InUse returns the places that the client has been using. Where only its program shows that it is
// there, that is the usual one.
func (c Client) InUse(m Machine) []Place {
	var used []Place
	all := c.Places(m)
	for _, p := range all {
		for _, sign := range p.signs {
			if m.Exists(sign) {
				used = append(used, p)
				break
			}
		}
	}
	if len(used) == 0 && len(all) > 0 && m.has(c.Program) {
		used = all[:1]
	}
	return used
}

// ProjectPlace returns the file of the project in the working directory.
func (c Client) ProjectPlace(m Machine) (Place, bool) {
	if c.Project == "" || m.WorkDir == "" {
		return Place{}, false
	}
	return Place{File: m.join(m.WorkDir, c.Project), Root: m.WorkDir}, true
}

func (m Machine) has(program string) bool {
	if program == "" {
		return false
	}
	_, err := m.LookPath(program)
	return err == nil
}

func (l location) place(m Machine) (Place, bool) {
	files := m.expandAll(l.files)
	if len(files) == 0 {
		return Place{}, false
	}
	for _, f := range files {
		if m.Exists(f) {
			return m.placeOf(f, l.signs), true
		}
	}
	return m.placeOf(files[0], l.signs), true
}

// expandAll returns the files that count: those below the first variable that is set, else those
// that need no variable.
func (m Machine) expandAll(files []string) (paths []string) {
	variable := ""
	for _, f := range files {
		head, _, _ := strings.Cut(f, "/")
		p, ok := m.expand(f)
		if !ok || variable != "" && head != variable {
			continue
		}
		if head[0] == '$' {
			variable = head
		}
		paths = append(paths, p)
	}
	return paths
}

func (m Machine) placeOf(file string, signs []string) Place {
	p := Place{File: file, Root: m.Home}
	if m.Home == "" || !m.below(file, m.Home) {
		p.Root = m.dir(file)
	}
	for _, s := range signs {
		if sign, ok := m.expand(s); ok {
			p.signs = append(p.signs, sign)
		}
	}
	if signs == nil {
		p.signs = []string{m.dir(file)}
	}
	return p
}

// expand returns the path that a path of the table means on this machine.
func (m Machine) expand(file string) (string, bool) {
	head, rest, _ := strings.Cut(file, "/")
	base := ""
	switch {
	case head == "~":
		base = m.Home
	case head == "@":
		base = m.ConfigDir
	case strings.HasPrefix(head, "$"):
		base = m.Getenv(head[1:])
		// the XDG Base Directory Specification has a relative path ignored
		if head == "$XDG_CONFIG_HOME" && m.OS != "windows" && !path.IsAbs(base) {
			base = ""
		}
	}
	if base == "" {
		return "", false
	}
	return m.join(base, rest), true
}

// join is filepath.Join of the machine's system; rest has slashes.
func (m Machine) join(base, rest string) string {
	if m.OS != "windows" {
		return path.Join(base, rest)
	}
	if rest == "" {
		return base
	}
	return strings.TrimRight(base, `\/`) + `\` + strings.ReplaceAll(rest, "/", `\`)
}

func (m Machine) dir(file string) string {
	if m.OS != "windows" {
		return path.Dir(file)
	}
	if i := strings.LastIndexAny(file, `\/`); i > 0 {
		return file[:i]
	}
	return file
}

func (m Machine) below(file, dir string) bool {
	return strings.HasPrefix(file, m.join(dir, "")) && len(file) > len(dir) &&
		strings.ContainsAny(file[len(dir):len(dir)+1], `\/`)
}
