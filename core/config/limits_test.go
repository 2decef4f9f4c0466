package config

import (
	"strings"
	"testing"

	"github.com/true-and-useful/janee/core/limit"
)

const limited = minimal + "capabilities:\n  c:\n    service: stripe\n    limits:\n"

func TestLimits(t *testing.T) {
	c, err := Parse([]byte(limited + "      perMinute: 60\n      perHour: \"1000\"\n" +
		"      bytesPerHour: 10MB\n      concurrent: 4\n      maxRequestBytes: 64KiB\n" +
		"      maxResponseBytes: 1000\n" +
		"limits: {perMinute: 600}\n"))
	if err != nil {
		t.Fatal(err)
	}
	want := limit.Limits{
		PerMinute: 60, PerHour: 1000, BytesPerHour: 10_000_000, Concurrent: 4,
		MaxRequestBytes: 65536, MaxResponseBytes: 1000,
	}
	if got := c.Capabilities["c"].Limits; got != want {
		t.Errorf("%+v", got)
	}
	if c.Limits != (limit.Limits{PerMinute: 600, Concurrent: DefaultConcurrent}) {
		t.Errorf("%+v", c.Limits)
	}
	c, err = Parse([]byte(minimal + "limits: {}\n"))
	if err != nil || c.Limits != (limit.Limits{Concurrent: DefaultConcurrent}) {
		t.Errorf("%+v, %v", c, err)
	}
}

func TestLimitProblems(t *testing.T) {
	for lines, want := range map[string]string{
		"      perMinute: 0\n": `12: capability "c": limits: perMinute ` +
			`"0" is not a whole number from 1 to 10000`,
		"      perMinute: -1\n":    `12: capability "c": limits: perMinute "-1" is not`,
		"      perMinute: 1.5\n":   `12: capability "c": limits: perMinute "1.5" is not`,
		"      perMinute: 060\n":   `12: capability "c": limits: perMinute "060" is not`,
		"      perMinute: 0x10\n":  `12: capability "c": limits: perMinute "0x10" is not`,
		"      perMinute: 1_0\n":   `12: capability "c": limits: perMinute "1_0" is not`,
		"      perMinute: 1e2\n":   `12: capability "c": limits: perMinute "1e2" is not`,
		"      perMinute: 10001\n": `12: capability "c": limits: perMinute "10001" is not`,
		"      perMinute: 60/m\n":  `12: capability "c": limits: perMinute "60/m" is not`,
		"      perMinute: true\n":  `12: capability "c": limits: perMinute "true" is not`,
		"      perMinute:\n":       `12: capability "c": limits: perMinute is empty`,
		"      perMinute: [1]\n":   `12: capability "c": limits: perMinute must be text`,
		"      perHour: 9223372036854775808\n": `12: capability "c": limits: perHour ` +
			`"9223372036854775808" is not`,
		"      perMinute: 5\n      " +
			"perMinute: 6\n": `13: key "perMinute" is already given at line 12`,
		"      per_minute: 5\n": `12: capability "c": limits has no key "per_minute": ` +
			`write perMinute`,
		"      rate: 5\n": `12: capability "c": limits has no key ` +
			`"rate": it may have perMinute, perHour, bytesPerHour, concurrent, maxRequestBytes, maxResponseBytes`,
		"      concurrent: 1001\n": `12: capability "c": limits: concurrent ` +
			`"1001" is not a whole number from 1 to 1000`,
		"      bytesPerHour: 10 MB\n": `12: capability "c": limits: ` +
			`bytesPerHour "10 MB" is not a size: write bytes, or a whole number with KB, MB, GB, KiB, MiB or GiB, as in 10MB, at most 1024GiB`,
		"      bytesPerHour: 10mb\n": `12: capability "c": limits: ` +
			`bytesPerHour "10mb" is not a size`,
		"      bytesPerHour: " +
			"9223372036854775807GiB\n": `12: capability "c": limits: ` +
			`bytesPerHour "9223372036854775807GiB" is not a size`,
		"      maxRequestBytes: 0\n": `12: capability "c": limits: ` +
			`maxRequestBytes "0" is not a size`,
		"      maxResponseBytes: 11MiB\n": `12: capability "c": limits: ` +
			`maxResponseBytes "11MiB" is not a size`,
		"": `11: capability "c": limits is empty: ` +
			`write limits: {perMinute: 60}, or delete the line`,
		"      - perMinute: 60\n": `12: capability "c": limits must be a mapping, not a list`,
		"      60\n":              `12: capability "c": limits must be a mapping, not text`,
		"      perMinute: 5\nlimits: {perMinute: x}\n": `13: limits: perMinute "x" is not a ` +
			`whole number`,
		"      perMinute: 5\nlimits:\n":                 `13: limits is empty`,
		"      perMinute: 5\nlimits: {maxBytes: 1MB}\n": `13: limits has no key "maxBytes"`,
	} {
		got := problems(t, limited+lines)
		if len(got) != 1 || !strings.HasPrefix(got[0], "line "+want) {
			t.Errorf("%q: %q, want line %s", lines, got, want)
		}
	}
}

