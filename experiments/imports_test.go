package experiments_test

import (
	"os/exec"
	"strings"
	"testing"
)

const module = "github.com/costate-go/costate/"

// imports lists the packages that come with others, each with what it imports, and leaves out those of the standard library.
func imports(t *testing.T, packages ...string) map[string][]string {
	t.Helper()
	args := []string{"list", "-deps", "-f", `{{if not .Standard}}{{.ImportPath}} {{join .Imports " "}}{{end}}`}
	for _, p := range packages {
		args = append(args, module+p+"/...")
	}
	out, err := exec.Command("go", args...).Output()
	if err != nil {
		t.Fatal(err)
	}
	graph := map[string][]string{}
	for line := range strings.Lines(string(out)) {
		if words := strings.Fields(line); len(words) > 0 {
			graph[words[0]] = words[1:]
		}
	}
	for _, p := range packages {
		if _, listed := graph[module+p]; !listed {
			t.Errorf("%s is not listed", p)
		}
	}
	return graph
}

func allowed(path string) bool {
	return !strings.Contains(strings.SplitN(path, "/", 2)[0], ".") || // the standard library
		strings.HasPrefix(path, "gonum.org/v1/gonum/") || strings.HasPrefix(path, "golang.org/x/sys/")
}

// Whoever imports ode or solvers gets gonum and golang.org/x/sys with it, and nothing else.
func TestImportingODE(t *testing.T) {
	for path := range imports(t, "solvers", "ode") {
		if !strings.HasPrefix(path, module) && !allowed(path) {
			t.Errorf("%s comes with ode", path)
		}
	}
}

// A package imports gonum, golang.org/x/sys and packages on its own floor or below.
func TestFloors(t *testing.T) {
	floors := []string{"internal", "solvers", "ode", "ode/neural", "pmp"}
	floor := func(path string) int {
		path = strings.TrimPrefix(path, module)
		for i := len(floors) - 1; i >= 0; i-- {
			if path == floors[i] || strings.HasPrefix(path, floors[i]+"/") {
				return i
			}
		}
		return len(floors)
	}
	for path, imports := range imports(t, "solvers", "ode", "pmp") {
		if !strings.HasPrefix(path, module) {
			continue // what gonum imports is its own affair
		}
		for _, i := range imports {
			if ours := strings.HasPrefix(i, module); ours && floor(i) > floor(path) {
				t.Errorf("%s imports %s, which is above it", path, i)
			} else if !ours && !allowed(i) {
				t.Errorf("%s imports %s", path, i)
			}
		}
	}
}
