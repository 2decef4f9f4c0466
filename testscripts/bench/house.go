package main

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

const key = "key_of_the_benchmark_2b7e151628ae"

// house is a home with one service, the API behind it, and what is needed to start Janee in it.
type house struct {
	options
	api   *api
	home  string
	env   []string
	token string // of an agent over HTTP
}

func newHouse(o options, a *api, dir string) (*house, error) {
	h := &house{options: o, api: a, home: filepath.Join(dir, "home")}
	h.env = []string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + dir, "JANEE_HOME=" + h.home,
		"JANEE_KEY_FILE=" + h.keyFile(),
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	for _, args := range [][]string{
		{"init"}, {"add", "api", "-u", a.url, "--auth-type", "bearer", "-k", "-"},
	} {
		if _, err := h.command(args...); err != nil {
			return nil, err
		}
	}
	out, err := h.command("agent", "add", "remote", "--json")
	if err != nil {
		return nil, err
	}
	var added struct{ Token string }
	if err := json.Unmarshal(out, &added); err != nil {
		return nil, fmt.Errorf("reading the token: %w", err)
	}
	h.token = added.Token
	return h, nil
}

func (h *house) keyFile() string { return filepath.Join(filepath.Dir(h.home), "root.key") }

// command runs janee; the key is on its standard input.
func (h *house) command(args ...string) ([]byte, error) {
	cmd := h.prepare(h.janee, args...)
	cmd.Stdin = strings.NewReader(key)
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("janee %s: %w\n%s", strings.Join(args, " "), err, out)
	}
	return out, nil
}

func (h *house) prepare(name string, args ...string) *exec.Cmd {
	cmd := exec.Command(name, args...)
	cmd.Env = h.env
	return cmd
}

// coldStart times one server from its start until it can be asked.
func (h *house) coldStart(w way) (time.Duration, error) {
	began := time.Now()
	s, err := w.start(h)
	if err != nil {
		return 0, err
	}
	took := time.Since(began)
	return took, s.close()
}
