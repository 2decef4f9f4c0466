// Package ptytest runs a command on its own pseudo-terminal, for tests of what a person sees and
// types. Start returns a Terminal; call Expect and Type in turn, as a person would act. Echo tells
// whether the terminal would show what is typed.
//
// It is for tests on Linux only. Stories that can type everything in advance use ttyin of
// testscript instead.
package ptytest

import (
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// patience is how long Expect waits: long, because test machines are busy.
const patience = 20 * time.Second

// Terminal is the person's side of a pseudo-terminal.
type Terminal struct {
	t       testing.TB
	control *os.File
	tty     *os.File
	done    chan struct{} // closed when the terminal shows nothing more

	mu     sync.Mutex
	output strings.Builder
}

// Start starts cmd as the leader of a process session on a new terminal, which is its controlling
// terminal (/dev/tty) but not its standard input or output. If that fails, the test fails.
func Start(t testing.TB, cmd *exec.Cmd) *Terminal {
	t.Helper()
	control, tty := open(t)
	p := &Terminal{t: t, control: control, tty: tty, done: make(chan struct{})}
	cmd.ExtraFiles = []*os.File{tty}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true, Ctty: 3}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go p.copy()
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = tty.Close()
		_ = control.Close()
		<-p.done
	})
	return p
}

func open(t testing.TB) (control, tty *os.File) {
	t.Helper()
	control, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	// not Fd, which would make the file blocking: Read in copy must return when the file is closed
	raw, err := control.SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	var n int
	err = raw.Control(func(fd uintptr) {
		if err := unix.IoctlSetPointerInt(int(fd), unix.TIOCSPTLCK, 0); err != nil {
			t.Error(err)
		}
		var err error
		if n, err = unix.IoctlGetInt(int(fd), unix.TIOCGPTN); err != nil {
			t.Error(err)
		}
	})
	if err != nil || t.Failed() {
		t.Fatal("opening a pseudo-terminal: ", err)
	}
	tty, err = os.OpenFile("/dev/pts/"+strconv.Itoa(n), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	return control, tty
}

func (p *Terminal) copy() {
	defer close(p.done)
	buf := make([]byte, 4096)
	for {
		n, err := p.control.Read(buf)
		p.mu.Lock()
		p.output.Write(buf[:n])
		p.mu.Unlock()
		if err != nil {
			return
		}
	}
}

// Output returns everything that the terminal has shown so far.
func (p *Terminal) Output() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.output.String()
}

// Rest waits until everything that the command has written is shown, and returns all that was. The
// command must have ended.
func (p *Terminal) Rest() string {
	_ = p.tty.Close() // the last end that is open: the other one can be read to its end now
	<-p.done
	return p.Output()
}

// Expect waits until the terminal has shown text.
func (p *Terminal) Expect(text string) {
	p.t.Helper()
	end := time.Now().Add(patience)
	for !strings.Contains(p.Output(), text) {
		if time.Now().After(end) {
			p.t.Fatalf("the terminal never showed %q, only:\n%s", text, p.Output())
		}
		time.Sleep(5 * time.Millisecond)
	}
}

// Type sends keys: "\n" is Enter, "\x03" Ctrl-C.
func (p *Terminal) Type(keys string) {
	p.t.Helper()
	if _, err := p.control.WriteString(keys); err != nil {
		p.t.Fatal(err)
	}
}

// Echo reports whether the terminal shows what is typed.
func (p *Terminal) Echo() bool {
	p.t.Helper()
	state, err := unix.IoctlGetTermios(int(p.tty.Fd()), unix.TCGETS)
	if err != nil {
		p.t.Fatal(err)
	}
	return state.Lflag&unix.ECHO != 0
}
