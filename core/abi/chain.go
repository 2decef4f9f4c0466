package abi

import (
	"bytes"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/true-and-useful/janee/core"
	"github.com/true-and-useful/janee/core/audit"
	"github.com/true-and-useful/janee/core/vault"
)

// chain makes the lines of one writer. It is here and not in the shell, because only the core makes
// lines; the shell stores them in the order in which they were made.
type chain struct {
	link
	// nil: there is no chain, or one of its lines was not stored, so that the next would follow a
	// gap
	lines *audit.Chain
	open  bool // the first record was made
	heads []audit.Head
}

// link is how a new chain begins.
type link struct {
	writer, program, cause string
	others                 []ends
}

// ends is what the shell has read of another chain: its first line, and its last ones as far as
// they were read.
type ends struct{ writer, first, tail string }

// link reads writer, program, heads and cause.
func (f *fields) link(required bool) (l link) {
	if !required && !f.has("writer") {
		return l
	}
	l = link{writer: f.text("writer"), program: f.optional("program"), cause: f.optional("cause")}
	if len(l.writer) != 8 || strings.Trim(l.writer, "abcdefghijklmnopqrstuvwxyz234567") != "" {
		f.wrong("writer must be 8 characters of a-z2-7")
	}
	for _, h := range f.objects("heads") {
		l.others = append(l.others,
			ends{h.text("writer"), strings.TrimSuffix(h.text("first"), "\n"), h.text("tail")})
		if err := h.end(); err != nil {
			f.wrong("heads: %v", err)
		}
	}
	return l
}

// start begins a chain in place of what there was. Nothing is written before the first record.
func (c *chain) start(v *vault.Vault, l link) {
	key := func(writer string) []byte { return v.Key("audit/" + writer) }
	*c = chain{link: l, lines: audit.NewChain(key(l.writer), l.writer), heads: loose(key, l.others)}
	c.others = nil
}

// loose returns the last authentic line of each chain that no other chain attests yet. A chain that
// is attested vouches for those that it attests.
func loose(key func(writer string) []byte, others []ends) (heads []audit.Head) {
	attested := map[string]bool{}
	for _, o := range others {
		// A forged first record could keep a chain from being attested, to be deleted afterwards.
		if _, err := audit.ReadHead(key(o.writer), []byte(o.first)); err != nil {
			continue
		}
		if e, err := audit.Decode([]byte(o.first)); err == nil && e.Event == audit.EventOpen {
			for _, h := range strings.Fields(e.Detail["heads"]) {
				attested[h] = true
			}
		}
	}
	found := map[string]audit.Head{}
	for _, o := range others {
		if h, ok := lastHead(key(o.writer), []byte(o.tail)); ok && !attested[name(h)] {
			found[name(h)] = h
		}
	}
	for _, n := range slices.Sorted(maps.Keys(found)) {
		heads = append(heads, found[n])
	}
	return heads
}

// name is a head as an open record lists it.
func name(h audit.Head) string {
	return h.Writer + ":" + strconv.FormatInt(h.Seq, 10) + ":" + h.Hash
}

// lastHead looks from the end for a line that is whole and authentic.
func lastHead(key, tail []byte) (audit.Head, bool) {
	for end := bytes.LastIndexByte(tail, '\n'); end >= 0; {
		start := bytes.LastIndexByte(tail[:end], '\n')
		if h, err := audit.ReadHead(key, tail[start+1:end]); err == nil {
			return h, true
		}
		end = start
	}
	return audit.Head{}, false
}

// seal makes the lines of records, each with its line feed; false if there is no chain to put them
// into.
func (c *chain) seal(now core.Now, records []core.Record) (lines []string, ok bool) {
	chain := c.lines
	if len(records) == 0 {
		return nil, true
	}
	if chain == nil {
		return nil, false
	}
	c.lines = nil // a panic below would leave a chain with a gap
	if !c.open {
		lines = append(lines, string(chain.Open(now.Wall, c.program, c.heads)))
		if c.cause != "" {
			lines = append(lines, string(chain.Next(core.Record{
				TS:     now.Wall,
				Event:  "recover",
				Detail: map[string]string{"cause": c.cause},
			})))
		}
		c.open, c.heads = true, nil
	}
	for _, r := range records {
		lines = append(lines, string(chain.Next(r)))
	}
	c.lines = chain
	return lines, true
}

// lost ends the chain of writer: a line of it was not stored.
func (c *chain) lost(writer string) {
	if c.writer == writer && writer != "" {
		c.lines = nil
	}
}

// newChain goes on with another writer after lines could not be stored; cause says why.
func newChain(i *Instance, f *fields, _ []byte) (any, []byte, error) {
	e := i.engine(f)
	l := f.link(true)
	if err := f.end(); err != nil {
		return nil, nil, err
	}
	if e.vault == nil {
		return nil, nil, bad("an engine without a root key has no chain")
	}
	if l.writer == e.chain.writer {
		return nil, nil, bad("writer must be a new one")
	}
	e.chain.start(e.vault, l)
	return emptyAnswer{}, nil, nil
}
