package cli

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/true-and-useful/janee/cmd/janee/internal/demo"
)

func demoCommand(env *Env) *cobra.Command {
	return &cobra.Command{
		Use:   "demo",
		Short: "Show in ten seconds what Janee does, in a temporary home",
		Long: `Create a temporary home and start a small HTTPS API on this machine that needs a
key. Then act as an agent: list the services, and make an allowed call, a forbidden call and a trick
call. The command removes everything at the end and does not touch your own home.`,
		Example: "  janee demo",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			path, err := env.Executable()
			if err != nil {
				return fmt.Errorf("finding the path of this program: %w", err)
			}
			return demo.Run(cmd.Context(), demo.Options{
				Janee:  path,
				Out:    env.Stdout,
				Getenv: env.Getenv,
			})
		},
	}
}
