// Package image reads from the Dockerfile how the image of Janee is run: as which user, with which
// environment, volumes, command and health check. A program that builds the image without an engine
// sets the same, and tests run Janee as the image does.
//
// It knows the instructions and forms that this Dockerfile uses, and refuses any other. It does not
// know what is in the image: the instructions COPY and RUN are for an engine.
package image

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Config is how an image is run. Its JSON is the "config" of an OCI image
// (https://github.com/opencontainers/image-spec/blob/main/config.md), with the health check that
// Docker adds to it.
type Config struct {
	User         string // "UID:GID"
	ExposedPorts Set    // "PORT/tcp"
	Env          []string
	Entrypoint   []string
	Cmd          []string
	Volumes      Set // absolute paths
	Healthcheck  *Health
}

// Set has its members as keys, as JSON has it in this place.
type Set map[string]struct{}

// Health is a health check. Test is "CMD" and the words of the command. A time in JSON is in ns.
type Health struct {
	Test                           []string
	Interval, Timeout, StartPeriod time.Duration
}

// Read returns the configuration of the last stage of a Dockerfile.
func Read(dockerfile string) (*Config, error) {
	all := lines(dockerfile)
	last := -1
	for i, line := range all {
		if name, _ := cut(line); name == "FROM" {
			last = i
		}
	}
	if last < 0 {
		return nil, errors.New("reading the Dockerfile: it has no FROM")
	}
	if _, stage := cut(all[last]); stage != "scratch" {
		return nil, fmt.Errorf("reading the Dockerfile: the last stage is from %q, "+
			"whose configuration is unknown", stage)
	}
	c := &Config{ExposedPorts: Set{}, Volumes: Set{}}
	for _, line := range all[last+1:] {
		if err := c.set(cut(line)); err != nil {
			return nil, fmt.Errorf("reading the Dockerfile: %q: %w", line, err)
		}
	}
	return c, nil
}

// lines returns the instructions, one a line.
func lines(text string) (found []string) {
	text = strings.ReplaceAll(text, "\\\n", " ")
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if line != "" && !strings.HasPrefix(line, "#") {
			found = append(found, line)
		}
	}
	return found
}

func cut(line string) (first, rest string) {
	first, rest, _ = strings.Cut(line, " ")
	return first, strings.TrimSpace(rest)
}

func (c *Config) set(name, value string) error {
	switch name {
	case "COPY", "RUN": // they say what is in the image
		return nil
	case "USER":
		c.User = value
		return nil
	case "ENV":
		return c.setEnv(value)
	case "EXPOSE":
		if _, err := strconv.ParseUint(value, 10, 16); err != nil {
			return errors.New("write it as EXPOSE PORT, which is one of TCP")
		}
		c.ExposedPorts[value+"/tcp"] = struct{}{}
		return nil
	case "VOLUME":
		return c.setVolumes(value)
	case "ENTRYPOINT":
		return words(value, &c.Entrypoint)
	case "CMD":
		return words(value, &c.Cmd)
	case "HEALTHCHECK":
		return c.setHealth(value)
	}
	return errors.New("this instruction is not known here")
}

func (c *Config) setEnv(pair string) error {
	if name, value, ok := strings.Cut(pair, "="); !ok || name == "" ||
		strings.ContainsAny(value, " \"'$\\") {
		return errors.New("write it as ENV NAME=value, one a line")
	}
	c.Env = append(c.Env, pair)
	return nil
}

func (c *Config) setVolumes(list string) error {
	var paths []string
	err := words(list, &paths)
	for _, path := range paths {
		c.Volumes[path] = struct{}{}
	}
	return err
}

func (c *Config) setHealth(value string) error {
	h := &Health{Test: []string{"CMD"}}
	times := map[string]*time.Duration{
		"--interval": &h.Interval, "--timeout": &h.Timeout, "--start-period": &h.StartPeriod,
	}
	for strings.HasPrefix(value, "--") {
		var flag string
		flag, value = cut(value)
		name, text, _ := strings.Cut(flag, "=")
		d, err := time.ParseDuration(text)
		if times[name] == nil || err != nil {
			return fmt.Errorf("%q is not known here", flag)
		}
		*times[name] = d
	}
	kind, list := cut(value)
	var command []string
	if kind != "CMD" {
		return errors.New("write it as HEALTHCHECK CMD [\"word\", …]")
	}
	err := words(list, &command)
	h.Test = append(h.Test, command...)
	c.Healthcheck = h
	return err
}

// words reads the exec form, which needs no shell.
func words(list string, into *[]string) error {
	if err := json.Unmarshal([]byte(list), into); err != nil {
		return errors.New("write it in the exec form, as a JSON array: the image has no shell")
	}
	return nil
}
