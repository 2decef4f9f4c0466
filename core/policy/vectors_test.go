package policy

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/true-and-useful/janee/core/wire"
	"github.com/true-and-useful/janee/internal/vectors"
)

type bypassCase struct {
	ID, Cat, Tier, Method, Path, Want, Sent, Why string
	Rules                                        struct{ Allow, Deny []string }
	Headers                                      map[string]string
	Accept                                       []string
	SentAny                                      []string `json:"sent_any"`
	SentMethod                                   string   `json:"sent_method"`
	MustNotSend                                  []string `json:"must_not_send"`
	MnsValue                                     string   `json:"mns_value"`
	MaxMs                                        int64    `json:"max_ms"`
}

func bypassCases(t *testing.T) []bypassCase {
	t.Helper()
	var file struct {
		vectors.File[bypassCase]
		Version         int
		BaseURL         string `json:"base_url"`
		Fields, Outcome string
	}
	vectors.Read(t, "policy_bypass", &file)
	vectors.Count(t, "policy_bypass", len(file.Cases), 129)
	return file.Cases
}

// policy builds what the case describes; a rule that cannot be read refuses everything, as a
// configuration that does not load would.
func (c bypassCase) policy() (Policy, error) {
	if c.Rules.Allow == nil && c.Rules.Deny == nil {
		return Unrestricted(), nil
	}
	allow, err := parseRules(c.Rules.Allow)
	if err != nil {
		return Policy{}, err
	}
	deny, err := parseRules(c.Rules.Deny)
	return New(allow, deny), err
}

func parseRules(texts []string) (rules []Rule, err error) {
	for _, text := range texts {
		r, err := ParseRule(text)
		if err != nil {
			return nil, err
		}
		rules = append(rules, r)
	}
	return rules, nil
}

func (c bypassCase) fields() (fields []wire.Header) {
	for name, value := range c.Headers {
		fields = append(fields, wire.Header{Name: name, Value: value})
	}
	return fields
}

// run judges the case as the broker would: rules, then target, then headers.
func (c bypassCase) run() (outcome string, j Judged, kept []wire.Header) {
	p, err := c.policy()
	if err != nil {
		return "reject", Judged{}, nil
	}
	j, d := Judge(p, Options{}, c.Method, c.Path)
	if d.Outcome != Allowed {
		return d.Outcome.String(), j, nil
	}
	sorted := HeaderPolicy{Policy: p}.Sort(c.Method, c.Path, c.fields())
	if sorted.Outcome != Allowed {
		return sorted.Outcome.String(), Judged{}, nil
	}
	return "allow", j, sorted.Kept
}

func TestVectorsPolicyBypass(t *testing.T) {
	for _, c := range bypassCases(t) {
		t.Run(c.ID, func(t *testing.T) {
			start := time.Now()
			outcome, j, kept := c.run()
			if took := time.Since(start).Milliseconds(); c.MaxMs > 0 && took > c.MaxMs {
				t.Errorf("took %d ms, at most %d wanted: %s", took, c.MaxMs, c.Why)
			}
			if !slices.Contains(c.Accept, outcome) {
				t.Fatalf("%s, want one of %v: %s", outcome, c.Accept, c.Why)
			}
			if outcome != "allow" {
				if j != (Judged{}) {
					t.Errorf("a refused request is usable: %+v", j)
				}
				return
			}
			checkSent(t, c, j)
			checkNotSent(t, c, kept)
		})
	}
}

func checkSent(t *testing.T, c bypassCase, j Judged) {
	t.Helper()
	if c.Sent != "" && j.Target() != c.Sent && !slices.Contains(c.SentAny, j.Target()) {
		t.Errorf("target %q, want %q or one of %q", j.Target(), c.Sent, c.SentAny)
	}
	if want := strings.ToUpper(c.Method); j.Method() != want ||
		c.SentMethod != "" && c.SentMethod != want {
		t.Errorf("method %q, want %q", j.Method(), want)
	}
}

func checkNotSent(t *testing.T, c bypassCase, kept []wire.Header) {
	t.Helper()
	for _, h := range kept {
		for _, name := range c.MustNotSend {
			if strings.EqualFold(h.Name, name) {
				t.Errorf("%s would be sent: %s", h.Name, c.Why)
			}
		}
		if c.MnsValue != "" && h.Value == c.MnsValue {
			t.Errorf("%s: %q would be sent: %s", h.Name, h.Value, c.Why)
		}
	}
	if c.Want == "allow" && len(kept) != len(c.Headers) {
		t.Errorf("kept %v of %v: %s", kept, c.Headers, c.Why)
	}
}

func TestVectorsURLJoin(t *testing.T) {
	type joinCase struct {
		ID, Source, Path, Want, Why string
		BaseURL                     string `json:"base_url"`
	}
	for _, c := range vectors.Load[joinCase](t, "url_join", 12) {
		t.Run(c.ID, func(t *testing.T) {
			got := "reject"
			if base, err := ParseBase(c.BaseURL, false); err == nil {
				if j, d := Judge(Unrestricted(), Options{}, "GET", c.Path); d.Outcome == Allowed {
					got, _ = base.JoinUnder("", j, "")
				}
			}
			if got != c.Want {
				t.Errorf("%s + %s = %q, want %q", c.BaseURL, c.Path, got, c.Want)
			}
		})
	}
}
