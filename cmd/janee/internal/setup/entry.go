package setup

import (
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"

	"github.com/true-and-useful/janee/cmd/janee/internal/clients"
	"github.com/true-and-useful/janee/cmd/janee/internal/keysource"
	"github.com/true-and-useful/janee/cmd/janee/internal/splice"
)

// says returns a value of splice as Find returns it.
func says(v any) any {
	switch v := v.(type) {
	case splice.Object:
		m := make(map[string]any, len(v))
		for _, f := range v {
			m[f.Key] = says(f.Value)
		}
		return m
	case []string:
		list := make([]any, len(v))
		for i, s := range v {
			list[i] = s
		}
		return list
	case int:
		return int64(v)
	}
	return v
}

// includes reports whether an entry says all that want says. A person may have added more, such as
// a longer wait.
func includes(entry any, want splice.Object) bool {
	have, ok := entry.(map[string]any)
	if !ok {
		return false
	}
	for key, value := range says(want).(map[string]any) {
		if !reflect.DeepEqual(have[key], value) {
			return false
		}
	}
	return true
}

// keeps reports whether an entry that says all that want says may say more. One that setup made may
// not: it can name the JANEE_HOME of the time when it was made. To another one a person has added
// something, such as a longer wait; in a project that may be a stranger, and an environment
// variable of theirs can have the server load a library.
func (r Request) keeps(c clients.Client, entry any, want splice.Object, made bool) bool {
	have, _ := entry.(map[string]any)
	return !made && !r.Project || onlyKeys(have, full(c, want))
}

// chosen returns an entry with the values that a person has chosen in the one that is there.
func chosen(c clients.Client, old any, want splice.Object) splice.Object {
	have, _ := old.(map[string]any)
	want = slices.Clone(want)
	for i, f := range want {
		if value, ok := have[f.Key]; ok && slices.Contains(c.Choices, f.Key) {
			want[i].Value = writable(value)
		}
	}
	return want
}

// writable returns a value of Find as splice writes it.
func writable(v any) any {
	list, ok := v.([]any)
	if !ok {
		return v
	}
	words := []string{}
	for _, item := range list {
		if s, ok := item.(string); ok {
			words = append(words, s)
		}
	}
	return words
}

// made reports whether setup made an entry: it starts this program, or one that is gone, as setup
// would, or names a server over HTTP as setup would, and has no more keys than that.
func (r Request) made(c clients.Client, entry any) bool {
	have, ok := entry.(map[string]any)
	if !ok {
		return false
	}
	return r.madeStdio(c, have) || madeHTTP(c, have)
}

func (r Request) madeStdio(c clients.Client, have map[string]any) bool {
	words := clients.CommandOf(have)
	return len(words) > 1 && words[1] == "serve" && r.isJanee(words[0]) &&
		onlyKeys(have, full(c, c.Stdio(fullServer)))
}

// full returns what an entry says, with the name that an entry in a list has.
func full(c clients.Client, o splice.Object) map[string]any {
	m := says(o).(map[string]any)
	if last := c.Path[len(c.Path)-1]; last.Item != "" {
		m[last.Key] = last.Item
	}
	return m
}

const homeEnv = "JANEE_HOME" // see home.Dir

// fullServer has every field that an entry of setup can have.
var fullServer = clients.Server{Env: []splice.Field{{Key: homeEnv}, {Key: keysource.KeyFileEnv}}}

// onlyKeys reports whether no key of have, or of an object in it, is missing in full. A type, and
// an empty env, is what the client's own program writes.
func onlyKeys(have, full map[string]any) bool {
	for key, value := range have {
		known, ok := full[key]
		inner, isObject := value.(map[string]any)
		switch {
		case !ok && key != "type":
			return false
		case !isObject:
		default:
			fullInner, _ := known.(map[string]any)
			if !onlyKeys(inner, fullInner) {
				return false
			}
		}
	}
	return true
}

// isJanee reports whether a command is this program, or was a janee that is gone.
func (r Request) isJanee(program string) bool {
	base := program[strings.LastIndexAny(program, `/\`)+1:]
	if base = strings.TrimSuffix(strings.ToLower(base), ".exe"); base != "janee" {
		return false
	}
	if _, err := os.Stat(program); err != nil || !filepath.IsAbs(program) {
		return true
	}
	return slices.ContainsFunc(r.Known, func(known string) bool {
		return known == program || sameFile(known, program)
	})
}

var (
	urlKeys   = []string{"url", "httpUrl", "serverUrl"}
	variables = regexp.MustCompile(`[A-Za-z_][A-Za-z0-9_]*`)
)

// madeHTTP tries every word of the entry as the name of the variable with the token.
func madeHTTP(c clients.Client, have map[string]any) bool {
	if c.HTTP == nil {
		return false
	}
	for _, key := range urlKeys {
		url, _ := have[key].(string)
		if url == "" {
			continue
		}
		for _, name := range variables.FindAllString(strings.Join(texts(have), " "), -1) {
			want := c.HTTP(clients.Remote{URL: url, TokenEnv: name})
			if includes(have, want) && onlyKeys(have, full(c, want)) {
				return true
			}
		}
	}
	return false
}

// texts returns the strings in a value.
func texts(v any) (found []string) {
	switch v := v.(type) {
	case string:
		return []string{v}
	case map[string]any:
		for _, inner := range v {
			found = append(found, texts(inner)...)
		}
	}
	return found
}
