package core

import (
	"encoding/json"

	"github.com/true-and-useful/janee/core/approval"
	"github.com/true-and-useful/janee/core/secret"
)

// Step is what a shell has to do next: exactly one of Commit, List, Ask, Send, Relay, Done. After
// Head, Resume answers Relay or nil: the Send that is under way goes on.
type Step interface{ step() }

// Commit asks for Writes, then Records, all durable before anything else. Removes are files that
// nothing depends on any more; one that stays is no error. Holds are files that must still be as
// they were read: if one is not, nothing is done and Committed says Stale. It is answered by
// Committed.
type Commit struct {
	Holds   []Hold
	Writes  []Write
	Removes []string
	Records []Record
	// Late: the records testify to what has happened already. They are written before the reply;
	// the sync may follow.
	Late bool
}

// Hold is a state file as it was read. Data is nil where there was none.
type Hold struct {
	Name string
	Data []byte
}

// List asks for every state file of a directory. It is answered by Listed, and In.Files of that
// Resume holds them.
type List struct{ Dir string }

// Ask waits for a person until Wait (Now.Mono), or until Flow.Settled or Flow.Revoked says that the
// files called Watch end the wait. It is answered by Answered, by Said, or by Filled; In.Files of
// that Resume holds the files called Watch. New: this call raised the question, so a person may be
// told. Question.Code is set where the shell may also ask the person through the agent's client,
// with a form that wants the code; Wrong says that the code of the form before was not it.
type Ask struct {
	Question Question
	New      bool
	Wrong    bool
	Wait     int64
	Watch    []string
}

// Send is one HTTP request. Redirects are not followed. It is answered by Head, then the reply's
// bytes through Flow.Scrub, then Ended. The URL's RequestURI must equal Target, else the answer is
// Ended{Err: ErrRejected} and nothing is sent.
//
// With a Flight it trades a credential for a token, at an endpoint of its own: the URL's origin is
// not that of the service. Of all flows that ask for the same Flight one sends, and every one gets
// its reply: Head, and the body in Ended.Body, which passes no Scrub and reaches nobody but the
// flow. Who sends makes Records durable first; if that fails the answer is Ended{Err:
// ErrUnrecorded}. A Flight that has come to an end answers flows that ask late for some seconds
// more; no later flow asks for it again.
type Send struct {
	Service, Method, URL string
	Target               string
	Headers              []Header
	Body                 []byte
	// for the request and its reply; with a Flight, for how long this flow waits
	TimeoutMs int64
	// decoded bytes of the reply to read; more than the agent asked for, see secret.Stream.Limit
	MaxBody int64
	Watch   []string
	Flight  string
	Records []Record

	// CADigest is the SHA-256, in hex, that the content of the service's caFile must have, and ""
	// where nothing was agreed to. With another content nothing is sent: the answer is Ended{Err:
	// ErrUntrusted}.
	CADigest string
}

// Relay is the head of the reply that the agent gets, scrubbed, as soon as it is known. The chunks
// that Flow.Scrub returns from then on are the reply's body. Where Resume answers nil to a Head the
// agent gets nothing of that reply: it is a token, or the request goes out once more. The length of
// the body is not told: it would tell how long a secret in it is. It is answered by Ended.
type Relay struct {
	Status  int
	Headers []Header
}

// Done ends a flow. Exactly one of Result and Denial is set. Lock: refuse all further calls until
// the log can be written.
type Done struct {
	Result *Result
	Denial *Denial
	Lock   bool
}

func (Commit) step() {}
func (List) step()   {}
func (Ask) step()    {}
func (Send) step()   {}
func (Relay) step()  {}
func (Done) step()   {}

// Event tells what came of a step.
type Event interface{ event() }

// Committed answers Commit. Exists holds, by name, what a write or a hold found whose condition was
// not met; nil: no file, or, of a write, one that cannot be read. Stale: that was a hold, and
// nothing was done. A hold that cannot be read is an Err.
type Committed struct {
	Exists map[string][]byte
	Stale  bool
	Err    bool
}

