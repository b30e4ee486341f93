package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/costate-go/costate/benchmarks/suite"
)

// oursName is the name of our tool in tables.
const oursName = "Costate"

// tool is a program that prints a line per method and tolerance: problem, method, rtol, atol, µs, evaluations, end state.
type tool struct {
	name, version string
	command       []string
}

// key says what was measured.
type key struct {
	problem, tool, method string
	rtol                  float64
}

// patience is how long a solution may take for tighter tolerances to be tried.
const patience = 200 * time.Millisecond

// point is a solution and what it cost.
type point struct {
	key
	atol, micros, err float64
	evaluations       int
}

func compiler() string {
	if c := os.Getenv("CXX"); c != "" {
		return c
	}
	return "g++"
}

// build compiles the other libraries' programs, as fast as the compiler can make them without giving up IEEE arithmetic.
func build(ctx context.Context, s settings, scratch string) ([]tool, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	tools := []tool{{name: oursName, command: []string{self, "ours"}}}
	folder := s.peers
	if folder == "" {
		root, err := moduleRoot(ctx)
		if err != nil {
			return nil, err
		}
		folder = filepath.Join(root, "benchmarks", "peers")
	}
	for _, p := range []struct{ source, name, install, libraries string }{
		{"boost", "Boost.odeint", "libboost-dev", ""},
		{"gsl", "GSL", "libgsl-dev", "-lgsl -lgslcblas -lm"},
		{"sundials", "SUNDIALS", "libsundials-dev", "-lsundials_cvode -lsundials_arkode -lsundials_nvecserial -lsundials_sunlinsoldense" +
			" -lsundials_sunlinsolband -lsundials_sunmatrixdense -lsundials_sunmatrixband -lsundials_sunnonlinsolfixedpoint"},
	} {
		program := filepath.Join(scratch, p.source)
		args := []string{"-std=gnu++17", "-O3", "-march=native", "-o", program, filepath.Join(folder, p.source+".cpp")}
		c := exec.CommandContext(ctx, compiler(), append(args, strings.Fields(p.libraries)...)...)
		var stderr bytes.Buffer
		c.Stderr = &stderr
		if err := c.Run(); err != nil {
			why := err.Error()
			for line := range strings.Lines(stderr.String()) {
				if strings.Contains(line, "error") {
					why = strings.TrimSpace(line)
					break
				}
			}
			fmt.Printf("without %s, whose program does not compile (Debian: %s): %s\n", p.name, p.install, why)
			continue
		}
		version, err := exec.CommandContext(ctx, program, "--version").Output()
		if err != nil {
			fmt.Printf("without %s, whose program does not run: %v\n", p.name, err)
			continue
		}
		tools = append(tools, tool{name: p.name, version: strings.TrimSpace(string(version)), command: []string{program}})
	}
	return tools, nil
}

// run has its turn on a problem.
func (t *tool) run(ctx context.Context, s settings, p *suite.Problem) ([]*point, error) {
	args := append([]string{}, t.command...)
	args = append(args, "--seconds", strconv.FormatFloat(s.seconds, 'g', -1, 64), "--weight", strconv.FormatFloat(p.Weight, 'g', -1, 64),
		"--tolerances", strings.Join(s.tolerances, ","), p.Name)
	if taskset, err := exec.LookPath("taskset"); err == nil {
		args = append([]string{taskset, "-c", strconv.Itoa(s.core)}, args...)
	}
	c := exec.CommandContext(ctx, args[0], args[1:]...)
	c.Env = append(os.Environ(), "GOMAXPROCS=1")
	c.Stderr = os.Stderr
	out, err := c.Output()
	if err != nil {
		return nil, fmt.Errorf("%s on %s: %w", t.name, p.Name, err)
	}
	var points []*point
	lines := bufio.NewScanner(bytes.NewReader(out))
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		q, err := parse(lines.Text(), p)
		if err != nil {
			return nil, fmt.Errorf("%s on %s: %w", t.name, p.Name, err)
		}
		q.tool = t.name
		points = append(points, q)
	}
	return points, lines.Err()
}

func parse(line string, p *suite.Problem) (*point, error) {
	fields := strings.Fields(line)
	if len(fields) != 6+len(p.X1) || fields[0] != p.Name {
		return nil, fmt.Errorf("not a line of problem, method, rtol, atol, µs, evaluations and %d unknowns: %.60q", len(p.X1), line)
	}
	numbers := make([]float64, len(fields)-2)
	for i, f := range fields[2:] {
		v, err := strconv.ParseFloat(f, 64)
		if err != nil {
			return nil, err
		}
		numbers[i] = v
	}
	return &point{
		key:  key{problem: p.Name, method: fields[1], rtol: numbers[0]},
		atol: numbers[1], micros: numbers[2], evaluations: int(numbers[3]), err: p.Error(numbers[4:], p.Weight),
	}, nil
}

// ours is the program of our tool.
func ours(args []string) error {
	f := flag.NewFlagSet("ours", flag.ContinueOnError)
	seconds := f.Float64("seconds", 0.02, "")
	f.Float64("weight", 1, "") // the suite knows it
	tolerances := f.String("tolerances", "", "")
	if err := f.Parse(args); err != nil {
		return err
	}
	if f.NArg() == 0 {
		return errors.New("name a problem")
	}
	problems, err := choose(strings.Join(f.Args(), ","))
	if err != nil {
		return err
	}
	ctx := context.Background()
	for i := range problems {
		p := &problems[i]
		for _, m := range suite.Methods(p) {
			for tolerance := range strings.SplitSeq(*tolerances, ",") {
				tol, err := strconv.ParseFloat(tolerance, 64)
				if err != nil {
					return err
				}
				r, err := suite.NewRun(p, m, tol)
				if err != nil {
					return err
				}
				begin := time.Now()
				d, err := r.Time(ctx, time.Duration(*seconds*1e9))
				if err != nil { // too many steps, or a tolerance that the method cannot meet
					if time.Since(begin) > patience {
						break
					}
					continue
				}
				fmt.Printf("%s %s %.17g %.17g %.17g %d", p.Name, m.Name(), tol, p.Weight*tol, float64(d)/1e3, r.Evaluations())
				for _, v := range r.X() {
					fmt.Printf(" %.17g", v)
				}
				fmt.Println()
				if d > patience {
					break
				}
			}
		}
	}
	return nil
}

func pow10(x float64) float64 { return math.Pow(10, x) }
