package gateway

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/true-and-useful/janee/core"
	"github.com/true-and-useful/janee/core/session"
	"github.com/true-and-useful/janee/core/tool"
	"github.com/true-and-useful/janee/core/wire"
)

// taker is a Receiver that keeps what it gets.
type taker struct {
	heads   int
	status  int
	headers []core.Header
	body    bytes.Buffer
	chunks  int
	onHead  func() error // optional
	onChunk func(ctx context.Context, p []byte) error
}

func (k *taker) Head(_ context.Context, status int, headers []core.Header) error {
	k.heads++
	k.status, k.headers = status, headers
	if k.onHead != nil {
		return k.onHead()
	}
	return nil
}

func (k *taker) Chunk(ctx context.Context, p []byte) error {
	if k.heads != 1 || len(p) == 0 {
		return errors.New("a chunk before the head, or an empty one")
	}
	if k.onChunk != nil {
		if err := k.onChunk(ctx, p); err != nil {
			return err
		}
	}
	k.chunks++
	k.body.Write(p)
	return nil
}

// relayed makes a call whose reply goes to k.
func (r *rig) relayed(k *taker, args tool.Arguments) Reply {
	if args.Capability == "" {
		args.Capability, args.Path = "api", "/x"
	}
	if args.Method == "" {
		args.Method = "GET"
	}
	return r.gateway.Do(context.Background(), core.Call{
		Caller: core.Caller{Agent: "claude-ai", Via: core.ViaStdio},
		Tool:   core.Execute,
		Args:   args,
	}, Client{Receiver: k})
}

func flush(w http.ResponseWriter) { _ = http.NewResponseController(w).Flush() }

// TestAReplyIsRelayedWhileItArrives: the API sends the body once the head has come, and the rest of
// it once the first chunk has. The length that the API announces is not told.
func TestAReplyIsRelayedWhileItArrives(t *testing.T) {
	r := newRig(t)
	head, first := make(chan struct{}), make(chan struct{}, 9)
	r.api = func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "11")
		w.Header().Set("ETag", `"key_of_the_gateway_tests"`)
		w.WriteHeader(http.StatusAccepted)
		flush(w)
		within(t, head, "the head waits for the body")
		fmt.Fprint(w, "hello ")
		flush(w)
		within(t, first, "a chunk waits for the next one")
		fmt.Fprint(w, "world")
	}
	k := &taker{
		onHead:  func() error { close(head); return nil },
		onChunk: func(context.Context, []byte) error { first <- struct{}{}; return nil },
	}
	reply := r.relayed(k, tool.Arguments{})
	if reply.Denial != nil || reply.Body != nil || reply.Result.Truncated ||
		k.status != http.StatusAccepted || k.body.String() != "hello world" {
		t.Fatalf("%+v, received %d %q", reply, k.status, k.body.String())
	}
	if _, told := wire.Get(k.headers, "content-length"); told {
		t.Error("the length is told")
	}
	if tag, _ := wire.Get(k.headers, "etag"); !strings.HasPrefix(tag, `"[REDACTED:`) {
		t.Errorf("a secret in the head: %s", tag)
	}
	if got := lastRow(t, r); got.Bytes != 11 || got.Status != http.StatusAccepted {
		t.Errorf("recorded %+v", got)
	}
}

