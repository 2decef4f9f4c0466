package cli

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"

	"github.com/true-and-useful/janee/cmd/janee/internal/clients"
	"github.com/true-and-useful/janee/cmd/janee/internal/home"
	"github.com/true-and-useful/janee/cmd/janee/internal/keysource"
	"github.com/true-and-useful/janee/cmd/janee/internal/setup"
	"github.com/true-and-useful/janee/cmd/janee/internal/splice"
)

// prepare fills in the request.
func (s *setupRun) prepare() error {
	program, err := s.env.Executable()
	if err != nil {
		return fmt.Errorf("finding the path of this program: %w", err)
	}
	m := clientMachine(s.env)
	server := clients.Server{Command: setup.Command(m, program), Args: []string{"serve"},
		Env: serverEnv(s.env.Getenv)}
	kept, err := setup.CopyPath(m)
	if setup.Passing(program) {
		if err != nil {
			return err
		}
		s.from, server.Command = program, kept
	}
	if s.agent != "" {
		server.Args = append(server.Args, "--agent", s.agent)
	}
	s.request = setup.Request{Machine: m, Server: server, Project: s.project, Replace: s.replace,
		Known: []string{program, server.Command, kept}, Secret: secretPaths(s.env)}
	if s.url != "" {
		s.request.Remote = &clients.Remote{URL: s.url, TokenEnv: s.tokenEnv}
	}
	return nil
}

// clientMachine is this machine for package clients.
func clientMachine(env *Env) clients.Machine {
	m := clients.Machine{OS: runtime.GOOS, Home: userHome(env.Getenv), Getenv: env.Getenv,
		LookPath: env.LookPath,
		Exists: func(path string) bool {
			_, err := os.Stat(path)
			return err == nil
		}}
	if dir, err := env.Keys().ConfigDir(); err == nil {
		m.ConfigDir = dir
	}
	if dir, err := os.Getwd(); err == nil {
		m.WorkDir = dir
	}
	return m
}

// userHome is the user's home directory, "" if there is none.
func userHome(getenv func(string) string) string {
	if dir := getenv("HOME"); dir != "" {
		return dir
	}
	return getenv("USERPROFILE")
}

// serverEnv is what the server needs to find a home and a root key that are not in the usual place.
func serverEnv(getenv func(string) string) (fields []splice.Field) {
	for _, name := range []string{"JANEE_HOME", keysource.KeyFileEnv} {
		if value := getenv(name); value != "" {
			if abs, err := filepath.Abs(value); err == nil {
				value = abs
			}
			fields = append(fields, splice.Field{Key: name, Value: value})
		}
	}
	return fields
}

// secretPaths are the home and the places of root keys, with what links in them lead to.
func secretPaths(env *Env) (secrets []setup.Secret) {
	add := func(path string, dir bool) {
		secrets = append(secrets, setup.Secret{Path: path, Dir: dir})
		if target, err := filepath.EvalSymlinks(path); err == nil && target != path {
			secrets = append(secrets, setup.Secret{Path: target, Dir: dir})
		}
	}
	dirs := []string{}
	if dir, err := home.Dir(env.Getenv); err == nil {
		dirs = append(dirs, dir)
	}
	if dir, err := env.Keys().ConfigDir(); err == nil {
		dirs = append(dirs, filepath.Join(dir, "janee"))
	}
	for _, dir := range dirs {
		add(dir, true)
		secrets = append(secrets, linkTargets(dir)...)
	}
	if file := env.Getenv(keysource.KeyFileEnv); file != "" {
		if abs, err := filepath.Abs(file); err == nil {
			add(abs, false)
		}
	}
	return secrets
}

// linkTargets are the files and directories outside of a directory to which the links below it
// lead, but for a directory that it is in itself: that would be a rule for far too much.
func linkTargets(dir string) (targets []setup.Secret) {
	root, err := filepath.EvalSymlinks(dir)
	if err != nil {
		return nil
	}
	visit := func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.Type()&fs.ModeSymlink == 0 {
			return nil // what cannot be read here has no links to follow
		}
		target, err := filepath.EvalSymlinks(path)
		if err != nil || within(target, root) || within(root, target) {
			return nil
		}
		if fi, err := os.Stat(target); err == nil {
			targets = append(targets, setup.Secret{Path: target, Dir: fi.IsDir()})
		}
		return nil
	}
	_ = filepath.WalkDir(root, visit) // visit returns no error
	return targets
}

// within reports whether a path is a directory or below it.
func within(path, dir string) bool {
	below, err := filepath.Rel(dir, path)
	return err == nil && filepath.IsLocal(below)
}
