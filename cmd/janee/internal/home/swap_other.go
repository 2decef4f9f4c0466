//go:build !linux && !darwin

package home

import "errors"

// swapNames is not supported here, so the caller renames twice.
func swapNames(string, string) error { return errors.ErrUnsupported }
