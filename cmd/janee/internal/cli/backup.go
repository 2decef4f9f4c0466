package cli

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"github.com/true-and-useful/janee/cmd/janee/internal/backup"
	"github.com/true-and-useful/janee/cmd/janee/internal/hint"
	"github.com/true-and-useful/janee/cmd/janee/internal/home"
	"github.com/true-and-useful/janee/cmd/janee/internal/opened"
	manifest "github.com/true-and-useful/janee/core/backup"
)

func backupCommand(env *Env) *cobra.Command {
	var to string
	var force, asJSON bool
	c := &cobra.Command{
		Use:   "backup --to FILE",
		Short: "Write config.yaml and the audit log to one file",
		Long: `Write config.yaml, the audit log, and whatever is locked or revoked to one file,
mode 0600. The credentials in it are sealed; those that are in plaintext are sealed first. The file
does not contain the root key, sessions or approvals. Back up the root key separately, with "janee
key export". The backup is recorded in the audit log first.`,
		Example: "  janee backup --to janee-2026-11-26.backup\n" +
			"  janee backup --to latest.backup --force --json",
		Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error { return runBackup(env, to, force, asJSON) },
	}
	c.Flags().StringVar(&to, "to", "", "`FILE` to write")
	c.Flags().BoolVar(&force, "force", false, "replace a file that exists")
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	_ = c.MarkFlagRequired("to")
	return c
}

type backedUp struct {
	OK      bool     `json:"ok"`
	File    string   `json:"file"`
	Files   int      `json:"files"`
	Bytes   int64    `json:"bytes"` // before they are compressed
	Vault   string   `json:"vault"`
	LeftOut []string `json:"leftOut,omitempty"` // files in logs that are not Janee's
	Message string   `json:"message"`
}

func runBackup(env *Env, to string, force, asJSON bool) error {
	s, err := open(env)
	if err != nil {
		return err
	}
	if s.Vault == nil {
		return errNoKey("writing a backup")
	}
	if to, err = filepath.Abs(to); err != nil {
		return err
	}
	text, err := s.SealedConfig()
	if err != nil {
		return hint.New(hint.Failed, "fix config.yaml, then run the command again",
			fmt.Errorf("writing a backup: %w", err))
	}
	detail := map[string]string{"vault": s.Config.Vault.ID, "file": to}
	if err := recordAct(s, "backup", detail); err != nil {
		return err
	}
	files, foreign, err := backup.Gather(s.Home, text)
	if err != nil {
		return err
	}
	if err := writeBackup(s, to, force, files); err != nil {
		return err
	}
	return tellBackup(env, asJSON, backedUp{OK: true, File: to, Files: len(files),
		Bytes: sizeOf(files), Vault: s.Config.Vault.ID, LeftOut: foreign}, s)
}

func writeBackup(s *opened.Home, to string, force bool, files []backup.Source) error {
	m := manifest.Manifest{
		Vault: s.Config.Vault.ID,
		Check: s.Config.Vault.Check,
		At:    time.Now().UnixMilli(),
	}
	err := home.WriteNew(to, force, func(w io.Writer) error {
		return backup.Write(w, s.Vault.Key(manifest.Label), m, files)
	})
	if errors.Is(err, fs.ErrExist) {
		return hint.Errorf(hint.Failed, "choose another name, or replace the file with --force",
			"writing a backup: %q already exists", to)
	}
	if err != nil {
		return fmt.Errorf("writing a backup: %w", err)
	}
	return nil
}

func sizeOf(files []backup.Source) (total int64) {
	for _, f := range files {
		total += f.Size
	}
	return total
}

func tellBackup(env *Env, asJSON bool, b backedUp, s *opened.Home) error {
	b.Message = fmt.Sprintf("Wrote %s, %s before compression, to %s.\n"+
		"The root key is not in the file, and nothing in the file can be decrypted without it. "+
		"It is in %s; `janee key export` shows it. Keep a copy of it apart from this file.",
		count(b.Files, "file", "files"), byteText(b.Bytes), b.File, s.KeySource)
	if asJSON {
		return writeJSON(env.Stdout, b)
	}
	for line := range bytes.Lines([]byte(b.Message)) {
		fmt.Fprintln(env.Stderr, printable(string(bytes.TrimSuffix(line, []byte("\n")))))
	}
	for _, name := range b.LeftOut {
		fmt.Fprintf(env.Stderr, "janee: warning: left out logs/%s, which is not a file of Janee\n",
			printable(name))
	}
	return nil
}
