package state

import (
	"github.com/true-and-useful/janee/core"
	"github.com/true-and-useful/janee/core/session"
)

// Orders lists the names of all orders that close something: LOCKED, the list of closed scopes, and
// the revocations of single pairs.
func Orders(r Reader) (names []string, err error) {
	locked, err := r.Read(session.LockFile)
	if err != nil {
		return nil, err
	}
	if locked != nil {
		names = append(names, session.LockFile)
	}
	all, err := r.List(session.Dir)
	for _, name := range all {
		if session.IsOrder(name) {
			names = append(names, name)
		}
	}
	return names, err
}

// Put writes one piece in place of whatever there is.
func Put(s Store, name string, data []byte) error {
	_, err := s.Commit(nil, []core.Write{{Name: name, Data: data, If: core.Any}})
	return err
}

// Create writes one piece if there is none of that name. Otherwise it changes nothing and returns
// what there is, not nil, perhaps empty.
func Create(s Store, name string, data []byte) (existing []byte, err error) {
	done, err := s.Commit(nil, []core.Write{{Name: name, Data: data, If: core.Absent}})
	return done.Exists[name], err
}
