//go:build unix && !linux

package main

// shutMemory forbids core files. macOS lets no other process at the memory of one that is not built
// for debugging, unless it is root.
func shutMemory() error { return noCore() }
