package setup

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"time"
)

// ownTime bounds one run of a client's own program. Node takes seconds to start on a slow machine.
const ownTime = time.Minute

// runOwn has the client's own program change the file, and checks what it wrote. If it fails and
// leaves the file alone, setup writes the file itself.
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
	if said != nil && c.file.unchanged() == nil {
		c.Own, c.own = "", nil
		return c.apply(ctx)
	}
	text, err := os.ReadFile(c.file.path)
	if err == nil {
		err = c.check(text)
	}
	if err != nil {
		return fmt.Errorf("`%s %s` has changed the file, but: %w", c.Own,
			strings.Join(c.own[0][:2], " "), errors.Join(err, said))
	}
	if c.Action == Remove {
		return c.file.forget()
	}
	return c.file.renameBackup(text)
}

// run runs a program without input. Its error has the last line that the program wrote.
func run(ctx context.Context, program string, args []string) error {
	ctx, cancel := context.WithTimeout(ctx, ownTime)
	defer cancel()
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.WaitDelay = time.Second // a child may keep the pipe open
	out, err := cmd.CombinedOutput()
	if err != nil {
		return fmt.Errorf("%s: %w: %.200q", program, err, lastLine(out))
	}
	return nil
}

func lastLine(out []byte) []byte {
	out = bytes.TrimSpace(out)
	return bytes.TrimSpace(out[bytes.LastIndexByte(out, '\n')+1:])
}
