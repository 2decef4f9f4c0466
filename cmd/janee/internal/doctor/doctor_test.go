package doctor

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/true-and-useful/janee/cmd/janee/internal/auditlog"
	"github.com/true-and-useful/janee/cmd/janee/internal/clients"
	"github.com/true-and-useful/janee/cmd/janee/internal/keysource"
	"github.com/true-and-useful/janee/cmd/janee/internal/opened"
	"github.com/true-and-useful/janee/core/audit"
	"github.com/true-and-useful/janee/core/policy"
)

// machine has a home that was just made.
func machine(t *testing.T) (Machine, *opened.Home, map[string]string) {
	t.Helper()
	dir := t.TempDir()
	vars := map[string]string{
		"JANEE_HOME":     filepath.Join(dir, "home"),
		"JANEE_KEY_FILE": filepath.Join(dir, "key", "root.key"),
	}
	getenv := func(name string) string { return vars[name] }
	keys := &keysource.Keys{Getenv: getenv, ConfigDir: func() (string, error) {
		return filepath.Join(dir, "config"), nil
	}}
	s, err := opened.Init(keys, vars["JANEE_HOME"])
	if err != nil {
		t.Fatal(err)
	}
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	m := clients.Machine{OS: runtime.GOOS, Home: dir, WorkDir: dir,
		ConfigDir: filepath.Join(dir, "config"), Getenv: getenv, LookPath: exec.LookPath,
		Exists: func(path string) bool {
			_, err := os.Stat(path)
			return err == nil
		}}
	return Machine{Keys: keys, Clients: m, Program: program, Now: time.Now}, s, vars
}

// find returns the findings of one check.
func find(r Report, check string) (found []Check) {
	for _, c := range r.Checks {
		if c.Check == check {
			found = append(found, c)
		}
	}
	return found
}

func TestOverallIsTheWorst(t *testing.T) {
	for _, c := range []struct{ a, b, want Result }{
		{Pass, Warn, Warn}, {Warn, Pass, Warn}, {Warn, Fail, Fail}, {Fail, Pass, Fail},
		{Pass, Pass, Pass}, {Pass, Note, Pass}, {Warn, Note, Warn},
	} {
		if got := worse(c.a, c.b); got != c.want {
			t.Errorf("worse(%s, %s) = %s", c.a, c.b, got)
		}
	}
}

func TestEveryFindingNamesAFix(t *testing.T) {
	m, s, vars := machine(t)
	if err := os.WriteFile(s.Home.Path("config.yaml"),
		[]byte("version: 7\nservices: 3\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	vars["JANEE_KEY_FILE"] = "/nowhere"
	for range 2 {
		r := Run(m)
		if r.Overall != Fail {
			t.Errorf("%+v", r)
		}
		for _, c := range r.Checks {
			if (c.Result == Pass) != (c.Fix == "") {
				t.Errorf("%+v", c)
			}
		}
		_ = os.Chmod(s.Home.Path("config.yaml"), 0o600) // the second time the file is read
	}
}

func TestClock(t *testing.T) {
	m, s, _ := machine(t)
	now := time.Now()
	log, err := auditlog.Open(s.Home, s.Vault,
		auditlog.Options{Writer: auditlog.CLI, Now: func() time.Time { return now }})
	if err != nil {
		t.Fatal(err)
	}
	if err := log.Append([]audit.Record{{TS: now.UnixMilli(), Event: "key.export"}},
		true); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		now  time.Time
		want Result
	}{
		{now, Pass}, {now.Add(-time.Second), Pass}, {now.Add(-time.Hour), Warn},
		{now.AddDate(1, 0, 0), Pass},
		{time.Unix(0, 0), Fail}, {time.Date(2150, 1, 1, 0, 0, 0, 0, time.UTC), Fail},
	} {
		m.Now = func() time.Time { return c.now }
		if got := find(Run(m), "clock"); len(got) != 1 || got[0].Result != c.want {
			t.Errorf("%v: %+v", c.now, got)
		}
	}
}

func TestDiskThatCannotBeWritten(t *testing.T) {
	m, s, _ := machine(t)
	if err := os.Remove(s.Home.LogsPath()); err != nil {
		t.Fatal(err)
	}
	if got := find(Run(m), "disk"); len(got) != 1 || got[0].Result != Fail {
		t.Errorf("%+v", got)
	}
}

// TestManyFilesOpenToOthers: some are named and the rest are counted.
func TestManyFilesOpenToOthers(t *testing.T) {
	m, s, _ := machine(t)
	for _, name := range strings.Split("abcdefghijkl", "") {
		if err := os.WriteFile(s.Home.Path("sessions/"+name+".json"), nil, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Chmod(s.Home.Path("sessions/a.json"), 0o666); err != nil { // whatever the umask
		t.Fatal(err)
	}
	got := find(Run(m), "home")
	if len(got) != maxListed+1 || !strings.HasPrefix(got[maxListed].Detail, "7 more") ||
		!strings.HasPrefix(got[maxListed].Fix, "chmod -R go= ") {
		t.Errorf("%+v", got)
	}
}

func TestHugeLogIsNotVerified(t *testing.T) {
	m, s, _ := machine(t)
	path := s.Home.Path("logs/2026-11-20.abcdefgh.jsonl")
	if err := errors.Join(os.WriteFile(path, nil, 0o600),
		os.Truncate(path, maxVerified+1)); err != nil {
		t.Fatal(err)
	}
	if got := find(Run(m), "log"); len(got) != 1 || got[0].Result != Warn ||
		got[0].Fix != "janee logs verify" {
		t.Errorf("%+v", got)
	}
}

func TestPolicies(t *testing.T) {
	rule := func(text string) policy.Rule {
		r, err := policy.ParseRule(text)
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	for _, c := range []struct {
		policy policy.Policy
		want   string // part of each finding
	}{
		{policy.New([]policy.Rule{rule("GET *")}, nil), ""},
		{policy.Unrestricted(), "no rules"},
		{policy.New(nil, nil), "no allow rule"},
		{policy.New(nil, []policy.Rule{rule("GET /x")}), "no allow rule"},
		{policy.New([]policy.Rule{rule("GET /x")}, []policy.Rule{rule("* *")}),
			"cover every allow rule"},
		{policy.New([]policy.Rule{rule("GET /x"), rule("GET /y")}, []policy.Rule{rule("* /x")}),
			"never takes effect"},
		{policy.New([]policy.Rule{rule("POST *")}, []policy.Rule{rule("POST /x/*")}),
			"does not cover /x itself"},
	} {
		got := checkPolicy("c", c.policy)
		if c.want == "" && got == nil {
			continue
		}
		if len(got) != 1 || got[0].Result != Warn || !strings.Contains(got[0].Detail, c.want) {
			t.Errorf("%q: %+v", c.want, got)
		}
	}
}

func TestKeyInside(t *testing.T) {
	for _, c := range []struct {
		dir, path string
		want      bool
	}{
		{"/a/b", "/a/b/key", true}, {"/a/b", "/a/b/c/key", true}, {"/a/b", "/a/bc/key", false},
		{"/a/b", "/a/key", false}, {"/a/b", "", false},
	} {
		if got := inside(c.dir, c.path); got != c.want {
			t.Errorf("inside(%q, %q) = %v", c.dir, c.path, got)
		}
	}
}
