package checkpoint_test

import (
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"syscall"
	"testing"

	"github.com/costate-go/costate/experiments/atomicfile"
	"github.com/costate-go/costate/experiments/checkpoint"
)

func save(t *testing.T, s *checkpoint.Store, iteration int, best bool) {
	t.Helper()
	if err := s.Save(state(iteration), best); err != nil {
		t.Fatal(err)
	}
}

func list(t *testing.T, s *checkpoint.Store) []int {
	t.Helper()
	l, err := s.List()
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func TestStoreKeepsNewestAndBest(t *testing.T) {
	s := &checkpoint.Store{Dir: filepath.Join(t.TempDir(), "c"), Keep: 2}
	for i := 10; i <= 60; i += 10 {
		save(t, s, i, i == 20)
	}
	if got := list(t, s); !reflect.DeepEqual(got, []int{20, 50, 60}) {
		t.Errorf("kept %v", got)
	}
	last, skipped, err := s.Last()
	if err != nil || last.Meta.Iteration != 60 || len(skipped) != 0 {
		t.Errorf("last: %v %v %v", last, skipped, err)
	}
	if best, err := s.Best(); err != nil || best.Meta.Iteration != 20 {
		t.Errorf("best: %v %v", best, err)
	}
	// A run that resumed at 50 and saves 55 abandons 60.
	save(t, s, 55, false)
	if got := list(t, s); !reflect.DeepEqual(got, []int{20, 50, 55}) {
		t.Errorf("after going back kept %v", got)
	}
}

func TestFallsBackToTheLastGoodOne(t *testing.T) {
	s := &checkpoint.Store{Dir: t.TempDir(), Keep: 5}
	for i := 1; i <= 4; i++ {
		save(t, s, i, false)
	}
	corrupt := func(i int) {
		path := filepath.Join(s.Dir, checkpoint.Name(i))
		b, _ := os.ReadFile(path)
		b[len(b)/2] ^= 1
		if err := os.WriteFile(path, b, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	corrupt(4)
	if err := os.Remove(filepath.Join(s.Dir, checkpoint.Name(3))); err != nil {
		t.Fatal(err)
	}
	st, skipped, err := s.Last()
	if err != nil || st.Meta.Iteration != 2 || len(skipped) != 1 || !strings.Contains(skipped[0].Error(), "step-000004.ckpt: is corrupt") {
		t.Errorf("%v %v %v", st, skipped, err)
	}
	if err := os.WriteFile(filepath.Join(s.Dir, "LAST"), []byte("../../etc/passwd\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if st, skipped, err = s.Last(); err != nil || st.Meta.Iteration != 2 || len(skipped) != 2 {
		t.Errorf("bad LAST: %v %v %v", st, skipped, err)
	}
	corrupt(1)
	corrupt(2)
	if _, _, err = s.Last(); !errors.Is(err, checkpoint.ErrCheckpoint) {
		t.Errorf("none good: %v", err)
	}
	if _, err := s.Best(); !errors.Is(err, checkpoint.ErrCheckpoint) {
		t.Errorf("no best: %v", err)
	}
	if _, _, err := (&checkpoint.Store{Dir: filepath.Join(s.Dir, "none")}).Last(); !errors.Is(err, checkpoint.ErrCheckpoint) {
		t.Errorf("no folder: %v", err)
	}
}

func TestRenamedCheckpointIsNotTrusted(t *testing.T) {
	s := &checkpoint.Store{Dir: t.TempDir()}
	save(t, s, 3, false)
	if err := os.Rename(filepath.Join(s.Dir, checkpoint.Name(3)), filepath.Join(s.Dir, checkpoint.Name(4))); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Load(4); err == nil || !strings.Contains(err.Error(), "holds iteration 3") {
		t.Error(err)
	}
}

// failing fails from the n-th operation on that changes the disk, as a disk that fills up or a process that dies.
type failing struct {
	atomicfile.FS
	left *int
}

type failingFile struct {
	atomicfile.File
	left *int
}

func spend(left *int) error {
	if *left--; *left < 0 {
		return syscall.ENOSPC
	}
	return nil
}

func (f failing) CreateTemp(dir, pattern string) (atomicfile.File, error) {
	if err := spend(f.left); err != nil {
		return nil, err
	}
	h, err := f.FS.CreateTemp(dir, pattern)
	return failingFile{h, f.left}, err
}

func (f failing) Rename(o, n string) error {
	if err := spend(f.left); err != nil {
		return err
	}
	return f.FS.Rename(o, n)
}

func (f failing) Remove(name string) error {
	if *f.left < 0 { // a dead process cleans up nothing
		return syscall.EIO
	}
	return f.FS.Remove(name)
}

func (f failingFile) Write(b []byte) (int, error) {
	if err := spend(f.left); err != nil {
		n, _ := f.File.Write(b[:len(b)/3])
		return n, err
	}
	return f.File.Write(b)
}

func (f failingFile) Sync() error {
	if err := spend(f.left); err != nil {
		return err
	}
	return f.File.Sync()
}

// Whatever operation fails, what is on disk afterwards resumes at the old or at the new checkpoint.
func TestCrashAnywhere(t *testing.T) {
	for n := 0; ; n++ {
		dir := t.TempDir()
		save(t, &checkpoint.Store{Dir: dir}, 1, true)
		left := n
		err := (&checkpoint.Store{Dir: dir, FS: failing{atomicfile.OS, &left}}).Save(state(2), true)
		s := &checkpoint.Store{Dir: dir}
		st, skipped, lastErr := s.Last()
		if lastErr != nil || len(skipped) > 0 {
			t.Fatalf("failure at operation %d: last %v %v", n, skipped, lastErr)
		}
		best, bestErr := s.Best()
		if bestErr != nil || best.Meta.Iteration > st.Meta.Iteration {
			t.Fatalf("failure at operation %d: best %v %v", n, best, bestErr)
		}
		if err == nil {
			if st.Meta.Iteration != 2 || best.Meta.Iteration != 2 || n < 9 {
				t.Fatalf("success after %d operations at %d", n, st.Meta.Iteration)
			}
			return
		}
		if !errors.Is(err, syscall.ENOSPC) {
			t.Fatalf("failure at operation %d: %v", n, err)
		}
	}
}
