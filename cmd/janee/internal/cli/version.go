package cli

import (
	"fmt"
	"runtime"

	"github.com/spf13/cobra"

	"github.com/true-and-useful/janee/cmd/janee/internal/build"
)

func version() string { return build.Current().Version }

func versionCommand(env *Env) *cobra.Command {
	var asJSON bool
	c := &cobra.Command{
		Use:   "version",
		Short: "Show the version of this program",
		Long: `Show the version of this program, the commit it was built from, the time of that
commit, and the system it is for. The same commit gives the same bytes, so that you can check a
release by building it.`,
		Example: "  janee version\n  janee version --json",
		Args:    cobra.NoArgs,
		RunE:    func(*cobra.Command, []string) error { return runVersion(env, asJSON) },
	}
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return c
}

func runVersion(env *Env, asJSON bool) error {
	b := build.Current()
	if asJSON {
		return writeJSON(env.Stdout, struct {
			build.Info
			Go   string `json:"go"`
			OS   string `json:"os"`
			Arch string `json:"arch"`
		}{b, runtime.Version(), runtime.GOOS, runtime.GOARCH})
	}
	fmt.Fprintf(env.Stdout, "janee %s %s/%s\n", b.Version, runtime.GOOS, runtime.GOARCH)
	if b.Commit != "" {
		fmt.Fprintf(env.Stdout, "commit %s of %s\n", b.Commit, b.Time)
	}
	return nil
}
