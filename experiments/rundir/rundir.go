// Package rundir owns the files of one run: configuration, manifest, status, metrics, events, log, checkpoints,
// model, figures, report and summary. A run directory is never overwritten. Whole files are written atomically; the
// JSON lines files are appended to, and cut back to the checkpoint when a run resumes.
package rundir

import (
	"bytes"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/costate-go/costate/experiments/atomicfile"
	"github.com/costate-go/costate/experiments/checkpoint"
)

// ErrIO is what errors of writing a run directory are (errors.Is), besides the operating system's own error.
var ErrIO = errors.New("run directory")

// OccupiedError says that a directory chosen by the user holds something already.
type OccupiedError struct{ Dir string }

func (e *OccupiedError) Error() string {
	return fmt.Sprintf("--out %s: exists and is not empty; choose another directory (runs are never overwritten) or continue it with --resume", e.Dir)
}

// BusyError says that another process is at work in a run directory. It is ErrIO.
type BusyError struct{ Dir string }

func (e *BusyError) Error() string {
	return fmt.Sprintf("another process is at work in %s: wait for it, or stop it", e.Dir)
}

// Unwrap gives what it is.
func (e *BusyError) Unwrap() error { return ErrIO }

// NoRunError says that a directory holds no run. It is ErrIO and what the operating system said.
type NoRunError struct {
	Dir string
	Err error
}

func (e *NoRunError) Error() string {
	return fmt.Sprintf("%s is not a run directory: it has no %s", e.Dir, ConfigFile)
}

// Unwrap gives what it is.
func (e *NoRunError) Unwrap() []error { return []error{ErrIO, e.Err} }

// Exists is nil where a directory holds a run, else a *NoRunError or what went wrong in finding out.
func Exists(dir string) error {
	_, err := os.Stat(filepath.Join(dir, ConfigFile))
	if errors.Is(err, fs.ErrNotExist) {
		return &NoRunError{dir, err}
	}
	return wrap(err)
}

// The files of a run.
const (
	ConfigFile   = "config.toml"
	ManifestFile = "manifest.json"
	StatusFile   = "status.json"
	MetricsFile  = "metrics.jsonl"
	EventsFile   = "events.jsonl"
	LogFile      = "log.jsonl"
	ModelFile    = "model.safetensors"
	SummaryFile  = "summary.json"
	// CertificateFile says what holds at the best control.
	CertificateFile = "certificate.json"
	ReportFile      = "report.html"
	Checkpoints     = "checkpoints"
	Figures         = "figures"
	TensorBoard     = "tensorboard"
	Snapshots       = "snapshots"
)

// Dir is an open run directory. It belongs to one goroutine.
type Dir struct {
	path    string
	metrics *os.File
	events  *os.File
	log     *os.File
	started string
}

// Create makes a new run directory: out, which must not exist or be empty, or with out empty
// `root/<name>-<UTC time>-<6 hex>`; root empty means "runs".
func Create(root, name, out string) (*Dir, error) {
	path, err := Make(root, name, out)
	if err != nil {
		return nil, err
	}
	return open(path)
}

// Make makes the directory of Create, without any file in it, for what is no run.
func Make(root, name, out string) (path string, err error) {
	if out == "" {
		if root == "" {
			root = "runs"
		}
		var salt [3]byte
		if _, err := rand.Read(salt[:]); err != nil {
			return "", wrap(err)
		}
		path = filepath.Join(root, fmt.Sprintf("%s-%s-%s", name, time.Now().UTC().Format("20060102T150405Z"), hex.EncodeToString(salt[:])))
		if err := os.MkdirAll(root, 0o755); err != nil {
			return "", wrap(err)
		}
		return path, wrap(os.Mkdir(path, 0o755)) // fails where it exists: never two runs in one directory
	}
	if err := os.MkdirAll(out, 0o755); err != nil {
		return "", wrap(err)
	}
	return out, Free(out)
}

// Free is nil where a directory may become that of a run: where it does not exist or is empty. Else it is an *OccupiedError, or what went
// wrong in finding out.
func Free(dir string) error {
	entries, err := os.ReadDir(dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return wrap(err)
	case len(entries) > 0:
		return &OccupiedError{Dir: dir}
	}
	return nil
}

