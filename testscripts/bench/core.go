package main

import (
	"fmt"
	"math/rand/v2"
	"os/exec"
	"regexp"
	"strconv"
	"time"

	"github.com/true-and-useful/janee/core/policy"
	"github.com/true-and-useful/janee/core/secret"
)

// coreFigures are those of the core alone, one of each round.
type coreFigures struct {
	Decision []float64 `json:"decisionMicros"`       // over 1,000 rules, natively
	Module   []float64 `json:"moduleDecisionMicros"` // the whole judged call, two messages, in Node
	Scrub    []float64 `json:"scrubMiBs"`            // 20 secrets
}

func (h *house) core(r *results) error {
	say("the core")
	for range h.options.rounds {
		r.Core.Decision = append(r.Core.Decision, float64(repeat(h.each/4, decision()))/1e3)
		r.Core.Scrub = append(r.Core.Scrub,
			chunk*float64(time.Second)/float64(repeat(h.each/4, scrubbing()))/(1<<20))
		if h.plugin == "" {
			continue
		}
		took, err := h.moduleDecision()
		if err != nil {
			return err
		}
		r.Core.Module = append(r.Core.Module, took)
	}
	return nil
}

// repeat is how long one f takes, on average over some time.
func repeat(during time.Duration, f func()) time.Duration {
	n, began := 0, time.Now()
	for ; n == 0 || time.Since(began) < during; n++ {
		f()
	}
	return time.Since(began) / time.Duration(n)
}

// decision judges a path that the last of 1,000 rules allows.
func decision() func() {
	var allow, deny []policy.Rule
	for i := range 500 {
		deny = append(deny, mustRule(fmt.Sprintf("* /v1/Accounts/%d/secret*", i)))
		allow = append(allow, mustRule(fmt.Sprintf("GET /v1/accounts/%d/*/items", i)))
	}
	p := policy.New(allow, deny)
	return func() {
		if _, d := policy.Judge(p, policy.Options{}, "GET",
			"/v1/accounts/499/x%20y/items?limit=10"); d.Outcome != policy.Allowed {
			panic("not allowed")
		}
	}
}

func mustRule(s string) policy.Rule {
	r, err := policy.ParseRule(s)
	if err != nil {
		panic(err)
	}
	return r
}

const chunk = 64 << 10

// scrubbing takes a chunk of an ordinary reply through a scrubber that looks for 20 secrets.
func scrubbing() func() {
	random := rand.New(rand.NewPCG(7, 7))
	var secrets []secret.Text
	for range 20 {
		secrets = append(secrets,
			secret.New(fmt.Sprintf("sk_live_%016x%016x%016x", random.Uint64(),
				random.Uint64(), random.Uint64())))
	}
	stream, text := secret.NewScrubber(secrets...).Stream(), []byte(largeBody[:chunk])
	return func() { stream.Write(text, false) }
}

var ruled = regexp.MustCompile(`judged by 1,000 rules .*: p50 (\d+) us`)

// moduleDecision has wasm/bench.mjs measure the module.
func (h *house) moduleDecision() (micros float64, err error) {
	out, err := exec.Command(h.node, "wasm/bench.mjs", h.module, "1000").CombinedOutput()
	if err != nil {
		return 0, fmt.Errorf("wasm/bench.mjs: %w\n%s", err, out)
	}
	found := ruled.FindSubmatch(out)
	if found == nil {
		return 0, fmt.Errorf("wasm/bench.mjs did not measure 1,000 rules:\n%s", out)
	}
	return strconv.ParseFloat(string(found[1]), 64)
}
