// Package configs holds the experiments that come with the program: one TOML file each, embedded in the binary.
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
//go:embed *.toml control/*.toml
var FS embed.FS

// Default is the experiment that runs when none is named.
const Default = "spiral"

// Names lists the experiments, sorted.
func Names() []string {
	var out []string
	_ = fs.WalkDir(FS, ".", func(p string, d fs.DirEntry, err error) error { // an embedded tree cannot fail
		if err == nil && !d.IsDir() {
			out = append(out, strings.TrimSuffix(p, ".toml"))
		}
		return err
	})
	slices.Sort(out)
	return out
}

// Read returns the text of an experiment by name; the error is fs.ErrNotExist for an unknown one.
func Read(name string) ([]byte, error) {
	return FS.ReadFile(strings.TrimSuffix(name, ".toml") + ".toml")
}
