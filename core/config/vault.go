package config

import (
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Where a root key is kept. The root key is the same wherever it is kept.
const (
	// the key itself in a file of the user's configuration directory
	SourceFile       = "file"
	SourcePassphrase = "passphrase" // a file like that, which a passphrase opens
	SourceKeyring    = "keyring"    // the keyring of the desktop session
	SourceCommand    = "command"    // what a command prints
	SourceSystemd    = "systemd"    // a credential that systemd passes to a service
)

// Sources are the values of vault.source.
var Sources = []string{SourceFile, SourcePassphrase, SourceKeyring, SourceCommand, SourceSystemd}

// Vault names the root key that seals this file. The block contains no key.
type Vault struct {
	ID      string   // [A-Za-z0-9_-]{1,64}; also the name of the key file
	Key     string   // id of the sealing key, as in "k1"
	Check   string   // 16 hex digits that tell a wrong root key from damaged text
	Source  string   // where the root key is kept, one of Sources; "" means SourceFile
	Command []string // the words of the command, only with SourceCommand
}

// Kept returns where the root key is kept, one of Sources.
func (v Vault) Kept() string {
	if v.Source == "" {
		return SourceFile
	}
	return v.Source
}

func (r *configReader) vault(n *yaml.Node) {
	if unset(n) {
		return
	}
	v := &r.config.Vault
	r.mapping(n, "vault",
		known{"id", r.into(&v.ID, "vault id")},
		known{"key", r.into(&v.Key, "vault key")},
		known{"check", r.into(&v.Check, "vault check")},
		known{"source", func(n *yaml.Node) { r.source(n, v) }},
		known{"command", func(n *yaml.Node) {
			r.words(n, "vault command", "[pass, show, janee]", &v.Command)
		}},
	)
	if n.Kind == yaml.MappingNode && len(n.Content) > 0 {
		r.checkVault(n, v)
	}
}

func (r *configReader) source(n *yaml.Node, v *Vault) {
	if s, ok := r.text(n, "vault source"); ok {
		if v.Source = s; !slices.Contains(Sources, s) {
			r.problem(n.Line, "vault source %s is not known: write one of %s", brief(s),
				strings.Join(Sources, ", "))
		}
	}
}

// Bounds of a command.
const (
	maxWords = 64
	maxWord  = 4096 // bytes
)

// words reads a command, which no shell reads.
func (r *configReader) words(n *yaml.Node, what, example string, to *[]string) {
	switch {
	case n.Kind == yaml.AliasNode:
		return
	case n.Kind != yaml.SequenceNode || len(n.Content) == 0 || len(n.Content) > maxWords:
		r.problem(n.Line, "%s must be a list of 1 to %d words: write %s; no shell reads it",
			what, maxWords, example)
		return
	}
	for _, item := range n.Content {
		word, ok := "", false
		if item.Kind == yaml.ScalarNode && !isNull(item) {
			word, ok = item.Value, len(item.Value) <= maxWord &&
				!strings.ContainsRune(item.Value, 0)
		}
		if !ok || len(*to) == 0 && word == "" {
			r.problem(item.Line,
				"%s: each word is text of at most %d bytes, and the first is the program",
				what, maxWord)
			return
		}
		*to = append(*to, word)
	}
}

// checkVault also guards the shell, because the id becomes a file name.
func (r *configReader) checkVault(n *yaml.Node, v *Vault) {
	if !isToken(v.ID) || !isToken(v.Key) {
		r.problem(n.Line,
			"vault id and key must be 1 to 64 letters, digits, - or _: "+
				"restore the vault block that janee init wrote")
	}
	if len(v.Check) != 16 || strings.Trim(v.Check, "0123456789abcdef") != "" {
		r.problem(n.Line,
			"vault check must be 16 hex digits: restore the vault block that janee init wrote")
	}
	switch command := lookup(n, "command"); {
	case command == nil && v.Source == SourceCommand:
		r.problem(n.Line, "vault: source command needs a command: add command: [pass, show, janee]")
	case command != nil && v.Source != SourceCommand:
		r.problem(command.Line, "vault: command is only for source: command: delete the line")
	}
}

// SetSource writes where the root key is kept, and removes what another source needed. command goes
// only with SourceCommand. The error is an *Error if the result would not be valid.
func SetSource(text []byte, source string, command []string) ([]byte, error) {
	return edited(text, func(e *editor) error {
		if err := e.remove("vault", "command"); err != nil {
			return err
		}
		if err := e.put([]string{"vault", "source"}, textNode(source)); err != nil ||
			len(command) == 0 {
			return err
		}
		return e.put([]string{"vault", "command"}, list(command))
	})
}
