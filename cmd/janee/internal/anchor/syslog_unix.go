//go:build unix

package anchor

import (
	"bytes"
	"errors"
	"log/syslog"
)

// toSyslog connects each time, because the daemon may have been restarted.
func toSyslog(text []byte) error { return toSyslogAt("", "", text) }

func toSyslogAt(network, address string, text []byte) error {
	w, err := syslog.Dial(network, address, syslog.LOG_NOTICE|syslog.LOG_AUTH, "janee")
	if err != nil {
		return err
	}
	_, err = w.Write(bytes.TrimSuffix(text, []byte("\n")))
	return errors.Join(err, w.Close())
}
