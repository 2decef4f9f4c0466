//go:build unix

package anchor

import (
	"net"
	"path/filepath"
	"strings"
	"testing"

	"github.com/true-and-useful/janee/core/audit"
)

// TestAnchorBySyslog: Verify finds the anchor in what a system log has written.
func TestAnchorBySyslog(t *testing.T) {
	path := filepath.Join(t.TempDir(), "log")
	daemon, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: path, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	defer daemon.Close()
	text := audit.Anchor{At: 1795426425000,
		Heads: []audit.Head{{Writer: "q7m2k4xa", Seq: 7, Hash: strings.Repeat("ab", 32)}}}.Encode(
		testVault.Key("anchor"))
	if err := toSyslogAt("unixgram", path, text); err != nil {
		t.Fatal(err)
	}
	got := make([]byte, 4096)
	n, err := daemon.Read(got)
	if err != nil {
		t.Fatal(err)
	}
	line := strings.TrimSpace(string(got[:n]))
	if a, found, err := audit.FindAnchor(testVault.Key("anchor"),
		[]byte(line)); !strings.Contains(line, "janee[") || !found || err != nil ||
		a.Heads[0].Seq != 7 {
		t.Errorf("%q: %v", line, err)
	}
}
