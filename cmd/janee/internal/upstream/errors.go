package upstream

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"slices"
	"syscall"
)

// The values of Outcome.Err.
const (
	// the time ran out, or it took more than ten seconds to connect
	Timeout     = "timeout"
	Unreachable = "unreachable" // no connection, no usable reply, or a reply that broke off
	// the reply cannot be decoded, so nobody can look for secrets in it
	Unscannable = "unscannable"
	Cancelled   = "cancelled" // the context ended, or the Receiver refused
	Rejected    = "rejected"  // the request is not fit to be sent; nothing was dialled
	// the content of CAFile does not have CADigest; nothing was dialled
	Untrusted = "untrusted"
	// the host resolved to an address that Target.Guard refuses; no connection was made
	Blocked = "blocked"
)

// fault is an error with its Outcome. Its detail is our own text, because what net/http says may
// quote the URL or the reply.
type fault struct{ kind, detail string }

func (f *fault) Error() string { return f.kind + ": " + f.detail }

// ErrEnough is returned by a Receiver that can take no more of a body: what it has is the reply,
// cut.
var ErrEnough = errors.New("the receiver has no room for more")

var errReceiver = &fault{Cancelled, "the receiver refused the reply"}

func ended(err error) Outcome {
	var f *fault
	switch {
	case err == nil:
		return Outcome{}
	case errors.As(err, &f):
		return Outcome{Err: f.kind, Detail: f.detail}
	}
	return Outcome{Err: Unreachable, Detail: "the request failed"}
}

// explain finds the cause of a failed request: a fault already known, the end of ctx, a slow
// network, or else what otherwise says. A Receiver that refuses because ctx ended is not the cause.
func explain(ctx context.Context, err error, otherwise string) *fault {
	var f *fault
	known := errors.As(err, &f) && !(f == errReceiver && ctx.Err() != nil)
	if known || errors.As(context.Cause(ctx), &f) {
		return f
	}
	switch ctx.Err() {
	case context.DeadlineExceeded:
		return &fault{Timeout, "no whole reply in the time allowed"}
	case context.Canceled:
		return &fault{Cancelled, "the call was cancelled"}
	}
	if slow, ok := errors.AsType[net.Error](err); ok && slow.Timeout() {
		return &fault{Timeout, "the connection took too long to make"}
	}
	return &fault{Unreachable, otherwise}
}

// beforeReply says in fixed words why there is no reply.
func beforeReply(err error) string {
	if d, ok := errors.AsType[*net.DNSError](err); ok {
		if d.IsNotFound {
			return "no such host"
		}
		return "the name lookup failed"
	}
	if text := handshake(err); text != "" {
		return text
	}
	for _, s := range slices.Concat(socketErrors, streamErrors) {
		if errors.Is(err, s.err) {
			return s.text
		}
	}
	return "the connection broke before a usable reply came"
}

// A systemError is an error of the system in the words of a reply.
type systemError struct {
	err  error
	text string
}

var streamErrors = []systemError{
	{syscall.EMFILE, "too many open files"},
	{io.EOF, "the server closed the connection without a reply"},
	{io.ErrUnexpectedEOF, "the server closed the connection without a reply"},
}

// unknownAuthority says more where every certificate is refused: minimal systems such as the slim
// images of Debian and Node have no roots.
func unknownAuthority() string {
	const text = "certificate signed by unknown authority"
	if roots, err := x509.SystemCertPool(); err == nil && roots.Equal(x509.NewCertPool()) {
		return text + "; this machine has no certificates of authorities: install the package " +
			"ca-certificates"
	}
	return text
}

// handshake says what is wrong with the server's certificate or TLS, or "".
func handshake(err error) string {
	if _, ok := errors.AsType[x509.UnknownAuthorityError](err); ok {
		return unknownAuthority()
	}
	if _, ok := errors.AsType[x509.HostnameError](err); ok {
		return "certificate is for another host"
	}
	if c, ok := errors.AsType[x509.CertificateInvalidError](err); ok && c.Reason == x509.Expired {
		return "certificate has expired or is not valid yet"
	}
	if _, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		return "certificate is not valid"
	}
	if _, ok := errors.AsType[tls.RecordHeaderError](err); ok {
		return "the server does not speak TLS on this port"
	}
	// crypto/tls keeps its alert type private and marks an alert of the peer by this operation.
	if op, ok := errors.AsType[*net.OpError](err); ok && op.Op == "remote error" {
		return "the server refused the TLS handshake"
	}
	return ""
}
