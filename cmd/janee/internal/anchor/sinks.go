package anchor

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"time"

	"github.com/true-and-useful/janee/cmd/janee/internal/plain"
	"github.com/true-and-useful/janee/cmd/janee/internal/webhook"
	"github.com/true-and-useful/janee/core/config"
)

// sink is a place that is told, under a name that may be shown.
type sink struct {
	name string
	tell func(ctx context.Context, text []byte) error
}

func (k *Keeper) sinks(a config.Anchor, now time.Time) (list []sink) {
	if a.Syslog {
		list = append(list, sink{"the system log", func(_ context.Context, text []byte) error {
			return toSyslog(text)
		}})
	}
	if len(a.Command) > 0 {
		list = append(list, sink{"the command", func(ctx context.Context, text []byte) error {
			return toCommand(ctx, k.Home.Path("."), a.Command, text)
		}})
	}
	if w := a.Webhook; w != nil {
		list = append(list, sink{webhook.Name(*w), func(ctx context.Context, text []byte) error {
			return webhook.Post(ctx, k.Vault, *w, config.AnchorBinding(), now, text)
		}})
	}
	return list
}

const maxSaid = 200 // bytes of the standard error of a command that fails

// toCommand passes text to a program on its standard input. The only variable of the program is
// PATH, because the environment may hold the root key.
func toCommand(ctx context.Context, dir string, words []string, text []byte) error {
	c := exec.CommandContext(ctx, words[0], words[1:]...)
	c.Dir = dir
	c.Env = []string{"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"}
	c.Stdin = bytes.NewReader(text)
	c.WaitDelay = time.Second
	if runtime.GOOS == "windows" {
		c.Env = []string{"PATH=" + os.Getenv("PATH"), "SYSTEMROOT=" + os.Getenv("SYSTEMROOT")}
	}
	var said limited
	c.Stderr = &said
	err := c.Run()
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case said.Len() > 0:
		return fmt.Errorf("%w: %s", err, plain.Line(strings.TrimSpace(said.String())))
	}
	return err
}

// limited keeps the beginning of what is written.
type limited struct{ bytes.Buffer }

func (l *limited) Write(p []byte) (int, error) {
	_, _ = l.Buffer.Write(p[:min(len(p), maxSaid-min(maxSaid, l.Len()))])
	return len(p), nil
}
