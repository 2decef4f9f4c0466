package main

import (
	"cmp"
	"debug/buildinfo"
	"fmt"
	"runtime/debug"
	"slices"
	"strings"
)

// modules are the modules that the programs consist of, sorted by path: those that `go version -m`
// lists, of all platforms together, and the version of Go.
func (r *Release) modules() (list []debug.Module, goVersion string, err error) {
	seen := map[debug.Module]bool{}
	for _, p := range r.Platforms {
		info, err := buildinfo.ReadFile(r.binary(p))
		if err != nil {
			return nil, "", fmt.Errorf("reading which modules a program has: %w", err)
		}
		goVersion = strings.TrimPrefix(info.GoVersion, "go")
		for _, m := range info.Deps {
			if m.Replace != nil {
				m = m.Replace
			}
			seen[*m] = true
		}
	}
	for m := range seen {
		list = append(list, m)
	}
	slices.SortFunc(list, func(a, b debug.Module) int {
		return cmp.Or(strings.Compare(a.Path, b.Path), strings.Compare(a.Version, b.Version))
	})
	return list, goVersion, nil
}
