package home

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/true-and-useful/janee/cmd/janee/internal/state"
	"github.com/true-and-useful/janee/core"
	"github.com/true-and-useful/janee/core/approval"
	"github.com/true-and-useful/janee/core/session"
)

const (
	grant   = session.Dir + "/0a.json"
	revoked = session.Dir + "/0a.revoked"
)

// write commits one write, create-only or not, and returns what was in its place.
func (h *Home) write(name string, data []byte, create bool) (existing []byte, err error) {
	w := core.Write{Name: name, Data: data, If: core.Any}
	if create {
		w.If = core.Absent
	}
	done, err := h.Commit(nil, []core.Write{w})
	return done.Exists[name], err
}

func is(t *testing.T, h *Home, name string, want *string) {
	t.Helper()
	data, err := h.Read(name)
	if err != nil || (data == nil) != (want == nil) || want != nil && string(data) != *want {
		t.Errorf("%s holds %q, %v", name, data, err)
	}
}

// TestCommitHolds: nothing is written where one hold is not as it was read, and an empty file is
// not an absent one.
func TestCommitHolds(t *testing.T) {
	text := func(s string) *string { return &s }
	for _, c := range []struct {
		name      string
		is, held  *string // nil: no file
		wantStale bool
	}{
		{"absent, as it was", nil, nil, false},
		{"there, as it was", text("x"), text("x"), false},
		{"empty, as it was", text(""), text(""), false},
		{"it has come", text("x"), nil, true},
		{"it has come, empty", text(""), nil, true},
		{"it has gone", nil, text("x"), true},
		{"it was emptied", text(""), text("x"), true},
		{"it has changed", text("y"), text("x"), true},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := newHome(t)
			if c.is != nil {
				put(t, h.Path(revoked), *c.is)
			}
			hold := core.Hold{Name: revoked}
			if c.held != nil {
				hold.Data = []byte(*c.held)
			}
			done, err := h.Commit([]core.Hold{{Name: session.LockFile}, hold},
				[]core.Write{{Name: grant, Data: []byte("g"), If: core.Any}})
			found, differs := done.Exists[revoked]
			if err != nil || done.Stale != c.wantStale || differs != c.wantStale {
				t.Fatalf("%+v, %v", done, err)
			}
			if !c.wantStale {
				is(t, h, grant, text("g"))
				return
			}
			is(t, h, grant, nil)
			if (found == nil) != (c.is == nil) || c.is != nil && string(found) != *c.is ||
				len(done.Exists) != 1 {
				t.Errorf("it says %q", done.Exists)
			}
		})
	}
}

// TestCommitIf: a write whose condition is not met is left out, the others are made.
func TestCommitIf(t *testing.T) {
	h := newHome(t)
	put(t, h.Path("sessions/01.json"), "old")
	put(t, h.Path("sessions/02.json"), "old")
	put(t, h.Path("sessions/03.json"), "other")
	write := func(name string, when core.If) core.Write {
		return core.Write{Name: "sessions/" + name + ".json", Data: []byte("new"), If: when}
	}
	done, err := h.Commit(nil, []core.Write{
		write("01", core.Any), write("02", core.Equal([]byte("old"))),
		write("03", core.Equal([]byte("old"))), write("04", core.Equal([]byte("old"))),
		write("05", core.Absent), write("03", core.Absent),
	})
	if err != nil || done.Stale || len(done.Exists) != 2 {
		t.Fatalf("%+v, %v", done, err)
	}
	if gone, lost := done.Exists["sessions/04.json"]; !lost || gone != nil {
		t.Errorf("what is not there any more reads %q, %v", gone, lost)
	}
	if found := done.Exists["sessions/03.json"]; string(found) != "other" {
		t.Errorf("in place of what was expected is %q", found)
	}
	for name, want := range map[string]string{
		"01": "new", "02": "new", "03": "other", "05": "new",
	} {
		is(t, h, "sessions/"+name+".json", &want)
	}
	is(t, h, "sessions/04.json", nil)
}

