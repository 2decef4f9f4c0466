package config

import _ "embed"

//go:embed template.yaml
var template string

// Template returns the config.yaml that "janee init" writes: valid as it is, with examples after "#
// " that are valid once uncommented. Text for a reader is after "## ", so that it stays a comment
// when everything is uncommented.
func Template() []byte { return []byte(template) }
