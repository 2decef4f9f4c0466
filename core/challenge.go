package core

import (
	"fmt"
	"strings"

	"github.com/true-and-useful/janee/core/sign"
)

// challenge is what a flow knows of an auth type that signs what the API asks for. The first request of such a call carries neither
// credential nor body: a server refuses it before it acts, and the body goes out once.
type challenge struct {
	awaited bool // the first request is the one under way
	head    Head // of its reply
	answer  sign.Signed
}

// challenged takes the end of the first request. A 401 is answered with the request itself, and its body dropped. Any other reply is the
// answer, nil, unless a body was held back: it then is one to another request than the agent's.
func (f *Flow) challenged(in In) Step {
	c := &f.challenge
	c.awaited = false
	if c.head.Status != 401 {
		if len(f.call.Body) > 0 {
			return f.fail(in, SigningFailed, fmt.Sprintf("%v: it answered %d to the request without its body, which was not sent", sign.ErrNoChallenge, c.head.Status))
		}
		return nil
	}
	answer, err := f.scheme.Answer(f.credential, f.toSign(f.headers), moment(in), c.asked())
	if err != nil {
		return f.fail(in, SigningFailed, f.clean(err.Error()))
	}
	c.answer = answer
	return f.dispatch(in)
}

// asked are the values of WWW-Authenticate, which may come several times.
func (c *challenge) asked() (values []string) {
	for _, h := range c.head.Headers {
		if strings.EqualFold(h.Name, "WWW-Authenticate") {
			values = append(values, h.Value)
		}
	}
	return values
}
