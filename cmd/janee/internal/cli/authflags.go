package cli

import (
	"slices"

	"github.com/spf13/pflag"
)

// secretFlag is a flag for one field of a credential, under the name that the auth type gives it.
type secretFlag struct {
	name, short string
	fields      []string // auth fields that it sets: the first that the auth type has
	usage       string
	plain       bool   // not a secret: it may be on the command line
	file        bool   // the value is the path of a file that holds the credential
	env         string // name of the flag that names a variable; "" where there is none
	value       string
	fromEnv     string
}

// newSecretFlags lists the fields that have a flag of their own: all that are secret, and the most
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
		{name: "key", short: "k", fields: []string{"key", "apiKey"}, usage: "`KEY`: the API key",
			env: "key-from-env"},
		{name: "api-secret", fields: []string{"apiSecret"},
			usage: "`SECRET`: the API secret that goes with the key", env: "secret-from-env"},
		hidden("passphrase", "passphrase", "`SECRET`: the passphrase of the API key"),
		plain("scheme", "scheme",
			"`WORD` before a bearer key, such as Bot, or none for the key alone"),
		plain("param", "param",
			"`NAME` of the query parameter that carries the key, such as api_key"),
		hidden("username", "username", "`NAME`: the user name for basic auth"),
		hidden("password", "password", "`SECRET`: the password for basic auth"),
		hidden("consumer-key", "consumerKey", "`KEY`: the OAuth 1 consumer key"),
		hidden("consumer-secret", "consumerSecret", "`SECRET`: the OAuth 1 consumer secret"),
		hidden("access-token", "accessToken", "`TOKEN`: the OAuth 1 access token"),
		hidden("access-token-secret", "accessTokenSecret",
			"`SECRET`: the OAuth 1 access token secret"),
		hidden("access-key-id", "accessKeyId", "`ID`: the AWS access key id"),
		hidden("secret-access-key", "secretAccessKey", "`SECRET`: the AWS secret access key"),
		hidden("session-token", "sessionToken", "`TOKEN`: the AWS session token"),
		plain("aws-region", "region", "`NAME`: the AWS region, such as eu-west-1"),
		plain("aws-service", "awsService", "`NAME`: the AWS service, such as s3"),
		{name: "pem-file", fields: []string{"privateKey"}, usage: "PEM `FILE` of the private key",
			file: true, env: "pem-from-env"},
		plain("key-name", "keyName", "`NAME`: the name of the private key"),
		{name: "credentials-file", fields: []string{"credentials"},
			usage: "JSON `FILE` of the service account", file: true, env: "credentials-from-env"},
		plain("app-id", "appId", "`ID`: the id of the GitHub App"),
		plain("installation-id", "installationId", "`ID`: the id of the GitHub App's installation"),
		plain("token-url", "tokenUrl", "`URL`: the OAuth 2 token endpoint"),
		plain("client-id", "clientId", "`ID`: the OAuth 2 client id"),
		hidden("client-secret", "clientSecret", "`SECRET`: the OAuth 2 client secret"),
	}
}

func (f *secretFlag) register(flags *pflag.FlagSet) {
	flags.StringVarP(&f.value, f.name, f.short, "", f.usage)
	if f.env != "" {
		flags.StringVar(&f.fromEnv, f.env, "",
			"`VARIABLE`: environment variable that holds the value of --"+f.name)
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
