package rundir

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/costate-go/costate/experiments/atomicfile"
)

func readJSON[T any](path string) (*T, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, wrap(err)
	}
	v := new(T)
	if err := json.Unmarshal(b, v); err != nil {
		return nil, wrap(fmt.Errorf("%s: %w", path, err))
	}
	return v, nil
}

// ReadManifest, ReadStatus and ReadSummary read the files of a run directory.
func ReadManifest(dir string) (*Manifest, error) {
	return readJSON[Manifest](filepath.Join(dir, ManifestFile))
}

// ReadStatus reads status.json.
func ReadStatus(dir string) (*Status, error) { return readJSON[Status](filepath.Join(dir, StatusFile)) }

// ReadSummary reads summary.json.
func ReadSummary(dir string) (*Summary, error) {
	return readJSON[Summary](filepath.Join(dir, SummaryFile))
}

// ReadMetrics reads metrics.jsonl. A last line that a crash cut off is left out.
func ReadMetrics(dir string) ([]Metrics, error) {
	return readLines[Metrics](filepath.Join(dir, MetricsFile))
}

// ReadEvents reads events.jsonl.
func ReadEvents(dir string) ([]Event, error) { return readLines[Event](filepath.Join(dir, EventsFile)) }

func readLines[T any](path string) ([]T, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, wrap(err)
	}
	defer f.Close()
	var out []T
	r := bufio.NewReader(f)
	for n := 1; ; n++ {
		line, err := r.ReadBytes('\n')
		if err == io.EOF { // what has no line end was never completed
			return out, nil
		}
		if err != nil {
			return nil, wrap(err)
		}
		var v T
		if err := json.Unmarshal(line, &v); err != nil {
			return nil, wrap(fmt.Errorf("%s:%d: %w", path, n, err))
		}
		out = append(out, v)
	}
}

// CutBack removes from metrics.jsonl and events.jsonl what came after an iteration, and lines that a crash cut off,
// so that a resumed run writes the same files as an uninterrupted one.
func (d *Dir) CutBack(iteration int) error {
	for _, f := range []struct {
		file **os.File
		name string
	}{{&d.metrics, MetricsFile}, {&d.events, EventsFile}} {
		path := d.Path(f.name)
		b, err := os.ReadFile(path)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return wrap(err)
		}
		var kept []byte
		for line := range bytes.Lines(b) {
			var row struct {
				Iteration *int `json:"iteration"`
			}
			if line[len(line)-1] != '\n' || json.Unmarshal(line, &row) != nil || row.Iteration == nil || *row.Iteration > iteration {
				continue
			}
			kept = append(kept, line...)
		}
		if err := (*f.file).Close(); err != nil {
			return wrap(err)
		}
		if err := atomicfile.Write(path, kept); err != nil {
			return wrap(err)
		}
		if *f.file, err = os.OpenFile(path, os.O_WRONLY|os.O_APPEND, 0o644); err != nil {
			return wrap(err)
		}
	}
	return nil
}
