//go:build !race

package e2e

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"os"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/true-and-useful/janee/core/sign"
)

// cmdPEM writes a fresh private key: `pem rsa|p256 FILE`; or the key file of a service account:
// `pem account FILE TOKENURI`.
func cmdPEM(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: pem rsa|p256|account FILE [TOKENURI]")
	}
	var key crypto.PrivateKey
	var err error
	if args[0] == "p256" {
		key, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	} else {
		key, err = rsa.GenerateKey(rand.Reader, 2048)
	}
	ts.Check(err)
	der, err := x509.MarshalPKCS8PrivateKey(key)
	ts.Check(err)
	text := pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})
	if args[0] == "account" && len(args) == 3 {
		text, err = json.MarshalIndent(map[string]string{"type": "service_account",
			"client_email":   "sa@project.iam.gserviceaccount.com",
			"private_key_id": "key_id_of_the_story", "private_key": string(text),
			"token_uri": args[2]}, "", "  ")
		ts.Check(err)
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[1]), text, 0o600))
	onPurpose(ts, args[1])
}

// TestStoryTriesEveryAuthType keeps test_service.txtar whole.
func TestStoryTriesEveryAuthType(t *testing.T) {
	story, err := os.ReadFile("../../../testscripts/test_service.txtar")
	if err != nil {
		t.Fatal(err)
	}
	for _, authType := range sign.Types() {
		if !strings.Contains(string(story), " --auth-type "+authType+" ") {
			t.Errorf("no service of type %s is tried", authType)
		}
	}
}
