package legacy

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/true-and-useful/janee/core/secret"
)

// credentials is credentials.json.
type credentials struct {
	MasterKey string                                `json:"masterKey"`
	Secrets   map[string]map[string]json.RawMessage `json:"secrets"`
}

// secretFields are the fields of auth that hold a secret, by type. Optional fields come after "".
var secretFields = map[string][]string{
	"bearer":          {"key"},
	"headers":         {"headers"},
	"hmac":            {"apiKey", "apiSecret", "", "passphrase"},
	"hmac-mexc":       {"apiKey", "apiSecret", "", "passphrase"},
	"hmac-bybit":      {"apiKey", "apiSecret", "", "passphrase"},
	"hmac-okx":        {"apiKey", "apiSecret", "passphrase"},
	"service-account": {"credentials"},
	"github-app":      {"privateKey"},
	"oauth1a-twitter": {"consumerKey", "consumerSecret", "accessToken", "accessTokenSecret"},
	"aws-sigv4":       {"accessKeyId", "secretAccessKey", "", "sessionToken"},
}

// reader reads config.yaml and its credentials.
type reader struct {
	store   *Store
	opener  *opener // nil if there is no master key
	sealed  map[string]map[string]json.RawMessage
	present bool // credentials.json exists
}

func readYAML(dir string, file []byte) (*Store, error) {
	root, err := parseYAML(configYAML, file)
	if err != nil {
		return nil, err
	}
	r := &reader{store: &Store{Layout: split, Text: file}}
	server := get(root, "server")
	lenient := text(get(server, "strictDecryption")) == "false"
	if err := r.openCredentials(dir, text(get(root, "masterKey")), lenient); err != nil {
		return nil, err
	}
	for _, e := range entries(get(root, "services")) {
		if err := r.service(e.key, e.value); err != nil {
			return nil, err
		}
	}
	for _, e := range entries(get(root, "capabilities")) {
		r.store.capabilities = append(r.store.capabilities, capability(e.key, e.value))
	}
	r.store.defaultAccess = text(get(server, "defaultAccess"))
	r.store.unused = unused(root, "version", "masterKey", "server", "services", "capabilities")
	// port, host and logBodies are not worth a note: the old program used its flags instead of the
	// first two, and this one never logs bodies
	known := []string{"defaultAccess", "strictDecryption", "port", "host", "logBodies"}
	for _, key := range unused(server, known...) {
		r.store.unused = append(r.store.unused, "server."+key)
	}
	return r.store, nil
}

// openCredentials takes the master key from config.yaml if that has one, as the old program does,
// or else from credentials.json.
func (r *reader) openCredentials(dir, inline string, lenient bool) (err error) {
	if inline != "" {
		r.store.Layout = inlined
		r.opener, err = newOpener(inline, lenient)
		if err != nil {
			return fmt.Errorf("read config.yaml: %w", err)
		}
		return nil
	}
	file, err := readFile(dir, credentialsJSON)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	var c credentials
	if json.Unmarshal(file, &c) != nil { // its error would quote the file
		return fmt.Errorf("parse credentials.json: %w", ErrParse)
	}
	r.present, r.sealed = true, c.Secrets
	if r.opener, err = newOpener(c.MasterKey, lenient); err != nil {
		return fmt.Errorf("read credentials.json: %w", err)
	}
	return nil
}

func (r *reader) service(name string, n *yaml.Node) error {
	auth := get(n, "auth")
	s := oldService{
		Name:     name,
		BaseURL:  text(get(n, "baseUrl")),
		Type:     text(get(auth, "type")),
		TestPath: text(get(n, "testPath")),
		Secrets:  map[string]secret.Text{},
		Plain:    map[string]string{},
		Unused:   unused(n, "baseUrl", "auth", "testPath", "ownership"),
	}
	if o := get(n, "ownership"); o != nil {
		s.Ownership = &oldOwnership{
			AccessPolicy: text(get(o, "accessPolicy")),
			CreatedBy:    text(get(o, "createdBy")),
			CreatedAt:    text(get(o, "createdAt")),
			SharedWith:   texts(get(o, "sharedWith")),
		}
	}
	for _, e := range entries(auth) {
		if e.key != "type" && !slices.Contains(secretFields[s.Type], e.key) {
			s.Plain[e.key] = strings.Join(texts(e.value), " ")
		}
	}
	if err := r.secrets(&s, auth); err != nil {
		return err
	}
	r.store.services = append(r.store.services, s)
	return nil
}

