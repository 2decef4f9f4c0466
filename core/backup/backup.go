// Package backup is the list of what a backup holds, signed with a key of the vault, so that
// whoever can change the file cannot have other rules or other logs restored unseen. Use
// Manifest.Encode where it is written and Decode where the root key is at hand; Read serves where
// it is not. It reads no file and knows no archive format; package backup of the shell does.
package backup

import (
	"encoding/json"
	"errors"
	"fmt"

	"github.com/true-and-useful/janee/core/line"
)

// Label is that of the key which signs manifests; see vault.Vault.Key.
const Label = "backup"

const kind = "backup"

// Manifest lists the files of one backup. At is Unix milliseconds.
type Manifest struct {
	Vault string `json:"vault"` // vault.id of config.yaml
	Check string `json:"check"` // vault.check
	At    int64  `json:"at"`
	Files []File `json:"files"`
}

// File is one file: its name relative to the home, its size, and SHA-256 in hex.
type File struct {
	Name   string `json:"name"`
	Bytes  int64  `json:"bytes"`
	SHA256 string `json:"sha256"`
}

// Encode returns the manifest as one signed line.
func (m Manifest) Encode(key []byte) []byte { return line.Encode(key, kind, m) }

// Decode reads a manifest that must be signed with key. The error is that of package line.
func Decode(key, data []byte) (Manifest, error) { return line.Open[Manifest](key, data, kind) }

// errManifest means that a text is no manifest of this version.
var errManifest = errors.New("not the manifest of a backup that this version reads")

// Read reads a manifest without looking at its signature: nothing of it is authentic.
func Read(data []byte) (Manifest, error) {
	var m struct {
		V    int    `json:"v"`
		Kind string `json:"kind"`
		Manifest
	}
	if err := json.Unmarshal(data, &m); err != nil {
		return Manifest{}, fmt.Errorf("%w: it is no JSON", errManifest)
	}
	if m.V != 1 || m.Kind != kind {
		return Manifest{}, errManifest
	}
	return m.Manifest, nil
}
