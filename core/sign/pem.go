package sign

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"encoding/asn1"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"math/big"
	"strings"
)

// maxKeyText bounds what is read as a key, in bytes: RSA arithmetic on a number of unlimited length
// would stall the process.
const maxKeyText = 16 << 10

var (
	errNotPEM = errors.New("is not a private key in PEM: it has to begin with -----BEGIN and " +
		"end with the -----END line")
	errEncrypted = errors.New("is an encrypted PEM: store it without a passphrase (openssl pkey " +
		"-in KEY.pem -out PLAIN.pem)")
	errOpenSSH = errors.New(
		"is in the format of OpenSSH: convert a copy of it with ssh-keygen -p -m PEM -f COPY")
	errPublic  = errors.New("is a public key or certificate, not the private key")
	errDamaged = errors.New("is PEM, but the key in it is damaged")
	errKind    = errors.New(
		"contains a key of a kind that is not supported (RSA, EC P-256 and Ed25519 are)")
)

// parsePEM reads a private key: *rsa.PrivateKey, *ecdsa.PrivateKey on P-256 or ed25519.PrivateKey,
// in PKCS #8 (RFC 5958), PKCS #1 (RFC 8017 appendix A.1.2) or SEC 1 (RFC 5915). Errors never show
// what was read.
func parsePEM(text string) (any, error) {
	if len(text) > maxKeyText {
		return nil, errNotPEM
	}
	for rest := []byte(pemLines(text)); ; {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			return nil, errNotPEM
		}
		switch kind := block.Type; {
		case kind == "EC PARAMETERS": // openssl ecparam -genkey writes it before the key
		case kind == "ENCRYPTED PRIVATE KEY" || block.Headers["DEK-Info"] != "" ||
			block.Headers["Proc-Type"] != "":
			return nil, errEncrypted
		case kind == "PRIVATE KEY":
			return parsePKCS8(block.Bytes)
		case kind == "RSA PRIVATE KEY":
			return parsePKCS1(block.Bytes)
		case kind == "EC PRIVATE KEY":
			return parseSEC1(block.Bytes, nil)
		case kind == "OPENSSH PRIVATE KEY":
			return nil, errOpenSSH
		case strings.HasSuffix(kind, "PUBLIC KEY") || strings.HasSuffix(kind, "CERTIFICATE"):
			return nil, errPublic
		default:
			return nil, errKind
		}
	}
}

// pemLines restores line ends that pasting lost: from a JSON string they come as \n, from an
// environment variable or a folded YAML scalar as blanks.
func pemLines(text string) string {
	return strings.NewReplacer(`\r\n`, "\n", `\n`, "\n", "\r\n", "\n", "----- ", "-----\n",
		" -----END", "\n-----END").Replace(strings.TrimSpace(text))
}

// Object identifiers of RFC 8017 appendix A.1, RFC 5480 section 2.1.1 and RFC 8410 section 3.
var (
	oidRSA     = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 1}
	oidEC      = asn1.ObjectIdentifier{1, 2, 840, 10045, 2, 1}
	oidP256    = asn1.ObjectIdentifier{1, 2, 840, 10045, 3, 1, 7}
	oidEd25519 = asn1.ObjectIdentifier{1, 3, 101, 112}
)

func parsePKCS8(der []byte) (any, error) {
	var info struct {
		Version   int
		Algorithm struct {
			ID         asn1.ObjectIdentifier
			Parameters asn1.RawValue `asn1:"optional"`
		}
		Key []byte
	}
	if _, err := asn1.Unmarshal(der, &info); err != nil {
		return nil, errDamaged
	}
	switch id := info.Algorithm.ID; {
	case id.Equal(oidRSA):
		return parsePKCS1(info.Key)
	case id.Equal(oidEC):
		var curve asn1.ObjectIdentifier
		if _, err := asn1.Unmarshal(info.Algorithm.Parameters.FullBytes, &curve); err != nil {
			return nil, errKind
		}
		return parseSEC1(info.Key, curve)
	case id.Equal(oidEd25519):
		var seed []byte
		if _, err := asn1.Unmarshal(info.Key, &seed); err != nil || len(seed) != ed25519.SeedSize {
			return nil, errDamaged
		}
		return ed25519.NewKeyFromSeed(seed), nil
	}
	return nil, errKind
}

