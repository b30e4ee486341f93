// Command workprecision solves the problems of ../suite with our methods and with those of Boost.odeint, GSL and SUNDIALS, in
// turn on one core, at tolerances from 10⁻² to 10⁻¹⁴. It writes workprecision.csv and one picture per problem, and prints how
// long our best method takes over the best of the others' at equal error.
//
//	go run ./benchmarks/workprecision [-out DIR] [-problems a,b] [-rounds N] [-seconds S] [-core N]
//
// Libraries that are not installed are left out, with a word about it.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/costate-go/costate/benchmarks/suite"
)

type settings struct {
	out, problems, peers string
	rounds, core         int
	seconds              float64
	tolerances           []string
}

func main() {
	if len(os.Args) > 1 && os.Args[1] == "ours" { // as a child, like the programs of ../peers
		if err := ours(os.Args[2:]); err != nil {
			fmt.Fprintln(os.Stderr, "workprecision:", err)
			os.Exit(1)
		}
		return
	}
	s := settings{}
	flag.StringVar(&s.out, "out", "workprecision", "folder for the CSV and the pictures")
	flag.StringVar(&s.problems, "problems", "", "comma-separated problems; empty: all")
	flag.StringVar(&s.peers, "peers", "", "folder of the other libraries' programs in C++; empty: benchmarks/peers of the module")
	flag.IntVar(&s.rounds, "rounds", 3, "how often every tool has its turn; the best time counts")
	flag.Float64Var(&s.seconds, "seconds", 0.02, "how long a solution is repeated in a turn")
	flag.IntVar(&s.core, "core", 0, "the core that everything is pinned to, where there is taskset")
	perDecade := flag.Int("per-decade", 1, "tolerances per decade")
	flag.Parse()
	for k := 2 * *perDecade; k <= 14**perDecade; k++ {
		s.tolerances = append(s.tolerances, strconv.FormatFloat(pow10(-float64(k)/float64(*perDecade)), 'g', -1, 64))
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := compare(ctx, s); err != nil {
		fmt.Fprintln(os.Stderr, "workprecision:", err)
		os.Exit(1)
	}
}

func compare(ctx context.Context, s settings) error {
	problems, err := choose(s.problems)
	if err != nil {
		return err
	}
	scratch, err := os.MkdirTemp("", "workprecision")
	if err != nil {
		return err
	}
	defer os.RemoveAll(scratch)
	tools, err := build(ctx, s, scratch)
	if err != nil {
		return err
	}
	fmt.Println(conditions(ctx, tools))

	best := map[key]*point{}
	for round := range s.rounds {
		for i := range problems {
			for _, t := range tools {
				points, err := t.run(ctx, s, &problems[i])
				if err != nil {
					return err
				}
				for _, p := range points {
					if old := best[p.key]; old == nil || p.micros < old.micros {
						best[p.key] = p
					}
				}
			}
			fmt.Fprintf(os.Stderr, "round %d of %d: %s\n", round+1, s.rounds, problems[i].Name)
		}
	}
	var points []*point
	for _, p := range best {
		points = append(points, p)
	}
	slices.SortFunc(points, byKey)
	if err := os.MkdirAll(s.out, 0o755); err != nil {
		return err
	}
	if err := writeCSV(filepath.Join(s.out, "workprecision.csv"), points); err != nil {
		return err
	}
	for i := range problems {
		if err := draw(s.out, &problems[i], points); err != nil {
			return err
		}
	}
	printRatios(os.Stdout, problems, points)
	return nil
}

// choose returns the problems named.
func choose(names string) ([]suite.Problem, error) {
	all := suite.Problems()
	if names == "" {
		return all, nil
	}
	var chosen []suite.Problem
	for name := range strings.SplitSeq(names, ",") {
		i := slices.IndexFunc(all, func(p suite.Problem) bool { return p.Name == name })
		if i < 0 {
			var known []string
			for _, p := range all {
				known = append(known, p.Name)
			}
			return nil, fmt.Errorf("no problem %q (there are %s)", name, strings.Join(known, ", "))
		}
		chosen = append(chosen, all[i])
	}
	return chosen, nil
}

// conditions says where and with what was measured.
func conditions(ctx context.Context, tools []tool) string {
	parts := []string{processor(), time.Now().UTC().Format(time.DateOnly), runtime.Version()}
	if out, err := exec.CommandContext(ctx, compiler(), "--version").Output(); err == nil {
		line, _, _ := strings.Cut(string(out), "\n")
		parts = append(parts, line)
	}
	for _, t := range tools {
		if t.name != oursName {
			parts = append(parts, t.version)
		}
	}
	return strings.Join(parts, "; ")
}

func processor() string {
	info, err := os.ReadFile("/proc/cpuinfo")
	if err == nil {
		for line := range strings.Lines(string(info)) {
			if k, v, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(k) == "model name" {
				return strings.TrimSpace(v)
			}
		}
	}
	return runtime.GOARCH
}

// moduleRoot is where go.mod is.
func moduleRoot(ctx context.Context) (string, error) {
	out, err := exec.CommandContext(ctx, "go", "env", "GOMOD").Output()
	if path := strings.TrimSpace(string(out)); err == nil && path != "" && path != os.DevNull {
		return filepath.Dir(path), nil
	}
	return "", errors.New("run it inside the module, or name the folder of the other libraries' programs with -peers")
}
