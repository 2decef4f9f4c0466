package cli

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"
)

const (
	tableWidth = 80 // columns of the narrowest terminal that counts
	tableGap   = 2  // blanks between two columns
	tableLeast = 8  // characters that a column keeps, so that a name can be told from another
)

// table prints rows in columns for a person, at most tableWidth wide: it cuts the widest columns,
// and a cut cell ends in "…". Cells pass through printable, so they may hold what an agent wrote. A
// program that needs whole values reads --json.
type table struct {
	w    io.Writer
	rows [][]string
}

// newTable returns an empty table with these headings. Nothing is written before flush.
func newTable(w io.Writer, headings ...string) *table {
	return &table{w: w, rows: [][]string{headings}}
}

// row adds a row with a cell for each heading.
func (t *table) row(cells ...string) {
	clean := make([]string, len(cells))
	for i, c := range cells {
		clean[i] = printable(c)
	}
	t.rows = append(t.rows, clean)
}

// flush writes the table.
func (t *table) flush() error {
	widths := fit(t.widths(), tableWidth)
	var b strings.Builder
	for _, row := range t.rows {
		var line strings.Builder
		for i, cell := range row {
			cell = cut(cell, widths[i])
			line.WriteString(cell)
			line.WriteString(strings.Repeat(" ", widths[i]-utf8.RuneCountInString(cell)+tableGap))
		}
		b.WriteString(strings.TrimRight(line.String(), " ") + "\n")
	}
	if _, err := io.WriteString(t.w, b.String()); err != nil {
		return fmt.Errorf("writing the output: %w", err)
	}
	return nil
}

func (t *table) widths() []int {
	widths := make([]int, len(t.rows[0]))
	for _, row := range t.rows {
		for i, cell := range row {
			widths[i] = max(widths[i], utf8.RuneCountInString(cell))
		}
	}
	return widths
}

// fit takes from the widest column until all fit into total, as far as tableLeast lets it.
func fit(widths []int, total int) []int {
	over := tableGap*(len(widths)-1) - total
	for _, w := range widths {
		over += w
	}
	for ; over > 0; over-- {
		widest := slices.Max(widths)
		if widest <= tableLeast {
			break
		}
		widths[slices.Index(widths, widest)]--
	}
	return widths
}

// cut keeps the first characters of s, so that it has at most width of them.
func cut(s string, width int) string {
	if utf8.RuneCountInString(s) <= width {
		return s
	}
	return string([]rune(s)[:max(width-1, 0)]) + "…"
}
