package answers

import (
	"errors"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/true-and-useful/janee/cmd/janee/internal/hint"
	"github.com/true-and-useful/janee/cmd/janee/internal/home"
	"github.com/true-and-useful/janee/cmd/janee/internal/state"
	"github.com/true-and-useful/janee/core/approval"
	"github.com/true-and-useful/janee/core/audit"
	"github.com/true-and-useful/janee/core/secret"
	"github.com/true-and-useful/janee/core/vault"
)

// room is a home with a desk in it.
type room struct {
	t       testing.TB
	home    *home.Home
	desk    *Desk
	now     time.Time
	mu      sync.Mutex
	records []audit.Record
	broken  error
}

func newRoom(t testing.TB) *room {
	t.Helper()
	h, err := home.Create(filepath.Join(t.TempDir(), "home"))
	if err != nil {
		t.Fatal(err)
	}
	r := &room{t: t, home: h, now: time.UnixMilli(1795426425000)}
	r.desk = &Desk{
		State: h,
		Vault: vault.New(vault.NewRoot([32]byte{1}), "5f0c2f7c9b3e4d11a7d2c0ffee000001"),
		Now:   func() time.Time { return r.now },
		Record: func(a audit.Record) error {
			r.mu.Lock()
			defer r.mu.Unlock()
			r.records = append(r.records, a)
			return r.broken
		},
	}
	return r
}

// ask puts a question about path on the table; its id begins with id.
func (r *room) ask(id, path string) approval.Question {
	r.t.Helper()
	q := approval.Question{
		ID:         id + strings.Repeat("0", 32-len(id)),
		Agent:      "claude-ai",
		Via:        "stdio",
		Capability: "stripe",
		Service:    "stripe",
		Method:     "GET",
		Host:       "api.stripe.com",
		Path:       path,
		Digest:     approval.Request{URL: path}.Digest(),
		Asked:      r.now.UnixMilli(),
		Expires:    r.now.UnixMilli() + approval.Lifetime,
	}
	if err := state.Put(r.home, approval.File(q.Digest), q.Encode(r.desk.key())); err != nil {
		r.t.Fatal(err)
	}
	return q
}

func (r *room) read() []Item {
	r.t.Helper()
	items, err := Read(r.home, r.desk.Vault, r.now)
	if err != nil {
		r.t.Fatal(err)
	}
	return items
}

func TestReadAndFind(t *testing.T) {
	r := newRoom(t)
	if items := r.read(); len(items) != 0 {
		t.Errorf("an empty home has %+v", items)
	}
	if items, err := Read(r.home, nil, r.now); items != nil || err != nil {
		t.Errorf("without a key: %+v, %v", items, err)
	}
	first := r.ask("ab1", "/first")
	r.now = r.now.Add(time.Second)
	second := r.ask("ab2", "/second")
	if err := state.Put(r.home, approval.Dir+"/"+strings.Repeat("9", 32)+".json",
		[]byte("garbage")); err != nil {
		t.Fatal(err)
	}
	items := r.read()
	if len(items) != 2 || items[0].Question != first || items[1].Question != second ||
		items[0].State != approval.Open {
		t.Fatalf("%+v", items)
	}
	if got, err := Find(items, "AB2"); err != nil || got.Question != second {
		t.Errorf("found %+v, %v", got, err)
	}
	for prefix, want := range map[string]string{
		"": "no question", "c": "no question", "ab": "2 questions have an id",
	} {
		if _, err := Find(items, prefix); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v", prefix, err)
		}
	}
	if _, _, err := r.desk.Say(first, approval.Deny, approval.Once, 0); err != nil {
		t.Fatal(err)
	}
	if got, err := Find(r.read(), "ab"); err != nil || got.Question != second {
		t.Errorf("the open one comes first: %+v, %v", got, err)
	}
	if got, err := Find(r.read(), "ab1"); err != nil || got.State != approval.Denied {
		t.Errorf("an answered one is found as well: %+v, %v", got, err)
	}
}

func TestSay(t *testing.T) {
	r := newRoom(t)
	q := r.ask("a", "/x?token=t")
	a, mine, err := r.desk.Say(q, approval.Allow, approval.Session, 10*time.Minute)
	if err != nil || !mine || a.Until != r.now.Add(10*time.Minute).UnixMilli() {
		t.Fatalf("%+v, %v, %v", a, mine, err)
	}
	if s := r.read()[0]; s.State != approval.Allowed || s.Answer != a {
		t.Errorf("it stands as %+v", s.Standing)
	}
	if len(r.records) != 1 || r.records[0].Event != "answer" || r.records[0].Decision != "allow" ||
		r.records[0].Target != "/x?token=*" ||
		r.records[0].Detail["approval"] != q.ID || r.records[0].Detail["scope"] != "session" ||
		r.records[0].Detail["until"] == "" {
		t.Errorf("recorded %+v", r.records)
	}
	again, mine, err := r.desk.Say(q, approval.Deny, approval.Once, 0)
	if err != nil || mine || again != a || len(r.records) != 1 {
		t.Errorf("the second hears %+v, %v, %v", again, mine, err)
	}

	if a, _, err := r.desk.Say(r.ask("b", "/once"), approval.Allow, approval.Once, 0); err != nil ||
		a.Until != a.At+approval.Lifetime {
		t.Errorf("once: %+v, %v", a, err)
	}
	late := r.ask("c", "/late")
	r.now = r.now.Add(approval.Lifetime * time.Millisecond)
	if _, _, err := r.desk.Say(late, approval.Allow, approval.Once, 0); !errors.Is(err, ErrOver) {
		t.Errorf("too late: %v", err)
	}
	damaged := r.ask("d", "/damaged")
	if err := state.Put(r.home, approval.AnswerFile(damaged.ID), []byte("yes")); err != nil {
		t.Fatal(err)
	}
	if _, _, err := r.desk.Say(damaged, approval.Allow, approval.Once, 0); !errors.Is(err,
		ErrDamaged) {
		t.Errorf("damaged: %v", err)
	}
	r.broken = errors.New("disk full")
	unrecorded := r.ask("e", "/unrecorded")
	if _, _, err := r.desk.Say(unrecorded, approval.Allow,
		approval.Once, 0); !errors.Is(err, r.broken) {
		t.Errorf("unrecorded: %v", err)
	}
	if data, _ := r.home.Read(approval.AnswerFile(unrecorded.ID)); data != nil {
		t.Error("an answer that could not be recorded counts")
	}
}

