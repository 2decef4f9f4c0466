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

// chain is the open chain of one writer. The mutex of its Log guards it.
type chain struct {
	writer string
	day    string
	part   int // of the day
	lines  *audit.Chain
	file   *os.File
	size   int64      // bytes written to file
	full   []*os.File // files before it, until the next sync

	written, synced int64 // batches
	syncing, armed  bool
	turn            sync.Cond // a sync has ended, or the chain has
	err             error     // why the chain ended
}

// start makes the first file of a new chain, with the record that attests all other chains.
func (l *Log) start() (*chain, error) {
	// The heads come before the file: whoever finds the file in a listing then finds all that it
	// attests, too.
	heads, err := readHeads(l.home, l.vault)
	if err != nil {
		return nil, err
	}
	now := l.options.Now()
	writer, day := newWriter(), dayOf(now)
	c := &chain{writer: writer, day: day, part: 1,
		lines: audit.NewChain(l.vault.Key("audit/"+writer), writer)}
	c.turn.L = &l.mu
	if c.file, err = create(l.home, fileName(day, writer, 1), os.O_EXCL); err != nil {
		return nil, err
	}
	hold(c.file) // while it lives, nobody takes its last line for one that was given up
	first := c.lines.Open(now.UnixMilli(), l.options.Version, heads)
	if l.broken != nil {
		first = append(first, c.lines.Next(l.recovered(l.broken.Error()))...)
	}
	ends := l.findTorn()
	for _, e := range ends {
		first = append(first, c.lines.Next(tornRecord(now.UnixMilli(), e.file, e.text))...)
	}
	if err := c.put(first, l.giveUp); err != nil {
		// No record stands in it yet. Left there, a full disk would collect one such file for each
		// call.
		for _, e := range ends {
			_ = e.locked.Close()
		}
		return nil, errors.Join(err, c.file.Close(), os.Remove(c.file.Name()))
	}
	l.clear(c, ends)
	return c, nil
}

// roll goes on in another file where day is later than that of the file, or the file is full. What
// the old file holds is on the disk before the new one gets a line, else a power cut could take
// lines from between others. The old file is closed with the next flush, which may be at it.
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

// put is one write(2) with O_APPEND: lines of a batch stay together, and a crash tears at most the
// last. Where the disk is full and room has made some, the same lines are written again in the same
// place: whoever has seen a part of them sees them again.
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

// create makes a file, with its name on the disk: a synced line in a file without a name would be
// lost all the same. With the flag O_EXCL it must not be there yet.
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

// newWriter returns 8 random characters of base32: 40 bits, and a name that is taken makes create
// fail.
func newWriter() string { return strings.ToLower(rand.Text()[:writerLen]) }

// Heads returns the last line of every chain that no chain attests yet: who has them can tell
// whether anything was cut off. All of them are on the disk.
func Heads(h Dir, v vaultKeys) ([]audit.Head, error) { return readHeads(h, v) }

// readHeads returns the last line of every chain that no chain attests yet. Naming the others again
// would prove no more (who attested them is itself attested) and would let the first records grow
// with the square of the number of processes.
func readHeads(h Dir, v vaultKeys) ([]audit.Head, error) {
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

// readAttested adds what the first record of the chain that begins in f attests. Only an authentic
// record counts: a forged one could otherwise keep a chain from being attested, to be deleted
// afterwards.
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
