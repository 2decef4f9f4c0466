// Package directorytest has sample credentials for tests of the templates of package directory.
package directorytest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"strings"
	"sync"
)

// keys has one private key of each kind that templates need, in PEM by auth type.
var keys = sync.OnceValue(func() map[string]string {
	ec, _ := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	rsaKey, _ := rsa.GenerateKey(rand.Reader, 2048)
	texts := map[string]string{}
	for authType, key := range map[string]any{"jwt-es256": ec, "github-app": rsaKey} {
		der, _ := x509.MarshalPKCS8PrivateKey(key)
		block := pem.Block{Type: "PRIVATE KEY", Bytes: der}
		texts[authType] = strings.TrimSpace(string(pem.EncodeToMemory(&block)))
	}
	return texts
})

// Value is a value for a part of a credential, which the auth type accepts. It is always the same
// during a test, and another for each part. Most can be read as base64 too, because some types want
// that of a secret.
func Value(authType, part string) string {
	switch {
	case part == "privateKey":
		return keys()[authType]
	case part == "credentials":
		file, _ := json.Marshal(map[string]string{
			"type":           "service_account",
			"client_email":   "sa@p.iam.gserviceaccount.com",
			"private_key":    keys()["github-app"],
			"private_key_id": "0123456789",
			"token_uri":      "https://oauth2.googleapis.com/token",
		})
		return string(file)
	case part == "installationId":
		return "1234567890"
	case authType == "telegram":
		return "123456:ABC-DEF1234ghIkl-zyx57W2v1u123ew11"
	}
	text := base64.StdEncoding.EncodeToString([]byte(part + " of a sample credential"))
	return text[:24]
}