// TestEditLimits: lines are set and taken out one by one, and the block goes with the last of them:
// an empty one would not be valid.
func TestEditLimits(t *testing.T) {
	const text = minimal + "capabilities:\n  c: # cards\n    service: stripe\n"
	edit := func(text string, e CapabilityEdit) string {
		t.Helper()
		out, err := EditCapability([]byte(text), "c", e)
		if err != nil {
			t.Fatalf("%v\n%s", err, text)
		}
		return string(out)
	}
	one := edit(text, CapabilityEdit{Limits: []KV{{"perMinute", "60"}}})
	if one != text+"    limits:\n      perMinute: 60\n" {
		t.Errorf("%s", one)
	}
	two := edit(one, CapabilityEdit{Limits: []KV{{"bytesPerHour", "10MB"}, {"perMinute", "90"}}})
	if two != text+"    limits:\n      perMinute: 90\n      bytesPerHour: 10MB\n" {
		t.Errorf("%s", two)
	}
	if out := edit(two, CapabilityEdit{Limits: []KV{{"perMinute", ""}, {"perHour", ""}}}); out !=
		text+"    limits:\n      bytesPerHour: 10MB\n" {
		t.Errorf("%s", out)
	}
	out := edit(two, CapabilityEdit{Limits: []KV{{"perMinute", ""}, {"bytesPerHour", ""}}})
	if out != text {
		t.Errorf("%s", out)
	}
	if out := edit(two, CapabilityEdit{ClearLimits: true}); out != text {
		t.Errorf("%s", out)
	}
	if out := edit(two, CapabilityEdit{ClearLimits: true, Limits: []KV{{"perHour", "5"}}}); out !=
		text+"    limits:\n      perHour: 5\n" {
		t.Errorf("%s", out)
	}
	if out := edit(text, CapabilityEdit{Limits: []KV{{"perMinute", ""}}}); out != text {
		t.Errorf("%s", out)
	}
	_, err := EditCapability([]byte(text), "c", CapabilityEdit{Limits: []KV{{"perMinute", "0"}}})
	if err == nil {
		t.Error("a limit of nothing was written")
	}
	added, err := AddCapability([]byte(minimal), NewCapability{
		Name:    "d",
		Service: "stripe",
		Limits:  []KV{{"perMinute", "60"}, {"maxRequestBytes", "64KiB"}},
	})
	if err != nil || !strings.Contains(string(added),
		"    limits:\n      perMinute: 60\n      maxRequestBytes: 64KiB\n") {
		t.Errorf("%s, %v", added, err)
	}
}

func TestSetLimits(t *testing.T) {
	const text = minimal + "capabilities:\n  c:\n    service: stripe\n"
	for key, want := range map[string]string{
		"limits.perMinute":                "\nlimits:\n  perMinute: 60\n",
		"capabilities.c.limits.perMinute": "    limits:\n      perMinute: 60\n",
	} {
		out, err := Set([]byte(text), key, "60")
		if err != nil || string(out) != text+want {
			t.Errorf("%s: %v\n%s", key, err, out)
			continue
		}
		got, err := Get(out, key)
		if err != nil || len(got) != 1 || got[0].Value != "60" {
			t.Errorf("%s: %v, %v", key, got, err)
		}
		if _, err := Set(out, key, "0"); err == nil {
			t.Errorf("%s: 0 was set", key)
		}
	}
	if _, err := Set([]byte(text), "limits.rate", "60"); err == nil {
		t.Error("an unknown limit was set")
	}
	if got, err := Get([]byte(text), "limits.perMinute"); err != nil || len(got) != 1 ||
		got[0].Value != nil {
		t.Errorf("%v, %v", got, err)
	}
	field, ok := LimitField("per-minute")
	if other, found := LimitField("perMinute"); !ok || !found || field.Name != "perMinute" ||
		other.Name != "perMinute" {
		t.Error("per-minute is not found")
	}
	if _, ok := LimitField("per minute"); ok {
		t.Error("a name with a blank is found")
	}
}
