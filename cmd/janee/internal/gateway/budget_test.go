package gateway

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/true-and-useful/janee/core"
	"github.com/true-and-useful/janee/core/tool"
	"github.com/true-and-useful/janee/core/wire"
)

// largest is a call for as large a reply as there is.
func largest(agent, path string) core.Call {
	return core.Call{
		Caller: core.Caller{Agent: agent, Via: core.ViaHTTP},
		Tool:   core.Execute,
		Args: tool.Arguments{
			Capability: "api",
			Method:     "GET",
			Path:       path,
			MaxBytes:   wire.MaxBody,
		},
	}
}

// get makes a call of agent that asks for as large a reply as there is.
func (r *rig) get(agent, path string) Reply {
	return r.gateway.Do(context.Background(), largest(agent, path), Client{})
}

// sized answers /N with N bytes, or /N-M with as many of M.
func sized(w http.ResponseWriter, q *http.Request) {
	come, said, _ := strings.Cut(q.URL.Path[1:], "-")
	n, _ := strconv.Atoi(come)
	if said != "" {
		w.Header().Set("Content-Length", said)
	}
	for block := []byte(strings.Repeat("a", 1<<10)); n > 0; n -= len(block) {
		_, _ = w.Write(block[:min(n, len(block))])
	}
	if said != "" {
		_ = http.NewResponseController(w).Flush()
		<-q.Context().Done()
	}
}

// roomFor reports whether agent could take n.
func (r *rig) roomFor(agent string, n int64) bool { return r.gateway.replies.Lease(agent).Fits(n) }

// TestOnlyWhatHasComeTakesRoom: neither what a call asks for nor what a server announces is
// reserved.
func TestOnlyWhatHasComeTakesRoom(t *testing.T) {
	r := newRig(t)
	r.api = sized
	ctx, stop := context.WithCancel(context.Background())
	var calls sync.WaitGroup
	for range 40 {
		calls.Go(func() {
			r.gateway.Do(ctx, largest("mallory", "/1000-10000000"), Client{})
		})
	}
	time.Sleep(300 * time.Millisecond)
	if !r.roomFor("mallory", 29<<20) {
		t.Error("hanging calls hold more than has come of their replies")
	}
	stop()
	calls.Wait()
	if !r.roomFor("mallory", core.ReplyBudget/2) {
		t.Error("calls that are over keep room")
	}
}

// TestRepliesHoldRoomUntilTheyAreWritten: a client that does not read keeps its replies in memory
// after the calls are over.
func TestRepliesHoldRoomUntilTheyAreWritten(t *testing.T) {
	r := newRig(t)
	r.api, r.gateway.patience = sized, 0
	var unread []Reply
	for {
		reply := r.get("mallory", fmt.Sprint("/", 8<<20))
		if reply.Denial != nil {
			if reply.Denial.Code != core.Busy {
				t.Fatalf("%+v", reply.Denial)
			}
			break
		}
		if unread = append(unread, reply); len(unread) > 10 {
			t.Fatal("replies that nobody reads have no bound")
		}
	}
	for range 10 {
		reply := r.get("alice", "/100000")
		if reply.Denial != nil || len(reply.Body) != 100_000 || reply.Result.Truncated {
			t.Fatalf("another agent: %+v", reply)
		}
		reply.Release()
	}
	for _, reply := range unread {
		if len(reply.Body) != 8<<20 || reply.Result.Truncated {
			t.Errorf("%d bytes, cut: %v", len(reply.Body), reply.Result.Truncated)
		}
		reply.Release()
	}
	if reply := r.get("mallory", "/1"); reply.Denial != nil {
		t.Errorf("afterwards: %+v", reply.Denial)
	}
}

// TestARefusalHoldsNoRoom: where the first exchange of a call brings a reply and the call is
// refused all the same, nobody gets that reply, and nobody is there to give its room back.
func TestARefusalHoldsNoRoom(t *testing.T) {
	r := rigFor(t, "{type: digest, username: operator, password: password_of_the_room}")
	// It asks for no credential: the reply is one to a request without its body.
	r.api = func(w http.ResponseWriter, q *http.Request) {
		sized(w, q)
		if !r.roomFor("mallory", core.ReplyBudget/2) {
			t.Error("a reply that nobody gets takes room")
		}
	}
	c := largest("mallory", fmt.Sprint("/", 8<<20))
	c.Args.Method, c.Args.Body = "POST", []byte("x")
	for range 2 {
		reply := r.gateway.Do(context.Background(), c, Client{})
		if code(reply) != core.SigningFailed || reply.Body != nil {
			t.Fatalf("%s, %d bytes", code(reply), len(reply.Body))
		}
	}
	if !r.roomFor("mallory", core.ReplyBudget/2) {
		t.Error("refused calls hold room")
	}
}

// TestRepliesWaitForRoom has more come at once than an agent's share: all are whole, one after
// another.
func TestRepliesWaitForRoom(t *testing.T) {
	r := newRig(t)
	r.api, r.gateway.patience = sized, time.Minute
	var calls sync.WaitGroup
	for range 12 {
		calls.Go(func() {
			reply := r.get("a", fmt.Sprint("/", 10<<20))
			if reply.Denial != nil || reply.Result.Truncated || len(reply.Body) != 10<<20 {
				t.Errorf("%+v, %d bytes", reply.Denial, len(reply.Body))
			}
			reply.Release()
		})
	}
	calls.Wait()
}

// TestAReplyWithoutRoomIsCut: the request has acted, so what came of its reply is handed back at
// the end of its time.
func TestAReplyWithoutRoomIsCut(t *testing.T) {
	r := newRig(t)
	held := r.gateway.replies.Lease("mallory")
	defer held.Free()
	r.api = func(w http.ResponseWriter, q *http.Request) {
		if _, err := held.Take(t.Context(), core.ReplyBudget, core.ReplyBudget); err != nil {
			t.Error("there is no room at the beginning")
		}
		sized(w, q)
	}
	service := r.gateway.source.Current().Config.Capabilities["api"]
	service.Timeout = time.Second
	r.gateway.source.Current().Config.Capabilities["api"] = service
	began := time.Now()
	reply := r.get("alice", fmt.Sprint("/", 8<<20))
	n := len(reply.Body)
	if reply.Denial != nil || !reply.Result.Truncated || n < core.ReplyFloor/2 ||
		n > core.ReplyFloor {
		t.Fatalf("%+v, %d bytes", reply.Denial, n)
	}
	if took := time.Since(began); took > 5*time.Second {
		t.Errorf("it took %v", took)
	}
	reply.Release()
}

// TestARevocationEndsTheWaitForRoom: a reply that waits holds up no order of the owner.
func TestARevocationEndsTheWaitForRoom(t *testing.T) {
	r := newRig(t)
	held := r.gateway.replies.Lease("mallory")
	defer held.Free()
	come := make(chan struct{})
	r.api = func(w http.ResponseWriter, q *http.Request) {
		_, _ = held.Take(t.Context(), core.ReplyBudget, core.ReplyBudget)
		close(come)
		sized(w, q)
	}
	ended := make(chan Reply)
	go func() { ended <- r.get("alice", fmt.Sprint("/", 8<<20)) }()
	<-come
	time.Sleep(100 * time.Millisecond)
	r.write(t, "LOCKED", []byte("{}"))
	select {
	case reply := <-ended:
		if reply.Denial == nil {
			t.Errorf("%d bytes after the lock", len(reply.Body))
		}
	case <-time.After(5 * time.Second):
		t.Fatal("the wait goes on")
	}
}
