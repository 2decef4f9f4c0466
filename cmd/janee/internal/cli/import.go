package cli

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/true-and-useful/janee/cmd/janee/internal/hint"
	"github.com/true-and-useful/janee/cmd/janee/internal/home"
	"github.com/true-and-useful/janee/cmd/janee/internal/legacy"
)

func importCommand(env *Env) *cobra.Command {
	var envFile string
	var apply, asJSON bool
	c := &cobra.Command{
		Use:   "import [DIR]",
		Short: "Import services from the TypeScript Janee or a .env file",
		Long: `Import services from a home of the TypeScript Janee, of any generation: config.yaml
with credentials.json, config.yaml with keys in it, or config.json. DIR is its directory; the
default is your own home. Without --apply the command only shows what it would import; with --apply
it writes all of that or nothing. It only reads DIR, unless DIR is your own home: then it moves the
old files to ts-DATE in it, once the new ones are safe on the disk.

With --env the keys come from a .env file. Variables with a known name become services; the command
lists the others.`,
		Example: `  janee import
  janee import ~/old-janee --apply
  janee import --env .env --apply`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			i := &importer{env: env, apply: apply, asJSON: asJSON}
			if envFile == "" {
				return i.runHome(args)
			}
			if len(args) > 0 {
				return hint.Errorf(hint.Usage, "leave one of them out",
					"importing: DIR and --env cannot be combined")
			}
			return i.runEnv(envFile)
		},
	}
	c.Flags().StringVar(&envFile, "env", "", "read the keys from this .env `FILE`")
	c.Flags().BoolVar(&apply, "apply", false, "write what an import without this flag shows")
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	_ = c.MarkFlagFilename("env") // fails only for a flag that is not there
	c.ValidArgsFunction = cobra.FixedCompletions(nil, cobra.ShellCompDirectiveFilterDirs)
	return c
}

// importer is one run of the command.
type importer struct {
	env           *Env
	apply, asJSON bool
	source        string // as the person knows it
	inPlace       bool   // the source is the home itself
	// the config.yaml to be replaced; nil: there is none, or it is to be added to
	old    []byte
	report importReport
}

func (i *importer) runHome(args []string) error {
	target, err := home.Dir(i.env.Getenv)
	if err != nil {
		return err
	}
	i.source = target
	if len(args) > 0 {
		if i.source, err = filepath.Abs(args[0]); err != nil {
			return fmt.Errorf("importing: %w", err)
		}
	}
	i.inPlace = sameDir(i.source, target)
	old, err := legacy.Read(i.source)
	if errors.Is(err, legacy.ErrNone) && i.inPlace {
		if left := leftOver(i.source); len(left) > 0 {
			return i.finish(left)
		}
	}
	if err != nil {
		return hint.New(hint.Failed, importHint(err, i.inPlace),
			fmt.Errorf("importing from %q: %w; nothing was imported", i.source, err))
	}
	if i.inPlace && old.Layout != legacy.JSON {
		i.old = old.Text
	}
	i.report = importReport{From: i.source, Layout: string(old.Layout)}
	return i.run(old.Plan())
}

func sameDir(a, b string) bool {
	one, err := os.Stat(a)
	if err != nil {
		return filepath.Clean(a) == filepath.Clean(b)
	}
	other, err := os.Stat(b)
	return err == nil && os.SameFile(one, other)
}

func importHint(err error, inPlace bool) string {
	switch {
	case errors.Is(err, legacy.ErrNone) && inPlace:
		return "name its directory: `janee import DIR`"
	case errors.Is(err, legacy.ErrDecrypt):
		return "if the value was typed in plaintext, set strictDecryption: false below server: " +
			"in the old config.yaml; otherwise remove the service from a copy of the " +
			"directory, and import the copy"
	case errors.Is(err, legacy.ErrMissing):
		return "restore credentials.json beside config.yaml from a backup"
	case errors.Is(err, legacy.ErrKey):
		return "restore the file with the master key from a backup"
	}
	return ""
}

// run shows a plan or carries it out.
func (i *importer) run(plan *legacy.Plan) error {
	w, err := i.open()
	if err != nil {
		return err
	}
	if err := w.leaveOutSame(plan); err != nil {
		return err
	}
	i.report.fill(plan)
	if !i.apply {
		if err := w.tryOut(plan); err != nil {
			return err
		}
		return i.tell()
	}
	if err := w.write(plan); err != nil {
		return fmt.Errorf("importing from %q: %w; nothing was imported", i.source, err)
	}
	if i.inPlace {
		if err := i.moveAside(w.home); err != nil {
			return err
		}
	}
	return i.tell()
}

// finish completes an import in place that was interrupted after it wrote the new config.yaml.
func (i *importer) finish(left []string) error {
	i.report = importReport{From: i.source, Layout: "left over by an import that was interrupted"}
	for _, name := range left {
		i.report.Changes = append(i.report.Changes, "the old file "+name+" is moved aside")
	}
	if i.apply {
		h, err := home.Open(i.source)
		if err != nil {
			return err
		}
		if err := i.moveAside(h); err != nil {
			return err
		}
	}
	return i.tell()
}
