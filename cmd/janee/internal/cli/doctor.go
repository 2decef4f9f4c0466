package cli

import (
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/true-and-useful/janee/cmd/janee/internal/doctor"
)

func doctorCommand(env *Env) *cobra.Command {
	var asJSON bool
	c := &cobra.Command{
		Use:   "doctor",
		Short: "Find what is wrong, and say how to fix it",
		Long: `Check the home, the root key and its backup, config.yaml, rules and credentials, the
clock, the audit log and the disk. Look into the settings files of the clients that "janee setup"
knows: for plaintext credentials, also in .env in the current directory, and for an entry that does
not start this program. Tell what an agent that runs commands as you could reach: root by sudo or
containers, this program, keys in the environment of processes. The command changes nothing. The
exit code is 1 if a check fails.`,
		Example: "  janee doctor\n  janee doctor --json",
		Args:    cobra.NoArgs,
		RunE:    func(*cobra.Command, []string) error { return runDoctor(env, asJSON) },
	}
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return c
}

func runDoctor(env *Env, asJSON bool) error {
	program, err := env.Executable()
	if err != nil {
		return fmt.Errorf("finding the path of this program: %w", err)
	}
	report := doctor.Run(doctor.Machine{
		Keys:    env.Keys(),
		Clients: clientMachine(env),
		Program: program,
		User:    doctor.CurrentUser(env.Getenv),
		Now:     time.Now,
	})
	if asJSON {
		err = writeJSON(env.Stdout, report)
	} else {
		err = printDoctor(env, report)
	}
	if err == nil && report.Overall == doctor.Fail {
		err = errSaid
	}
	return err
}

const (
	doctorNames = 16 // columns of the name of a check, with the gap behind it
	doctorWords = 6  // of the result
)

// printDoctor puts the details beside the names, 80 columns wide. It never breaks a command over
// lines, so that it can be copied.
func printDoctor(env *Env, report doctor.Report) error {
	style := newStyle(env.Stdout, env.Getenv)
	paint := map[doctor.Result]func(string) string{
		doctor.Pass: style.good, doctor.Note: style.dim,
		doctor.Warn: style.warn, doctor.Fail: style.bad,
	}
	var b strings.Builder
	indent := strings.Repeat(" ", doctorWords+doctorNames)
	for _, c := range report.Checks {
		lines := wrap(printable(c.Detail), tableWidth-len(indent))
		word := strings.ToUpper(string(c.Result))
		fmt.Fprintf(&b, "%s%*s%-*s%s\n", paint[c.Result](word), doctorWords-len(word), "",
			doctorNames, c.Check, lines[0])
		for _, line := range lines[1:] {
			b.WriteString(indent + line + "\n")
		}
		if c.Fix != "" {
			b.WriteString(indent + style.dim("fix: ") + printable(c.Fix) + "\n")
		}
	}
	_, err := fmt.Fprint(env.Stdout, b.String())
	return err
}
