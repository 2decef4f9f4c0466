//go:build !unix

package main

// shutMemory does nothing, because on Windows the owner of the machine decides what is written
// after a crash.
func shutMemory() error { return nil }