func parsePKCS1(der []byte) (any, error) {
	var k struct {
		Version             int
		N                   *big.Int
		E                   int
		D, P, Q, Dp, Dq, Qi *big.Int
	}
	if _, err := asn1.Unmarshal(der, &k); err != nil {
		return nil, errDamaged
	}
	for _, n := range []*big.Int{k.N, k.D, k.P, k.Q} {
		if n.Sign() <= 0 || n.BitLen() > 8192 {
			return nil, errDamaged
		}
	}
	if k.N.BitLen() < 2048 {
		return nil, errors.New(
			"is an RSA key of fewer than 2048 bits, which RFC 7518 section 3.3 forbids")
	}
	key := &rsa.PrivateKey{
		PublicKey: rsa.PublicKey{N: k.N, E: k.E},
		D:         k.D,
		Primes:    []*big.Int{k.P, k.Q},
	}
	key.Precompute()
	if k.Version != 0 || key.Validate() != nil {
		return nil, errDamaged
	}
	return key, nil
}

// parseSEC1 reads an EC key. In PKCS #8 the curve is outside of it, else inside.
func parseSEC1(der []byte, curve asn1.ObjectIdentifier) (any, error) {
	var k struct {
		Version int
		Scalar  []byte
		Curve   asn1.ObjectIdentifier `asn1:"optional,explicit,tag:0"`
		Public  asn1.BitString        `asn1:"optional,explicit,tag:1"`
	}
	if _, err := asn1.Unmarshal(der, &k); err != nil {
		return nil, errDamaged
	}
	if curve == nil {
		curve = k.Curve
	}
	if !curve.Equal(oidP256) {
		return nil, errKind
	}
	scalar := new(big.Int).SetBytes(k.Scalar) // some writers cut zeros in front, some add them
	if scalar.BitLen() > 256 {
		return nil, errDamaged
	}
	key, err := ecdsa.ParseRawPrivateKey(elliptic.P256(), scalar.FillBytes(make([]byte, 32)))
	if err != nil {
		return nil, errDamaged
	}
	return key, nil
}

// keyFault checks a PEM field that wants a key of type K; name says which that is.
func keyFault[K any](name string) func(string) string {
	return func(value string) string {
		key, err := parsePEM(value)
		if err != nil {
			return err.Error()
		}
		if _, ok := key.(K); !ok {
			return "contains a key of another kind: this needs " + name
		}
		return ""
	}
}

var (
	rsaFault     = keyFault[*rsa.PrivateKey]("an RSA key")
	ecFault      = keyFault[*ecdsa.PrivateKey]("an EC key on the curve P-256")
	ed25519Fault = keyFault[ed25519.PrivateKey]("an Ed25519 key")
)

// bodyLines returns the base64 of a PEM key in lines of 64 characters, as tools print it. The value
// itself may be in one line.
func bodyLines(text string) (lines []string) {
	if len(text) > maxKeyText {
		return nil
	}
	block, _ := pem.Decode([]byte(pemLines(text)))
	if block == nil {
		return nil
	}
	for body := base64.StdEncoding.EncodeToString(block.Bytes); body != ""; {
		n := min(len(body), 64)
		lines, body = append(lines, body[:n]), body[n:]
	}
	return lines
}

// keyForms returns the lines of PEM fields.
func keyForms(fields ...string) func(Credential) []string {
	return func(c Credential) (found []string) {
		for _, f := range fields {
			found = append(found, bodyLines(c[f].Reveal())...)
		}
		return found
	}
}
