package sweep

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/costate-go/costate/experiments/atomicfile"
	"github.com/costate-go/costate/experiments/checkpoint"
	"github.com/costate-go/costate/experiments/config"
	"github.com/costate-go/costate/experiments/rundir"
)

// The files of a sweep, besides those of package compare.
const (
	PlanFile  = "sweep.json"
	Points    = "points" // one resolved configuration for each point
	PageFile  = "sweep.html"
	TableFile = "sweep.csv"
)

// Point is one run of a sweep.
type Point struct {
	Set    []string       `json:"set"`  // key=value, one for each key
	Hash   string         `json:"hash"` // of the configuration
	Config *config.Config `json:"-"`
}

// Plan is sweep.json: what a sweep consists of.
type Plan struct {
	Source string   `json:"config"` // where the configuration came from
	Keys   []string `json:"keys"`
	Points []Point  `json:"points"`
}

// Name of a point's run directory and, with .toml, of its configuration.
func Name(k int) string { return fmt.Sprintf("%04d", k+1) }

// Open makes the directory of a sweep, or finds that it holds the same sweep already, which then goes on. Any other content is a
// *rundir.OccupiedError.
func Open(root, out string, p *Plan) (dir string, err error) {
	text, err := json.MarshalIndent(p, "", "  ")
	if err != nil {
		return "", err
	}
	text = append(text, '\n')
	if out != "" {
		old, err := os.ReadFile(filepath.Join(out, PlanFile))
		switch {
		case err == nil && bytes.Equal(old, text):
			return out, nil
		case err == nil:
			return "", fmt.Errorf("%s holds another sweep: %w", filepath.Join(out, PlanFile), &rundir.OccupiedError{Dir: out})
		case !errors.Is(err, fs.ErrNotExist):
			return "", err
		}
	}
	if dir, err = rundir.Make(root, "sweep", out); err != nil {
		return "", err
	}
	if err := os.Mkdir(filepath.Join(dir, Points), 0o755); err != nil {
		return "", err
	}
	for k, point := range p.Points {
		var b bytes.Buffer
		if err := point.Config.Print(&b); err != nil {
			return "", err
		}
		if err := atomicfile.Write(filepath.Join(dir, Points, Name(k)+".toml"), b.Bytes()); err != nil {
			return "", err
		}
	}
	// The plan comes last: with it the directory is complete.
	return dir, atomicfile.Write(filepath.Join(dir, PlanFile), text)
}

// Load reads the plan of a sweep that was begun.
func Load(dir string) (*Plan, error) {
	b, err := os.ReadFile(filepath.Join(dir, PlanFile))
	if err != nil {
		return nil, fmt.Errorf("%s holds no sweep: %w", dir, err)
	}
	p := new(Plan)
	if err := json.Unmarshal(b, p); err != nil {
		return nil, fmt.Errorf("%w: %s: %w", rundir.ErrIO, filepath.Join(dir, PlanFile), err)
	}
	for k := range p.Points {
		if p.Points[k].Config, err = config.Load(filepath.Join(dir, Points, Name(k)+".toml")); err != nil {
			return nil, err
		}
	}
	return p, nil
}

// State of a point.
type State int

// What there is to do for a point.
const (
	New     State = iota // to be run
	Begun                // to be resumed
	Over                 // complete, or failed for a reason that stays
	Running              // by another process
)

// Look finds out how a point stands. A run that failed is over unless retry.
func Look(dir string, k int, retry bool) (State, *rundir.Status) {
	path := filepath.Join(dir, Name(k))
	s, err := rundir.ReadStatus(path)
	switch {
	case err != nil:
		if _, err := os.Stat(filepath.Join(path, rundir.Checkpoints, "LAST")); err == nil {
			return Begun, nil
		}
		return New, nil
	case s.State == rundir.Complete:
		return Over, s
	case s.State == rundir.Failed && !retry:
		return Over, s
	case s.State == rundir.Running && s.PID != os.Getpid() && alive(s.PID):
		return Running, s
	}
	return Begun, s
}

// prepare makes sure that what is in the way of a run can be resumed, and moves it aside where it cannot: a process that was killed
// before its first checkpoint.
func prepare(dir string, k int) error {
	path := filepath.Join(dir, Name(k))
	store := &checkpoint.Store{Dir: filepath.Join(path, rundir.Checkpoints)}
	list, err := store.List()
	if err == nil && len(list) > 0 {
		return nil
	}
	entries, err := os.ReadDir(path)
	if err != nil || len(entries) == 0 {
		return nil //nolint:nilerr // there is nothing yet
	}
	for n := 1; ; n++ {
		aside := fmt.Sprintf("%s.lost-%d", path, n)
		if _, err := os.Lstat(aside); errors.Is(err, fs.ErrNotExist) {
			return os.Rename(path, aside)
		}
	}
}

// Make makes the plan of a grid (samples 0) or of random samples; resolve gives the configuration of a point. Keys
// differ from each other.
func Make(axes []Axis, samples int, seed uint64, resolve func(set []string) (*config.Config, string, error)) (*Plan, error) {
	var sets [][]string
	var err error
	if samples > 0 {
		sets, err = Random(axes, samples, seed)
	} else {
		sets, err = Grid(axes)
	}
	if err != nil {
		return nil, err
	}
	p := new(Plan)
	for _, a := range axes {
		p.Keys = append(p.Keys, a.Key)
	}
	seen := map[string]bool{}
	for _, set := range sets {
		c, source, err := resolve(set)
		if err != nil {
			return nil, err
		}
		p.Source = source
		hash := c.Hash()
		if seen[hash] { // drawn twice, or a key that makes no difference
			continue
		}
		seen[hash] = true
		p.Points = append(p.Points, Point{Set: set, Hash: hash, Config: c})
	}
	return p, nil
}
