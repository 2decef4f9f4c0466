package main

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/true-and-useful/janee/core/audit"
	"github.com/true-and-useful/janee/core/config"
	"github.com/true-and-useful/janee/core/session"
	"github.com/true-and-useful/janee/core/vault"
)

// scale compares a home that is as good as empty with a large one.
type scale struct {
	Small []series[figures] `json:"small"`
	Large []series[figures] `json:"large"`
	// of a server, in the small home and in the large one: it attests all chains
	First [2][]float64 `json:"firstCallMs"`
	Start [2][]float64 `json:"coldStartMs"`
	Logs  []float64    `json:"logsN20Ms"`
}

// scale measures both in turn.
func (h *house) scale(r *results, dir string) error {
	say("a home of %d sessions, %d capabilities and %d MB of log", h.sessions,
		h.capabilities, h.logMB)
	big, err := newHouse(h.options, h.api, dir)
	if err == nil {
		err = big.fill()
	}
	if err != nil {
		return fmt.Errorf("making the large home: %w", err)
	}
	for range h.options.rounds {
		for i, x := range []*house{h, big} {
			if err := x.sizeUp(&r.Scale, i); err != nil {
				return err
			}
		}
		began := time.Now()
		if _, err := big.command("logs", "-n", "20"); err != nil {
			return err
		}
		r.Scale.Logs = append(r.Scale.Logs, ms(time.Since(began)))
	}
	return nil
}

func (h *house) sizeUp(s *scale, which int) error {
	w := way{"stdio", startStdio}
	start, err := h.coldStarts(w)
	if err != nil {
		return err
	}
	s.Start[which] = append(s.Start[which], ms(start))
	first, err := h.firstCall(w)
	if err != nil {
		return err
	}
	s.First[which] = append(s.First[which], ms(first))
	list := []*[]series[figures]{&s.Small, &s.Large}[which]
	for _, outstanding := range []int{1, 32} {
		f, err := h.measure(w, load{size: small, outstanding: outstanding, time: h.each})
		if err != nil {
			return err
		}
		*list = add(*list,
			series[figures]{Way: w.name, Outstanding: outstanding, Size: small.Name}, f)
	}
	return nil
}

// firstCall is how long the first call of a server takes, which starts its chain and may open its
// session.
func (h *house) firstCall(w way) (time.Duration, error) {
	s, err := w.start(h)
	if err != nil {
		return 0, err
	}
	samples, err := s.load(load{size: small, outstanding: 1, calls: 1})
	if err != nil {
		return 0, err
	}
	return samples[0].took, s.close()
}

// fill makes the home large: capabilities, live sessions of as many agents, and chains of a
// megabyte each, ten a day.
func (h *house) fill() error {
	text, err := os.ReadFile(filepath.Join(h.home, "config.yaml"))
	if err != nil {
		return err
	}
	c, err := config.Parse(text)
	if err != nil {
		return err
	}
	root, err := os.ReadFile(h.keyFile())
	if err != nil {
		return err
	}
	secret, err := vault.ParseRoot(strings.TrimSpace(string(root)))
	if err != nil {
		return err
	}
	v := vault.New(secret, c.Vault.ID)
	if err := h.addCapabilities(text); err != nil {
		return err
	}
	if err := h.addSessions(v.Key("state")); err != nil {
		return err
	}
	return h.addLogs(v)
}

func (h *house) addCapabilities(text []byte) error {
	var b bytes.Buffer
	for i := range h.capabilities {
		fmt.Fprintf(&b,
			"\n  other%d:\n    service: api\n    rules:\n"+
				"      allow: [GET /v1/%d/*, POST /v1/%d/items]\n      deny: [DELETE *]", i, i, i)
	}
	const heading = "\ncapabilities:"
	if !bytes.Contains(text, []byte(heading)) {
		return fmt.Errorf("config.yaml has no capabilities to add to")
	}
	return os.WriteFile(filepath.Join(h.home, "config.yaml"),
		bytes.Replace(text, []byte(heading), append([]byte(heading), b.Bytes()...), 1), 0o600)
}

func (h *house) addSessions(key []byte) error {
	now := time.Now().UnixMilli()
	for i := range h.sessions {
		g := session.Grant{
			ID:         fmt.Sprintf("%032x", i),
			Agent:      fmt.Sprintf("agent-%d", i),
			Via:        "http",
			Capability: "api",
			Service:    "api",
			Origin:     h.api.url,
			Opened:     now,
			Expires:    now + time.Hour.Milliseconds(),
		}
		if err := os.WriteFile(filepath.Join(h.home, session.File(g.Pair())),
			g.Encode(key), 0o600); err != nil {
			return err
		}
	}
	return nil
}

// addLogs writes the chains of past days, as servers that were started one after the other leave
// them.
func (h *house) addLogs(v *vault.Vault) error {
	now := time.Now()
	var heads []audit.Head
	for i := range h.logMB {
		day := now.AddDate(0, 0, -1-(h.logMB-1-i)/10)
		writer := strings.Map(func(r rune) rune { return 'a' + (r-'0')%26 },
			hex.EncodeToString(fmt.Appendf(nil, "%04d", i)))
		head, err := h.addChain(v, day, writer, heads)
		if err != nil {
			return err
		}
		heads = []audit.Head{head}
	}
	return nil
}

func (h *house) addChain(
	v *vault.Vault, day time.Time, writer string, heads []audit.Head,
) (audit.Head, error) {
	chain, at := audit.NewChain(v.Key("audit/"+writer), writer), day.UnixMilli()
	text := chain.Open(at, "bench", heads)
	for i := 0; len(text) < 1e6; i++ {
		r := audit.Record{
			TS:         at,
			Event:      "intent",
			Req:        fmt.Sprintf("%032x", i),
			Session:    fmt.Sprintf("%032x", i%100),
			Agent:      "agent",
			Via:        "stdio",
			Capability: "api",
			Service:    "api",
			Method:     "GET",
			Target:     "/v1/balance",
			Reason:     "a benchmark",
			Decision:   "allow",
		}
		text = append(text, chain.Next(r)...)
		r.Event, r.Status, r.Bytes, r.Decision = "result", 200, 35, ""
		text = append(text, chain.Next(r)...)
	}
	path := filepath.Join(h.home, "logs", day.UTC().Format(time.DateOnly)+"."+writer+".jsonl")
	if err := os.WriteFile(path, text, 0o600); err != nil {
		return audit.Head{}, err
	}
	return chain.Head(), os.Chtimes(path, day, day)
}
