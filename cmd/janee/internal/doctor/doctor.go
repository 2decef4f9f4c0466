// Package doctor looks for what is wrong with a home, its root key and the machine around it, and
// names the command that mends it. Use Run for `janee doctor`; it changes nothing but for a trial
// file that it removes again, and goes on where other commands stop. It is no gate: what must not
// happen is refused where it would happen, by packages home, keysource and core.
package doctor

import (
	"fmt"
	"time"

	"github.com/true-and-useful/janee/cmd/janee/internal/auditlog"
	"github.com/true-and-useful/janee/cmd/janee/internal/home"
	"github.com/true-and-useful/janee/cmd/janee/internal/keysource"
	"github.com/true-and-useful/janee/cmd/janee/internal/opened"
	"github.com/true-and-useful/janee/cmd/janee/internal/state"
	"github.com/true-and-useful/janee/core/config"
	"github.com/true-and-useful/janee/core/vault"
)

// Result of a check, and of all together the worst.
type Result string

const (
	Pass Result = "pass"
	Warn Result = "warn" // it works, and something is not as it should be
	Fail Result = "fail" // something does not work, or is open to others
)

// Check is one finding. Detail is a sentence and may hold what others wrote, never a secret; Fix is
// a command or an act, "" for a pass.
type Check struct {
	Check  string `json:"check"`
	Result Result `json:"result"`
	Detail string `json:"detail"`
	Fix    string `json:"fix,omitempty"`
}

// Report is everything found, in the order of the checks.
type Report struct {
	Overall Result  `json:"overall"`
	Checks  []Check `json:"checks"`
}

// Machine is what the checks look at.
type Machine struct {
	*keysource.Keys
	UserHome string // the person's own directory, "" if there is none
	WorkDir  string // "" to leave projects out
	Now      func() time.Time
}

// openHome is what the checks read of a home that could be opened.
type openHome interface {
	state.Reader
	auditlog.Dir
	ReadConfig() ([]byte, home.Stamp, error)
	ConfigPath() string
	Path(name string) string
}

// patient is a machine with what the checks so far have opened: later checks do without what is
// nil.
type patient struct {
	Machine
	home   openHome
	opened opened.Home // of which only the home is set
	config *config.Config
	vault  *vault.Vault
}

// Run makes every check.
func Run(m Machine) Report {
	p := &patient{Machine: m}
	report := Report{Overall: Pass}
	for _, check := range []func(*patient) []Check{
		checkHome, checkConfig, checkKey, checkBackup, checkCredentials, checkDestinations,
		checkCopies, checkRules, checkAgents, checkLock, checkClock, checkLog, checkAnchor,
		checkDisk, checkClients,
	} {
		for _, c := range check(p) {
			report.Checks = append(report.Checks, c)
			report.Overall = worse(report.Overall, c.Result)
		}
	}
	return report
}

func worse(a, b Result) Result {
	rank := map[Result]int{Pass: 0, Warn: 1, Fail: 2}
	if rank[b] > rank[a] {
		return b
	}
	return a
}

func passed(check, format string, args ...any) []Check {
	return []Check{{check, Pass, fmt.Sprintf(format, args...), ""}}
}

func warned(check, fix, format string, args ...any) Check {
	return Check{check, Warn, fmt.Sprintf(format, args...), fix}
}

func failed(check, fix, format string, args ...any) Check {
	return Check{check, Fail, fmt.Sprintf(format, args...), fix}
}
