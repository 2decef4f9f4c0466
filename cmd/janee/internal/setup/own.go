package setup

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"time"

	"github.com/true-and-useful/janee/cmd/janee/internal/hint"
	"github.com/true-and-useful/janee/cmd/janee/internal/home"
)

// ownTime bounds one run of a client's own program. Node takes seconds to start on a slow machine.
const ownTime = time.Minute

// runOwn has the client's own program change the file, and checks what it wrote. If it leaves the
// file alone, whatever it says, setup writes the file itself.
func (c *Change) runOwn(ctx context.Context) error {
	if c.Action != Remove {
		if err := c.file.backup(c.file.data); err != nil {
			return err
		}
	}
	said := error(nil)
	for _, args := range c.own {
		if said = run(ctx, c.Own, args); said != nil {
			break
		}
	}
	if c.file.unchanged() == nil {
		c.Own, c.own = "", nil
		return c.apply(ctx)
	}
	text, err := os.ReadFile(c.file.path)
	if err == nil {
		err = c.check(text)
	}
	if err != nil {
		return c.spoilt(err, said)
	}
	if c.Action == Remove {
		return c.file.forget()
	}
	return c.file.renameBackup(text)
}

// spoilt says what the client's own program has done, and where the text of before is.
func (c *Change) spoilt(err, said error) error {
	if said != nil {
		err = fmt.Errorf("%w (%w)", err, said)
	}
	err = fmt.Errorf("`%s %s` has changed the file, but: %w", c.Own,
		strings.Join(c.own[0][:2], " "), err)
	if c.file.info == nil || c.Action == Remove {
		return err
	}
	return hint.New(hint.Failed, "the file as it was: "+home.Quote(c.file.backupOf(c.file.data)),
		err)
}

// run runs a program without input. Its error has the last line that the program wrote.
func run(ctx context.Context, program string, args []string) error {
	ctx, cancel := context.WithTimeout(ctx, ownTime)
	defer cancel()
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.WaitDelay = time.Second // a child may keep the pipe open
	out := tail{}
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("%s: %w: %.200q", program, err, lastLine(out.bytes()))
	}
	return nil
}

func lastLine(out []byte) []byte {
	out = bytes.TrimSpace(out)
	return bytes.TrimSpace(out[bytes.LastIndexByte(out, '\n')+1:])
}
