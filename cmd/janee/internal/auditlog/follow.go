package auditlog

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"time"

	"github.com/true-and-useful/janee/cmd/janee/internal/home"
	"github.com/true-and-useful/janee/core/audit"
)

const (
	followEvery = 200 * time.Millisecond
	followDays  = 2 * 24 * time.Hour // a chain writes to the file of today, or of yesterday around midnight
)

// Follow calls emit for each row that comes to its end from now on, in the order it is seen, until ctx is done. Filter.Limit does not count.
// A call is shown when its result is there, with the time of its intent. The error is never that of ctx.
func Follow(ctx context.Context, h *home.Home, filter Filter, emit func(Row)) error {
	f := follower{home: h, filter: filter, emit: emit, seen: map[string]int64{}, intents: map[string]audit.Record{}}
	if err := f.skipPast(); err != nil {
		return err
	}
	tick := time.NewTicker(followEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
			if err := f.look(); err != nil {
				return err
			}
		}
	}
}

type follower struct {
	home    *home.Home
	filter  Filter
	emit    func(Row)
	seen    map[string]int64 // path → bytes of whole lines
	intents map[string]audit.Record
}

func (f *follower) skipPast() error {
	files, _, err := list(f.home)
	for _, file := range files {
		t, err := openTail(f.home, file)
		if err != nil {
			return err
		}
		f.seen[file.path] = t.left + int64(len(t.buf))
	}
	return err
}

func (f *follower) look() error {
	files, _, err := list(f.home)
	if err != nil {
		return err
	}
	oldest := dayOf(time.Now().Add(-followDays))
	for _, file := range files {
		if file.day < oldest {
			continue
		}
		if err := f.read(file); err != nil {
			return err
		}
	}
	return nil
}

// read takes the whole lines that are new in one file.
func (f *follower) read(file file) error {
	if fi, err := os.Lstat(file.path); errors.Is(err, fs.ErrNotExist) || err == nil && fi.Size() <= f.seen[file.path] {
		return nil
	}
	in, _, err := f.home.Guard().OpenFile(file.path, os.O_RDONLY)
	if err != nil {
		return fmt.Errorf("read audit log: %w", err)
	}
	defer in.Close()
	if _, err := in.Seek(f.seen[file.path], io.SeekStart); err != nil {
		return fmt.Errorf("read audit log: %w", err)
	}
	lines := bufio.NewReader(in)
	for {
		text, err := readLine(lines)
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return fmt.Errorf("read audit log %q: %w", file.path, err)
		}
		f.seen[file.path] += int64(len(text)) + 1
		if e, err := audit.Decode(text); err == nil && e.Writer == file.writer {
			f.add(e.Record)
		}
	}
}

func (f *follower) add(r audit.Record) {
	if f.filter.Service != "" && r.Service != f.filter.Service {
		return
	}
	switch r.Event {
	case eventIntent:
		f.intents[r.Req] = r
		return
	case eventResult:
		if intent, ok := f.intents[r.Req]; ok {
			delete(f.intents, r.Req)
			r = join(intent, r)
		}
	case eventDeny:
	default:
		if !f.filter.Events {
			return
		}
	}
	f.emit(row(r))
}
