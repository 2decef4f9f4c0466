package setup

import (
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/true-and-useful/janee/cmd/janee/internal/clients"
	"github.com/true-and-useful/janee/cmd/janee/internal/hint"
	"github.com/true-and-useful/janee/cmd/janee/internal/home"
)

const (
	maxFile = 8 << 20 // bytes; package splice reads no more either
	newFile = 0o600
	newDir  = 0o700
)

// file is a settings file as it was read.
type file struct {
	path string      // with links followed
	info fs.FileInfo // nil if there is none
	data []byte

	mode, dirMode fs.FileMode // of a file and a directory that are made
}

// read reads a settings file, or finds that there is none. It refuses what must not be written
// over, before anybody sees a plan for it.
func read(p clients.Place) (*file, error) {
	path, err := follow(p)
	if err != nil {
		return nil, err
	}
	f := &file{path: path, mode: newFile, dirMode: newDir}
	if f.info, err = os.Lstat(path); errors.Is(err, fs.ErrNotExist) {
		f.info = nil
		return f, nil
	}
	if err != nil {
		return nil, bare(err)
	}
	if !f.info.Mode().IsRegular() {
		return nil, errors.New("it is not a regular file")
	}
	f.mode = f.info.Mode().Perm()
	f.data, err = readRegular(path)
	return f, err
}

// readRegular reads a file that was a regular one, and opens no other that has taken its place.
func readRegular(path string) ([]byte, error) {
	in, err := openRegular(path)
	if err != nil {
		return nil, bare(err)
	}
	defer in.Close()
	data, err := io.ReadAll(io.LimitReader(in, maxFile+1))
	if err != nil {
		return nil, bare(err)
	}
	if len(data) > maxFile {
		return nil, fmt.Errorf("it is larger than %d MiB", maxFile>>20)
	}
	return data, nil
}

// bare is the cause of an error that would name the path a second time.
func bare(err error) error {
	if at := (*fs.PathError)(nil); errors.As(err, &at) {
		return at.Err
	}
	return err
}

// follow returns the path of a place without symbolic links. A link is followed only inside of the
// place's root: a repository may hold a link from its settings file to a file of the user.
func follow(p clients.Place) (string, error) {
	root, err := filepath.EvalSymlinks(p.Root)
	if errors.Is(err, fs.ErrNotExist) {
		return p.File, nil
	}
	if err != nil {
		return "", bare(err)
	}
	below, err := filepath.Rel(p.Root, p.File)
	if err != nil {
		return "", err
	}
	direct := filepath.Join(root, below)
	path, err := evalExisting(direct)
	if err != nil {
		return "", err
	}
	if path != direct && !strings.HasPrefix(path, root+string(filepath.Separator)) {
		return "", hint.Errorf(hint.Failed, "edit that file yourself, if it is meant",
			"it is a link to %q, which is outside of %q", path, p.Root)
	}
	return path, nil
}

// evalExisting follows links as far as the path exists.
func evalExisting(path string) (string, error) {
	_, err := os.Lstat(path)
	if errors.Is(err, fs.ErrNotExist) && filepath.Dir(path) != path {
		dir, err := evalExisting(filepath.Dir(path))
		return filepath.Join(dir, filepath.Base(path)), err
	}
	if err != nil {
		return "", bare(err)
	}
	target, err := filepath.EvalSymlinks(path)
	if errors.Is(err, fs.ErrNotExist) {
		to, _ := os.Readlink(path)
		return "", fmt.Errorf("%q is a link to %q, which does not exist", path, to)
	}
	return target, err
}

// writable refuses a file that is not the user's own, and one that is marked as not to be written
// to: a rename would replace it all the same.
func (f *file) writable() error {
	if f.info == nil {
		return ownedDir(filepath.Dir(f.path))
	}
	if err := owned(f.info); err != nil {
		return err
	}
	if f.info.Mode().Perm()&0o200 == 0 {
		return hint.Errorf(hint.Failed, "chmod u+w "+home.Quote(f.path), "it is read-only")
	}
	return nil
}

// ownedDir refuses a directory in which the user would leave a file among those of somebody else,
// as with sudo.
func ownedDir(dir string) error {
	fi, err := os.Stat(dir)
	if errors.Is(err, fs.ErrNotExist) && filepath.Dir(dir) != dir {
		return ownedDir(filepath.Dir(dir))
	}
	if err != nil {
		return bare(err)
	}
	return owned(fi)
}

