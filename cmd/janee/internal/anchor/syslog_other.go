//go:build !unix

package anchor

import "errors"

func toSyslog([]byte) error { return errors.New("Janee knows no system log on this system") }
