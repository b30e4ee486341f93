// Command gen writes the assembly of package kernel. It is a module of its own, so that users of Costate do not
// download what it needs:
//
//	go generate ./internal/kernel
package main

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/mmcloughlin/avo/pass"
	"github.com/mmcloughlin/avo/printer"
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: gen DIRECTORY")
		os.Exit(2)
	}
	for _, file := range []struct {
		name     string
		describe func(*gen)
	}{
		{"vector", vectors},
		{"convert", converts},
		{"sums", sums},
		{"tanh", hyperbolic},
		{"exp", exponentials},
		{"sine", sines},
		{"gelu", gelus},
		{"gemm", products},
		{"skinny", skinny},
		{"outer", outers},
		{"syrk", syrks},
		{"pack", packs},
		{"peak", peak},
	} {
		g := newGen()
		file.describe(g)
		if err := write(g, filepath.Join(os.Args[1], "z"+file.name+"_amd64")); err != nil {
			fmt.Fprintf(os.Stderr, "%s: %v\n", file.name, err)
			os.Exit(1)
		}
	}
	if err := os.WriteFile(filepath.Join(os.Args[1], "zdispatch_amd64.go"), dispatch(), 0o644); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// write writes the assembly and the Go declarations.
func write(g *gen, path string) error {
	f, err := g.Result()
	if err != nil {
		return err
	}
	if err := pass.Compile.Execute(f); err != nil {
		return err
	}
	cfg := printer.Config{Name: "internal/kernel/gen", Pkg: "kernel"}
	for suffix, p := range map[string]printer.Printer{".s": printer.NewGoAsm(cfg), ".go": printer.NewStubs(cfg)} {
		text, err := p.Print(f)
		if err != nil {
			return err
		}
		if err := os.WriteFile(path+suffix, text, 0o644); err != nil {
			return err
		}
	}
	return nil
}
