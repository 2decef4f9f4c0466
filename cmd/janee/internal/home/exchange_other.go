//go:build !linux && !darwin

package home

import "errors"

func exchange(string, string) error { return errors.ErrUnsupported }
