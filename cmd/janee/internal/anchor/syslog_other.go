//go:build !unix

package anchor

import "errors"

func toSyslog([]byte) error { return errors.New("this system has none that Janee knows") }
