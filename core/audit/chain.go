package audit

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"

	"github.com/true-and-useful/janee/core/line"
)

// EventOpen is the event of a chain's first record. EventSession is that of the record which is
// durable before the grant of its session.
const (
	EventOpen    = "open"
	EventSession = "session.open"
	eventRecover = "recover"
)

// Chain makes the lines of one writer. It is not safe for concurrent use: the log calls it under
// the lock that orders its appends.
type Chain struct {
	mac  *line.Mac
	head Head
}

// NewChain starts the chain of a writer, a name of [a-z0-9] that no other process uses; key is the
// vault's "audit/" + writer. Call Open first.
func NewChain(key []byte, writer string) *Chain {
	return Continue(key, Head{Writer: writer, Hash: noHash})
}

// Continue continues a chain after its head h, as ReadHead returned it: for the writer that
// processes share, one after the other under a lock.
func Continue(key []byte, h Head) *Chain { return &Chain{mac: line.NewMac(key), head: h} }

// Open returns the first line. It attests the heads of all other chains, so that deleting or
// shortening one of them is found; empty heads and the writer's own are left out.
func (c *Chain) Open(ts int64, version string, heads []Head) []byte {
	var list []string
	for _, h := range heads {
		if h.Seq > 0 && h.Writer != c.head.Writer {
			list = append(list, h.Writer+":"+strconv.FormatInt(h.Seq, 10)+":"+h.Hash)
		}
	}
	detail := map[string]string{headsDetail: strings.Join(list, " "), "version": version}
	return c.Next(Record{TS: ts, Event: EventOpen, Detail: detail})
}

// Next returns the line of r with its line feed, in a slice of its own, and moves the head to it. A
// line that could not be stored leaves a gap: the writer then starts a new chain that names the
// last head that was stored.
func (c *Chain) Next(r Record) []byte {
	b := line.New(r.size())
	b.Text("w", c.head.Writer)
	b.Int("seq", c.head.Seq+1)
	r.encode(b)
	b.Text("prev", c.head.Hash)
	text := c.mac.Seal(b.Bytes())
	c.head.Seq++
	c.head.Hash = hash(text)
	return append(text, '\n')
}

// Head returns the head after the last Next.
func (c *Chain) Head() Head { return c.head }

// ReadHead verifies the last line of a chain, given without its line feed, and returns the head
// that this line is.
func ReadHead(key, text []byte) (Head, error) {
	e, err := Read(key, text)
	if err != nil {
		return Head{}, err
	}
	return Head{Writer: e.Writer, Seq: e.Seq, Hash: hash(text)}, nil
}

// Read verifies one line, given without its line feed, and decodes it. Only a Verifier can say
// whether it is in its place.
func Read(key, text []byte) (Entry, error) {
	if err := line.Verify(key, text); err != nil {
		return Entry{}, fmt.Errorf("read audit line: %w", err)
	}
	return Decode(text)
}

// parseHeads reads what Open wrote.
func parseHeads(list string) ([]Head, error) {
	var heads []Head
	for item := range strings.FieldsSeq(list) {
		writer, rest, _ := strings.Cut(item, ":")
		number, sum, _ := strings.Cut(rest, ":")
		seq, err := strconv.ParseInt(number, 10, 64)
		if err != nil || seq < 1 || !isHash(sum) {
			return nil, fmt.Errorf("read heads: %q is not writer:seq:hash", item)
		}
		heads = append(heads, Head{writer, seq, sum})
	}
	return heads, nil
}

func hash(text []byte) string {
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:])
}

func isHash(s string) bool {
	raw, err := hex.DecodeString(s)
	return err == nil && len(raw) == sha256.Size
}
