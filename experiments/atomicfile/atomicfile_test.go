package atomicfile_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/costate-go/costate/experiments/atomicfile"
)

// faulty is the operating system's file system with one operation that fails.
type faulty struct {
	atomicfile.FS
	fail string
}

type faultyFile struct {
	atomicfile.File
	fail string
}

func (f faulty) CreateTemp(dir, pattern string) (atomicfile.File, error) {
	if f.fail == "create" {
		return nil, syscall.EACCES
	}
	h, err := f.FS.CreateTemp(dir, pattern)
	return faultyFile{h, f.fail}, err
}

func (f faulty) Rename(o, n string) error {
	if f.fail == "rename" {
		return syscall.EIO
	}
	return f.FS.Rename(o, n)
}

func (f faulty) SyncDir(dir string) error {
	if f.fail == "syncdir" {
		return syscall.EIO
	}
	return f.FS.SyncDir(dir)
}

func (f faultyFile) Write(b []byte) (int, error) {
	switch f.fail {
	case "short":
		return f.File.Write(b[:len(b)/2])
	case "full":
		n, _ := f.File.Write(b[:len(b)/2])
		return n, syscall.ENOSPC
	}
	return f.File.Write(b)
}

func (f faultyFile) Sync() error {
	if f.fail == "sync" {
		return syscall.EIO
	}
	return f.File.Sync()
}

func TestFailuresKeepTheOldFile(t *testing.T) {
	for _, fail := range []string{"create", "short", "full", "sync", "rename"} {
		t.Run(fail, func(t *testing.T) {
			dir := t.TempDir()
			path := filepath.Join(dir, "f")
			if err := atomicfile.Write(path, []byte("old")); err != nil {
				t.Fatal(err)
			}
			err := atomicfile.WriteFS(faulty{atomicfile.OS, fail}, path, []byte("the new content"))
			if err == nil {
				t.Fatal("no error")
			}
			if fail == "full" && !errors.Is(err, syscall.ENOSPC) {
				t.Errorf("the cause is lost: %v", err)
			}
			if got, _ := os.ReadFile(path); string(got) != "old" {
				t.Errorf("the old file is now %q", got)
			}
			if e, _ := os.ReadDir(dir); len(e) != 1 {
				t.Errorf("%d files are left, want 1", len(e))
			}
		})
	}
}

func TestSyncDirFailureIsReported(t *testing.T) {
	path := filepath.Join(t.TempDir(), "f")
	err := atomicfile.WriteFS(faulty{atomicfile.OS, "syncdir"}, path, []byte("new"))
	if got, _ := os.ReadFile(path); err == nil || string(got) != "new" {
		t.Errorf("error %v, content %q", err, got)
	}
}

func TestReplaces(t *testing.T) {
	path := filepath.Join(t.TempDir(), "f")
	for _, s := range []string{"a", "", "bcd"} {
		if err := atomicfile.Write(path, []byte(s)); err != nil {
			t.Fatal(err)
		}
		got, _ := os.ReadFile(path)
		info, err := os.Stat(path)
		if err != nil || string(got) != s || info.Mode().Perm() != 0o644 {
			t.Errorf("content %q, mode %v, error %v", got, info.Mode(), err)
		}
	}
}

func TestWriteNew(t *testing.T) {
	path := filepath.Join(t.TempDir(), "f")
	if err := atomicfile.WriteNew(path, []byte("first")); err != nil {
		t.Fatal(err)
	}
	if err := atomicfile.WriteNew(path, []byte("second")); !errors.Is(err, fs.ErrExist) {
		t.Errorf("over a file: %v", err)
	}
	if got, _ := os.ReadFile(path); string(got) != "first" {
		t.Errorf("content %q", got)
	}
	if err := atomicfile.WriteNew(filepath.Join(path, "g"), nil); err == nil {
		t.Error("a file is no folder")
	}
}
