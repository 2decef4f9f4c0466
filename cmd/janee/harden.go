package main

import "fmt"

// harden protects the memory of this process, which holds keys, from core dumps and from other
// processes of the same user. main calls it first, before anything is decrypted. It does what the
// system supports. After an error the process can continue, but should warn. It does not protect
// from root, or from a process of the same user that reads the root key file.
func harden() error {
	if err := shutMemory(); err != nil {
		return fmt.Errorf("protect the memory of this process: %w", err)
	}
	return nil
}
