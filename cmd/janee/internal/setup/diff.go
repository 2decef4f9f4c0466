package setup

import (
	"bytes"
	"fmt"
	"strings"
)

// Diff shows the change as lines with + and -. It shows what setup writes and what setup once
// wrote, and nothing else of the file, which may have credentials of other servers in the next
// line. Of an entry that setup did not make it says only that it goes.
func (c *Change) Diff() string {
	var b strings.Builder
	fmt.Fprintf(&b, "--- %s\n+++ %s\n", c.File, c.File)
	switch c.Action {
	case Replace:
		fmt.Fprintf(&b, "@@ line %d @@\n-(the entry that is there)\n", c.line)
	case Update, Remove:
		part(&b, "-", c.without, c.file.data)
	}
	if c.Action != Remove {
		part(&b, "+", c.without, c.after)
	}
	return b.String()
}

// part shows what long has more than short. That is in one place, but for the comma which may have
// gone after the entry before.
func part(b *strings.Builder, sign string, short, long []byte) {
	i, start := 0, 0
	for i < len(short) && start < len(long) {
		if long[start] == ',' && short[i] != ',' && bytes.HasPrefix(long[start+1:], short[i:i+1]) {
			start++
		}
		if short[i] != long[start] {
			break
		}
		i, start = i+1, start+1
	}
	end := len(long)
	for back := len(short); back > i && end > start && short[back-1] == long[end-1]; back-- {
		end--
	}
	more := long[start:end]
	lead := len(more) - len(bytes.TrimLeft(more, ", \t\r\n"))
	fmt.Fprintf(b, "@@ line %d @@\n", 1+bytes.Count(long[:start+lead], []byte("\n")))
	margin := more[:lead]
	margin = margin[bytes.LastIndexByte(margin, '\n')+1:]
	text := string(bytes.TrimLeft(margin, ",")) + string(bytes.TrimRight(more[lead:], ", \t\r\n"))
	for line := range strings.SplitSeq(text, "\n") {
		b.WriteString(sign + strings.TrimSuffix(line, "\r") + "\n")
	}
}