// Listed answers List. Err: the directory cannot be read; a missing one is empty.
type Listed struct{ Err bool }

// Answered answers Ask. What was answered, if anything, is in the files.
type Answered struct{}

// Said answers Ask with what a person said over a channel that the agent does not hold and that
// does not ask for the PIN. Decision and Scope are those of package approval, By names the channel.
// Where there is a PIN a yes does not count, see Flow.TakesYes.
type Said struct{ Decision, Scope, By string }

// Filled answers Ask with a form that was filled in and sent in the agent's client: the code that
// was typed, and approval.Once, approval.Session or approval.Deny.
type Filled struct{ Code, Decision string }

// Head is the head of an upstream's reply.
type Head struct {
	Status  int
	Headers []Header
}

// Ended is the end of a Send: of the reply, or of the attempt.
type Ended struct {
	Err       string // "" or one of the Err constants
	Detail    string // for the person's log; scrubbed again here
	Truncated bool
	Bytes     int64 // of the body, that the agent got

	// Of a Flight: the body as it came, and whether this flow is the first that is told, which
	// records what came of it.
	Body  secret.Text
	First bool
}

// What ended a Send other than the end of the reply.
const (
	ErrTimeout     = "timeout"
	ErrUnreachable = "unreachable"
	ErrUnscannable = "unscannable"
	ErrCancelled   = "cancelled"
	ErrRejected    = "rejected"
	ErrBlocked     = "blocked"
	ErrUntrusted   = "untrusted"  // the caFile holds other authorities than the owner agreed to
	ErrUnrecorded  = "unrecorded" // of a Flight: its records could not be written, nothing was sent
)

// Stopped ends a flow from outside at any point before Done. Bytes are those of the body that the
// agent got by then, where a shell relays a reply while it arrives.
type Stopped struct {
	Why   string
	Bytes int64
}

// Reasons to stop a flow.
const (
	StopRevoked   = "revoked"   // a watched file appeared
	StopCancelled = "cancelled" // the client took the call back
	StopShutdown  = "shutdown"
)

func (Committed) event() {}
func (Listed) event()    {}
func (Answered) event()  {}
func (Said) event()      {}
func (Filled) event()    {}
func (Head) event()      {}
func (Ended) event()     {}
func (Stopped) event()   {}

// Write is one state file. Name is relative to the home.
type Write struct {
	Name string
	Data []byte
	If   If
}

// If says what must be in a state file for a write to replace it. The zero value is Absent.
type If struct {
	any  bool
	data []byte // nil: no file
}

// Conditions of a write.
var (
	Absent = If{}          // the loser of several writers reads the winner's file
	Any    = If{any: true} // also in place of what cannot be read
)

// Equal is the condition that a file holds exactly data, so that of several writers that have
// read it one replaces it.
func Equal(data []byte) If { return If{data: append([]byte{}, data...)} }

// replacing is Any where a file was there that no longer counts.
func replacing(there bool) If {
	if there {
		return Any
	}
	return Absent
}

// Any reports whether a write may replace whatever there is.
func (i If) Any() bool { return i.any }

// Data is what the file must hold; nil: there must be no file.
func (i If) Data() []byte { return i.data }

// Question is what a person is asked before a request is sent.
type Question = approval.Question

// Result is the answer to an allowed call. The body of an execute is what Flow.Scrub returned.
type Result struct {
	Tool       string
	Status     int
	Headers    []Header // scrubbed
	Dropped    []string // names of the agent's headers that were not sent
	Truncated  bool
	Redactions int
	Data       json.RawMessage // the answer of every tool but execute
	Agent      string          // as whom the call was made, for what the shell has still to do
	Share      *Share          // manage_credential: to be written by the shell, which then answers
}
