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

	"github.com/true-and-useful/janee/core/audit"
)

const (
	followEvery = 200 * time.Millisecond
	// a chain writes to the file of today, or of yesterday around midnight
	followDays = 2 * 24 * time.Hour
)

// Follow gives what Read returns to begin, and then each row that comes to its end afterwards to
// emit, in the order it is seen, until ctx is done. No call is missed in between, and one that had
// not ended in the first page comes again when it has. Filter.Limit is for the page. A call is
// shown when its result is there, with the time of its intent. The error is never that of ctx.
func Follow(
	ctx context.Context, h Dir, filter Filter, begin func(Page), emit func(Row),
) error {
	f := newFollower(h, filter, emit)
	page, err := f.first()
	if err != nil {
		return err
	}
	begin(page)
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
	home    Dir
	filter  Filter
	emit    func(Row)
	now     func() time.Time
	seen    map[string]int64        // path → bytes of whole lines
	intents map[string]audit.Record // by request, until the result comes up
	shown   map[string]bool         // requests of the first page that had ended
}

func newFollower(h Dir, filter Filter, emit func(Row)) *follower {
	return &follower{home: h, filter: filter, emit: emit, now: time.Now, seen: map[string]int64{},
		intents: map[string]audit.Record{}, shown: map[string]bool{}}
}

// first reads the page after it has noted where the files end: what is written in between is in
// both, and told apart by its request.
func (f *follower) first() (Page, error) {
	if err := f.skipPast(); err != nil {
		return Page{}, err
	}
	page, err := Read(f.home, f.filter)
	for _, r := range page.Rows {
		switch {
		case r.Req == "":
		case r.Event == eventIntent:
			f.intents[r.Req] = r.Record
		default:
			f.shown[r.Req] = true
		}
	}
	return page, err
}

func (f *follower) skipPast() error {
	files, _, err := list(f.home)
	for _, file := range files {
		t, err := openTail(f.home, file)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
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
	oldest := dayOf(f.now().Add(-followDays))
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
	fi, err := os.Lstat(file.path)
	if errors.Is(err, fs.ErrNotExist) || err == nil && fi.Size() <= f.seen[file.path] {
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
	for lines := bufio.NewReader(in); ; {
		text, err := readLine(lines)
		switch {
		case err == io.EOF:
			return nil
		case errors.Is(err, errLongLine):
			n, _ := rest(lines) // where that is the end of the file, the next line says so
			f.seen[file.path] += int64(len(text)) + n
			continue
		case err != nil:
			return fmt.Errorf("read audit log %q: %w", file.path, err)
		}
		f.seen[file.path] += int64(len(text)) + 1
		if e, err := audit.Decode(text); err == nil && e.Writer == file.writer {
			f.add(e.Record)
		}
	}
}

func (f *follower) add(r audit.Record) {
	switch r.Event {
	case eventIntent:
		f.intents[r.Req] = r
		return
	case eventResult:
		if intent, ok := f.intents[r.Req]; ok {
			delete(f.intents, r.Req)
			r = join(intent, r)
		}
	}
	if r.Req != "" && f.shown[r.Req] {
		return
	}
	if row := row(r); f.filter.passes(row) {
		f.emit(row)
	}
}