// TestASecretOverTwoChunksIsMasked: what could be its beginning is held back until the rest has
// come, or the body has ended.
func TestASecretOverTwoChunksIsMasked(t *testing.T) {
	for sent, want := range map[string]string{
		"before |key_of_the_|gateway_tests": "before [REDACTED:",
		"before |key_of_the_|end":           "before key_of_the_end",
		"before |key_of_the_":               "before key_of_the_",
	} {
		t.Run(sent, func(t *testing.T) {
			r := newRig(t)
			come := make(chan struct{}, 9)
			r.api = func(w http.ResponseWriter, _ *http.Request) {
				for i, part := range strings.Split(sent, "|") {
					fmt.Fprint(w, part)
					flush(w)
					if i == 0 {
						within(t, come, "what is no secret is held back")
					}
					time.Sleep(20 * time.Millisecond)
				}
			}
			k := &taker{onChunk: func(context.Context, []byte) error {
				come <- struct{}{}
				return nil
			}}
			reply := r.relayed(k, tool.Arguments{})
			got := k.body.String()
			if reply.Denial != nil || !strings.HasPrefix(got, want) ||
				strings.Contains(got, "key_of_the_gateway") {
				t.Errorf("%+v, received %q", reply.Denial, got)
			}
			masked := strings.Contains(want, "REDACTED")
			if masked != (reply.Result.Redactions == 1) || k.chunks < 2 {
				t.Errorf("%d redactions in %d chunks", reply.Result.Redactions, k.chunks)
			}
		})
	}
}

// TestAReplyThatLeadsToAnotherRequestIsNotRelayed: neither a refused token nor a challenge is for
// the agent.
func TestAReplyThatLeadsToAnotherRequestIsNotRelayed(t *testing.T) {
	t.Run("token", func(t *testing.T) {
		r := newTokenRig(t)
		r.many(1)
		r.good.Store(2)
		k := &taker{}
		reply := r.relayed(k, tool.Arguments{})
		if code(reply) != "sent" || k.heads != 1 || k.status != 200 ||
			!marked.Match(k.body.Bytes()) {
			t.Errorf("%s, %d heads, %d %q", code(reply), k.heads, k.status, k.body.String())
		}
		if r.asked.Load() != 2 {
			t.Errorf("the token server was asked %d times", r.asked.Load())
		}
	})
	t.Run("challenge", func(t *testing.T) {
		r := rigFor(t, "{type: digest, username: operator, password: password_of_the_relay}")
		requests := 0
		r.api = func(w http.ResponseWriter, q *http.Request) {
			if requests++; q.Header.Get("Authorization") == "" {
				w.Header().Set("WWW-Authenticate", `Digest realm="x", nonce="y", qop="auth"`)
				w.WriteHeader(http.StatusUnauthorized)
				fmt.Fprint(w, "who are you?")
				return
			}
			fmt.Fprint(w, "come in")
		}
		k := &taker{}
		reply := r.relayed(k, tool.Arguments{Capability: "api", Path: "/x", Method: "POST",
			Body: []byte("x")})
		if code(reply) != "sent" || k.heads != 1 || k.body.String() != "come in" || requests != 2 {
			t.Errorf("%s, %d heads, %q", code(reply), k.heads, k.body.String())
		}
	})
}

// TestATrialRelaysNothing, and what nobody gets needs no room, though its bytes are counted.
func TestATrialRelaysNothing(t *testing.T) {
	r := rigFor(t, "{type: bearer, key: key_of_the_gateway_tests}, testPath: /t")
	r.api = func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusTeapot)
		fmt.Fprint(w, "short and stout")
	}
	held := r.gateway.replies.Lease("claude-ai")
	defer held.Free()
	if _, err := held.Take(t.Context(), core.ReplyBudget, core.ReplyBudget); err != nil {
		t.Fatal(err)
	}
	k := &taker{}
	for _, client := range []Client{{}, {Receiver: k}} {
		reply := r.gateway.Do(t.Context(), core.Call{
			Caller: core.Caller{Agent: "claude-ai", Via: core.ViaStdio},
			Tool:   core.TestService,
			Args:   tool.Arguments{Service: "api"},
		}, client)
		if reply.Result == nil || reply.Body != nil ||
			!strings.Contains(string(reply.Result.Data), "short and stout") {
			t.Fatalf("%+v", reply)
		}
		if got := lastRow(t, r); got.Event != "result" || got.Bytes != 15 {
			t.Errorf("recorded %+v", got)
		}
	}
	if k.heads+k.chunks != 0 {
		t.Errorf("%d heads and %d chunks of a trial", k.heads, k.chunks)
	}
}

