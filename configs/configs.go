// Package configs holds the experiments that come with the program: one TOML file each, and the data of some, embedded in the binary.
// The names that `costate run` accepts are the paths without the extension, such as "spiral" or "control/rayleigh".
package configs

import (
	"embed"
	"io/fs"
	"slices"
	"strings"
)

// FS has every file at its path below this folder.
//
//go:embed *.toml *.csv control/*.toml
var FS embed.FS

// Default is the experiment that runs when none is named.
const Default = "spiral"

// Names lists the experiments, sorted.
func Names() []string {
	var out []string
	_ = fs.WalkDir(FS, ".", func(p string, d fs.DirEntry, err error) error { // an embedded tree cannot fail
		if name, ok := strings.CutSuffix(p, ".toml"); ok && err == nil && !d.IsDir() {
			out = append(out, name)
		}
		return err
	})
	slices.Sort(out)
	return out
}

// Data returns the content of a data file by the path that the experiments give it, such as "configs/pendulum.csv"; the error is
// fs.ErrNotExist for one that does not come with the program.
func Data(path string) ([]byte, error) {
	name, ok := strings.CutPrefix(path, "configs/")
	if !ok || !strings.HasSuffix(name, ".csv") {
		return nil, fs.ErrNotExist
	}
	return FS.ReadFile(name)
}

// Read returns the text of an experiment by name; the error is fs.ErrNotExist for an unknown one.
func Read(name string) ([]byte, error) {
	return FS.ReadFile(strings.TrimSuffix(name, ".toml") + ".toml")
}
