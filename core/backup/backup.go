// Package backup reads and writes the manifest of a backup: the list of its files, signed with a
// key of the vault. Without that signature, anyone who can change the backup could have other rules
// or another log restored unnoticed.
//
// Use Manifest.Encode to write it and Decode to read it with the root key; Read is for a reader
// that has no root key. The package reads no files and knows no archive format; the shell's package
// backup does both.
package backup

import (
	"encoding/json"
	"errors"
	"fmt"

	"github.com/true-and-useful/janee/core/line"
)

// Label is the label of the key that signs manifests; see vault.Vault.Key.
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

// Decode reads a manifest, which must be signed with key. The error is that of package line.
func Decode(key, data []byte) (Manifest, error) { return line.Open[Manifest](key, data, kind) }

// errManifest means that a text is no manifest of this version.
var errManifest = errors.New("not the manifest of a backup that this version reads")

// Read reads a manifest without verifying its signature, so nothing of it is authentic.
func Read(data []byte) (Manifest, error) {
	var m struct {
		V    int    `json:"v"`
		Kind string `json:"kind"`
		Manifest
	}
	if err := json.Unmarshal(data, &m); err != nil {
		return Manifest{}, fmt.Errorf("%w: it is not JSON", errManifest)
	}
	if m.V != 1 || m.Kind != kind {
		return Manifest{}, errManifest
	}
	return m.Manifest, nil
}
