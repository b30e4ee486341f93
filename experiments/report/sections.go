package report

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/costate-go/costate/experiments/checkpoint"
	"github.com/costate-go/costate/experiments/rundir"
	"github.com/costate-go/costate/experiments/verify"
)

// line of config.toml; Changed where its value is not the default.
type line struct {
	Text    string
	Changed bool
}

// lines marks in the text of the configuration what was said rather than left alone.
func (r *record) lines() (out []line, changed int) {
	differs := map[string]bool{}
	if r.config != nil {
		for _, v := range r.config.Values() {
			differs[v.Path] = !v.Default
		}
	}
	section := ""
	for text := range strings.Lines(r.text) {
		text = strings.TrimSuffix(text, "\n")
		if rest, ok := strings.CutPrefix(text, "["); ok {
			section, _, _ = strings.Cut(rest, "]")
			section += "."
		}
		key, _, isKey := strings.Cut(text, "=")
		l := line{Text: text, Changed: isKey && differs[section+strings.TrimSpace(key)]}
		if l.Changed {
			changed++
		}
		out = append(out, l)
	}
	return out, changed
}

// saved is a checkpoint on disk.
type saved struct {
	File, Iteration, Size, Time, Marks string
}

// checkpoints lists what the run can be resumed from; whether they are whole is the business of costate verify.
func (r *record) checkpoints() []saved {
	dir := filepath.Join(r.dir, rundir.Checkpoints)
	list, err := (&checkpoint.Store{Dir: dir}).List()
	if err != nil {
		return nil
	}
	pointer := func(name string) string {
		b, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			return ""
		}
		return strings.TrimSpace(string(b))
	}
	last, best := pointer("LAST"), pointer("BEST")
	var out []saved
	for _, n := range list {
		name := checkpoint.Name(n)
		info, err := os.Stat(filepath.Join(dir, name))
		if err != nil {
			continue // pruned since
		}
		s := saved{File: rundir.Checkpoints + "/" + name, Iteration: count(int64(n)), Size: size(info.Size()), Time: info.ModTime().UTC().Format(time.RFC3339)}
		var marks []string
		if name == last {
			marks = append(marks, "newest")
		}
		if name == best {
			marks = append(marks, "best")
		}
		s.Marks = strings.Join(marks, ", ")
		out = append(out, s)
	}
	return out
}

func size(bytes int64) string {
	switch {
	case bytes >= 10<<20:
		return fmt.Sprintf("%.0f MiB", float64(bytes)/(1<<20))
	case bytes >= 10<<10:
		return fmt.Sprintf("%.0f KiB", float64(bytes)/(1<<10))
	}
	return count(bytes) + " bytes"
}

// readCertificate is what certificate.json says; nil where there is none.
func readCertificate(dir string) ([]verify.Row, error) {
	b, err := os.ReadFile(filepath.Join(dir, rundir.CertificateFile))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	rows, err := verify.Rows(b)
	for i := range rows {
		rows[i].Name, rows[i].Value = phrase(rows[i].Name), phrase(strings.ReplaceAll(rows[i].Value, "-", "−"))
	}
	return rows, err
}
