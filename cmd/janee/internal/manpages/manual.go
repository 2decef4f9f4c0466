package main

// entry is a line of one of the lists of the main page.
type entry struct{ name, text string }

// exits are the codes of package hint, which are the same for every command.
var exits = []entry{
	{"0", "The command did what it was asked for."},
	{"1", "It failed; standard error says why, and what to do."},
	{"2", "The command line is wrong."},
	{"3", "A rule, a limit or a person refused the request."},
	{"4", "The vault is locked: the root key is missing, wrong, or cannot be read now."},
}

var variables = []entry{
	{"JANEE_HOME", "The home, instead of `~/.janee`."},
	{"JANEE_SOCKET", "The socket of `janee daemon run`. `janee serve` uses it in place of a " +
		"home, unless `JANEE_HOME` is set."},
	{"JANEE_KEY_FILE", "The file of the root key."},
	{"JANEE_MASTER_KEY", "The root key itself, as `janee key export` prints it or as 64 hex " +
		"digits. Every process of yours can read it."},
	{"JANEE_PASSPHRASE", "The passphrase of the root key, where there is no terminal to ask on. " +
		"Every process of yours can read it."},
	{"JANEE_ALLOW_GROUP", "1 accepts files that the group can access, and files of root, as on " +
		"the volumes of containers."},
	{"JANEE_HTTP_HOST", "The address that `janee serve --transport http` listens on."},
	{"JANEE_HTTP_URL", "The server that `janee health` asks."},
	{"JANEE_TOKEN", "The token of the agent `default` over HTTP."},
	{"JANEE_TOKEN_FILE", "A file with that token, read at each start of `janee serve --transport " +
		"http`, which makes the file if it is missing."},
	{"JANEE_CONTAINER", "1 says that nothing but Janee runs in this container: it accepts what " +
		"root has mounted, whatever its mode."},
	{"NO_COLOR", "Any value turns colours off."},
}

var files = []entry{
	{"~/.janee/config.yaml", "Services with their sealed credentials, capabilities with their " +
		"rules, and agents."},
	{"~/.janee/logs/", "The audit log."},
	{"~/.config/janee/ID.key", "The root key, unless it is kept elsewhere; on macOS below " +
		"`~/Library/Application Support`, on Windows below `%AppData%`. A backup needs the home " +
		"and the root key."},
}

// manual writes what only the main page has.
func manual(r *roff) {
	for _, s := range []struct {
		title   string
		entries []entry
	}{{"EXIT STATUS", exits}, {"ENVIRONMENT", variables}, {"FILES", files}} {
		r.section(s.title)
		for _, e := range s.entries {
			r.item(bold(e.name), e.text)
		}
	}
}
