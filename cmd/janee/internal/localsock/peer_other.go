//go:build !linux && !darwin

package localsock

const identifies = false

func credentials(uintptr) (uid uint32, pid int, err error) { return 0, 0, errNoPeer }

func executable(int) string { return "" }
