package config

import _ "embed"

//go:embed template.yaml
var template string

// Template is the config.yaml that "janee init" writes: valid as it is, with examples behind "# "
// that are valid once uncommented. Text for a reader stands behind "## ", so that it stays a
// comment when everything is uncommented.
func Template() []byte { return []byte(template) }
