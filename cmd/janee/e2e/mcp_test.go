//go:build !race

package e2e

import (
	"bufio"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"time"
)

// servedAs is whom `janee serve --agent` serves, by `mcp -as NAME`; "" leaves the name to the
// client.
var servedAs string

// mcpMain is the program `mcp` of the stories: a client that starts `janee serve`, makes one tool
// call, prints the text of the answer, and ends with 1 where the tool refused. `mcp [-agent NAME]
// [-n TIMES] [-pause FILE] [-raw JSON] TOOL [name=value …]`; a value that begins with [ or { is
// sent as JSON; -raw gives the arguments as they are. With -pause it makes FILE.waiting after each
// answer but the last, and waits for FILE before the next call. With -http URL -token TOKEN it
// talks to a running server.
func mcpMain() {
	flag.StringVar(&servedAs, "as", "", "")
	agent := flag.String("agent", "tester", "")
	times := flag.Int("n", 1, "")
	raw := flag.String("raw", "", "")
	pause := flag.String("pause", "", "")
	url := flag.String("http", "", "")
	token := flag.String("token", "", "")
	flag.Parse()
	if flag.NArg() == 0 {
		fail("usage: mcp [-agent NAME] [-n TIMES] [-pause FILE] [-raw JSON] TOOL [name=value …]")
	}
	arguments := json.RawMessage(*raw)
	if *raw == "" {
		arguments = readArguments(flag.Args()[1:])
	}
	var refused bool
	var err error
	if *url != "" {
		refused, err = overHTTP(*url, *token, *agent, flag.Arg(0), arguments, *times)
	} else {
		refused, err = converse(*agent, flag.Arg(0), arguments, *times, *pause)
	}
	if err != nil {
		fail(err.Error())
	}
	if refused {
		os.Exit(1)
	}
}

func fail(text string) {
	fmt.Fprintln(os.Stderr, "mcp:", text)
	os.Exit(2)
}

func readArguments(pairs []string) json.RawMessage {
	m := map[string]json.RawMessage{}
	for _, p := range pairs {
		name, value, _ := strings.Cut(p, "=")
		if strings.HasPrefix(value, "{") || strings.HasPrefix(value, "[") {
			m[name] = json.RawMessage(value)
			continue
		}
		m[name], _ = json.Marshal(value)
	}
	b, err := json.Marshal(m)
	if err != nil {
		fail(err.Error())
	}
	return b
}

// converse runs the whole conversation: the calls are pipelined unless it pauses, then standard
// input is closed.
func converse(
	agent, tool string, arguments json.RawMessage, times int, pause string,
) (refused bool, err error) {
	cmd := exec.Command("janee", "serve")
	if servedAs != "" {
		cmd.Args = append(cmd.Args, "--agent", servedAs)
	}
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		return false, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return false, err
	}
	if err := cmd.Start(); err != nil {
		return false, err
	}
	name, _ := json.Marshal(agent)
	fmt.Fprintf(in,
		`{"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersion":"2025-06-18","capabilities":{},"clientInfo":{"name":%s,"version":"1"}}}`+"\n", name)
	fmt.Fprintln(in, `{"jsonrpc":"2.0","method":"notifications/initialized"}`)
	answered := make(chan bool, times)
	go func() {
		defer in.Close()
		for i := 1; i <= times; i++ {
			if pause != "" && i > 1 {
				<-answered
				_ = os.WriteFile(pause+".waiting", nil, 0o600)
				waitFor(pause)
			}
			fmt.Fprintf(in,
				`{"jsonrpc":"2.0","id":%d,"method":"tools/call","params":{"name":%q,"arguments":%s}}`+"\n", i, tool, arguments)
		}
	}()
	replies, refused, err := read(io.TeeReader(out, keepSeen()), answered)
	if err == nil && replies != times {
		err = fmt.Errorf("%d replies to %d calls", replies, times)
	}
	if waitErr := cmd.Wait(); err == nil {
		err = waitErr
	}
	return refused, err
}

// keepSeen is where the bytes that an agent is sent go, to be searched when the story is over.
func keepSeen() io.Writer {
	f, err := os.OpenFile(os.Getenv("SEEN"), os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		fail(err.Error())
	}
	return f
}

func waitFor(file string) {
	for range 1000 {
		if _, err := os.Stat(file); err == nil {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	fail(file + " did not appear within ten seconds")
}

func read(out io.Reader, answered chan<- bool) (replies int, refused bool, err error) {
	lines := bufio.NewScanner(out)
	lines.Buffer(nil, 64<<20)
	for lines.Scan() {
		var m struct {
			ID     int
			Error  *struct{ Message string }
			Result struct {
				IsError bool
				Content []struct{ Text string }
			}
		}
		if err := json.Unmarshal(lines.Bytes(), &m); err != nil {
			return replies, refused, fmt.Errorf("not protocol on standard output: %q", lines.Text())
		}
		if m.ID == 0 {
			continue
		}
		replies++
		if m.Error != nil {
			return replies, true, fmt.Errorf("protocol error: %s", m.Error.Message)
		}
		refused = refused || m.Result.IsError
		for _, c := range m.Result.Content {
			fmt.Println(c.Text)
		}
		answered <- true
	}
	return replies, refused, lines.Err()
}
