package main

import (
	"bytes"
	"debug/macho"
	"encoding/binary"
	"fmt"
)

// pageBits is the alignment of each program in a universal file: the pages of Apple's processors
// have 2^14 bytes.
const pageBits = 14

// universal joins programs for macOS into one file that runs on the processor of each, as lipo
// does: a big-endian header, an entry for each program, then the programs (mach-o/fat.h).
func universal(programs ...[]byte) ([]byte, error) {
	const page = 1 << pageBits
	type entry struct{ CPU, SubCPU, Offset, Size, Align uint32 }
	header := []uint32{macho.MagicFat, uint32(len(programs))}
	var entries []entry
	end := page
	for _, text := range programs {
		f, err := macho.NewFile(bytes.NewReader(text))
		if err != nil {
			return nil, fmt.Errorf("reading a program for macOS: %w", err)
		}
		entries = append(entries, entry{
			uint32(f.Cpu), f.SubCpu, uint32(end), uint32(len(text)), pageBits})
		end += (len(text) + page - 1) / page * page
	}
	var head bytes.Buffer
	for _, part := range []any{header, entries} {
		if err := binary.Write(&head, binary.BigEndian, part); err != nil {
			return nil, err
		}
	}
	last := entries[len(entries)-1]
	joined := make([]byte, last.Offset+last.Size)
	copy(joined, head.Bytes())
	for i, text := range programs {
		copy(joined[entries[i].Offset:], text)
	}
	return joined, nil
}
