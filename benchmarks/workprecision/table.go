package main

import (
	"cmp"
	"encoding/csv"
	"fmt"
	"io"
	"math"
	"os"
	"strconv"

	"github.com/costate-go/costate/benchmarks/suite"
)

// byKey orders points by problem, tool and method, from loose to tight tolerances.
func byKey(a, b *point) int {
	return cmp.Or(cmp.Compare(a.problem, b.problem), cmp.Compare(a.tool, b.tool), cmp.Compare(a.method, b.method), cmp.Compare(b.rtol, a.rtol))
}

func writeCSV(path string, points []*point) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	w := csv.NewWriter(f)
	number := func(v float64) string { return strconv.FormatFloat(v, 'g', 6, 64) }
	_ = w.Write([]string{"problem", "tool", "method", "rtol", "atol", "microseconds", "evaluations", "error"})
	for _, p := range points {
		_ = w.Write([]string{p.problem, p.tool, p.method, number(p.rtol), number(p.atol), number(p.micros), strconv.Itoa(p.evaluations), number(p.err)})
	}
	w.Flush()
	if err := w.Error(); err != nil {
		_ = f.Close()
		return err
	}
	return f.Close()
}

// curve is a method's way through the plane of error and time, from loose to tight tolerances.
type curve struct {
	tool, method string
	points       []*point
}

// curves returns the curves of a problem; points are ordered by byKey.
func curves(problem string, points []*point) []*curve {
	var all []*curve
	for _, p := range points {
		if p.problem != problem {
			continue
		}
		if n := len(all); n == 0 || all[n-1].tool != p.tool || all[n-1].method != p.method {
			all = append(all, &curve{tool: p.tool, method: p.method})
		}
		last := all[len(all)-1]
		last.points = append(last.points, p)
	}
	return all
}

// micros is how long the method takes for an error of at most e: that of the cheapest solution which is as accurate or, where it
// crosses e between two tolerances, by interpolation of the logarithms. +Inf where it gets nowhere near.
func (c *curve) micros(e float64) float64 {
	best := math.Inf(1)
	for i, p := range c.points {
		if p.err <= e {
			best = min(best, p.micros)
		}
		if i == 0 {
			continue
		}
		q := c.points[i-1]
		if (q.err > e) == (p.err > e) {
			continue
		}
		s := math.Log(e/q.err) / math.Log(max(p.err, 1e-17)/q.err)
		best = min(best, q.micros*math.Pow(p.micros/q.micros, s))
	}
	return best
}

// fastest returns the curve among those that pass which is the fastest to an error of e, nil if none gets there.
func fastest(all []*curve, e float64, pass func(c *curve) bool) (best *curve, micros float64) {
	micros = math.Inf(1)
	for _, c := range all {
		if t := c.micros(e); pass(c) && t < micros {
			best, micros = c, t
		}
	}
	return best, micros
}

// printRatios prints the time of our best method over that of the best of the others.
func printRatios(w io.Writer, problems []suite.Problem, points []*point) {
	fmt.Fprintf(w, "\nTime of our best method over the best of the others' at equal error, interpolated on the curves of work and precision.\n\n")
	fmt.Fprintf(w, "| problem | error | ours | µs | best of the others | µs | ratio |\n|---|---:|---|---:|---|---:|---:|\n")
	for i := range problems {
		all := curves(problems[i].Name, points)
		for _, e := range problems[i].Targets {
			mine, us := fastest(all, e, func(c *curve) bool { return c.tool == oursName })
			theirs, them := fastest(all, e, func(c *curve) bool { return c.tool != oursName })
			ratio := "–"
			if mine != nil && theirs != nil {
				ratio = fmt.Sprintf("%.2f", us/them)
			}
			fmt.Fprintf(w, "| %s | %.0e | %s | %s | %s | %s | %s |\n", problems[i].Name, e,
				mine.name(false), duration(us), theirs.name(true), duration(them), ratio)
		}
	}
}

// name is the method's, after the tool's where that is wanted.
func (c *curve) name(tool bool) string {
	switch {
	case c == nil:
		return "–"
	case tool:
		return c.tool + " " + c.method
	}
	return c.method
}

func duration(micros float64) string {
	if math.IsInf(micros, 1) {
		return "–"
	}
	return fmt.Sprintf("%.4g", micros)
}
