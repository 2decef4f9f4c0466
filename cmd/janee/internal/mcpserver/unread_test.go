package mcpserver

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// piped is a Serve on pipes of the system, as a client starts it.
type piped struct {
	in, out *os.File
	ended   chan error
}

func pipe(t *testing.T, grace time.Duration) piped {
	opts := testOptions()
	opts.Grace = grace
	inR, inW, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	outR, outW, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	p := piped{inW, outR, make(chan error, 1)}
	go func() {
		p.ended <- New(echo, opts).Serve(context.Background(), inR, outW)
		outW.Close()
	}()
	t.Cleanup(func() {
		for _, f := range []*os.File{inR, inW, outR, outW} {
			f.Close()
		}
	})
	return p
}

// fill writes lines for as long as they are taken.
func (p piped) fill(t *testing.T) {
	lines := []byte(strings.Repeat(`{"jsonrpc":"2.0","id":1,"method":"no such method"}`+"\n", 1000))
	for {
		_ = p.in.SetWriteDeadline(time.Now().Add(300 * time.Millisecond))
		if _, err := p.in.Write(lines); errors.Is(err, os.ErrDeadlineExceeded) {
			return
		} else if err != nil {
			t.Fatal(err)
		}
	}
}

func (p piped) endsUnread(t *testing.T, within time.Duration) {
	t.Helper()
	begin := time.Now()
	select {
	case err := <-p.ended:
		if d := time.Since(begin); !errors.Is(err, errUnread) || d < 200*time.Millisecond {
			t.Fatalf("%v after %v", err, d)
		}
	case <-time.After(within):
		t.Fatalf("still running %v after the end of input", within)
	}
}

// The client keeps its end of standard output open and reads nothing, and unread requests come
// before the end of input.
func TestEndOfInputBehindUnreadLines(t *testing.T) {
	if runtime.GOOS != "linux" && runtime.GOOS != "darwin" {
		t.Skip("the end of input does not show here")
	}
	p := pipe(t, 200*time.Millisecond)
	p.fill(t)
	p.in.Close()
	p.endsUnread(t, 5*time.Second) // well under maxStall
}

func TestEndOfInputOfAClientThatReadsNothing(t *testing.T) {
	p := pipe(t, 200*time.Millisecond)
	for id := range 100 { // more than the pipe holds
		fmt.Fprintf(p.in, `{"jsonrpc":"2.0","id":%d,"method":"tools/list"}`+"\n", id)
	}
	p.in.Close()
	p.endsUnread(t, 5*time.Second)
}

// A client may write everything, close, and read only then.
func TestEndOfInputLeavesTimeToRead(t *testing.T) {
	p := pipe(t, 5*time.Second)
	p.fill(t)
	p.in.Close()
	time.Sleep(300 * time.Millisecond)
	all, err := io.ReadAll(p.out)
	if served := <-p.ended; err != nil || served != nil ||
		bytes.Count(all, []byte("\n")) < maxOutLines {
		t.Fatalf("%v, %v, %d replies", err, served, bytes.Count(all, []byte("\n")))
	}
}

func TestStalledClientIsGivenUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := dial(t, echo)
		begin := time.Now()
		go io.WriteString(c.in, strings.Repeat("[]\n", maxOutLines+1000))
		if err := <-c.ended; !errors.Is(err, errUnread) {
			t.Fatal(err)
		}
		if d := time.Since(begin); d < maxStall || d > maxStall+time.Second {
			t.Errorf("given up after %v", d)
		}
	})
}

func TestSlowClientIsNotGivenUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		// 24 MiB in JSON
		c := dial(t, brokerFunc(func(context.Context, Call) Reply {
			return Reply{Text: make([]byte, 4<<20)}
		}))
		c.send(call(1, `{}`), call(2, `{}`), call(3, `{}`), call(4, `{}`))
		synctest.Wait()
		go io.WriteString(c.in, "[]\n")
		for range 10 {
			time.Sleep(maxStall - time.Second)
			if _, err := io.ReadFull(c.out, make([]byte, pieceSize)); err != nil {
				t.Fatal(err)
			}
		}
		select {
		case err := <-c.ended:
			t.Fatalf("given up: %v", err)
		default:
		}
	})
}

func TestBusyIsToldOnceAMinute(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		var told []string
		b := busyCount{log: func(line string) {
			mu.Lock()
			defer mu.Unlock()
			told = append(told, line)
		}}
		for range 1000 {
			b.add()
			time.Sleep(99 * time.Millisecond) // 99 s in all
		}
		time.Sleep(2 * busyPause)
		b.tell()
		b.add()
		b.tell()
		mu.Lock()
		defer mu.Unlock()
		if got := strings.Join(told, "\n"); len(told) != 3 ||
			!strings.HasSuffix(told[0], ": 607") || !strings.HasSuffix(told[1], ": 393") ||
			!strings.HasSuffix(told[2], ": 1") {
			t.Error(got)
		}
	})
}

func TestBusyIsTold(t *testing.T) {
	var told []string
	g := newGate()
	c := connect(t, g, func(o *Options) { o.Log = func(line string) { told = append(told, line) } })
	for i := range maxInFlight {
		c.send(call(i, `{}`))
	}
	c.ask(call(1000, `{}`)).refused(t, "BUSY")
	c.ask(`{"jsonrpc":"2.0","id":1001,"method":"ping"}`)
	c.ask(call(1, `{}`)) // an id in flight: not the server is busy
	close(g.release)
	c.in.Close()
	if _, err := c.end(); err != nil || len(told) != 1 || !strings.HasSuffix(told[0], ": 2") {
		t.Fatalf("%v, told %q", err, told)
	}
}
