package cli

import (
	"slices"

	"github.com/spf13/pflag"
)

// secretFlag is a flag for one field of a credential, under the name that the auth type gives it.
type secretFlag struct {
	name, short string
	fields      []string // auth fields it stands for: the first that the auth type has
	usage       string
	plain       bool   // not a secret: it may stand on the command line
	file        bool   // the value is the path of a file that holds the credential
	env         string // name of the flag that names a variable; "" where there is none
	value       string
	fromEnv     string
}

// newSecretFlags lists the fields that have a flag of their own: all that are secret, and what is
// common of the others.
func newSecretFlags() []*secretFlag {
	hidden := func(name, field, usage string) *secretFlag {
		return &secretFlag{name: name, fields: []string{field}, usage: usage,
			env: name + "-from-env"}
	}
	plain := func(name, field, usage string) *secretFlag {
		return &secretFlag{name: name, fields: []string{field}, usage: usage, plain: true}
	}
	return []*secretFlag{
		{name: "key", short: "k", fields: []string{"key", "apiKey"}, usage: "the API key",
			env: "key-from-env"},
		{name: "api-secret", fields: []string{"apiSecret"},
			usage: "the API secret that goes with the key", env: "secret-from-env"},
		hidden("passphrase", "passphrase", "the passphrase of the API key"),
		plain("scheme", "scheme", "word before a bearer key, e.g. Bot; none for the key alone"),
		plain("param", "param", "query parameter that carries the key, e.g. api_key"),
		hidden("username", "username", "user name for basic auth"),
		hidden("password", "password", "password for basic auth"),
		hidden("consumer-key", "consumerKey", "OAuth 1 consumer key"),
		hidden("consumer-secret", "consumerSecret", "OAuth 1 consumer secret"),
		hidden("access-token", "accessToken", "OAuth 1 access token"),
		hidden("access-token-secret", "accessTokenSecret", "OAuth 1 access token secret"),
		hidden("access-key-id", "accessKeyId", "AWS access key id"),
		hidden("secret-access-key", "secretAccessKey", "AWS secret access key"),
		hidden("session-token", "sessionToken", "AWS session token"),
		plain("aws-region", "region", "AWS region, e.g. eu-west-1"),
		plain("aws-service", "awsService", "AWS service, e.g. s3"),
		{name: "pem-file", fields: []string{"privateKey"}, usage: "PEM file of the private key",
			file: true, env: "pem-from-env"},
		plain("key-name", "keyName", "name of the private key"),
		{name: "credentials-file", fields: []string{"credentials"},
			usage: "JSON file of the service account", file: true, env: "credentials-from-env"},
		plain("app-id", "appId", "id of the GitHub App"),
		plain("installation-id", "installationId", "id of the installation of the GitHub App"),
		plain("token-url", "tokenUrl", "OAuth 2 token endpoint"),
		plain("client-id", "clientId", "OAuth 2 client id"),
		hidden("client-secret", "clientSecret", "OAuth 2 client secret"),
	}
}

func (f *secretFlag) register(flags *pflag.FlagSet) {
	flags.StringVarP(&f.value, f.name, f.short, "", f.usage)
	if f.env != "" {
		flags.StringVar(&f.fromEnv, f.env, "", "environment variable to take --"+f.name+" from")
	}
}

// flagOf is what to type for a field: the flag, and the value where it is not the flag's alone.
func (s *secretFlags) flagOf(field string) (*secretFlag, string) {
	for _, f := range s.flags {
		if slices.Contains(f.fields, field) {
			return f, "--" + f.name
		}
	}
	if field == "scopes" {
		return nil, "--scope"
	}
	return nil, "--field " + field + "=VALUE"
}
