package main

import (
	"fmt"

	"github.com/true-and-useful/janee/core/config"
	"github.com/true-and-useful/janee/core/limit"
	"github.com/true-and-useful/janee/core/sign"
)

// authKeys follow from the schemes of package sign.
func authKeys() []Key {
	var keys []Key
	for _, authType := range sign.Types() {
		scheme, _ := sign.Lookup(authType)
		section := "services.NAME.auth[" + authType + "]"
		keys = append(keys, Key{
			Path:     section + ".type",
			Kind:     Text,
			Required: true,
			Only:     []string{authType},
			Meaning:  scheme.Title + ".",
		})
		for _, f := range scheme.Fields {
			k := Key{
				Path:     section + "." + f.Name,
				Kind:     Text,
				Required: f.Required,
				Meaning:  f.Label + ".",
			}
			switch {
			case f.Map:
				k.Kind = Texts
			case f.List:
				k.Kind = Words
			}
			if f.Secret {
				k.Meaning += " Sealed in place."
			}
			keys = append(keys, k)
		}
	}
	return keys
}

// limitMeanings says what each limit bounds.
var limitMeanings = map[string]string{
	limit.PerMinute: "How many calls an agent may make in any minute.",
	limit.PerHour:   "How many calls an agent may make in any hour.",
	limit.BytesPerHour: "How many bytes an agent may transfer in any hour: requests that it " +
		"sends, and bodies of replies that it receives.",
	limit.Concurrent: "How many calls an agent may run at once. A call that waits for a " +
		"person does not count.",
	limit.MaxRequestBytes: "The largest body of a request. It applies to your own calls, too.",
	limit.MaxResponseBytes: "The most of a reply's body that Janee returns, whatever a call asks " +
		"for with `maxBytes`. It cuts a longer body and says so. It applies to your own " +
		"calls, too.",
}

// limitKeys are the reference of a block: that of a capability, or the one for all.
func limitKeys(section string, whole bool) []Key {
	meaning := "How much an agent may use the capability. See [limits](limits.md)."
	if whole {
		meaning = "How much an agent may use of all capabilities together. See [limits](limits.md)."
	}
	keys := []Key{{Path: section, Kind: Section, Meaning: meaning}}
	for _, f := range limit.Fields() {
		k := Key{
			Path:    section + "." + f.Name,
			Kind:    Count,
			Most:    f.Most,
			Meaning: limitMeanings[f.Name],
		}
		if f.Size {
			k.Kind = Size
		}
		if whole && f.Name == limit.Concurrent {
			k.Default = fmt.Sprint(config.DefaultConcurrent)
		}
		k.Meaning += " At most " + f.Format(f.Most) + "."
		keys = append(keys, k)
	}
	return keys
}

var approvalKeys = []Key{
	{Path: "approvals",
		Kind: Section,
		Meaning: "How Janee asks a person about a capability with `autoApprove: false`. See " +
			"[approvals](approvals.md)."},
	{Path: "approvals.wait", Kind: Duration,
		Default: config.FormatDuration(config.DefaultWait),
		Meaning: "How long a call waits for the answer before it returns APPROVAL_PENDING; " +
			"at most " + config.FormatDuration(config.MaxWait) + "."},
	{Path: "approvals.notify", Kind: Flag,
		Default: "true",
		Meaning: "Whether a question appears on the desktop, if it has `notify-send` or " +
			"`osascript`."},
	{Path: "approvals.webhook", Kind: Section, Default: "none",
		Meaning: "A receiver that is told of every question, such as a bridge to a chat."},
	{Path: "approvals.webhook.url", Kind: Address, Required: true,
		Meaning: "Where Janee posts the question: `https://`, or `http://` on this machine."},
	{Path: "approvals.webhook.secret", Kind: Text, Required: true,
		Meaning: "Key of the signature, at least 16 characters. Sealed in place."},
	{Path: "approvals.elicitation", Kind: Flag,
		Default: "false",
		Meaning: "Whether a person can also answer in the agent's client, with the code that " +
			"`janee approvals` shows. It has no effect while there is a `pin`."},
	{Path: "approvals.pin", Kind: Text, Default: "none",
		Meaning: "Hash of a PIN that `janee approve` asks for. `janee approvals pin` writes it."},
}

var auditKeys = []Key{
	{Path: "audit", Kind: Section,
		Meaning: "What Janee does with the audit log besides keeping it. See [audit](audit.md)."},
	{Path: "audit.anchor", Kind: Section,
		Default: "none",
		Meaning: "Where Janee sends the last line of each chain, so that a log whose end was cut " +
			"off is detected. At least one of `syslog`, `command` and `webhook`."},
	{Path: "audit.anchor.every", Kind: Duration,
		Default: config.FormatDuration(config.DefaultAnchorEvery),
		Meaning: "How often, if the log has grown; also when a file is full and when a server " +
			"ends."},
	{Path: "audit.anchor.syslog", Kind: Flag, Default: "false",
		Meaning: "`true`: send it to the system log. Not on Windows."},
	{Path: "audit.anchor.command", Kind: Words,
		Default: "none",
		Meaning: "A program that gets it as one line on standard input. The first word is the " +
			"full path; no shell reads the words."},
	{Path: "audit.anchor.webhook", Kind: Section, Default: "none",
		Meaning: "A receiver to post it to, signed as for `approvals.webhook`."},
	{Path: "audit.anchor.webhook.url", Kind: Address, Required: true,
		Meaning: "Where Janee posts it: `https://`, or `http://` on this machine."},
	{Path: "audit.anchor.webhook.secret", Kind: Text, Required: true,
		Meaning: "Key of the signature, at least 16 characters. Sealed in place."},
}

var vaultKeys = []Key{
	{Path: "vault",
		Kind: Section,
		Meaning: "Names the root key that seals the secrets of this file, but does not contain " +
			"it. Janee writes this section. Leave it as it is, and keep it in backups."},
	{Path: "vault.id", Kind: Text, Required: true,
		Meaning: "Name of the vault, and of the file that holds its root key."},
	{Path: "vault.key", Kind: Text, Required: true,
		Meaning: "Name of the sealing key. `janee key rotate` changes it."},
	{Path: "vault.check", Kind: Text, Required: true,
		Meaning: "16 hex digits that tell a wrong root key from a damaged secret."},
	{Path: "vault.source", Kind: Text, Only: config.Sources, Default: config.SourceFile,
		Meaning: "Where the root key is kept. `janee key move` changes it; the key has to be in " +
			"the new place first. See [keys](keys.md)."},
	{Path: "vault.command", Kind: Words,
		Default: "none",
		Meaning: "With `source: command`, the words of the command that prints the root key. No " +
			"shell reads them."},
}
