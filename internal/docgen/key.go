package main

import (
	"slices"
	"strings"
)

// Kind is the shape of a value of config.yaml.
type Kind string

// The kinds of values. A Section holds other keys; the keys of Names are chosen by the person.
const (
	Text     Kind = "text"
	Flag     Kind = "true or false"
	Duration Kind = "duration"
	Address  Kind = "URL"
	Rules    Kind = "list of rules"
	Agents   Kind = "list of agents"
	Ranges   Kind = "list of addresses"
	Number   Kind = "number"
	Count    Kind = "whole number"
	Size     Kind = "size"
	Moment   Kind = "time"
	Texts    Kind = "name: text lines"
	Words    Kind = "list of words"
	Fields   Kind = "list of headers"
	Keys     Kind = "name, or list of query keys"
	Section  Kind = "section"
	Names    Kind = "section by name"
)

// Key describes a key of config.yaml for the reference page and for editors. Path has NAME where
// the person chooses one, and TYPE in brackets below auth, as in "services.NAME.auth[bearer].key".
type Key struct {
	Path     string
	Kind     Kind
	Required bool
	Only     []string // the values it may have; nil for any of its kind
	Default  string   // what holds without it, "" for nothing
	Most     int64    // of a Count or Size
	Meaning  string   // sentences, with Markdown code spans
}

// Parent is the path of the section that holds k, "" for the whole file, and the name that k has in
// it.
func (k Key) Parent() (section, name string) {
	i := strings.LastIndexByte(k.Path, '.')
	if i < 0 {
		return "", k.Path
	}
	return k.Path[:i], k.Path[i+1:]
}

// Reference lists every key that Parse accepts, in the order in which a person writes them.
func Reference() []Key {
	return slices.Concat(fileKeys, serviceKeys, authKeys(), capabilityKeys,
		limitKeys("capabilities.NAME.limits", false), limitKeys("limits", true),
		serverKeys, approvalKeys, auditKeys, agentKeys, vaultKeys)
}
