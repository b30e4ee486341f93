package checkpoint

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/costate-go/costate/experiments/atomicfile"
)

// Store is a folder of checkpoints `step-000123.ckpt` with LAST and BEST. It belongs to one goroutine.
type Store struct {
	Dir  string
	Keep int           // checkpoints kept besides the best; 0: 3
	FS   atomicfile.FS // nil: the operating system's
}

func (s *Store) sys() atomicfile.FS {
	if s.FS == nil {
		return atomicfile.OS
	}
	return s.FS
}

// Name of the checkpoint after so many iterations.
func Name(iteration int) string { return fmt.Sprintf("step-%06d.ckpt", iteration) }

func iterationOf(name string) (int, bool) {
	digits, ok := strings.CutPrefix(strings.TrimSuffix(name, ".ckpt"), "step-")
	n, err := strconv.Atoi(digits)
	return n, ok && err == nil && n >= 0 && strings.HasSuffix(name, ".ckpt")
}

// Save writes a checkpoint and points LAST, and with best also BEST, at it; then it removes what is no longer kept. The
// pointers move only after the checkpoint is safely stored, so a crash leaves the previous one in force.
func (s *Store) Save(st *State, best bool) error {
	if err := os.MkdirAll(s.Dir, 0o755); err != nil {
		return err
	}
	b, err := Encode(st)
	if err != nil {
		return err
	}
	name := Name(st.Meta.Iteration)
	if err := atomicfile.WriteFS(s.sys(), filepath.Join(s.Dir, name), b); err != nil {
		return err
	}
	if err := s.point("LAST", name); err != nil {
		return err
	}
	if best {
		if err := s.point("BEST", name); err != nil {
			return err
		}
	}
	return s.prune(name)
}

func (s *Store) point(pointer, name string) error {
	return atomicfile.WriteFS(s.sys(), filepath.Join(s.Dir, pointer), []byte(name+"\n"))
}

func (s *Store) target(pointer string) (string, error) {
	b, err := os.ReadFile(filepath.Join(s.Dir, pointer))
	if err != nil {
		return "", err
	}
	name := strings.TrimSpace(string(b))
	if _, ok := iterationOf(name); !ok || name != filepath.Base(name) {
		return "", &Error{File: filepath.Join(s.Dir, pointer), Text: fmt.Sprintf("names %q, which is no checkpoint", name), Remedy: "delete it; the newest good checkpoint is then used"}
	}
	return name, nil
}

// List gives the iterations of the checkpoints on disk, ascending.
func (s *Store) List() ([]int, error) {
	entries, err := os.ReadDir(s.Dir)
	if err != nil {
		return nil, err
	}
	var out []int
	for _, e := range entries {
		if n, ok := iterationOf(e.Name()); ok && Name(n) == e.Name() {
			out = append(out, n)
		}
	}
	slices.Sort(out)
	return out, nil
}

// prune keeps the newest Keep checkpoints up to the one just saved, the best one, and removes the others, those of
// an abandoned future included. Checkpoints that cannot be removed are left: they do no harm.
func (s *Store) prune(saved string) error {
	list, err := s.List()
	if err != nil {
		return err
	}
	best, _ := s.target("BEST") // without one nothing is protected
	now, _ := iterationOf(saved)
	keep := s.Keep
	if keep <= 0 {
		keep = 3
	}
	var past []int
	for _, n := range list {
		if n <= now {
			past = append(past, n)
		}
	}
	for _, n := range list {
		if Name(n) != best && (n > now || len(past) > keep && n < past[len(past)-keep]) {
			_ = s.sys().Remove(filepath.Join(s.Dir, Name(n)))
		}
	}
	return nil
}

// Load reads one checkpoint by the number of iterations.
func (s *Store) Load(iteration int) (*State, error) { return s.read(Name(iteration)) }

func (s *Store) read(name string) (*State, error) {
	path := filepath.Join(s.Dir, name)
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, &Error{File: path, Text: "cannot be read: " + err.Error(), Remedy: remedyResume}
	}
	st, err := Decode(path, b)
	if err != nil {
		return nil, err
	}
	if n, _ := iterationOf(name); n != st.Meta.Iteration {
		return nil, &Error{File: path, Text: fmt.Sprintf("holds iteration %d, not what its name says", st.Meta.Iteration), Remedy: remedyResume}
	}
	return st, nil
}

// Best reads the best checkpoint.
func (s *Store) Best() (*State, error) {
	name, err := s.target("BEST")
	if errors.Is(err, fs.ErrNotExist) {
		return nil, &Error{File: filepath.Join(s.Dir, "BEST"), Text: "does not exist", Remedy: "the run has saved no model yet; resume it"}
	}
	if err != nil {
		return nil, err
	}
	return s.read(name)
}

// Last reads the newest good checkpoint: the one that LAST names or, where that is missing or corrupt, the newest
// one before it that is whole. skipped says what was passed over and why, for the log; err is an *Error when none is good.
func (s *Store) Last() (st *State, skipped []error, err error) {
	list, err := s.List()
	if err != nil {
		return nil, nil, &Error{File: s.Dir, Text: "cannot be read: " + err.Error(), Remedy: "start a new run"}
	}
	name, err := s.target("LAST")
	if err == nil {
		if st, err = s.read(name); err == nil {
			return st, nil, nil
		}
		last, _ := iterationOf(name)
		list = slices.DeleteFunc(list, func(n int) bool { return n >= last })
	}
	skipped = append(skipped, err)
	for _, n := range slices.Backward(list) {
		st, err = s.read(Name(n))
		if err == nil {
			return st, skipped, nil
		}
		skipped = append(skipped, err)
	}
	return nil, skipped, &Error{File: s.Dir, Text: fmt.Sprintf("holds no good checkpoint (%v)", errors.Join(skipped...)), Remedy: "start a new run"}
}
