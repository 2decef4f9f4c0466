package gateway

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"unsafe"

	"github.com/true-and-useful/janee/cmd/janee/internal/auditlog"
	"golang.org/x/sys/unix"
)

// watched counts how often files in some directories, or the directories themselves, are opened.
// The kernel tells: inotify(7).
type watched struct{ fd int }

func watch(t *testing.T, dirs ...string) watched {
	t.Helper()
	fd, err := unix.InotifyInit1(unix.IN_NONBLOCK | unix.IN_CLOEXEC)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = unix.Close(fd) })
	for _, dir := range dirs {
		if _, err := unix.InotifyAddWatch(fd, dir, unix.IN_OPEN); err != nil {
			t.Fatal(err)
		}
	}
	return watched{fd}
}

// opened returns how many files and how many directories were opened since it was asked last.
func (w watched) opened(t *testing.T) (files, dirs int) {
	t.Helper()
	buf := make([]byte, 1<<20)
	for {
		n, err := unix.Read(w.fd, buf)
		if n <= 0 || err != nil {
			return files, dirs
		}
		for at := 0; at < n; {
			e := (*unix.InotifyEvent)(unsafe.Pointer(&buf[at]))
			switch {
			case e.Mask&unix.IN_Q_OVERFLOW != 0:
				t.Fatal("more was opened than the kernel counts")
			case e.Mask&unix.IN_ISDIR != 0:
				dirs++
			default:
				files++
			}
			at += unix.SizeofInotifyEvent + int(e.Len)
		}
	}
}

// TestACallOpensTheSameFilesHoweverManyThereAre: a call of a running server opens the grant of its
// session and nothing else, and no directory: with ten sessions and log files beside it, and with
// ten thousand. `janee logs` opens the files of the newest days alone.
func TestACallOpensTheSameFilesHoweverManyThereAre(t *testing.T) {
	for _, n := range []int{10, 10_000} {
		r := newRig(t)
		r.do("api", "/") // makes the session, and starts the chain
		for i := range n {
			plant(t, r.home.Path(fmt.Sprintf("sessions/%032x.json", i)))
			plant(t, filepath.Join(r.home.LogsPath(),
				fmt.Sprintf("2001-%02d-%02d.%s.jsonl", 1+i%12, 1+i/12%28, letters(i))))
		}
		w := watch(t, r.home.Path("."), r.home.Path("sessions"), r.home.LogsPath())
		if reply := r.do("api", "/"); code(reply) != "sent" {
			t.Fatalf("%+v", reply.Denial)
		}
		if files, dirs := w.opened(t); files != 1 || dirs != 0 {
			t.Errorf("among %d sessions a call opened %d files and %d directories", n, files, dirs)
		}
		if page, err := auditlog.Read(r.home, auditlog.Filter{Limit: 2}); err != nil ||
			len(page.Rows) != 2 {
			t.Fatalf("%d rows: %v", len(page.Rows), err)
		}
		// one directory, seen from itself and from its parent
		if files, dirs := w.opened(t); files != 1 || dirs != 2 {
			t.Errorf("among %d log files the newest rows took %d files and %d directories",
				n, files, dirs)
		}
	}
}

func plant(t *testing.T, path string) {
	t.Helper()
	if err := os.WriteFile(path, []byte("{}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
}

// letters spells i as the name of a writer.
func letters(i int) string {
	name := []byte("aaaaaaaa")
	for k := range name {
		name[k] += byte(i % 26)
		i /= 26
	}
	return string(name)
}