func TestEdit(t *testing.T) {
	h := newHome(t)
	edit := func(give []byte, fail error) (was []byte, err error) {
		err = h.Edit(grant, func(old []byte) ([]byte, error) { was = old; return give, fail })
		return was, err
	}
	if was, err := edit(nil, nil); was != nil || err != nil {
		t.Errorf("absent: %q, %v", was, err)
	}
	is(t, h, grant, nil)
	one := "one"
	if _, err := edit([]byte(one), nil); err != nil {
		t.Error(err)
	}
	is(t, h, grant, &one)
	bad := errors.New("bad")
	if was, err := edit([]byte("two"), bad); string(was) != one || !errors.Is(err, bad) {
		t.Errorf("%q, %v", was, err)
	}
	if _, err := edit(nil, nil); err != nil {
		t.Error(err)
	}
	changed := h.Watch([]string{grant})
	changed()
	if _, err := edit([]byte(one), nil); err != nil || changed() {
		t.Errorf("what did not change was written, %v", err)
	}
	is(t, h, grant, &one)
	if _, err := edit([]byte{}, nil); err != nil {
		t.Error(err)
	}
	empty := ""
	is(t, h, grant, &empty)
}

func TestWatch(t *testing.T) {
	h := newHome(t)
	names := []string{session.LockFile, grant, revoked}
	changed := h.Watch(names)
	look := func(what string, want bool) {
		t.Helper()
		if got := changed(); got != want {
			t.Errorf("%s: changed %v", what, got)
		}
	}
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	look("the first look", true)
	look("nothing", false)
	must(state.Put(h, revoked, nil))
	look("it has come", true)
	look("nothing", false)
	must(state.Put(h, revoked, nil))
	look("it was written again", true)
	must(h.Remove(revoked))
	look("it has gone", true)
	must(state.Put(h, session.Dir+"/0b.json", nil))
	look("another one", false)
	must(state.Put(h, grant, nil))
	look("it has come", true)
	must(os.Rename(h.Path(session.Dir), h.Path("aside")))
	look("the directory has gone", true)
	look("nothing", false)
	put(t, h.Path(session.Dir), "")
	if _, err := os.Lstat(h.Path(grant)); !errors.Is(err, os.ErrNotExist) {
		look("nobody can tell", true) // Windows can
		look("nobody can tell", true)
	}
}

// TestTheBrakeWaitsForNobody: LOCKED counts while another command holds the lock, and Commit
// returns when that one has come to an end: nothing that compared before is written after it.
func TestTheBrakeWaitsForNobody(t *testing.T) {
	h := newHome(t)
	held, let := make(chan struct{}), make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		if err := h.withStateLock(func() error { close(held); <-let; return nil }); err != nil {
			t.Error(err)
		}
	})
	<-held
	locked := make(chan error, 1)
	go func() {
		_, err := state.Create(h, session.LockFile, []byte{})
		locked <- err
	}()
	for began := time.Now(); ; time.Sleep(time.Millisecond) {
		if data, err := h.Read(session.LockFile); data != nil && err == nil {
			break
		}
		if time.Since(began) > 5*time.Second {
			close(let)
			t.Fatal("the brake waits for the lock")
		}
	}
	defer wg.Wait()
	select {
	case err := <-locked:
		close(let)
		t.Fatalf("it returns while another command holds the lock: %v", err)
	case <-time.After(50 * time.Millisecond):
	}
	close(let)
	if err := <-locked; err != nil {
		t.Error(err)
	}
}

