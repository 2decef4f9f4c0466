package httpserver

import (
	"fmt"
	"io"
	"net"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/true-and-useful/janee/cmd/janee/internal/fair"
)

func closed(t *testing.T, c net.Conn) bool {
	t.Helper()
	_ = c.SetReadDeadline(time.Now().Add(10 * time.Second))
	_, err := io.Copy(io.Discard, c)
	timeout, ok := err.(net.Error)
	return !ok || !timeout.Timeout()
}

func TestSlowHeadersAreCut(t *testing.T) {
	s := start(t, Options{}, func(s *Server) { s.http.ReadHeaderTimeout = 100 * time.Millisecond })
	silent, slow := s.dial(), s.dial()
	fmt.Fprint(slow, "POST /mcp HTTP/1.1\r\nHost: loc")
	if !closed(t, silent) || !closed(t, slow) {
		t.Error("a client without a header stays")
	}
	s.asks()
}

func TestSlowBodiesAreCut(t *testing.T) {
	s := start(t, Options{}, func(s *Server) { s.patience = 100 * time.Millisecond })
	agent, stranger := s.dial(), s.dial()
	fmt.Fprint(agent, strings.ReplaceAll(post("{", "Content-Length", "1000"), "\n", "\r\n"))
	fmt.Fprint(stranger,
		strings.ReplaceAll(post("{", "Content-Length", "1000", "Authorization", "-"), "\n", "\r\n"))
	if status, _, _ := s.answer(agent); status != 408 {
		t.Errorf("an agent whose body does not come: %d", status)
	}
	if status, _, _ := s.answer(stranger); status != 401 {
		t.Errorf("a stranger: %d", status)
	}
	if !closed(t, agent) || !closed(t, stranger) {
		t.Error("they stay")
	}
	s.asks()
}

func TestACallMayTakeLongerThanItsBody(t *testing.T) {
	s := start(t, Options{}, func(s *Server) { s.patience = 100 * time.Millisecond })
	c := s.dial()
	fmt.Fprint(c, strings.ReplaceAll(post("wait"), "\n", "\r\n"))
	<-s.inner.entered
	time.Sleep(200 * time.Millisecond)
	_ = c.SetReadDeadline(time.Now().Add(time.Millisecond))
	if n, err := c.Read(make([]byte, 1)); n > 0 || err == io.EOF {
		t.Fatal("cut while it waits")
	}
}

// Silent connections must not keep an agent out, however many there are.
func TestIdleConnectionsDoNotHurt(t *testing.T) {
	const max, flood = 100, 2000
	var before, during runtime.MemStats
	runtime.ReadMemStats(&before)
	s := start(t, Options{}, func(s *Server) { s.conns.max = max })
	agent := s.dial()
	ask := func(what string) {
		t.Helper()
		fmt.Fprint(agent, strings.ReplaceAll(post("{}"), "\n", "\r\n"))
		if status, _, _ := s.answer(agent); status != 200 {
			t.Errorf("%s: %d", what, status)
		}
	}
	ask("before")
	waiting := s.dial()
	fmt.Fprint(waiting, strings.ReplaceAll(post("wait"), "\n", "\r\n"))
	<-s.inner.entered
	for range flood {
		s.dial()
	}
	ask("on its own connection")
	s.asks()
	runtime.ReadMemStats(&during)
	if grown := int64(during.HeapInuse+during.StackInuse) -
		int64(before.HeapInuse+before.StackInuse); grown > 64<<20 {
		t.Errorf("memory grew by %d bytes", grown)
	}
	close(s.inner.release)
	if status, _, _ := s.answer(waiting); status != 200 {
		t.Errorf("the call in flight: %d", status)
	}
}

func TestConnectionsAreBounded(t *testing.T) {
	s := start(t, Options{}, func(s *Server) { s.conns.max = 10 })
	var busy []net.Conn
	for range 10 {
		c := s.dial()
		fmt.Fprint(c, strings.ReplaceAll(post("wait"), "\n", "\r\n"))
		<-s.inner.entered
		busy = append(busy, c)
	}
	if !closed(t, s.dial()) {
		t.Error("one more than there is room for")
	}
	close(s.inner.release)
	for _, c := range busy {
		if status, _, _ := s.answer(c); status != 200 {
			t.Errorf("a call in flight: %d", status)
		}
	}
}

