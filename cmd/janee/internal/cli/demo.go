package cli

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/true-and-useful/janee/cmd/janee/internal/demo"
)

func demoCommand(env *Env) *cobra.Command {
	return &cobra.Command{
		Use:   "demo",
		Short: "Show the main job in ten seconds, in a throw-away home",
		Long: `Make a throw-away home and a small HTTPS API on this machine that wants a key, then act as an agent:
list the services, make an allowed call, a forbidden one and a trick. Nothing of it stays, and your
own home is not touched.`,
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
