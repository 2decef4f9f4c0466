package clients

import "github.com/true-and-useful/janee/cmd/janee/internal/splice"

// plain is the entry that most clients read.
func plain(s Server) splice.Object {
	return with(splice.Object{{Key: "command", Value: s.Command}, {Key: "args", Value: s.Args}},
		"env", s.Env)
}

// typed is plain after a type.
func typed(name string) func(Server) splice.Object {
	return func(s Server) splice.Object {
		return append(splice.Object{{Key: "type", Value: name}}, plain(s)...)
	}
}

// also is shape with further fields.
func also[T any](shape func(T) splice.Object, more ...splice.Field) func(T) splice.Object {
	return func(t T) splice.Object { return append(shape(t), more...) }
}

// with adds an object of environment variables, unless there are none.
func with(o splice.Object, key string, env []splice.Field) splice.Object {
	if len(env) == 0 {
		return o
	}
	return append(o, splice.Field{Key: key, Value: splice.Object(env)})
}

// remote is an entry with the URL under a key of that name. The client replaces before+NAME+after
// by the environment variable NAME.
func remote(url, before, after string) func(Remote) splice.Object {
	return func(r Remote) splice.Object {
		return splice.Object{{Key: url, Value: r.URL}, bearer(r, before, after)}
	}
}

func bearer(r Remote, before, after string) splice.Field {
	return splice.Field{Key: "headers", Value: splice.Object{
		{Key: "Authorization", Value: "Bearer " + before + r.TokenEnv + after}}}
}

// first is shape after a further field.
func first[T any](field splice.Field, shape func(T) splice.Object) func(T) splice.Object {
	return func(t T) splice.Object { return append(splice.Object{field}, shape(t)...) }
}

// CommandOf returns the words of the command line of an entry that splice.Format.Find has found, as
// command and args or as a list; none for an entry of a server over HTTP.
func CommandOf(entry any) (words []string) {
	fields, _ := entry.(map[string]any)
	add := func(v any) {
		if s, ok := v.(string); ok {
			words = append(words, s)
		}
	}
	add(fields["command"])
	for _, key := range []string{"command", "args"} {
		list, _ := fields[key].([]any)
		for _, v := range list {
			add(v)
		}
	}
	return words
}
