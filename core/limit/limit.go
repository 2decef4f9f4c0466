// Package limit counts what agents do and says when it is too much: how often they call, how many
// bytes they move, and how many calls they make at once. Limits are what a person allows, a Book is
// what has happened: Book.Take counts a call, or says which limit it would break, and Ticket.End
// gives back what the call did not use.
//
// Time is the monotonic clock of a shell, in milliseconds, so that setting a clock back or ahead
// neither grants calls nor takes any away. Nothing is written to disk: a Book counts for one
// process, for as long as it runs.
package limit

import "github.com/true-and-useful/janee/core/wire"

// Limits are the bounds of what one agent may do. Zero means no bound.
type Limits struct {
	PerMinute int64 `json:"perMinute,omitempty"` // calls in any minute
	PerHour   int64 `json:"perHour,omitempty"`   // calls in any hour
	// bytes sent and returned, in any hour
	BytesPerHour    int64 `json:"bytesPerHour,omitempty"`
	Concurrent      int64 `json:"concurrent,omitempty"`      // calls at once
	MaxRequestBytes int64 `json:"maxRequestBytes,omitempty"` // bytes of the body of one request
	// bytes of the body of one reply that are returned
	MaxResponseBytes int64 `json:"maxResponseBytes,omitempty"`
}

// Field is one of the Limits, with its name in config.yaml.
type Field struct {
	Name string
	Size bool  // its value is a size, see parseSize
	Most int64 // the greatest value that it may have
	at   func(*Limits) *int64
}

// Names of the fields.
const (
	PerMinute        = "perMinute"
	PerHour          = "perHour"
	BytesPerHour     = "bytesPerHour"
	Concurrent       = "concurrent"
	MaxRequestBytes  = "maxRequestBytes"
	MaxResponseBytes = "maxResponseBytes"
)

var fields = []Field{
	{PerMinute, false, 10_000, func(l *Limits) *int64 { return &l.PerMinute }},
	{PerHour, false, 100_000, func(l *Limits) *int64 { return &l.PerHour }},
	{BytesPerHour, true, 1 << 40, func(l *Limits) *int64 { return &l.BytesPerHour }},
	{Concurrent, false, 1000, func(l *Limits) *int64 { return &l.Concurrent }},
	{MaxRequestBytes, true, wire.MaxBody, func(l *Limits) *int64 { return &l.MaxRequestBytes }},
	{MaxResponseBytes, true, wire.MaxBody, func(l *Limits) *int64 { return &l.MaxResponseBytes }},
}

// Fields lists the limits in the order in which they are written and shown.
func Fields() []Field { return fields }

// In returns where the value of the field is in l.
func (f Field) In(l *Limits) *int64 { return f.at(l) }

// Format writes a value of the field as a person would.
func (f Field) Format(n int64) string {
	if f.Size {
		return FormatSize(n)
	}
	return formatInt(n)
}

// Parse reads a value of the field as config.yaml and the command line write it: a whole number
// from 1 to Most, or a size.
func (f Field) Parse(s string) (int64, bool) {
	read := parseInt
	if f.Size {
		read = parseSize
	}
	n, ok := read(s)
	return n, ok && n <= f.Most
}

// counts reports whether anything has to be counted from call to call.
func (l Limits) counts() bool {
	return l.PerMinute > 0 || l.PerHour > 0 || l.BytesPerHour > 0 || l.Concurrent > 0
}
