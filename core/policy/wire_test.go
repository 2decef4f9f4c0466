package policy

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
)

// TestAllowedVectorsOnTheWire sends every allowed vector through net/http and reads the request
// line as raw bytes.
func TestAllowedVectorsOnTheWire(t *testing.T) {
	lines := make(chan string, 1)
	base, err := ParseBase("http://"+listenRaw(t, lines)+"/prefix/", false)
	if err != nil {
		t.Fatal(err)
	}
	transport := &http.Transport{DisableKeepAlives: true}
	sent := 0
	for _, c := range bypassCases(t) {
		outcome, j, _ := c.run()
		if outcome != "allow" {
			continue
		}
		for _, signed := range []string{"", "timestamp=1&signature=a%2Bb%3D"} {
			url, target := base.JoinUnder("", j, signed)
			req, err := http.NewRequest(j.Method(), url, nil)
			if err != nil {
				t.Fatalf("%s: %v", c.ID, err)
			}
			resp, err := transport.RoundTrip(req)
			if err != nil {
				t.Fatalf("%s: %v", c.ID, err)
			}
			resp.Body.Close()
			want := j.Method() + " " + target + " HTTP/1.1"
			if got := <-lines; got != want || !strings.HasPrefix(target, "/prefix"+c.Path) {
				t.Errorf("%s: sent %q, want %q", c.ID, got, want)
			}
			sent++
		}
	}
	t.Logf("%d requests sent", sent)
	if sent == 0 {
		t.Error("no vector was sent")
	}
}

// listenRaw answers each connection with an empty 200 and hands on its request line. Address is
// returned.
func listenRaw(t *testing.T, lines chan<- string) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			lines <- answer(conn)
		}
	}()
	return listener.Addr().String()
}

func answer(conn net.Conn) string {
	defer conn.Close()
	reader := bufio.NewReader(conn)
	first, _ := reader.ReadString('\n')
	for line := first; line != "\r\n" && line != ""; {
		line, _ = reader.ReadString('\n')
	}
	io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
	return strings.TrimSuffix(first, "\r\n")
}
