package answers

import (
	"time"

	"github.com/true-and-useful/janee/core/approval"
)

// View is a question as JSON tells it, on the command line and to a webhook. Times are UTC, RFC
// 3339 with milliseconds. It is a form of its own, apart from that of the question's file: scripts
// hold on to it. It leaves out the digest, which opens nothing and means nothing to a person.
type View struct {
	ID         string `json:"id"`
	AgentID    string `json:"agentId"`
	Via        string `json:"via"`
	Capability string `json:"capability"`
	Service    string `json:"service"`
	Method     string `json:"method"`
	Host       string `json:"host"`
	Path       string `json:"path"`
	BodyBytes  int64  `json:"bodyBytes"`
	BodySHA256 string `json:"bodySha256,omitempty"`
	Reason     string `json:"reason,omitempty"`
	Code       string `json:"code,omitempty"` // for the person alone
	AskedAt    string `json:"askedAt"`
	ExpiresAt  string `json:"expiresAt"`
}

// ViewOf returns the view of q, values of the query included: who sends it elsewhere redacts Path
// and leaves out Code.
func ViewOf(q approval.Question) View {
	at := func(ms int64) string {
		return time.UnixMilli(ms).UTC().Format("2006-01-02T15:04:05.000Z")
	}
	return View{
		ID:         q.ID,
		AgentID:    q.Agent,
		Via:        q.Via,
		Capability: q.Capability,
		Service:    q.Service,
		Method:     q.Method,
		Host:       q.Host,
		Path:       q.Path,
		BodyBytes:  q.BodyBytes,
		BodySHA256: q.BodySHA256,
		Reason:     q.Reason,
		Code:       q.Code,
		AskedAt:    at(q.Asked),
		ExpiresAt:  at(q.Expires),
	}
}