// Open opens the directory of an earlier run.
func Open(path string) (*Dir, error) {
	if err := Exists(path); err != nil {
		return nil, err
	}
	return open(path)
}

func wrap(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%w: %w", ErrIO, err)
}

func open(path string) (*Dir, error) {
	d := &Dir{path: path, started: now()}
	for _, sub := range []string{Checkpoints, Figures} {
		if err := os.MkdirAll(filepath.Join(path, sub), 0o755); err != nil {
			return nil, wrap(err)
		}
	}
	for _, f := range []struct {
		dst  **os.File
		name string
	}{{&d.metrics, MetricsFile}, {&d.events, EventsFile}, {&d.log, LogFile}} {
		h, err := os.OpenFile(filepath.Join(path, f.name), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o644)
		if err != nil {
			return nil, errors.Join(wrap(err), d.Close())
		}
		*f.dst = h
	}
	return d, nil
}

// Lock keeps other processes from working in the directory until Close, or until this process ends in whatever way. The error is a
// *BusyError where another one got there first. Reading needs no lock.
func (d *Dir) Lock() error {
	if locked(d.log) {
		return &BusyError{Dir: d.path}
	}
	return nil
}

func now() string { return time.Now().UTC().Format(time.RFC3339) }

// Path joins the parts to the path of the directory.
func (d *Dir) Path(parts ...string) string {
	return filepath.Join(append([]string{d.path}, parts...)...)
}

// Log is log.jsonl, for the logger.
func (d *Dir) Log() io.Writer { return d.log }

// Store is the folder of checkpoints, keeping so many.
func (d *Dir) Store(keep int) *checkpoint.Store {
	return &checkpoint.Store{Dir: d.Path(Checkpoints), Keep: keep}
}

// Close flushes and closes the files; it is safe to call twice.
func (d *Dir) Close() error {
	var errs []error
	for _, f := range []**os.File{&d.metrics, &d.events, &d.log} {
		if *f != nil {
			errs = append(errs, (*f).Sync(), (*f).Close())
			*f = nil
		}
	}
	return wrap(errors.Join(errs...))
}

// Sync flushes the JSON lines files to disk: call it before a checkpoint, which promises that they are there.
func (d *Dir) Sync() error {
	return wrap(errors.Join(d.metrics.Sync(), d.events.Sync(), d.log.Sync()))
}

// WriteFile writes a file of the run atomically.
func (d *Dir) WriteFile(name string, content []byte) error {
	return wrap(atomicfile.Write(d.Path(name), content))
}

func (d *Dir) writeJSON(name string, v any) error {
	b, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return err
	}
	return d.WriteFile(name, append(b, '\n'))
}

// WriteConfig writes config.toml; c is a *config.Config.
func (d *Dir) WriteConfig(c interface{ Print(io.Writer) error }) error {
	var b bytes.Buffer
	if err := c.Print(&b); err != nil {
		return err
	}
	return d.WriteFile(ConfigFile, b.Bytes())
}

// WriteManifest writes manifest.json.
func (d *Dir) WriteManifest(m *Manifest) error { return d.writeJSON(ManifestFile, m) }

// WriteSummary writes summary.json.
func (d *Dir) WriteSummary(s *Summary) error { return d.writeJSON(SummaryFile, s) }

// WriteCertificate writes certificate.json; c is any struct with JSON names.
func (d *Dir) WriteCertificate(c any) error { return d.writeJSON(CertificateFile, Plain(c)) }

// SetStatus writes status.json.
func (d *Dir) SetStatus(s State, reason string, iteration int) error {
	return d.writeJSON(StatusFile, Status{State: s, Reason: reason, Iteration: iteration, PID: os.Getpid(), Started: d.started, Updated: now()})
}

func appendRow(f *os.File, v any) error {
	b, err := json.Marshal(v)
	if err != nil {
		return err
	}
	_, err = f.Write(append(b, '\n')) // one write a row, so that readers see whole rows
	return wrap(err)
}

// AppendMetrics adds a row to metrics.jsonl.
func (d *Dir) AppendMetrics(m *Metrics) error { return appendRow(d.metrics, m) }

// AppendEvent adds a row to events.jsonl.
func (d *Dir) AppendEvent(e *Event) error { return appendRow(d.events, e) }
