// Command bench measures what Janee costs beside a call that an agent would make itself: calls a
// second, how long they take, memory and processor time, for every way into it, and `janee serve`
// from its start to the reply to initialize. All of it is measured in one run against one API on
// loopback that demands the key, in rounds that take turns, so that what the machine does besides
// meets all alike. It prints the tables of docs/performance.md. It works in a throw-away home,
// sends nothing but to 127.0.0.1, and is no test.
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"time"
)

// options are the flags.
type options struct {
	janee, node, plugin, module, dir, json string

	rounds, starts, endurance int
	each                      time.Duration
	sessions, capabilities    int
	logMB                     int
}

func main() {
	log.SetFlags(0)
	log.SetPrefix("bench: ")
	if len(os.Args) == 2 && os.Args[1] == "api" {
		if err := serveAPI(); err != nil {
			log.Fatal(err)
		}
		return
	}
	o, err := parse()
	if err != nil {
		log.Fatal(err)
	}
	r, err := run(o)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Print(r.markdown())
	if o.json == "" {
		return
	}
	text, err := json.MarshalIndent(r, "", "  ")
	if err == nil {
		err = os.WriteFile(o.json, append(text, '\n'), 0o644)
	}
	if err != nil {
		log.Fatal(err)
	}
}

func parse() (o options, err error) {
	flag.StringVar(&o.janee, "janee", "bin/janee", "the binary to measure")
	flag.StringVar(&o.plugin, "plugin", "openclaw-plugin/dist/index.js",
		"the built OpenClaw plugin; empty leaves it and the module out")
	flag.StringVar(&o.node, "node", "openclaw-plugin/node_modules/.bin/node",
		"the Node that runs the plugin")
	flag.StringVar(&o.module, "module", "bin/janee.wasm", "the core as WebAssembly")
	flag.StringVar(&o.dir, "dir",
		"",
		"where to make the throw-away homes, "+
			"on the disk to be measured (default the temporary directory)")
	flag.StringVar(&o.json, "json", "",
		"write every figure of every round into this file, for comparison")
	flag.IntVar(&o.rounds, "rounds", 5, "how many rounds; the tables show their medians")
	flag.DurationVar(&o.each, "each", 1500*time.Millisecond,
		"how long to measure each way in each round")
	flag.IntVar(&o.starts, "starts", 20, "how many cold starts in each round")
	flag.IntVar(&o.endurance, "endurance", 100_000, "how many calls the long run makes")
	flag.IntVar(&o.sessions, "sessions", 10_000, "sessions of the large home")
	flag.IntVar(&o.capabilities, "capabilities", 1000, "capabilities of the large home")
	flag.IntVar(&o.logMB, "log", 1000, "megabytes of log of the large home")
	flag.Parse()
	for _, n := range []int{
		o.rounds, o.starts, o.endurance, o.sessions, o.capabilities, o.logMB, int(o.each),
	} {
		if n < 1 {
			return o, fmt.Errorf("every number must be at least 1")
		}
	}
	for _, path := range []*string{&o.janee, &o.plugin, &o.node, &o.module} {
		if *path != "" && err == nil {
			*path, err = filepath.Abs(*path)
		}
	}
	return o, err
}

// run measures everything. What it is at goes to standard error.
func run(o options) (*results, error) {
	dir, err := os.MkdirTemp(o.dir, "janee-bench-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	api, err := startAPI()
	if err != nil {
		return nil, err
	}
	defer api.close()
	small, err := newHouse(o, api, filepath.Join(dir, "small"))
	if err != nil {
		return nil, err
	}
	r := &results{Machine: describe()}
	for _, part := range []func(*results) error{
		small.rounds, small.longRun,
		func(r *results) error { return small.scale(r, filepath.Join(dir, "large")) }, small.core,
	} {
		if err := part(r); err != nil {
			return nil, err
		}
	}
	return r, nil
}

func say(format string, args ...any) { fmt.Fprintf(os.Stderr, format+"\n", args...) }
