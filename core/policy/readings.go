package policy

import (
	"slices"
	"strings"
)

// receive are the steps that a receiver may take.
var receive = [...]func(string) string{decodeSlashes, decodeSemicolons, cutParameters, joinSlashes}

// readings returns a folded path and every path that a chain of receivers may make of it, if an
// exception of the service allows bytes that they read in different ways: proxies join slashes and
// decode them, servlet containers drop what follows a ";", each in its own order. Without such
// bytes it returns nil. There are at most a few dozen, and mostly one.
func readings(path string) []string {
	if !strings.Contains(path, ";") && !strings.Contains(path, "//") &&
		!strings.Contains(path, "%2f") && !strings.Contains(path, "%3b") {
		return nil
	}
	all := []string{path}
	for i := 0; i < len(all); i++ {
		for _, read := range receive {
			if next := read(all[i]); !slices.Contains(all, next) {
				all = append(all, next)
			}
		}
	}
	return all
}

func decodeSlashes(path string) string { return strings.ReplaceAll(path, "%2f", "/") }

func decodeSemicolons(path string) string { return strings.ReplaceAll(path, "%3b", ";") }

// cutParameters drops ";" and what follows it from each segment (RFC 3986 section 3.3).
func cutParameters(path string) string {
	if strings.IndexByte(path, ';') < 0 {
		return path
	}
	out := make([]byte, 0, len(path))
	dropped := false
	for i := 0; i < len(path); i++ {
		switch path[i] {
		case ';':
			dropped = true
		case '/':
			dropped = false
		}
		if !dropped {
			out = append(out, path[i])
		}
	}
	return string(out)
}

func joinSlashes(path string) string {
	if !strings.Contains(path, "//") {
		return path
	}
	out := make([]byte, 0, len(path))
	for i := 0; i < len(path); i++ {
		if path[i] != '/' || i == 0 || path[i-1] != '/' {
			out = append(out, path[i])
		}
	}
	return string(out)
}
