// Package doctor finds what is wrong with a home, its root key and the machine around it, and names
// the command that fixes it. `janee doctor` calls Run, which makes every check and returns a Report
// of findings.
//
// It goes on where other commands stop at the first error, and it changes nothing: the only file
// that it writes is a trial file beside the log, which it removes again. It does not protect
// anything either. Packages home, keysource and core refuse what must not happen, at the time it
// would happen.
package doctor

import (
	"fmt"
	"time"

	"github.com/true-and-useful/janee/cmd/janee/internal/auditlog"
	"github.com/true-and-useful/janee/cmd/janee/internal/clients"
	"github.com/true-and-useful/janee/cmd/janee/internal/home"
	"github.com/true-and-useful/janee/cmd/janee/internal/keysource"
	"github.com/true-and-useful/janee/cmd/janee/internal/opened"
	"github.com/true-and-useful/janee/cmd/janee/internal/state"
	"github.com/true-and-useful/janee/core/config"
	"github.com/true-and-useful/janee/core/vault"
)

// Result is the outcome of a check, or of all checks, which is the worst of them. A note does not
// change it.
type Result string

// The results, from best to worst.
const (
	Pass Result = "pass"
	Note Result = "note" // nothing is wrong, but the owner should know
	Warn Result = "warn" // it works, but something should be different
	Fail Result = "fail" // something does not work, or is open to others
)

// Check is one finding. Detail is a sentence that may quote what others wrote, but never a secret.
// Fix is a command or an instruction, and "" for a pass.
type Check struct {
	Check  string `json:"check"`
	Result Result `json:"result"`
	Detail string `json:"detail"`
	Fix    string `json:"fix,omitempty"`
}

// Report holds all findings, in the order of the checks.
type Report struct {
	Overall Result  `json:"overall"`
	Checks  []Check `json:"checks"`
}

// Machine is what the checks examine.
type Machine struct {
	*keysource.Keys
	Clients clients.Machine
	Program string // path of this program
	User    User
	Now     func() time.Time
}

// openHome is what the checks read of a home that could be opened.
type openHome interface {
	state.Reader
	auditlog.Dir
	ReadConfig() ([]byte, home.Stamp, error)
	ConfigPath() string
	Path(name string) string
}

// patient is a machine with what earlier checks have opened. Later checks skip what is nil.
type patient struct {
	Machine
	home   openHome
	opened opened.Home // of which only the home is set
	config *config.Config
	vault  *vault.Vault
	keyAt  string // where the root key is, "" if it could not be read
}

// Run makes every check of m and reports what it finds.
func Run(m Machine) Report {
	p := &patient{Machine: m}
	report := Report{Overall: Pass}
	for _, check := range []func(*patient) []Check{
		checkHome, checkConfig, checkKey, checkBackup, checkCredentials, checkDestinations,
		checkCopies, checkRules, checkAgents, checkLock, checkClock, checkLog, checkAnchor,
		checkDisk, checkClients, checkReach,
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
