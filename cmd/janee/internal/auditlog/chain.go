package auditlog

import (
	"crypto/rand"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/true-and-useful/janee/cmd/janee/internal/home"
	"github.com/true-and-useful/janee/core/audit"
)

// chain is the chain that a process is writing. The mutex of its Log guards it.
type chain struct {
	writer string
	day    string
	part   int // of the day
	lines  *audit.Chain
	file   *os.File
	size   int64      // bytes written to file
	full   []*os.File // earlier files, until the next sync

	written, synced int64 // batches
	syncing, armed  bool
	turn            sync.Cond // a sync has ended, or the chain has
	err             error     // why the chain ended
}

// start makes the first file of a new chain, with the record that attests all other chains.
func (l *Log) start() (*chain, error) {
	// Read the heads before the file exists: a reader that finds the file in a listing then also
	// finds everything that it attests.
	heads, err := Heads(l.home, l.vault)
	if err != nil {
		return nil, err
	}
	now := l.options.Now()
	writer, day := newWriter(), dayOf(now)
	c := &chain{
		writer: writer,
		day:    day,
		part:   1,
		lines:  audit.NewChain(l.vault.Key("audit/"+writer), writer),
	}
	c.turn.L = &l.mu
	if c.file, err = create(l.home, fileName(day, writer, 1), os.O_EXCL); err != nil {
		return nil, err
	}
	hold(c.file) // while this process lives, no other takes its last line for an abandoned one
	first := c.lines.Open(now.UnixMilli(), l.options.Version, heads)
	if l.broken != nil {
		first = append(first, c.lines.Next(l.recovered(l.broken.Error()))...)
	}
	ends := l.findTorn()
	for _, e := range ends {
		first = append(first, c.lines.Next(tornRecord(now.UnixMilli(), e.file, e.text))...)
	}
	if err := c.put(first, l.giveUp); err != nil {
		// The file has no record yet. If it stayed, a full disk would collect one for each call.
		for _, e := range ends {
			_ = e.locked.Close()
		}
		return nil, errors.Join(err, c.file.Close(), os.Remove(c.file.Name()))
	}
	l.clear(c, ends)
	return c, nil
}

// roll continues in another file if day is later than that of the file, or if the file is full. It
// syncs the old file before the new one gets a line; otherwise a power cut could remove lines from
// the middle of the chain. The next flush closes the old file, because a sync may be using it.
func (c *chain) roll(h Dir, day string, most int64) error {
	part := 1
	switch {
	case day > c.day: // a clock set back must not put later lines into an earlier file
	case c.size >= most && c.part < maxPart:
		day, part = c.day, c.part+1
	default:
		return nil
	}
	if err := datasync(c.file); err != nil {
		return fmt.Errorf("sync %q: %w", c.file.Name(), err)
	}
	f, err := create(h, fileName(day, c.writer, part), os.O_EXCL)
	if err != nil {
		return err
	}
	hold(f)
	c.full = append(c.full, c.file)
	c.file, c.day, c.part, c.size = f, day, part, 0
	return nil
}

func (c *chain) write(records []audit.Record, room func() bool) error {
	var batch []byte
	for _, r := range records {
		batch = append(batch, c.lines.Next(r)...)
	}
	return c.put(batch, room)
}

// put is one write(2) with O_APPEND, so the lines of a batch stay together, and a crash tears at
// most the last one. If the disk is full and room frees some space, put writes the same lines again
// in the same place, so a reader that has seen some of them sees the same ones.
func (c *chain) put(batch []byte, room func() bool) error {
	_, err := c.file.Write(batch)
	if noSpace(err) && room() {
		if err = c.file.Truncate(c.size); err == nil {
			_, err = c.file.Write(batch)
		}
	}
	if err != nil {
		return err
	}
	c.size += int64(len(batch))
	c.written++
	return nil
}

// create makes a file and syncs its directory, because a synced line in a file whose name is not on
// the disk would still be lost. With the flag O_EXCL the file must not exist yet.
func create(h Dir, name string, flag int) (*os.File, error) {
	if err := home.MakeDir(h.LogsPath()); err != nil {
		return nil, err
	}
	f, _, err := h.Guard().OpenFile(filepath.Join(h.LogsPath(), name),
		os.O_WRONLY|os.O_APPEND|os.O_CREATE|flag)
	if err != nil {
		return nil, err
	}
	if err := home.SyncDir(h.LogsPath()); err != nil {
		return nil, fmt.Errorf("sync %q: %w", h.LogsPath(),
			errors.Join(err, f.Close(), os.Remove(f.Name())))
	}
	return f, nil
}

// newWriter returns 8 random characters of base32, which are 40 bits. Should the name be taken,
// create fails.
func newWriter() string { return strings.ToLower(rand.Text()[:writerLen]) }

// Heads returns the last line of every chain that no other chain attests yet. All of them are on
// the disk, and with them anyone can tell whether the end of a chain was cut off.
//
// It leaves out the other chains. They are attested by a chain that is attested itself or is among
// the heads, and to name them again would make first records grow with the number of processes.
func Heads(h Dir, v vaultKeys) ([]audit.Head, error) {
	byWriter, err := listWriters(h)
	if err != nil {
		return nil, err
	}
	heads, attested := map[string]audit.Head{}, map[string]bool{}
	for writer, files := range byWriter {
		key := v.Key("audit/" + writer)
		head, err := lastHead(h, files, key)
		if err != nil {
			return nil, err
		}
		if head.Seq == 0 {
			continue
		}
		heads[fmt.Sprintf("%s:%d:%s", head.Writer, head.Seq, head.Hash)] = head
		if err := readAttested(h, files[0], key, attested); err != nil {
			return nil, err
		}
	}
	var loose []audit.Head
	for _, text := range slices.Sorted(maps.Keys(heads)) {
		if !attested[text] {
			loose = append(loose, heads[text])
		}
	}
	return loose, nil
}

// readAttested adds the heads that the first record of f attests. Only an authentic record counts:
// with a forged one, an attacker could keep a chain from being attested and delete it later.
func readAttested(h Dir, f file, key []byte, attested map[string]bool) error {
	err := eachLine(h, f, func(_ int, text []byte, whole bool) bool {
		if _, err := audit.ReadHead(key, text); err != nil || !whole {
			return false
		}
		if e, err := audit.Decode(text); err == nil && e.Event == audit.EventOpen {
			for _, head := range strings.Fields(e.Detail["heads"]) {
				attested[head] = true
			}
		}
		return false
	})
	return err
}

// vaultKeys is the part of vault.Vault that reading needs.
type vaultKeys interface{ Key(label string) []byte }
