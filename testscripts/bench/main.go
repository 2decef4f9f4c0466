// Command bench measures what a person waits for, on the real binary: how long `janee serve` takes from its start to the
// reply to initialize, how much memory it then holds, and how many calls to a loopback API it carries out a second.
// It works in a throw-away home, sends nothing but to 127.0.0.1, and is no test: `make bench` runs it, `make test` does not.
package main

import (
	"flag"
	"fmt"
	"log"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"time"
)

func main() {
	janee := flag.String("janee", "bin/janee", "the binary to measure")
	starts := flag.Int("starts", 50, "how often to start the server")
	calls := flag.Int("calls", 2000, "how many calls to make in each round")
	flag.Parse()
	log.SetFlags(0)
	log.SetPrefix("bench: ")
	if *starts < 1 || *calls < 1 {
		log.Fatal("-starts and -calls want a number from 1")
	}
	if err := run(*janee, *starts, *calls); err != nil {
		log.Fatal(err)
	}
}

func run(janee string, starts, calls int) error {
	path, err := filepath.Abs(janee)
	if err != nil {
		return err
	}
	b, err := newBench(path)
	if err != nil {
		return err
	}
	defer b.close()
	fmt.Printf("%s/%s, %d cores, %s, %s\n\n", runtime.GOOS, runtime.GOARCH, runtime.NumCPU(), runtime.Version(), time.Now().Format(time.DateOnly))
	if err := b.coldStart(starts); err != nil {
		return err
	}
	for _, outstanding := range []int{1, 32} {
		if err := b.throughput(calls, outstanding); err != nil {
			return err
		}
	}
	return nil
}

// bench is a home with one service, and the API behind it.
type bench struct {
	janee, dir string
	environ    []string
	api        *api
}

func newBench(janee string) (*bench, error) {
	dir, err := os.MkdirTemp("", "janee-bench-")
	if err != nil {
		return nil, err
	}
	b := &bench{janee: janee, dir: dir, environ: []string{"PATH=" + os.Getenv("PATH"), "HOME=" + dir,
		"JANEE_HOME=" + filepath.Join(dir, "home"), "JANEE_KEY_FILE=" + filepath.Join(dir, "root.key")}}
	if b.api, err = startAPI(); err != nil {
		return nil, err
	}
	if err = b.command("", "init"); err == nil {
		err = b.command("key_of_the_benchmark", "add", "api", "-u", b.api.url, "--auth-type", "bearer", "-k", "-")
	}
	if err != nil {
		b.close()
		return nil, err
	}
	return b, nil
}

func (b *bench) close() {
	b.api.close()
	_ = os.RemoveAll(b.dir)
}

func (b *bench) command(stdin string, args ...string) error {
	cmd := exec.Command(b.janee, args...)
	cmd.Env, cmd.Stdin = b.environ, strings.NewReader(stdin)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("janee %s: %w\n%s", strings.Join(args, " "), err, out)
	}
	return nil
}

// coldStart times n servers from fork to the reply to initialize.
func (b *bench) coldStart(n int) error {
	var times []time.Duration
	var memory []int64
	for range n {
		began := time.Now()
		s, err := b.serve()
		if err != nil {
			return err
		}
		times = append(times, time.Since(began))
		memory = append(memory, resident(s.cmd.Process.Pid))
		if err := s.close(); err != nil {
			return err
		}
	}
	fmt.Printf("cold start to the initialize reply, %d starts: p50 %s, p99 %s\n", n, show(percentile(times, 50)), show(percentile(times, 99)))
	fmt.Printf("resident memory after initialize: p50 %.1f MB, most %.1f MB\n", mb(percentile(memory, 50)), mb(percentile(memory, 100)))
	return nil
}

// throughput makes n calls with some of them always outstanding, on one server.
func (b *bench) throughput(n, outstanding int) error {
	s, err := b.serve()
	if err != nil {
		return err
	}
	began := time.Now()
	times, err := s.calls(n, outstanding)
	if err != nil {
		return err
	}
	rate := float64(n) / time.Since(began).Seconds()
	fmt.Printf("execute, %d calls, %d outstanding: %.0f a second, p50 %s, p99 %s; resident memory %.1f MB\n", n, outstanding, rate,
		show(percentile(times, 50)), show(percentile(times, 99)), mb(resident(s.cmd.Process.Pid)))
	return s.close()
}

func show(d time.Duration) string { return d.Round(10 * time.Microsecond).String() }

func mb(bytes int64) float64 { return float64(bytes) / 1e6 }
