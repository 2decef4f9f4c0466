package cli

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/true-and-useful/janee/core/config"
)

func removeCommand(env *Env) *cobra.Command {
	var yes, asJSON bool
	c := &cobra.Command{
		Use:   "remove SERVICE",
		Short: "Remove a service, its credential and its capabilities",
		Long: `Remove a service, its credential and the capabilities that use it from config.yaml.
You cannot undo this: you may have to get a new credential from the API's own site.`,
		Example: "  janee remove stripe\n  janee remove stripe --yes --json",
		Args:    cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			return runRemove(env, args[0], yes, asJSON)
		},
	}
	c.Flags().BoolVarP(&yes, "yes", "y", false, "do not ask")
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON and never ask")
	return c
}

func runRemove(env *Env, name string, yes, asJSON bool) error {
	s, err := open(env)
	if err != nil {
		return err
	}
	if s.Config.Services[name] == nil {
		return unknownName("service", name, s.Config.ServiceNames)
	}
	users := append([]string{}, s.Config.UsersOf(name)...)
	doing := "removing service " + name
	question := "Remove service " + name + " and its credential?"
	if len(users) > 0 {
		question = fmt.Sprintf(
			"Remove service %s, its credential, and the capabilities that use it (%s)?", name,
			strings.Join(users, ", "))
	}
	if err := consent(env, yes, asJSON, doing, question); err != nil {
		return err
	}
	if err := edit(env, s, doing, func(text []byte) ([]byte, error) {
		return config.RemoveService(text, name, users)
	}); err != nil {
		return err
	}
	message := "Removed service " + name
	if len(users) > 0 {
		message += " and its capabilities: " + strings.Join(users, ", ")
	}
	if asJSON {
		return writeJSON(env.Stdout, struct {
			OK           bool     `json:"ok"`
			Service      string   `json:"service"`
			Capabilities []string `json:"dependentCapabilities"`
			Message      string   `json:"message"`
		}{true, name, users, message})
	}
	fmt.Fprintln(env.Stderr, message)
	return nil
}