// secrets reads all secrets of a service from credentials.json, or from config.yaml if that file
// has none for the service.
func (r *reader) secrets(s *oldService, auth *yaml.Node) error {
	if fields := r.sealed[s.Name]; fields != nil {
		return r.split(s, fields)
	}
	for _, field := range secretFields[s.Type] {
		n := get(auth, field)
		switch {
		case field == "":
		case n == nil:
			if !r.present && r.opener == nil && !slices.Contains(optional(s.Type), field) {
				return fmt.Errorf("read %s of service %q: %w", field, s.Name, ErrMissing)
			}
		case field == "headers":
			for _, e := range entries(n) {
				if err := r.inline(s, "headers."+e.key, e.value); err != nil {
					return err
				}
			}
		default:
			if err := r.inline(s, field, n); err != nil {
				return err
			}
		}
	}
	return nil
}

// optional are the fields of a type after "".
func optional(authType string) []string {
	fields := secretFields[authType]
	if i := slices.Index(fields, ""); i >= 0 {
		return fields[i:]
	}
	return nil
}

// inline reads a value of config.yaml. If there is a credentials.json, the old program uses such a
// value as it is.
func (r *reader) inline(s *oldService, path string, n *yaml.Node) error {
	written, err := scalar(n)
	if err != nil {
		return fmt.Errorf("parse %s of service %q: %w: %w", path, s.Name, ErrParse, err)
	}
	if r.store.Layout == split {
		r.store.notes = append(r.store.notes,
			fmt.Sprintf("service %q: %s is in config.yaml in plaintext", s.Name, path))
		s.Secrets[path] = secret.New(written)
		return nil
	}
	return r.put(s, path, written, true)
}

func (r *reader) put(s *oldService, path, written string, typed bool) error {
	v, note, err := r.opener.value(s.Name, path, written, typed)
	if err != nil {
		return err
	}
	if note != "" {
		r.store.notes = append(r.store.notes, note)
	}
	s.Secrets[path] = v
	return nil
}

// split reads the fields of a service from credentials.json.
func (r *reader) split(s *oldService, fields map[string]json.RawMessage) error {
	for _, field := range sortedKeys(fields) {
		var value string
		if json.Unmarshal(fields[field], &value) == nil {
			if err := r.put(s, field, value, false); err != nil {
				return err
			}
			continue
		}
		var named map[string]string
		if json.Unmarshal(fields[field], &named) != nil {
			return fmt.Errorf("parse %s of service %q in credentials.json: %w",
				field, s.Name, ErrParse)
		}
		for _, name := range sortedKeys(named) {
			if err := r.put(s, field+"."+name, named[name], false); err != nil {
				return err
			}
		}
	}
	return nil
}

func sortedKeys[V any](m map[string]V) (keys []string) {
	for key := range m {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	return keys
}

// unused returns the keys of n that are not among known.
func unused(n *yaml.Node, known ...string) (keys []string) {
	for _, e := range entries(n) {
		if !slices.Contains(known, e.key) {
			keys = append(keys, e.key)
		}
	}
	return keys
}

func capability(name string, n *yaml.Node) oldCapability {
	return oldCapability{
		Name:           name,
		Service:        text(get(n, "service")),
		TTL:            text(get(n, "ttl")),
		Mode:           text(get(n, "mode")),
		Access:         text(get(n, "access")),
		AutoApprove:    text(get(n, "autoApprove")),
		RequiresReason: text(get(n, "requiresReason")),
		Rules:          readRules(get(n, "rules")),
		AllowedAgents:  texts(get(n, "allowedAgents")),
		Unused: unused(n, "service", "ttl", "mode", "access", "autoApprove", "requiresReason",
			"rules", "allowedAgents", "allowCommands", "env", "workDir", "timeout"),
	}
}

// readJSON reads config.json, which has only bearer keys and no capabilities.
func readJSON(file []byte) (*Store, error) {
	var c struct {
		MasterKey string `json:"masterKey"`
		Services  []struct {
			Name         string `json:"name"`
			BaseURL      string `json:"baseUrl"`
			EncryptedKey string `json:"encryptedKey"`
		} `json:"services"`
	}
	if json.Unmarshal(file, &c) != nil {
		return nil, fmt.Errorf("parse config.json: %w", ErrParse)
	}
	r := &reader{store: &Store{Layout: JSON, Text: file}}
	var err error
	if r.opener, err = newOpener(c.MasterKey, false); err != nil {
		return nil, fmt.Errorf("read config.json: %w", err)
	}
	for _, each := range c.Services {
		s := oldService{
			Name:    each.Name,
			BaseURL: each.BaseURL,
			Type:    "bearer",
			Secrets: map[string]secret.Text{},
		}
		if err := r.put(&s, "key", each.EncryptedKey, false); err != nil {
			return nil, err
		}
		r.store.services = append(r.store.services, s)
		r.store.capabilities = append(r.store.capabilities, oldCapability{
			Name:        each.Name,
			Service:     each.Name,
			TTL:         "1h",
			AutoApprove: "true",
		})
	}
	return r.store, nil
}
