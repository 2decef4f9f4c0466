package cli

import (
	"strings"
	"testing"

	"github.com/spf13/pflag"

	"github.com/true-and-useful/janee/cmd/janee/internal/hint"
)

// TestTransportsRefuseForeignFlags gives each transport every flag of the others: none may pass for
// one that has an effect.
func TestTransportsRefuseForeignFlags(t *testing.T) {
	tried := 0
	for _, chosen := range transports() {
		for _, other := range transports() {
			if other.name == chosen.name {
				continue
			}
			other.flags.VisitAll(func(f *pflag.Flag) {
				tried++
				line := "serve --transport " + chosen.name + " --" + f.Name + "=1"
				code, _, stderr := newMachine(t).run(strings.Fields(line)...)
				want := "--" + f.Name + " is for --transport " + other.name
				if code != hint.Usage || !strings.Contains(stderr, want) ||
					!strings.Contains(stderr, chosen.does[f.Name]) {
					t.Errorf("janee %s: exit %d, want %q\n%s", line, code, want, stderr)
				}
			})
		}
	}
	if tried < 6 {
		t.Errorf("only %d flags", tried)
	}
}

func TestServeChecksValues(t *testing.T) {
	for line, want := range map[string]string{
		"--agent not/a/name":   "is not a valid agent name",
		"-t http --port -1":    "--port: -1 is not between 0 and 65535",
		"-t http --port 65536": "--port: 65536 is not between 0 and 65535",
		"-t http --tls-cert x": "--tls-cert and --tls-key must be given together",
		"-t http --allowed-host " +
			"http://janee.lan": "write janee.lan or janee.lan:9100",
	} {
		args := append([]string{"serve"}, strings.Fields(line)...)
		if code, _, stderr := newMachine(t).run(args...); code != hint.Usage ||
			!strings.Contains(stderr, want) {
			t.Errorf("janee serve %s: exit %d, want %q\n%s", line, code, want, stderr)
		}
	}
}
