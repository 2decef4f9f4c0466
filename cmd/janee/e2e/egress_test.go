//go:build !race

package e2e

import (
	"fmt"
	"net"
	"os"
	"sync"
)

// localName is a name, other than localhost, that this machine resolves to 127.0.0.1 and nothing
// else, without a network; "" if it has none.
var localName = sync.OnceValue(func() string {
	host, _ := os.Hostname()
	for _, name := range []string{host, "localhost.localdomain"} {
		if found, err := net.LookupHost(name); err == nil && len(found) == 1 &&
			found[0] == "127.0.0.1" && name != "localhost" {
			return name
		}
	}
	return ""
})

// condition knows [local-name]: stories that need $LOCALNAME are told only where there is one.
func condition(name string) (bool, error) {
	if name != "local-name" {
		return false, fmt.Errorf("unknown condition %q", name)
	}
	return localName() != "", nil
}
