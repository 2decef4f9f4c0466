package cli

import (
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/true-and-useful/janee/cmd/janee/internal/hint"
	"github.com/true-and-useful/janee/cmd/janee/internal/opened"
	"github.com/true-and-useful/janee/core/config"
)

func configCommand(env *Env) *cobra.Command {
	c := &cobra.Command{
		Use:     "config",
		Short:   "Read and set single values of config.yaml",
		Long:    "Read and set single values of config.yaml. Secrets are never shown.",
		Example: "  janee config get\n  janee config set capabilities.stripe.ttl 15m",
	}
	c.AddCommand(configGetCommand(env), configSetCommand(env))
	return c
}

func configGetCommand(env *Env) *cobra.Command {
	var asJSON bool
	c := &cobra.Command{
		Use:   "get [KEY]",
		Short: "Show values of config.yaml",
		Long: `Show the values of config.yaml that a key names: one value, or all values below a
section. Without KEY the command shows all of them. Secrets are never shown.`,
		Example: "  janee config get\n  janee config get services.stripe\n" +
			"  janee config get capabilities.stripe.ttl --json",
		Args: cobra.MaximumNArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			return runConfigGet(env, strings.Join(args, ""), asJSON)
		},
	}
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return c
}

func runConfigGet(env *Env, key string, asJSON bool) error {
	v, err := lookAtConfig(env)
	if err != nil {
		return err
	}
	text, _, err := v.home.ReadConfig()
	if err != nil {
		return err
	}
	settings, err := config.Get(text, key)
	if missing := (*config.NotFoundError)(nil); errors.As(err, &missing) {
		return unknownName(missing.Kind, missing.Name, missing.Known)
	}
	if err != nil {
		return err
	}
	if asJSON {
		return writeJSON(env.Stdout, settingsJSON(key, settings))
	}
	for _, s := range settings {
		fmt.Fprintf(env.Stdout, "%s = %s\n", printable(s.Key), printable(settingText(s.Value)))
	}
	return nil
}

// settingsJSON is {key, value} for one setting, and key to value for several.
func settingsJSON(key string, settings []config.Setting) any {
	if len(settings) == 1 && settings[0].Key == key {
		return struct {
			Key   string `json:"key"`
			Value any    `json:"value"`
		}{key, settings[0].Value}
	}
	values := map[string]any{}
	for _, s := range settings {
		values[s.Key] = s.Value
	}
	return values
}

func settingText(value any) string {
	switch v := value.(type) {
	case nil:
		return "(not set)"
	case []string:
		return strings.Join(v, ", ")
	default:
		return fmt.Sprint(v)
	}
}

func configSetCommand(env *Env) *cobra.Command {
	var asJSON bool
	c := &cobra.Command{
		Use:   "set KEY VALUE",
		Short: "Set a value of config.yaml",
		Long: "Set one value of config.yaml in place. Secrets have other commands. " +
			"`janee config get` shows the keys.",
		Example: "  janee config set capabilities.stripe.ttl 15m\n" +
			"  janee config set server.defaultAccess restricted\n" +
			"  janee config set services.stripe.description \"The live account\"",
		Args: cobra.ExactArgs(2),
		RunE: func(_ *cobra.Command, args []string) error {
			return runConfigSet(env, args[0], args[1], asJSON)
		},
	}
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return c
}

func runConfigSet(env *Env, key, value string, asJSON bool) error {
	s, err := open(env)
	if err != nil {
		return err
	}
	err = edit(env, s, fmt.Sprintf("setting %q", key), func(text []byte) ([]byte, error) {
		return config.Set(text, key, value)
	})
	if err != nil {
		return hint.New(hint.ExitCode(err), setHint(key, err), err)
	}
	message := fmt.Sprintf("Set %s to %s", key, value) + refusedUntil(s, key)
	if asJSON {
		return writeJSON(env.Stdout, struct {
			OK      bool   `json:"ok"`
			Key     string `json:"key"`
			Value   string `json:"value"`
			Message string `json:"message"`
		}{true, key, value, message})
	}
	fmt.Fprintln(env.Stderr, printable(message))
	return nil
}

// refusedUntil warns if a setting changes how a credential is sent. Setting it agrees to nothing:
// the rest of the service may be somebody else's.
func refusedUntil(s *opened.Home, key string) string {
	for _, name := range s.Config.ServiceNames {
		if !strings.HasPrefix(key, "services."+name+".") {
			continue
		}
		if c, err := changeOf(s, s.Config.Services[name]); err == nil && !c.empty() {
			return fmt.Sprintf(". Janee refuses calls until you run `janee trust %s`", name)
		}
	}
	return ""
}

// setHint names the command for what `config set` cannot do, or repeats the hint of err.
func setHint(key string, err error) string {
	name, _, _ := strings.Cut(strings.TrimPrefix(key, "services."), ".auth")
	switch {
	case errors.Is(err, config.ErrReserved) && strings.HasPrefix(key, "agents."):
		return "`janee agent` registers agents and changes their tokens"
	case errors.Is(err, config.ErrSecret):
		return fmt.Sprintf("`janee service edit %s` reads it and seals it", name)
	case errors.Is(err, config.ErrBinding) && strings.HasSuffix(key, ".auth.type"):
		return "remove the service and add it again"
	case errors.Is(err, config.ErrBinding):
		return fmt.Sprintf(
			"`janee service edit %s -u URL` changes the base URL and seals the credential for it",
			strings.TrimSuffix(name, ".baseUrl"))
	case errors.Is(err, config.ErrNoScalar):
		return "`janee config get " + key +
			"` shows the keys below it; `janee cap edit` changes rules"
	}
	return hint.Of(err)
}
