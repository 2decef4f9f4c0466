package main

import (
	"encoding/json"
	"strings"

	"github.com/true-and-useful/janee/core/policy"
)

// Schema is a JSON Schema (draft 2020-12) of config.yaml for editors, from the table of Reference.
// It accepts what Parse accepts, but cannot tell names that point nowhere, nor what Parse reads
// within a text, such as a path in a rule.
func Schema() []byte {
	defs := map[string]any{"name": map[string]any{"pattern": "^[A-Za-z0-9._@-]{1,64}$"}}
	root := section("")
	root["$schema"] = "https://json-schema.org/draft/2020-12/schema"
	root["title"] = "config.yaml of Janee"
	root["$defs"] = defs
	out, _ := json.MarshalIndent(root, "", "  ") // maps, texts and lists of texts alone cannot fail
	return append(out, '\n')
}

// object is a JSON object.
type object = map[string]any

// section is the schema of what holds the keys below path.
func section(path string) object {
	properties, required := object{}, []string{}
	for _, k := range Reference() {
		parent, name := k.Parent()
		if parent != path {
			continue
		}
		properties[name] = k.schema()
		if k.Required {
			required = append(required, name)
		}
	}
	s := object{"type": "object", "properties": properties, "additionalProperties": false}
	if len(required) > 0 {
		s["required"] = required
	}
	return s
}

func (k Key) schema() object {
	s := k.Kind.schema()
	switch {
	case k.Path == "services.NAME.auth":
		s = anyAuth()
	case k.Kind == Section:
		s = section(k.Path)
	case k.Kind == Names:
		s = object{
			"type": []string{"object", "null"}, "propertyNames": object{"$ref": "#/$defs/name"},
			"additionalProperties": section(k.Path + ".NAME"),
		}
	case k.Path == "services.NAME.baseUrl":
		s = object{"type": "string", "pattern": "^[Hh][Tt][Tt][Pp][Ss]?://"}
	case k.Path == "version":
		s = object{"enum": []any{1, "1"}}
	case k.Kind == Count:
		s = number(k.Most, "^[1-9][0-9]*$")
	case k.Kind == Size:
		s = number(k.Most, "^[1-9][0-9]*([KMG]i?B)?$")
	case len(k.Only) > 0:
		s = object{"enum": k.Only}
	}
	if k.Path == "vault" || k.Path == "server" || k.Path == "approvals" ||
		k.Path == "audit" || k.Path == "audit.anchor" || k.Path == "services.NAME.headers" {
		s["type"] = []string{"object", "null"}
	}
	s["description"] = strings.ReplaceAll(k.Meaning, "`", "")
	return s
}

// anyAuth is one of the auth types with just its fields.
func anyAuth() object {
	var each []object
	for _, k := range Reference() {
		if parent, name := k.Parent(); name == "type" {
			each = append(each, section(parent))
		}
	}
	return object{"type": "object", "required": []string{"type"}, "oneOf": each}
}

// schema returns the schema of a value. Text may look like a number or like true: YAML then gives
// another type, and Parse takes what is written.
func (k Kind) schema() object {
	text := []string{"string", "number", "boolean"}
	switch k {
	case Flag:
		return object{"type": "boolean"}
	case Duration:
		return pattern("^[1-9][0-9]*(ms|s|m|h|d)$")
	case Address:
		return pattern("^[A-Za-z0-9]+://")
	case Moment:
		return pattern("^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]+(Z|[+-][0-9:]+)$")
	case Number:
		return number(65535, "^[0-9]+$")
	case Agents:
		return list(object{"type": text, "$ref": "#/$defs/name"})
	case Ranges:
		return list(pattern("^[0-9a-fA-F:.]+/[0-9]+(:[0-9]+)?$"))
	case Rules:
		return list(pattern(`^\s*(\*|[A-Za-z]+)\s+[/*]\S*\s*$`))
	case Fields:
		return list(pattern("^[!#$%&'+.^_`|~0-9A-Za-z-]+\\*?$"))
	case Keys:
		return object{"oneOf": []object{
			{"enum": policy.OperationFamilies()},
			list(object{"type": text, "pattern": "^[A-Za-z0-9._~:@$\\[\\]-]+$"}),
		}}
	case Words:
		return object{"type": append(text, "array"), "items": object{"type": text}}
	case Texts:
		return object{"type": "object", "additionalProperties": object{"type": text}}
	}
	return object{"type": text}
}

func pattern(p string) object { return object{"type": "string", "pattern": p} }

func list(items object) object { return object{"type": "array", "items": items} }

// number returns the schema of a positive number that may also be written as text.
func number(most int64, pattern string) object {
	return object{
		"type": []string{"integer", "string"}, "minimum": 1, "maximum": most, "pattern": pattern,
	}
}
