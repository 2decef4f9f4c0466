package main

import (
	"bytes"
	"encoding/pem"

	nss "golang.org/x/crypto/x509roots/fallback/bundle"
)

// roots are the certificate authorities that Mozilla trusts, in PEM: from a Go module, so that the
// same commit has the same ones on every machine. An authority whose certificates Mozilla trusts up
// to a date only is left out: PEM cannot say so.
func roots() []byte {
	var text bytes.Buffer
	for root := range nss.Roots() {
		if root.Constraint == nil {
			// a buffer does not fail
			_ = pem.Encode(&text, &pem.Block{Type: "CERTIFICATE", Bytes: root.Certificate})
		}
	}
	return text.Bytes()
}