// TestStateWaitsForNoOtherCommand: a command may hold the lock of the home while it asks a keyring,
// or is stopped. Calls of agents, revocations and answers do not wait for it, and a home that is
// read-only but for the directories of state needs no file in it.
func TestStateWaitsForNoOtherCommand(t *testing.T) {
	h := newHome(t)
	holds := []core.Hold{{Name: session.LockFile}}
	for name, change := range map[string]func(h *Home) error{
		"commit": func(h *Home) error {
			_, err := h.Commit(holds, []core.Write{{Name: grant, If: core.Any}})
			return err
		},
		"create": func(h *Home) error { _, err := state.Create(h, grant, nil); return err },
		"lock": func(h *Home) error {
			_, err := state.Create(h, session.LockFile, nil)
			return err
		},
		"remove": func(h *Home) error { return h.Remove(session.LockFile) },
		"edit": func(h *Home) error {
			return h.Edit(revoked, func([]byte) ([]byte, error) { return []byte("x"), nil })
		},
	} {
		t.Run(name, func(t *testing.T) {
			fresh := newHome(t)
			if err := change(fresh); err != nil {
				t.Fatal(err)
			}
			if _, err := os.Lstat(fresh.Path(lockFile)); !errors.Is(err, os.ErrNotExist) {
				t.Errorf("the lock of the home was used: %v", err)
			}
			if err := h.WithLock(func() error {
				began := time.Now()
				err := change(h)
				if took := time.Since(began); took > lockWait/2 {
					t.Errorf("it took %v", took)
				}
				return err
			}); err != nil {
				t.Error(err)
			}
		})
	}
}

// TestTheBytesAreWrittenBeforeTheLock: others wait for the lock, and not for a slow disk. What does
// not come to its place leaves no file.
func TestTheBytesAreWrittenBeforeTheLock(t *testing.T) {
	h := newHome(t)
	temps := func() (found []string) {
		found, _ = filepath.Glob(h.Path(session.Dir + "/" + tempPrefix + "*"))
		return found
	}
	var wg sync.WaitGroup
	defer wg.Wait()
	if err := h.withStateLock(func() error {
		wg.Go(func() {
			done, err := h.Commit([]core.Hold{{Name: grant, Data: []byte("other")}},
				[]core.Write{{Name: grant, Data: []byte("new"), If: core.Any}})
			if err != nil || !done.Stale || len(temps()) > 0 {
				t.Errorf("%+v, %v, left %q", done, err, temps())
			}
		})
		for began := time.Now(); time.Since(began) < 5*time.Second; time.Sleep(time.Millisecond) {
			if found := temps(); len(found) == 1 {
				if data, err := os.ReadFile(found[0]); string(data) == "new" {
					return err
				}
			}
		}
		return errors.New("nothing was written")
	}); err != nil {
		t.Error(err)
	}
}

// TestTheLockOfStateIsChecked, and so is the directory that it is in.
func TestTheLockOfStateIsChecked(t *testing.T) {
	for name, plant := range map[string]func(h *Home) error{
		"a link": func(h *Home) error {
			return os.Symlink(h.Path("elsewhere"), h.Path(session.Dir+"/"+lockFile))
		},
		"a directory that is a link": func(h *Home) error {
			if err := os.Mkdir(h.Path("elsewhere"), 0o700); err != nil {
				return err
			}
			_ = os.Remove(h.Path(session.Dir))
			return os.Symlink(h.Path("elsewhere"), h.Path(session.Dir))
		},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHome(t)
			if err := plant(h); err != nil {
				t.Skip(err) // Windows may forbid links
			}
			if err := state.Put(h, approval.AnswerFile("0a"), nil); err == nil {
				t.Error("state is written")
			}
			if made, _ := filepath.Glob(h.Path("elsewhere") + "/.*"); len(made) > 0 {
				t.Errorf("%q was made behind the link", made)
			}
			if fi, err := os.Lstat(h.Path("elsewhere")); err == nil && !fi.IsDir() {
				t.Error("the target of the link was made")
			}
		})
	}
}

// TestChangesComeOneAfterAnother has two processes count in one file, by several goroutines each
// and by both ways of changing what was read.
func TestChangesComeOneAfterAnother(t *testing.T) {
	const each, hands = 20, 3
	count := func(h *Home) {
		var wg sync.WaitGroup
		for range hands {
			wg.Go(func() {
				for range each {
					countBySwap(t, h)
					countByEdit(t, h)
				}
			})
		}
		wg.Wait()
	}
	if dir := os.Getenv("COUNT_UNDER"); dir != "" {
		h, err := Open(dir)
		if err != nil {
			t.Fatal(err)
		}
		count(h)
		return
	}
	h := newHome(t)
	if err := state.Put(h, grant, []byte("0")); err != nil {
		t.Fatal(err)
	}
	child := second(t, "COUNT_UNDER", h)
	count(h)
	if err := child.Wait(); err != nil {
		t.Error(err)
	}
	want := strconv.Itoa(2 * 2 * each * hands)
	is(t, h, grant, &want)
}

