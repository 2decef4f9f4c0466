//go:build unix && !linux

package main

// shutMemory forbids core files. On macOS only root can read the memory of a process that is not
// built for debugging.
func shutMemory() error { return noCore() }
