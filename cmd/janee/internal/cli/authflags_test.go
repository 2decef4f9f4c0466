package cli

import (
	"strings"
	"testing"

	"github.com/true-and-useful/janee/core/sign"
)

// TestEveryFieldHasAFlag: a secret without a flag of its own could be given on the command line
// alone, where others see it.
func TestEveryFieldHasAFlag(t *testing.T) {
	s := secretFlags{flags: newSecretFlags()}
	for _, authType := range sign.Types() {
		scheme, _ := sign.Lookup(authType)
		for _, f := range scheme.Fields {
			flag, text := s.flagOf(f.Name)
			switch {
			case f.Map: // --header
			case f.Secret && (flag == nil || flag.plain || flag.env == ""):
				t.Errorf("%s: the secret %s has no flag that keeps it off the command line",
					authType, f.Name)
			case !f.Secret && flag != nil && !flag.plain:
				t.Errorf("%s: --%s treats %s as a secret", authType, flag.name, f.Name)
			case text == "":
				t.Errorf("%s: no flag for %s", authType, f.Name)
			}
		}
	}
}

func TestFlagsOfEarlierVersions(t *testing.T) {
	c := addCommand(newMachine(t).Env)
	for _, name := range strings.Fields("key api-secret passphrase consumer-key consumer-secret " +
		"access-token access-token-secret access-key-id " +
		"secret-access-key session-token aws-region aws-service key-from-env secret-from-env " +
		"passphrase-from-env credentials-file scope " +
		"header pem-file app-id installation-id test-path param scheme json url auth-type") {
		if c.Flags().Lookup(name) == nil {
			t.Errorf("there is no --%s", name)
		}
	}
}