// replace puts data in place of the file, with a backup of what was there.
func (f *file) replace(data []byte) error {
	if err := os.MkdirAll(filepath.Dir(f.path), f.dirMode); err != nil {
		return bare(err)
	}
	if err := f.backup(data); err != nil {
		return err
	}
	return f.swap(data)
}

// restore puts data in place of the file, or removes it, and removes the backups.
func (f *file) restore(data []byte, absent bool) error {
	if absent {
		if err := f.unchanged(); err != nil {
			return err
		}
		if err := os.Remove(f.path); err != nil {
			return bare(err)
		}
	} else if err := f.swap(data); err != nil {
		return err
	}
	return f.forget()
}

// swap puts data in place of the file, if that is still as it was read.
func (f *file) swap(data []byte) error {
	temp, err := f.beside(data)
	if err != nil {
		return err
	}
	if err = f.unchanged(); err == nil {
		err = os.Rename(temp, f.path)
	}
	if err != nil {
		return errors.Join(bare(err), os.Remove(temp))
	}
	return home.SyncDir(filepath.Dir(f.path))
}

// unchanged refuses to go on if the client, say, has written the file since.
func (f *file) unchanged() error {
	now, err := os.Lstat(f.path)
	if errors.Is(err, fs.ErrNotExist) && f.info == nil {
		return nil
	}
	changed := hint.Errorf(hint.Failed, "run the command again", "it has changed in the meantime")
	if err != nil || f.info == nil || !os.SameFile(now, f.info) {
		return changed
	}
	data, err := readRegular(f.path)
	if err != nil || !bytes.Equal(data, f.data) {
		return changed
	}
	return nil
}

// beside writes a synced file with the mode of the settings file into its directory.
func (f *file) beside(data []byte) (string, error) {
	name := filepath.Join(filepath.Dir(f.path), ".janee-"+rand.Text()+".tmp")
	out, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, f.mode)
	if err != nil {
		return "", bare(err)
	}
	_, err = out.Write(data)
	if f.info != nil { // the umask may have taken bits away
		err = errors.Join(err, out.Chmod(f.mode))
	}
	if err = errors.Join(err, out.Sync(), out.Close()); err != nil {
		return "", errors.Join(bare(err), os.Remove(name))
	}
	return name, nil
}

// backupName is what follows the name of a file in the name of its backup: a digest of what setup
// wrote in place of it, so that --remove puts it back only over that.
var backupName = regexp.MustCompile(`^\.janee-[0-9a-f]{16}\.bak$`)

func (f *file) backupOf(written []byte) string {
	sum := sha256.Sum256(written)
	return f.path + ".janee-" + hex.EncodeToString(sum[:8]) + ".bak"
}

// backup keeps the file as it is, for the time that written is in place of it. Where setup has
// written the file before, it keeps the backup of that time.
func (f *file) backup(written []byte) error {
	if f.info == nil {
		return nil
	}
	if _, found, err := f.saved(); err != nil {
		return err
	} else if found {
		return bare(os.Rename(f.backupOf(f.data), f.backupOf(written)))
	}
	temp, err := f.beside(f.data)
	if err != nil {
		return err
	}
	if err := os.Rename(temp, f.backupOf(written)); err != nil {
		return errors.Join(bare(err), os.Remove(temp))
	}
	return nil
}

// renameBackup is for a backup whose file somebody else has written.
func (f *file) renameBackup(written []byte) error {
	if f.info == nil {
		return nil
	}
	return bare(os.Rename(f.backupOf(f.data), f.backupOf(written)))
}

// saved returns the backup of a file that is as setup left it.
func (f *file) saved() (data []byte, found bool, err error) {
	path := f.backupOf(f.data)
	fi, err := os.Lstat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, false, nil
	}
	if err != nil {
		return nil, false, bare(err)
	}
	// others may write to a project: a link here could name any file of the user
	if !fi.Mode().IsRegular() || owned(fi) != nil {
		return nil, false, nil
	}
	data, err = readRegular(path)
	return data, err == nil, err
}

// forget removes every backup of the file.
func (f *file) forget() error {
	dir := filepath.Dir(f.path)
	entries, err := os.ReadDir(dir)
	if err != nil {
		return bare(err)
	}
	for _, e := range entries {
		rest, ok := strings.CutPrefix(e.Name(), filepath.Base(f.path))
		if ok && backupName.MatchString(rest) {
			err = errors.Join(err, os.Remove(filepath.Join(dir, e.Name())))
		}
	}
	return err
}
