package main

import (
	"context"
	"math"
	"strings"
	"testing"
)

// The sine toy from zero weights: L-BFGS reaches the target, an unreachable one counts as failed, and both stand in the table.
func TestBench(t *testing.T) {
	b := &bench{seeds: 1}
	for _, target := range []float64{0.3, 0} {
		w := work{name: "sine", title: "sine toy", config: "emsa_sine", target: target, seconds: 0.1, entries: []entry{lbfgs}}
		if err := b.work(context.Background(), w); err != nil {
			t.Fatal(err)
		}
	}
	if len(b.results) != 2 || len(b.runs) != 2 {
		t.Fatalf("%d results of %d runs", len(b.results), len(b.runs))
	}
	good, bad := b.results[0], b.results[1]
	if good.reached != 1 || !(good.seconds > 0 && good.seconds < 10) || good.iterations < 3 || good.nfe < good.iterations || good.tuned == "" {
		t.Errorf("%+v", good)
	}
	if bad.reached != 0 || !math.IsInf(bad.seconds, 1) || !(bad.loss > 0 && bad.loss < 0.3) {
		t.Errorf("%+v", bad)
	}
	table := b.table()
	if strings.Count(table, "\n") != 4 || !strings.Contains(table, "| 1 of 1 |") || !strings.Contains(table, "– (smallest loss ") {
		t.Errorf("table\n%s", table)
	}
	if lines := strings.Count(b.csv(), "\n"); lines != 3 {
		t.Errorf("%d lines of CSV", lines)
	}
}

// Every work names a configuration that is understood, with each of its optimizers and settings.
func TestWorks(t *testing.T) {
	for i := range works {
		w := works[i]
		if w.digits {
			continue
		}
		for j := range w.entries {
			e := &w.entries[j]
			tunes := e.tune
			if tunes == nil {
				tunes = [][]string{nil}
			}
			for _, choice := range tunes {
				if s, err := (&bench{}).once(context.Background(), &w, e, choice, 1, 1e-9); err != nil || s.iterations != 1 {
					t.Errorf("%s by %s %v: %d iterations, %v", w.name, e.name, choice, s.iterations, err)
				}
			}
		}
	}
}
