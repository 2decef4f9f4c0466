//go:build !race

package e2e

import (
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
)

// TestBackupUnderWriters makes backups while servers come, write their logs and go: each is a log
// that verifies.
func TestBackupUnderWriters(t *testing.T) {
	p := newPlace(t)
	api := startAPI(t)
	p.configure(strings.ReplaceAll(reloadConfig, "$API", api.url))
	p.run("", "list") // seals
	var done atomic.Bool
	var writers sync.WaitGroup
	for i := range 2 {
		writers.Go(func() {
			for !done.Load() {
				s := p.serve(fmt.Sprintf("writer-%d", i))
				for n := range 20 {
					wants(t, s.get("api", fmt.Sprintf("/%d", n)), `"status":200`)
				}
			}
		})
	}
	const backups = 5
	for i := range backups {
		p.run("", "backup", "--to", filepath.Join(p.dir, fmt.Sprintf("%d.backup", i)))
	}
	done.Store(true)
	writers.Wait()
	for i := range backups {
		other := *p
		other.home = filepath.Join(p.dir, fmt.Sprintf("restored-%d", i))
		other.env = append(p.env[:len(p.env):len(p.env)], "JANEE_HOME="+other.home)
		other.run("", "restore", "--from", filepath.Join(p.dir, fmt.Sprintf("%d.backup", i)))
		wants(t, other.run("", "logs", "verify"), "the log is whole")
	}
}
