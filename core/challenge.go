package core

import (
	"fmt"
	"strings"

	"github.com/true-and-useful/janee/core/sign"
)

// challenge is what is known of an auth type that signs what the API asks for. The first request of
// such a call carries neither credential nor body: a server refuses it before it acts, and the body
// goes out once.
type challenge struct {
	awaited bool // the first request is the one under way
	head    Head // of its reply
	answer  sign.Signed
}

// answerChallenge signs what the reply to the first request asks for.
func (s *delivery) answerChallenge() *Denial {
	c := &s.challenge
	c.awaited = false
	answer, err := s.scheme.Answer(s.credential, s.toSign(s.headers), moment(s.in()), c.asked())
	if err != nil {
		return s.failure(SigningFailed, s.clean(err.Error()))
	}
	c.answer = answer
	return nil
}

// withheld refuses a reply to the first request that is no challenge, unless that request was the
// whole of the agent's: with its body held back it was another one.
func (s *delivery) withheld(status int) *Denial {
	if !s.challenge.awaited || len(s.call.Args.Body) == 0 {
		return nil
	}
	return s.failure(SigningFailed,
		fmt.Sprintf("%v: it answered %d to the request without its body, which was not sent",
			sign.ErrNoChallenge, status))
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