// TestTheFirstAnswerCounts has another command answer between the look and the write.
func TestTheFirstAnswerCounts(t *testing.T) {
	r := newRoom(t)
	q := r.ask("a", "/x")
	first := approval.Answer{
		ID:       q.ID,
		Digest:   q.Digest,
		Decision: approval.Deny,
		Scope:    approval.Once,
		At:       r.now.UnixMilli(),
		By:       "another",
	}
	record := r.desk.Record
	r.desk.Record = func(a audit.Record) error {
		if err := state.Put(r.home, approval.AnswerFile(q.ID),
			first.Encode(r.desk.key())); err != nil {
			t.Fatal(err)
		}
		return record(a)
	}
	a, mine, err := r.desk.Say(q, approval.Allow, approval.Session, 0)
	if err != nil || mine || a != first {
		t.Errorf("%+v, %v, %v", a, mine, err)
	}
	if last := r.records[len(r.records)-1]; last.Decision != "" ||
		last.Detail["late"] != "somebody had answered: deny" {
		t.Errorf("recorded %+v", last)
	}
	if s := r.read()[0]; s.State != approval.Denied {
		t.Errorf("it stands as %+v", s.Standing)
	}
}

func TestOfManyOneWins(t *testing.T) {
	r := newRoom(t)
	q := r.ask("a", "/x")
	var wg sync.WaitGroup
	var mu sync.Mutex
	won := 0
	for range 8 {
		wg.Go(func() {
			_, mine, err := r.desk.Say(q, approval.Allow, approval.Once, 0)
			mu.Lock()
			defer mu.Unlock()
			if err != nil {
				t.Error(err)
			}
			if mine {
				won++
			}
		})
	}
	wg.Wait()
	if won != 1 {
		t.Errorf("%d won", won)
	}
}

func TestPIN(t *testing.T) {
	r := newRoom(t)
	hash := HashPIN(secret.New("2468"))
	if hash == HashPIN(secret.New("2468")) ||
		!strings.HasPrefix(hash, "$argon2id$v=19$m=65536,t=3,p=4$") {
		t.Errorf("hash %s", hash)
	}
	if err := r.desk.CheckPIN(hash, secret.New("2468")); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		if err := r.desk.CheckPIN(hash, secret.New("1111")); err == nil ||
			!strings.Contains(err.Error(), "wrong") || hint.ExitCode(err) != hint.Denied {
			t.Errorf("a wrong PIN: %v", err)
		}
	}
	if len(r.records) != 3 || r.records[0].Event != "pin.wrong" {
		t.Errorf("recorded %+v", r.records)
	}
	if err := r.desk.CheckPIN(hash, secret.New("2468")); err == nil ||
		!strings.Contains(err.Error(), "wait 30s") {
		t.Errorf("the right one, too soon: %v", err)
	}
	r.now = r.now.Add(30 * time.Second)
	if err := r.desk.CheckPIN(hash, secret.New("2468")); err != nil {
		t.Errorf("the right one, in time: %v", err)
	}
	if err := r.desk.CheckPIN(hash, secret.New("1111")); err == nil ||
		strings.Contains(err.Error(), "wait") {
		t.Errorf("the count begins anew: %v", err)
	}
	if err := state.Put(r.home, approval.TriesFile, []byte("{}")); err != nil {
		t.Fatal(err)
	}
	if err := r.desk.CheckPIN(hash, secret.New("2468")); err == nil {
		t.Error("a count that was changed lets anybody try")
	}
}

func TestAHashThatWouldBringTheMachineDown(t *testing.T) {
	good := HashPIN(secret.New("2468"))
	for _, hash := range []string{
		"", "$argon2id$v=19$", strings.Replace(good, "m=65536", "m=99999999", 1),
		strings.Replace(good, "t=3", "t=0", 1), strings.Replace(good, "p=4", "p=0", 1),
		strings.Replace(good, "t=3", "t=9999", 1), good[:len(good)-40],
		strings.Replace(good, "argon2id", "argon2i", 1),
	} {
		if right, err := rightPIN(hash, secret.New("2468")); right || err == nil {
			t.Errorf("%s: %v, %v", hash, right, err)
		}
	}
}
