// Package build says which build of Janee this is. The Makefile stamps it through the linker:
//
//	go build -ldflags "-X github.com/true-and-useful/janee/cmd/janee/internal/build.version=1.2.3"
//
// A build without stamps, as `go install` makes, says what the Go command recorded in the binary.
package build

import "runtime/debug"

// Stamped by the linker; "" where it was not.
var version, commit, time string

// Info identifies a build.
type Info struct {
	// Version is the version of the tag without "v", as in "1.2.3", else one that names the
	// commit, as in "0.0.0-g0123456789ab". It ends in "-dirty" or ".dirty" where the sources
	// differed from the commit, and is "devel" where nothing is known of them.
	Version string `json:"version"`
	Commit  string `json:"commit,omitempty"` // 40 hexadecimal digits
	Time    string `json:"time,omitempty"`   // of the commit, RFC 3339 in UTC
}

// Current is the build of this program.
func Current() Info {
	if version != "" {
		return Info{Version: version, Commit: commit, Time: time}
	}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return Info{Version: "devel"}
	}
	return recorded(info)
}

// recorded reads what the Go command wrote: the version of the module where it was installed by
// version, else the commit of the work tree.
func recorded(info *debug.BuildInfo) Info {
	found := Info{Version: "devel"}
	dirty := ""
	for _, s := range info.Settings {
		switch s.Key {
		case "vcs.revision":
			found.Commit = s.Value
		case "vcs.time":
			found.Time = s.Value
		case "vcs.modified":
			if s.Value == "true" {
				dirty = ".dirty"
			}
		}
	}
	switch v := info.Main.Version; {
	case v != "" && v != "(devel)" && found.Commit == "":
		found.Version = v[1:]
	case found.Commit != "":
		found.Version = "0.0.0-g" + found.Commit[:min(12, len(found.Commit))] + dirty
	}
	return found
}
