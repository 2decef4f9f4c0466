package relay

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// half is one end of a connection in memory.
type half struct {
	*io.PipeReader
	w *io.PipeWriter
}

func (h half) Write(p []byte) (int, error) { return h.w.Write(p) }
func (h half) CloseWrite() error           { return h.w.Close() }
func (h half) Close() error                { return errors.Join(h.PipeReader.Close(), h.w.Close()) }

func pair() (a, b half) {
	fromB, toA := io.Pipe()
	fromA, toB := io.Pipe()
	return half{fromB, toB}, half{fromA, toA}
}

// stage is a client with a relay, and the daemon that it finds.
type stage struct {
	t       *testing.T
	client  io.WriteCloser
	heard   *bufio.Reader
	daemons chan half // the daemon's ends, as they are dialled
	done    chan error

	mu   sync.Mutex
	down bool
}

func newStage(t *testing.T, agent string, patience time.Duration) *stage {
	in, client := io.Pipe()
	heard, out := io.Pipe()
	s := &stage{t: t, client: client, heard: bufio.NewReader(heard), daemons: make(chan half, 1),
		done: make(chan error, 1)}
	r := New(out, Options{Agent: agent, Dial: s.dial, Patience: patience,
		StandIn: func() Conn {
			ours, theirs := pair()
			go answerAll(theirs, "standin")
			return ours
		},
		Lost: func(line []byte) []byte {
			return fmt.Appendf(nil, `{"id":%s,"lost":true}`+"\n", open(line).ID)
		}})
	go func() {
		s.done <- r.Serve(t.Context(), in)
		_ = out.Close()
	}()
	return s
}

func (s *stage) dial() (Conn, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.down {
		return nil, errors.New("refused")
	}
	ours, theirs := pair()
	s.daemons <- theirs
	return ours, nil
}

func (s *stage) setDown(down bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.down = down
}

func answerAll(conn half, name string) {
	defer conn.Close()
	lines := bufio.NewScanner(conn)
	for lines.Scan() {
		if e := open(lines.Bytes()); e.asks() {
			fmt.Fprintf(conn, `{"id":%s,"by":%q}`+"\n", e.ID, name)
		}
	}
}

func (s *stage) say(lines ...string) {
	s.t.Helper()
	for _, line := range lines {
		if _, err := io.WriteString(s.client, line+"\n"); err != nil {
			s.t.Error(err)
		}
	}
}

func (s *stage) hears(want string) {
	s.t.Helper()
	line, err := s.heard.ReadString('\n')
	if err != nil || !strings.Contains(line, want) {
		s.t.Fatalf("the client hears %q, %v; want %s", line, err, want)
	}
}

// gets reads a line of the daemon.
func (s *stage) gets(in *bufio.Reader, want string) {
	s.t.Helper()
	line, err := in.ReadString('\n')
	if err != nil || line != want+"\n" {
		s.t.Fatalf("the daemon gets %q, %v; want %s", line, err, want)
	}
}

const (
	first  = `{"id":1,"method":"initialize"}`
	ready  = `{"method":"notifications/initialized"}`
	second = `{"id":2,"method":"tools/call"}`
	third  = `{"id":3,"method":"tools/call"}`
)

// TestRestart: what was in flight is lost and never sent again. What the client said at the start
// is repeated, and its answer is not.
func TestRestart(t *testing.T) {
	s := newStage(t, "ann", time.Second)
	s.say(first)
	old := <-s.daemons
	in := bufio.NewReader(old)
	s.gets(in, strings.TrimSuffix(string(hello("ann")), "\n"))
	s.gets(in, first)
	fmt.Fprintln(old, `{"id":1,"result":"old"}`)
	s.hears("old")
	s.say(ready, second)
	s.gets(in, ready)
	s.gets(in, second)
	fmt.Fprintln(old, `{"id":"janee-1","method":"elicitation/create"}`)
	s.hears("elicitation")
	_ = old.Close()
	s.hears(`{"id":2,"lost":true}`)

	s.say(`{"id":"janee-1","result":"yes"}`, third)
	fresh := <-s.daemons
	in = bufio.NewReader(fresh)
	s.gets(in, strings.TrimSuffix(string(hello("ann")), "\n"))
	s.gets(in, first)
	fmt.Fprintln(fresh, `{"id":1,"result":"fresh"}`)
	s.gets(in, ready)
	s.hears("list_changed")
	s.gets(in, third) // neither the second request nor the answer to the old question
	fmt.Fprintln(fresh, `{"id":"janee-1","method":"elicitation/create"}`)
	s.hears("elicitation")
	s.say(`{"id":"janee-1","result":"yes"}`, `{"id":"janee-1","result":"again"}`)
	s.gets(in, `{"id":"janee-1","result":"yes"}`)
	fmt.Fprintln(fresh, `{"id":3,"result":"3"}`)
	s.hears(`"3"`)

	_ = s.client.Close()
	if _, err := in.ReadByte(); err != io.EOF {
		t.Errorf("at the end the daemon gets %v", err)
	}
	_ = fresh.Close()
	if err := <-s.done; err != nil {
		t.Error(err)
	}
}

