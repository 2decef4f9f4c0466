package fair

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"
)

// fill takes as much as there is for agent, in steps of n, each with its own lease.
func fill(p *Pool, agent string, n int64) (leases []*Lease, held int64) {
	for {
		l := p.Lease(agent)
		if !l.Try(n) {
			return leases, held
		}
		leases, held = append(leases, l), held+n
	}
}

// TestAgentsAloneAndInConcert has agents take all they can, one after another: the next always
// finds a share, and small amounts are always given.
func TestAgentsAloneAndInConcert(t *testing.T) {
	for agents := 1; agents <= 50; agents++ {
		p := New(6400, 100)
		for i := range agents {
			_, held := fill(p, fmt.Sprint(i), 10)
			if alone := i == 0 && held != 3200; alone || held < 100 {
				t.Errorf("agent %d of %d: %d", i, agents, held)
			}
		}
		if _, held := fill(p, "alice", 10); held < 100 {
			t.Errorf("beside %d agents there are %d", agents, held)
		}
		if most := int64(6400 + 100*(agents+1)); p.held > most {
			t.Errorf("%d agents hold %d", agents, p.held)
		}
	}
}

// TestLeasesThatGrowDoNotWaitForEachOther: pieces of work that need 10 each hold all there is
// before any is done, of one agent and of four.
func TestLeasesThatGrowDoNotWaitForEachOther(t *testing.T) {
	for agents := 1; agents <= 4; agents++ {
		p := New(64, 1)
		ctx, stop := context.WithTimeout(t.Context(), 10*time.Second)
		defer stop()
		var all sync.WaitGroup
		for i := range 8 * agents {
			all.Go(func() {
				l := p.Lease(fmt.Sprint(i % agents))
				defer l.Free()
				for l.held < 10 {
					if _, err := l.Take(ctx, 1, 10-l.held); err != nil {
						t.Error(agents, err)
						return
					}
					time.Sleep(time.Millisecond)
				}
			})
		}
		all.Wait()
		if p.held != 0 || len(p.all) != 0 {
			t.Errorf("%d stay held, by %d agents", p.held, len(p.all))
		}
	}
}

func TestTakeWaits(t *testing.T) {
	p := New(10, 0)
	held, other := p.Lease("a"), p.Lease("a")
	n, err := held.Take(t.Context(), 10, 10)
	if err != nil || n != 10 || other.Fits(1) || other.Try(1) {
		t.Fatal("the whole is not held by one lease", n, err)
	}
	ctx, stop := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer stop()
	if _, err := other.Take(ctx, 1, 1); err == nil || other.Wait(ctx, 1) == nil {
		t.Fatal("a wait has no end")
	}
	time.AfterFunc(10*time.Millisecond, held.Free)
	if err := other.Wait(t.Context(), 1); err != nil || p.held != 0 {
		t.Fatal(err, p.held)
	}
	if n, err := other.Take(t.Context(), 1, 5); err != nil || n != 1 || p.held != 1 {
		t.Fatal(err, n, p.held)
	}
	other.Free()
	if other.Free(); p.held != 0 {
		t.Errorf("%d stay held", p.held)
	}
}

// TestPoolAgainstSums has agents take and free at random: what the pool counts is what the leases
// hold, and is bounded.
func TestPoolAgainstSums(t *testing.T) {
	p, random := New(1000, 20), rand.New(rand.NewPCG(1, 2))
	leases := make([]*Lease, 40)
	for i := range leases {
		leases[i] = p.Lease(fmt.Sprint(i % 7))
	}
	over, stop := context.WithCancel(t.Context())
	stop()
	for range 20_000 {
		l := leases[random.IntN(len(leases))]
		switch random.IntN(8) {
		case 0, 1:
			l.Free()
		case 2:
			_, _ = l.Take(over, random.Int64N(60)+1, random.Int64N(60)+1)
		default:
			l.Try(random.Int64N(60) + 1)
		}
		sum, by := int64(0), map[string]int64{}
		for _, l := range leases {
			sum, by[l.agent] = sum+l.held, by[l.agent]+l.held
		}
		if sum != p.held || sum > 1000+7*20 {
			t.Fatalf("%d held, %d counted", sum, p.held)
		}
		for agent, held := range by {
			if s := p.all[agent]; s == nil && held != 0 || s != nil && s.held != held {
				t.Fatalf("agent %s holds %d: %+v", agent, held, s)
			}
		}
	}
}