// endless sends until its client leaves.
func endless(w http.ResponseWriter, _ *http.Request) {
	for block := bytes.Repeat([]byte("a"), 1<<10); ; time.Sleep(5 * time.Millisecond) {
		if _, err := w.Write(block); err != nil {
			return
		}
		flush(w)
	}
}

// TestARevocationCutsAStream, also one whose receiver waits for its client.
func TestARevocationCutsAStream(t *testing.T) {
	pair := session.Pair(core.ViaStdio, "claude-ai", "api")
	for name, blocks := range map[string]bool{"taken": false, "blocked": true} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t)
			r.api = endless
			var waits []time.Duration
			for range 3 {
				come := make(chan struct{}, 1)
				k := &taker{onChunk: func(ctx context.Context, _ []byte) error {
					select {
					case come <- struct{}{}:
						return nil
					default:
					}
					if blocks {
						<-ctx.Done()
					}
					return ctx.Err()
				}}
				ended := make(chan Reply, 1)
				go func() { ended <- r.relayed(k, tool.Arguments{}) }()
				within(t, come, "nothing comes")
				began := time.Now()
				now := began.UnixMilli()
				r.write(t, session.RevokedFile(pair), session.Revocation{ID: "x", Pair: pair,
					At: now, Until: now + 60_000, By: "cli"}.Encode(r.vault.Key("state")))
				reply := <-ended
				waits = append(waits, time.Since(began))
				if code(reply) != core.SessionRevoked || k.heads != 1 {
					t.Fatalf("ended with %s after %d heads", code(reply), k.heads)
				}
				last := lastRow(t, r)
				if last.Code != core.SessionRevoked || last.Bytes != int64(k.body.Len()) ||
					last.Bytes == 0 {
					t.Errorf("received %d, recorded %+v", k.body.Len(), last)
				}
				if err := r.home.Remove(session.RevokedFile(pair)); err != nil {
					t.Fatal(err)
				}
			}
			if best := slices.Min(waits); best > 100*time.Millisecond {
				t.Errorf("cut after %v", waits)
			}
		})
	}
}

// TestAStreamThatFailsSaysSo, in its reply and in its record.
func TestAStreamThatFailsSaysSo(t *testing.T) {
	no := errors.New("the client is gone")
	for name, c := range map[string]struct {
		api   http.HandlerFunc
		taker taker
		want  string
	}{
		"out of time": {endless, taker{}, core.UpstreamTimeout},
		"out of time, blocked": {endless, taker{onChunk: func(ctx context.Context, _ []byte) error {
			<-ctx.Done()
			return ctx.Err()
		}}, core.UpstreamTimeout},
		"broken off": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "100")
			fmt.Fprint(w, "half of it")
		}, taker{}, core.UpstreamUnreachable},
		"head refused":  {endless, taker{onHead: func() error { return no }}, core.Cancelled},
		"chunk refused": {endless, taker{onChunk: refuseAfter(3, no)}, core.Cancelled},
		"end refused": {func(w http.ResponseWriter, _ *http.Request) {
			fmt.Fprint(w, "key_of_the_")
		}, taker{onChunk: refuseAfter(0, no)}, core.Cancelled},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t)
			left := make(chan struct{})
			r.api = func(w http.ResponseWriter, q *http.Request) {
				defer close(left)
				c.api(w, q)
			}
			r.gateway.source.Current().Config.Capabilities["api"].Timeout = 300 * time.Millisecond
			began := time.Now()
			reply := r.relayed(&c.taker, tool.Arguments{})
			if code(reply) != c.want || reply.Body != nil || c.taker.heads != 1 {
				t.Errorf("ended with %+v", reply.Denial)
			}
			if took := time.Since(began); took > 2*time.Second {
				t.Errorf("it took %v", took)
			}
			within(t, left, "the API goes on sending")
			last, got := lastRow(t, r), int64(c.taker.body.Len())
			if last.Event != "result" || last.Code != c.want || last.Bytes != got {
				t.Errorf("received %d, recorded %+v", got, last)
			}
		})
	}
}

