// Package atomicfile writes files that are, after a crash at any moment, either the old ones or the new ones, whole:
// temporary file in the same folder, fsync, rename, fsync of the folder.
package atomicfile

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// File is what Write needs of an open file.
type File interface {
	io.Writer
	Sync() error
	Close() error
	Name() string
}

// FS is the file system that Write works on. Tests put one in its place that fails.
type FS interface {
	CreateTemp(dir, pattern string) (File, error)
	Chmod(name string, mode os.FileMode) error
	Rename(oldPath, newPath string) error
	Remove(name string) error
	SyncDir(dir string) error
}

// OS is the operating system's file system.
var OS FS = osFS{}

type osFS struct{}

func (osFS) CreateTemp(dir, pattern string) (File, error) { return os.CreateTemp(dir, pattern) }
func (osFS) Chmod(name string, mode os.FileMode) error    { return os.Chmod(name, mode) }
func (osFS) Rename(o, n string) error                     { return os.Rename(o, n) }
func (osFS) Remove(name string) error                     { return os.Remove(name) }
func (osFS) SyncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// Write replaces the file at path by the given content. On an error the old file is untouched and the temporary
// one is removed.
func Write(path string, content []byte) error { return WriteFS(OS, path, content) }

// WriteNew writes a file that must not exist yet; the error is then fs.ErrExist. After a crash there may be an empty file.
func WriteNew(path string, content []byte) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	if err := errors.Join(f.Close(), Write(path, content)); err != nil {
		_ = os.Remove(path) // it is ours, and empty
		return err
	}
	return nil
}

// WriteFS is Write on a file system of choice.
func WriteFS(sys FS, path string, content []byte) (err error) {
	dir := filepath.Dir(path)
	f, err := sys.CreateTemp(dir, "."+filepath.Base(path)+".tmp-*")
	if err != nil {
		return fmt.Errorf("writing %s: %w", path, err)
	}
	defer func() {
		if err != nil {
			err = fmt.Errorf("writing %s: %w", path, err)
			_ = sys.Remove(f.Name()) // the first error says more
		}
	}()
	n, err := f.Write(content)
	if err == nil && n < len(content) {
		err = io.ErrShortWrite
	}
	if err == nil {
		err = f.Sync()
	}
	if e := f.Close(); err == nil {
		err = e
	}
	if err == nil {
		err = sys.Chmod(f.Name(), 0o644)
	}
	if err == nil {
		err = sys.Rename(f.Name(), path)
	}
	if err != nil {
		return err
	}
	if e := sys.SyncDir(dir); e != nil {
		// The new file stands; only its survival of a power failure is in doubt, which is not a reason to remove it.
		return fmt.Errorf("writing %s: syncing the folder: %w", path, e)
	}
	return nil
}