// TestCancelledIsNotLost: a client has forgotten a request that it cancelled.
func TestCancelledIsNotLost(t *testing.T) {
	s := newStage(t, "", time.Second)
	go s.say(second, third, `{"method":"notifications/cancelled","params":{"requestId":2}}`)
	daemon := <-s.daemons
	in := bufio.NewReader(daemon)
	for range 3 {
		_, _ = in.ReadString('\n')
	}
	_ = daemon.Close()
	s.hears(`{"id":3,"lost":true}`)
	_ = s.client.Close()
	<-s.done
	if rest, _ := io.ReadAll(s.heard); len(rest) > 0 {
		t.Errorf("%s", rest)
	}
}

// TestStandIn: a daemon that is not there is asked for at each request, and waited for only if it
// has been there.
func TestStandIn(t *testing.T) {
	s := newStage(t, "", 200*time.Millisecond)
	s.setDown(true)
	began := time.Now()
	s.say(first)
	s.hears(`{"id":1,"by":"standin"}`)
	if took := time.Since(began); took > 150*time.Millisecond {
		t.Errorf("the first answer took %v", took)
	}
	s.say(ready, second)
	s.hears(`{"id":2,"by":"standin"}`)
	s.setDown(false)
	go func() { answerAll(<-s.daemons, "daemon") }()
	s.say(third)
	s.hears("list_changed")
	s.hears(`{"id":3,"by":"daemon"}`)
	_ = s.client.Close()
	if err := <-s.done; err != nil {
		t.Error(err)
	}
}

func TestPatienceEnds(t *testing.T) {
	s := newStage(t, "", 200*time.Millisecond)
	s.say(second)
	daemon := <-s.daemons
	_, _ = bufio.NewReader(daemon).ReadString('\n')
	s.setDown(true)
	_ = daemon.Close()
	s.hears("lost")
	began := time.Now()
	s.say(third)
	s.hears(`{"id":3,"by":"standin"}`)
	if took := time.Since(began); took < 150*time.Millisecond || took > 5*time.Second {
		t.Errorf("it waited %v", took)
	}
	_ = s.client.Close()
	<-s.done
}

// TestLongLineGoesOn: the daemon refuses such a line, and the next one is read as ever.
func TestLongLineGoesOn(t *testing.T) {
	s := newStage(t, "", time.Second)
	long := strings.Repeat("x", maxLine+100<<10)
	go s.say(long, third)
	daemon := <-s.daemons
	in := bufio.NewReader(daemon)
	s.gets(in, long)
	s.gets(in, third)
	_ = daemon.Close()
	s.hears(`{"id":3,"lost":true}`)
	_ = s.client.Close()
	<-s.done
}

func TestAccept(t *testing.T) {
	dir, err := os.MkdirTemp("", "relay")
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(dir)
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: filepath.Join(dir, "s"), Net: "unix"})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	long := strings.Repeat("y", helloSize+10) + "\n"
	for _, tt := range []struct{ sent, agent, rest string }{
		{string(hello("ann")) + first + "\n", "ann", first + "\n"},
		{first + "\n" + third, "", first + "\n" + third},
		{helloStart + "a b" + helloEnd, "", helloStart + "a b" + helloEnd},
		{helloStart + `a"}}` + "x\n", "", helloStart + `a"}}` + "x\n"},
		{string(hello("ann")) + string(hello("bob")), "ann", string(hello("bob"))},
		{"no end", "", "no end"}, {long, "", long},
	} {
		client, err := net.Dial("unix", l.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		go func() { _, _ = io.WriteString(client, tt.sent); _ = client.Close() }()
		conn, err := l.AcceptUnix()
		if err != nil {
			t.Fatal(err)
		}
		a, err := Accept(conn)
		if err != nil {
			t.Errorf("%.40q: %v", tt.sent, err)
			continue
		}
		rest, _ := io.ReadAll(a)
		if a.Agent != tt.agent || !bytes.Equal(rest, []byte(tt.rest)) {
			t.Errorf("%.40q: agent %q, %.40q", tt.sent, a.Agent, rest)
		}
		_ = conn.Close()
	}
}
