package main

import (
	"bufio"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
)

// mcpMain is the program `mcp` of the stories: a client that starts `janee serve`, makes one tool call, prints the text of the
// answer, and ends with 1 where the tool refused. `mcp [-agent NAME] [-n TIMES] [-raw JSON] TOOL [name=value …]`; a value that
// begins with [ or { is sent as JSON; -raw gives the arguments as they are.
func mcpMain() {
	agent := flag.String("agent", "tester", "")
	times := flag.Int("n", 1, "")
	raw := flag.String("raw", "", "")
	flag.Parse()
	if flag.NArg() == 0 {
		fail("usage: mcp [-agent NAME] [-n TIMES] [-raw JSON] TOOL [name=value …]")
	}
	arguments := json.RawMessage(*raw)
	if *raw == "" {
		arguments = readArguments(flag.Args()[1:])
	}
	refused, err := converse(*agent, flag.Arg(0), arguments, *times)
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

// converse runs the whole conversation: the calls are pipelined, then standard input is closed.
func converse(agent, tool string, arguments json.RawMessage, times int) (refused bool, err error) {
	cmd := exec.Command("janee", "serve")
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
	fmt.Fprintf(in, `{"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersion":"2025-06-18","capabilities":{},"clientInfo":{"name":%s,"version":"1"}}}`+"\n", name)
	fmt.Fprintln(in, `{"jsonrpc":"2.0","method":"notifications/initialized"}`)
	for i := 1; i <= times; i++ {
		fmt.Fprintf(in, `{"jsonrpc":"2.0","id":%d,"method":"tools/call","params":{"name":%q,"arguments":%s}}`+"\n", i, tool, arguments)
	}
	in.Close()
	replies, refused, err := read(out)
	if err == nil && replies != times {
		err = fmt.Errorf("%d replies to %d calls", replies, times)
	}
	if waitErr := cmd.Wait(); err == nil {
		err = waitErr
	}
	return refused, err
}

func read(out io.Reader) (replies int, refused bool, err error) {
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
	}
	return replies, refused, lines.Err()
}
