//go:build !linux && !darwin

package home

import "errors"

// exchange is not supported here, so the caller renames twice.
func exchange(string, string) error { return errors.ErrUnsupported }
