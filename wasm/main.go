//go:build wasip1

// Command wasm is the core as a WebAssembly module, for shells that cannot import Go. It exports
// package core/abi and adds nothing. A shell calls _initialize once, then janee_req, janee_do,
// janee_res for each message; docs/formats.md describes these under "ABI".
package main

import (
	"unsafe"

	"github.com/true-and-useful/janee/core/abi"
)

var (
	door   abi.Door
	answer []byte
)

func main() {}

// version is the version of the messages; a shell refuses any other than the one it speaks.
//
//go:wasmexport janee_abi
func version() uint32 { return abi.Version }

// request returns the address of a buffer for a message of n bytes, valid until the next call; 0:
// the message is too long.
//
//go:wasmexport janee_req
func request(n uint32) unsafe.Pointer { return address(door.Request(int(n))) }

// do handles the first n bytes of the buffer and returns the length of the answer; 0: the buffer is
// shorter.
//
//go:wasmexport janee_do
func do(n uint32) uint32 {
	answer = door.Do(int(n))
	return uint32(len(answer))
}

// result returns the address of the answer, valid until the next janee_do.
//
//go:wasmexport janee_res
func result() unsafe.Pointer { return address(answer) }

// wipe overwrites both buffers.
//
//go:wasmexport janee_wipe
func wipe() { door.Wipe() }

func address(b []byte) unsafe.Pointer { return unsafe.Pointer(unsafe.SliceData(b)) }