// refuseAfter takes n chunks.
func refuseAfter(n int, err error) func(context.Context, []byte) error {
	return func(context.Context, []byte) error {
		if n--; n < 0 {
			return err
		}
		return nil
	}
}

// TestWhatWasCollectedOfAFailedReplyDoesNotCount: nobody gets it.
func TestWhatWasCollectedOfAFailedReplyDoesNotCount(t *testing.T) {
	r := newRig(t)
	r.api = func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "100")
		fmt.Fprint(w, "half of it")
	}
	reply := r.do("api", "/x")
	if last := lastRow(t, r); code(reply) != core.UpstreamUnreachable || reply.Body != nil ||
		last.Code != core.UpstreamUnreachable || last.Bytes != 0 {
		t.Errorf("%+v, recorded %+v", reply, last)
	}
}

// TestAStreamIsCutAtItsSize: the receiver is told by the result.
func TestAStreamIsCutAtItsSize(t *testing.T) {
	r := newRig(t)
	r.api = endless
	k := &taker{}
	reply := r.relayed(k, tool.Arguments{Capability: "api", Path: "/x", MaxBytes: 5000})
	if reply.Result == nil || !reply.Result.Truncated || k.body.Len() != 5000 {
		t.Errorf("%+v, received %d bytes", reply, k.body.Len())
	}
}

// TestALargeReplyIsNotKept: a receiver that waits makes the API wait, and nothing piles up between
// them. There need not be room for what is not kept.
func TestALargeReplyIsNotKept(t *testing.T) {
	r := newRig(t)
	held := r.gateway.replies.Lease("claude-ai")
	defer held.Free()
	if _, err := held.Take(t.Context(), core.ReplyBudget, core.ReplyBudget); err != nil {
		t.Fatal(err)
	}
	var sent atomic.Int64
	block := bytes.Repeat([]byte("a"), 64<<10)
	r.api = func(w http.ResponseWriter, _ *http.Request) {
		for {
			if _, err := w.Write(block); err != nil {
				return
			}
			sent.Add(int64(len(block)))
		}
	}
	var before int64
	got := int64(0)
	k := &waiter{chunk: func(p []byte) {
		if got == 0 {
			waitUntilStill(t, &sent)
			before = inUse()
		}
		got += int64(len(p))
	}}
	k.grown = func() int64 { return inUse() - before }
	reply := r.gateway.Do(t.Context(), largest("claude-ai", "/x"), Client{Receiver: k})
	if reply.Result == nil || !reply.Result.Truncated || got != wire.MaxBody {
		t.Fatalf("%+v, received %d bytes", reply, got)
	}
	if k.most > 1<<20 {
		t.Errorf("%d bytes were kept", k.most)
	}
}

// inUse is how much memory is in use, garbage aside.
func inUse() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// waiter is a Receiver that keeps nothing, and measures the memory that others keep meanwhile.
type waiter struct {
	chunk func([]byte)
	grown func() int64
	most  int64
	n     int
}

func (*waiter) Head(context.Context, int, []core.Header) error { return nil }

func (w *waiter) Chunk(_ context.Context, p []byte) error {
	w.chunk(p)
	if w.n++; w.n%50 == 0 {
		w.most = max(w.most, w.grown())
	}
	return nil
}

// waitUntilStill returns when n has not changed for a while: what it counts waits too.
func waitUntilStill(t testing.TB, n *atomic.Int64) {
	t.Helper()
	const most = 64 << 20 // more than the buffers of two sockets
	for was, still := int64(-1), 0; still < 5; time.Sleep(20 * time.Millisecond) {
		switch now := n.Load(); {
		case now > most:
			t.Fatalf("%d bytes were sent to a receiver that waits", now)
		case now != was:
			was, still = now, 0
		default:
			still++
		}
	}
}
