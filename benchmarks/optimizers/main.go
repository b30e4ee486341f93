// Optimizers measures how long the optimizers of package pmp take to the same training loss on the same problems, from the same
// starts: iterations, evaluations of the vector field and seconds of processor time on one thread, which other programs do not add
// to, medians over seeds. The rates of the gradient
// methods are tuned first, on another seed, for the shortest time to that loss.
//
//	go run ./benchmarks/optimizers [-work spiral,moons] [-seeds 5] [-csv table.csv] [-md table.md]
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"runtime"
	"strings"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "optimizers:", err)
		os.Exit(1)
	}
}

func run() error {
	names := flag.String("work", "", "works by name, with commas; empty: all")
	seeds := flag.Int("seeds", 5, "seeds of data and first controls; tuning takes the one after them")
	folder := flag.String("mnist", "data/mnist", "folder of the MNIST files; the work on digits is left out where they are missing")
	csv := flag.String("csv", "", "file for every single run")
	markdown := flag.String("md", "", "file for the table")
	verbose := flag.Bool("v", false, "print every run")
	flag.Parse()
	runtime.GOMAXPROCS(1)
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()

	b := &bench{seeds: *seeds, folder: *folder, verbose: *verbose}
	var chosen []work
	for _, w := range works {
		if *names == "" || strings.Contains(","+*names+",", ","+w.name+",") {
			chosen = append(chosen, w)
		}
	}
	if len(chosen) == 0 {
		return fmt.Errorf("no work is named %q; there are %s", *names, strings.Join(workNames(), ", "))
	}
	for _, w := range chosen {
		if err := b.work(ctx, w); err != nil {
			return err
		}
	}
	text := b.table()
	fmt.Print(text)
	if *markdown != "" {
		if err := os.WriteFile(*markdown, []byte(text), 0o644); err != nil {
			return err
		}
	}
	if *csv != "" {
		return os.WriteFile(*csv, []byte(b.csv()), 0o644)
	}
	return nil
}
