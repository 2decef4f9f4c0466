package cli

import "path/filepath"

// pathFlag is a flag for a file that config.yaml names. It is made absolute: the server that reads
// it is started elsewhere.
type pathFlag string

func (p *pathFlag) String() string { return string(*p) }
func (p *pathFlag) Type() string   { return "string" }

func (p *pathFlag) Set(path string) (err error) {
	if path != "" { // which takes the line out
		path, err = filepath.Abs(path)
	}
	*p = pathFlag(path)
	return err
}