// second starts this test once more in a process of its own, with the home in env.
func second(t *testing.T, env string, h *Home) *exec.Cmd {
	t.Helper()
	cmd := exec.Command(os.Args[0], "-test.run=^"+t.Name()+"$")
	cmd.Env, cmd.Stderr = append(os.Environ(), env+"="+h.dir), os.Stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	return cmd
}

func next(old []byte) []byte {
	n, _ := strconv.Atoi(string(old))
	return strconv.AppendInt(nil, int64(n+1), 10)
}

func countByEdit(t *testing.T, h *Home) {
	if err := h.Edit(grant, func(old []byte) ([]byte, error) {
		return next(old), nil
	}); err != nil {
		t.Error(err)
	}
}

func countBySwap(t *testing.T, h *Home) {
	old, err := h.Read(grant)
	for lost := true; lost && err == nil; {
		var done core.Committed
		done, err = h.Commit(nil, []core.Write{{Name: grant, Data: next(old), If: core.Equal(old)}})
		old, lost = done.Exists[grant]
	}
	if err != nil {
		t.Error(err)
	}
}

// TestNothingIsWrittenBehindAnOrder has one process give and lift orders, as `janee revoke`, `janee
// lock` and their opposites do, while another writes a grant wherever it finds no order: while an
// order is in force the grant does not change.
func TestNothingIsWrittenBehindAnOrder(t *testing.T) {
	orders := []string{revoked, session.ClosedFile, session.LockFile}
	if dir := os.Getenv("GRANT_UNDER"); dir != "" {
		h, err := Open(dir)
		var holds []core.Hold
		for _, name := range orders {
			holds = append(holds, core.Hold{Name: name})
		}
		// The writes before that of the grant give an order time to come in between.
		var writes []core.Write
		for i := range 4 {
			writes = append(writes,
				core.Write{Name: session.File(fmt.Sprint("b", i)), If: core.Any})
		}
		writes = append(writes, core.Write{Name: grant, If: core.Any})
		for i := 0; err == nil; i++ {
			writes[4].Data = fmt.Append(nil, i)
			_, err = h.Commit(holds, writes)
			time.Sleep(100 * time.Microsecond) // lets the other process have the lock
		}
		t.Fatal(err)
	}
	h := newHome(t)
	child := second(t, "GRANT_UNDER", h)
	defer func() { _ = child.Process.Kill(); _ = child.Wait() }()
	grants := map[string]bool{}
	for i := range 60 {
		order := orders[i%len(orders)]
		if err := giveOrder(h, order, i); err != nil {
			t.Fatal(err)
		}
		before, err := h.Read(grant)
		time.Sleep(5 * time.Millisecond) // as long as the writes take
		after, err2 := h.Read(grant)
		if !slices.Equal(before, after) || err != nil || err2 != nil {
			t.Fatalf("%s is there, and the grant changes from %q to %q: %v, %v",
				order, before, after, err, err2)
		}
		grants[string(after)] = true
		if err := h.Remove(order); err != nil {
			t.Fatal(err)
		}
		for began := time.Now(); time.Since(began) < 5*time.Second; {
			if now, _ := h.Read(grant); !slices.Equal(now, after) {
				break
			}
		}
	}
	if len(grants) < 40 {
		t.Errorf("only %d grants were written", len(grants))
	}
}

func giveOrder(h *Home, name string, i int) error {
	switch {
	case name == session.LockFile:
		_, err := state.Create(h, name, []byte{})
		return err
	case i%4 != 0:
		return state.Put(h, name, []byte("order"))
	}
	return h.Edit(name, func([]byte) ([]byte, error) { return []byte("order"), nil })
}
