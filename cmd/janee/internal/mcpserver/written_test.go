package mcpserver

import (
	"context"
	"errors"
	"io"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"
)

// counted is a broker that counts how many of its replies are written or dropped.
func counted(n *atomic.Int64) brokerFunc {
	return func(context.Context, Call) Reply {
		return Reply{Text: []byte("{}"), Written: func() { n.Add(1) }}
	}
}

func reaches(t *testing.T, n *atomic.Int64, want int64) {
	t.Helper()
	for began := time.Now(); n.Load() != want; time.Sleep(time.Millisecond) {
		if time.Since(began) > 5*time.Second {
			t.Fatalf("%d replies are reported, not %d", n.Load(), want)
		}
	}
}

// TestRoomIsHeldUntilALineIsWritten: a reply that the client has not read yet is in memory.
func TestRoomIsHeldUntilALineIsWritten(t *testing.T) {
	r, w := io.Pipe()
	o := newOutbox(w, 100, 1<<20)
	var n atomic.Int64
	for range 3 {
		o.putAnd(make([]byte, 2*pieceSize), func() { n.Add(1) })
	}
	time.Sleep(50 * time.Millisecond)
	if n.Load() != 0 {
		t.Fatal("what nobody has read counts as written")
	}
	_, _ = io.ReadFull(r, make([]byte, 2*pieceSize))
	reaches(t, &n, 1)
	_ = r.CloseWithError(errors.New("gone")) // drops the others
	reaches(t, &n, 3)
	o.putAnd([]byte("late\n"), func() { n.Add(1) })
	reaches(t, &n, 4)
	<-o.done
}

func TestEveryReplyIsToldOfOnce(t *testing.T) {
	var n atomic.Int64
	c := connect(t, counted(&n))
	for i := range 5 {
		c.ask(call(i, `{}`))
	}
	connect(t, counted(&n)).ask(modern(1, "tools/call", "m", `,"name":"execute"`))
	reaches(t, &n, 6)
	p := serveHTTP(t, counted(&n)).hello("a", "c")
	p.ask(call(1, `{}`))
	reaches(t, &n, 7)
}

// TestRoomIsHeldUntilAnAnswerIsWritten has a call over HTTP whose client takes the answer late.
func TestRoomIsHeldUntilAnAnswerIsWritten(t *testing.T) {
	var n atomic.Int64
	w := serveHTTP(t, counted(&n))
	from := Principal{Agent: "a"}
	c, err := w.http.open(from, message{})
	if err != nil {
		t.Fatal(err)
	}
	m, _ := parse([]byte(call(1, `{}`)))
	slow := &slowWriter{httptest.NewRecorder(), make(chan struct{}), make(chan struct{})}
	done := make(chan struct{})
	go func() {
		defer close(done)
		w.http.run(newResponder(slow, httptest.NewRequest("POST", "/mcp", nil)), c, m)
	}()
	<-slow.began
	if n.Load() != 0 {
		t.Error("what nobody has read counts as written")
	}
	close(slow.taken)
	<-done
	reaches(t, &n, 1)
}

// slowWriter is a client that takes its answer when taken is closed.
type slowWriter struct {
	*httptest.ResponseRecorder
	began, taken chan struct{}
}

func (w *slowWriter) Write(p []byte) (int, error) {
	close(w.began)
	<-w.taken
	return len(p), nil
}
