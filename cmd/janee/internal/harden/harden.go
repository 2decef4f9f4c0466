// Package harden keeps what is in this process's memory from leaving it by way of the system: core dumps, and other processes of the same
// user that would read it. Call Process first thing in main, before anything is decrypted.
// It is no wall against root, nor against a process of the same user that reads the root key file itself.
package harden

import "fmt"

// Process does what the system has. An error says what it would not do; the process can go on without, and should say so.
func Process() error {
	if err := process(); err != nil {
		return fmt.Errorf("keep this process's memory to itself: %w", err)
	}
	return nil
}
