package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/true-and-useful/janee/cmd/janee/internal/hint"
	"github.com/true-and-useful/janee/core"
	"github.com/true-and-useful/janee/core/tool"
	"github.com/true-and-useful/janee/core/wire"
)

type signOptions struct {
	explain bool
	body    string
	headers []string
	asJSON  bool
}

func signCommand(env *Env) *cobra.Command {
	var o signOptions
	c := &cobra.Command{
		Use:   "sign --explain SERVICE METHOD PATH",
		Short: "Show step by step how Janee would sign a request",
		Long: `Show what Janee would sign and send for one request: the headers, and the steps of
the signature, such as the canonical request and the string to sign. Compare them with what the API
says it expected. Secrets are masked. Nothing is sent, not even a request for a token. The command
is recorded in the audit log.`,
		Example: `  janee sign --explain bybit GET "/v5/account/wallet-balance?accountType=UNIFIED"
  janee sign --explain s3 PUT /bucket/key --body hello --header Content-Type=text/plain
  janee sign --explain okx POST /api/v5/trade/order --body - <order.json`,
		Args: cobra.ExactArgs(3),
		RunE: func(cmd *cobra.Command, args []string) error {
			if !o.explain {
				return hint.Errorf(hint.Usage,
					"Janee signs requests when it sends them; to see how, run "+
						"`janee sign --explain SERVICE METHOD PATH`",
					"sign without --explain does nothing")
			}
			return runSign(cmd.Context(), env, args, o)
		},
	}
	f := c.Flags()
	f.BoolVar(&o.explain, "explain", false, "show the steps and send nothing")
	f.StringVar(&o.body, "body", "", "`BODY` of the request; - reads it from standard input")
	f.StringArrayVar(&o.headers, "header", nil,
		"header `NAME=VALUE` that an agent would send; repeatable")
	f.BoolVar(&o.asJSON, "json", false, "print JSON")
	return c
}

func runSign(ctx context.Context, env *Env, args []string, o signOptions) error {
	call, err := o.call(env, args)
	if err != nil {
		return err
	}
	s, err := open(env)
	if err != nil {
		return err
	}
	if s.Config.Services[call.Args.Service] == nil {
		return unknownName("service", call.Args.Service, s.Config.ServiceNames)
	}
	h, err := openOwnCalls(env, s)
	if err != nil {
		return err
	}
	defer h.close()
	text, err := h.do(ctx, call)
	if err != nil {
		return err
	}
	var shown core.Signing
	if err := json.Unmarshal(text, &shown); err != nil {
		return err
	}
	if o.asJSON {
		return writeJSON(env.Stdout, shown)
	}
	return printSigning(env.Stdout, shown)
}

// call is the request to explain.
func (o signOptions) call(env *Env, args []string) (c core.Call, err error) {
	c = core.Call{Tool: core.ExplainSigning, Args: tool.Arguments{
		Service: args[0],
		Method:  args[1],
		Path:    args[2],
	}}
	if c.Args.Body, err = o.readBody(env); err != nil {
		return c, err
	}
	for _, h := range o.headers {
		name, value, ok := strings.Cut(h, "=")
		if !ok || name == "" {
			return c, hint.Errorf(hint.Usage, "write --header Content-Type=text/plain",
				"--header: %q is not NAME=VALUE", h)
		}
		c.Args.Headers = append(c.Args.Headers, core.Header{Name: name, Value: value})
	}
	return c, nil
}

func (o signOptions) readBody(env *Env) ([]byte, error) {
	if o.body != "-" {
		return []byte(o.body), nil
	}
	b, err := io.ReadAll(io.LimitReader(env.Stdin, wire.MaxBody+1))
	switch {
	case err != nil:
		return nil, fmt.Errorf("reading --body from standard input: %w", err)
	case len(b) > wire.MaxBody:
		return nil, hint.Errorf(hint.Failed, "",
			"reading --body from standard input: it is longer than %d bytes", wire.MaxBody)
	}
	return b, nil
}

func printSigning(w io.Writer, s core.Signing) error {
	var b bytes.Buffer
	fmt.Fprintf(&b,
		"Service %s, auth type %s, signed at %s by this machine's clock. Nothing was sent.\n",
		s.Service, s.AuthType, s.SignedAt)
	if s.Token != nil {
		b.WriteString("\nToken request, sent before the first call and again whenever the token " +
			"has expired\n")
		printSigned(&b, *s.Token)
	}
	b.WriteString("\nRequest\n")
	printSigned(&b, s.Request)
	if len(s.Dropped) > 0 {
		fmt.Fprintf(&b, "\nHeaders that the caller may not send, left out: %s\n",
			printable(strings.Join(s.Dropped, ", ")))
	}
	_, err := w.Write(b.Bytes())
	return err
}

func printSigned(w io.Writer, c core.SignedCall) {
	fmt.Fprintf(w, "  %s %s\n", c.Method, printable(c.URL))
	for _, step := range c.Trace {
		printBlock(w, step.Title, step.Text)
	}
	fmt.Fprintln(w, "\n  headers")
	for _, h := range c.Headers {
		fmt.Fprintf(w, "    %s: %s\n", printable(h.Name), printable(h.Value))
	}
	if c.Body != "" {
		printBlock(w, "body", c.Body)
	}
}

// printBlock keeps the line ends of a text: they are part of what is signed.
func printBlock(w io.Writer, title, text string) {
	fmt.Fprintf(w, "\n  %s\n", title)
	for _, line := range strings.Split(text, "\n") {
		fmt.Fprintln(w, strings.TrimRight("    "+printable(line), " "))
	}
}
