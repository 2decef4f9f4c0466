package main

import "fmt"

// harden keeps what is in this process's memory from leaving it through the system: core dumps, and
// other processes of the same user that would read it. It is called first thing in main, before
// anything is decrypted, and does what the system has. An error says what the system would not do;
// the process can continue without it, and should say so. It does not stop root, or a process of
// the same user that reads the root key file itself.
func harden() error {
	if err := shutMemory(); err != nil {
		return fmt.Errorf("keep this process's memory to itself: %w", err)
	}
	return nil
}
