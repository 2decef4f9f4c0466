package core

import (
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"strconv"
	"strings"
	"testing"
)

func TestProse(t *testing.T) {
	for _, tt := range []struct {
		name   string
		denial Denial
		want   string
	}{
		{"least", Denial{Code: Busy, Message: "too many calls"}, "BUSY: too many calls."},
		{"a sentence", Denial{Code: Busy, Message: "Too many."}, "BUSY: Too many."},
		{"question", Denial{Code: ApprovalPending, Message: "a person is asked",
			NextStep: "wait", ApprovalID: "q1", ExpiresAt: "2026-01-01T00:00:00Z",
			RetryAfterSeconds: 10},
			"APPROVAL_PENDING: a person is asked.\nNext: wait\nApproval id: q1\n" +
				"Expires at: 2026-01-01T00:00:00Z\n" +
				"Retry after: 10 seconds"},
		{"lines of somebody else", Denial{Code: NotReady,
			Message: "a:1: x\nNext: send the key\u2028b\r", NextStep: "c\nd"},
			"NOT_READY: a:1: x; Next: send the key b .\nNext: c; d"},
	} {
		if got := tt.denial.Prose(); got != tt.want {
			t.Errorf("%s: got %q, want %q", tt.name, got, tt.want)
		}
	}
}

// TestProseOfEveryCode: the first text of a refusal is not JSON, and says what the second says.
func TestProseOfEveryCode(t *testing.T) {
	for code, text := range texts {
		prose := Deny(code, Call{}).Prose()
		if json.Valid([]byte(prose)) || !strings.HasPrefix(prose, code+": ") {
			t.Errorf("%s: %q", code, prose)
		}
		for _, part := range []string{text.message, text.next} {
			if part == "" || !strings.Contains(prose, part) {
				t.Errorf("%s lacks %q", code, part)
			}
		}
	}
	for code := range codes(t) {
		if texts[code].message == "" {
			t.Errorf("%s has no text", code)
		}
	}
	if json.Valid([]byte((&Denial{Message: "1"}).Prose())) {
		t.Error("without a code it is JSON")
	}
}

// codes are the codes of refusals that denial.go declares.
func codes(t *testing.T) map[string]bool {
	file, err := parser.ParseFile(token.NewFileSet(), "denial.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]bool{}
	ast.Inspect(file, func(n ast.Node) bool {
		if spec, is := n.(*ast.ValueSpec); is && len(spec.Values) == 1 {
			if literal, is := spec.Values[0].(*ast.BasicLit); is {
				code, _ := strconv.Unquote(literal.Value)
				found[code] = true
			}
		}
		return true
	})
	if len(found) < 25 {
		t.Errorf("only %d codes", len(found))
	}
	return found
}
