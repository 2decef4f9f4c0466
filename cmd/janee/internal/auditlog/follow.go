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
	// followDays is how far back files may still grow: a chain writes to the file of today or,
	// around midnight, of yesterday.
	followDays = 2 * 24 * time.Hour
)

// Follow calls begin with what Read returns, and then emit with each further row, in the order in
// which it sees them, until ctx is done. It emits a call when its result is written, with the time
// of its intent. It misses no call between the page and the rows, and emits a call again that had
// not ended in the page. Filter.Limit applies to the page only. Follow never returns the error of
// ctx.
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
	intents map[string]audit.Record // by request, until the result is seen
	shown   map[string]bool         // requests that had ended in the first page
}

func newFollower(h Dir, filter Filter, emit func(Row)) *follower {
	return &follower{
		home:    h,
		filter:  filter,
		emit:    emit,
		now:     time.Now,
		seen:    map[string]int64{},
		intents: map[string]audit.Record{},
		shown:   map[string]bool{},
	}
}

// first notes where the files end and then reads the page. What is written in between is seen
// twice, and recognized by its request.
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

// read reads the new whole lines of one file.
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
			n, _ := rest(lines) // at the end of the file, the next readLine returns io.EOF
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