func TestAnAgentIsBoundedAlone(t *testing.T) {
	s := start(t, Options{})
	var wg sync.WaitGroup
	for range maxPosts {
		wg.Go(func() {
			if status, _, _ := s.raw(post("wait")); status != 200 {
				t.Errorf("one of those in flight: %d", status)
			}
		})
		<-s.inner.entered
	}
	status, header, _ := s.raw(post("wait"))
	if status != 429 || header.Get("Retry-After") == "" {
		t.Errorf("one more: %d", status)
	}
	s.asks()
	close(s.inner.release)
	wg.Wait()
	if status, _, _ := s.raw(post("{}")); status != 200 {
		t.Errorf("afterwards: %d", status)
	}
}

func TestBytesOfAnAgentAreBounded(t *testing.T) {
	l := newLoad()
	var ends []func()
	for end, ok := l.begin("a", maxBody); ok; end, ok = l.begin("a", maxBody) {
		ends = append(ends, end)
	}
	if n := len(ends); n < 16 || n > 17 {
		t.Errorf("an agent alone has %d of the largest bodies", n)
	}
	for agent := range 20 {
		if _, ok := l.begin(fmt.Sprint(agent), maxBody); !ok {
			t.Errorf("there is no room for a body of agent %d", agent)
		}
	}
	for _, end := range ends {
		end()
	}
	if _, ok := l.begin("a", maxBody); !ok {
		t.Error("what has ended counts")
	}
}

// TestConnectionsInUseAreShared has one agent hold all the connections that it gets; another agent
// must still get one.
func TestConnectionsInUseAreShared(t *testing.T) {
	s := start(t, Options{}, func(s *Server) { s.conns.max, s.conns.inUse = 64, fair.New(64, 2) })
	held := 0
	var connections []net.Conn
	for range 64 {
		c := s.dial()
		fmt.Fprint(c, strings.ReplaceAll(post("wait"), "\n", "\r\n"))
		select {
		case <-s.inner.entered:
			held++
			connections = append(connections, c)
			continue
		case <-time.After(200 * time.Millisecond):
		}
		if status, header, _ := s.answer(c); status != 429 || header.Get("Retry-After") == "" {
			t.Errorf("one beyond the share: %d", status)
		}
		break
	}
	if held < 32 || held > 33 {
		t.Errorf("one agent holds %d of 64 connections", held)
	}
	for range 10 {
		s.asks()
	}
	close(s.inner.release)
	for _, c := range connections {
		if status, _, _ := s.answer(c); status != 200 {
			t.Errorf("a call in flight: %d", status)
		}
	}
}

func TestShutdownLetsCallsFinish(t *testing.T) {
	s := start(t, Options{})
	silent, call := s.dial(), s.dial()
	fmt.Fprint(call, strings.ReplaceAll(post("wait"), "\n", "\r\n"))
	<-s.inner.entered
	began := time.Now()
	s.stop()
	if !closed(t, silent) {
		t.Error("a silent client stays")
	}
	if c, err := net.Dial("tcp", s.addr); err == nil {
		if !closed(t, c) {
			t.Error("it still accepts")
		}
		c.Close()
	}
	close(s.inner.release)
	if status, _, _ := s.answer(call); status != 200 {
		t.Errorf("the call: %d", status)
	}
	s.wait()
	if took := time.Since(began); took > 4*time.Second {
		t.Errorf("it took %v", took)
	}
}

func TestShutdownCancelsCallsThatDoNotFinish(t *testing.T) {
	s := start(t, Options{}, func(s *Server) { s.drain = 100 * time.Millisecond })
	call := s.dial()
	fmt.Fprint(call, strings.ReplaceAll(post("wait"), "\n", "\r\n"))
	<-s.inner.entered
	s.stop()
	s.wait()
	if status, _, _ := s.answer(call); status != 200 {
		t.Errorf("the call: %d", status)
	}
}
