package cli

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"time"

	"github.com/true-and-useful/janee/cmd/janee/internal/hint"
	"github.com/true-and-useful/janee/cmd/janee/internal/home"
	"github.com/true-and-useful/janee/cmd/janee/internal/opened"
	"github.com/true-and-useful/janee/core/audit"
)

// minToken is how many characters a token from the environment must have: people make such tokens
// up.
const minToken = 16

// The variables that give the token of the agent default: itself, or a file that contains it.
const (
	tokenEnv     = "JANEE_TOKEN"
	tokenFileEnv = "JANEE_TOKEN_FILE"
)

// tokenOf returns the token that the environment gives the agent default, or "": that of
// JANEE_TOKEN, or the content of file, which JANEE_TOKEN_FILE names. It makes the file if there is
// none, for the containers that share its volume.
func tokenOf(env *Env, s *opened.Home, file string) (token string, err error) {
	token, source := env.Getenv(tokenEnv), tokenEnv
	if file != "" {
		if token != "" {
			return "", hint.Errorf(hint.Failed, "unset one of them", "%s and %s are both set",
				tokenEnv, tokenFileEnv)
		}
		source = fmt.Sprintf("%s (%s)", tokenFileEnv, file)
		if token, err = readOrMakeToken(env, s, file); err != nil {
			return "", fmt.Errorf("%s: %w", source, err)
		}
	}
	if file != "" && token == "" || token != "" && len(token) < minToken {
		return "", hint.Errorf(hint.Failed, "make a new one with `openssl rand -hex 32`",
			"the token of %s has fewer than %d characters, so it can be guessed", source, minToken)
	}
	return token, nil
}

func readOrMakeToken(env *Env, s *opened.Home, path string) (string, error) {
	guard := home.GuardFromEnv(env.Getenv)
	text, err := guard.ReadShared(path)
	if !errors.Is(err, fs.ErrNotExist) {
		return strings.TrimSpace(string(text)), err
	}
	r := audit.Record{TS: time.Now().UnixMilli(), Event: "agent.add", Agent: defaultAgent,
		Via: "cli", Detail: map[string]string{"tokenFile": path}}
	if err := recordAll(s, []audit.Record{r}); err != nil {
		return "", err
	}
	if _, err := guard.CreateShared(path, []byte(newAgentToken()+"\n")); err != nil {
		return "", err
	}
	text, err = guard.ReadShared(path) // another process may have been first
	return strings.TrimSpace(string(text)), err
}
