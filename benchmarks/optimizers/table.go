package main

import (
	"fmt"
	"math"
	"strings"
)

// table writes the results in Markdown.
func (b *bench) table() string {
	var s strings.Builder
	s.WriteString("| problem | loss | optimizer | tuned | iterations | evaluations | seconds | over seeds | reached |\n|---|---:|---|---|---:|---:|---:|---|---:|\n")
	last := ""
	for i := range b.results {
		r := &b.results[i]
		first := math.Inf(1)
		for j := range b.results {
			if o := &b.results[j]; o.work.name == r.work.name {
				first = min(first, o.seconds)
			}
		}
		problem, loss := "", ""
		if r.work.name != last {
			problem, loss, last = r.work.title, fmt.Sprintf("%g", r.work.target), r.work.name
		}
		seconds := number(r.seconds)
		if r.seconds == first && !math.IsInf(first, 1) {
			seconds = "**" + seconds + "**"
		}
		if math.IsInf(r.seconds, 1) {
			seconds = fmt.Sprintf("– (smallest loss %.3g)", r.loss)
		}
		tuned := strings.ReplaceAll(r.tuned, "optimizer.", "")
		fmt.Fprintf(&s, "| %s | %s | %s | %s | %.0f | %.0f | %s | %s … %s | %d of %d |\n",
			problem, loss, r.entry.name, tuned, r.iterations, r.nfe, seconds, number(r.fastest), number(r.slowest), r.reached, b.seeds)
	}
	return s.String()
}

func number(v float64) string {
	if math.IsInf(v, 1) {
		return "–"
	}
	return fmt.Sprintf("%.3g", v)
}

// csv writes every run.
func (b *bench) csv() string {
	var s strings.Builder
	s.WriteString("work,optimizer,tuned,seed,iterations,forward,backward,seconds,loss,reached\n")
	for _, r := range b.runs {
		fmt.Fprintf(&s, "%s,%s,%s,%d,%d,%d,%d,%g,%g,%v\n", r.work, r.entry, r.tuned, r.seed, r.iterations, r.forward, r.backward, r.seconds, r.loss, r.reached)
	}
	return s.String()
}
