// Package suite holds the initial value problems on which solvers are compared, with ours and, through
// ../peers, with those of other libraries, and how a solution is timed.
package suite

import (
	"context"
	"time"

	"github.com/costate-go/costate/ode"
	"github.com/costate-go/costate/ode/testproblems"
	"github.com/costate-go/costate/solvers"
)

// Problem is a problem with what a comparison needs to know about it. Tolerances are rtol = tol and atol = Weight·tol,
// and the error of a solution is max_i |x_i − ref_i|/(Weight + |ref_i|) at the end.
type Problem struct {
	testproblems.Problem
	Title  string
	Weight float64
	Stiff  bool
	// Targets are the errors at which tools are compared.
	Targets []float64
}

// Problems returns the problems, those that are not stiff first.
func Problems() []Problem {
	classical := []float64{1e-4, 1e-6, 1e-8, 1e-10}
	return []Problem{
		{Problem: testproblems.LotkaVolterra, Title: "Lotka–Volterra, 2 unknowns on [0, 10]", Weight: 1, Targets: classical},
		{Problem: testproblems.Lorenz, Title: "Lorenz, 3 unknowns on [0, 10]", Weight: 1, Targets: classical},
		{Problem: testproblems.Arenstorf, Title: "Arenstorf orbit, 4 unknowns, one period", Weight: 1, Targets: classical},
		{Problem: pleiades, Title: "Pleiades, 28 unknowns on [0, 3]", Weight: 1, Targets: classical},
		{Problem: brusselator, Title: "Brusselator on a line, little diffusion, 256 unknowns on [0, 10]", Weight: 1, Targets: classical},
	}
}

// Methods returns the methods that fit a problem.
func Methods(p *Problem) []solvers.Method {
	var fit []solvers.Method
	for _, m := range solvers.Methods() {
		if m.ErrorOrder() > 0 {
			fit = append(fit, m)
		}
	}
	return fit
}

// MaxSteps bounds the steps of a solution.
const MaxSteps = 2_000_000

// Run solves a problem again and again in one workspace.
type Run struct {
	problem *Problem
	it      *ode.Integrator
}

// NewRun builds the workspace.
func NewRun(p *Problem, m solvers.Method, rtol float64) (*Run, error) {
	it, err := ode.NewIntegrator(len(p.X0), ode.Settings{Method: m, RTol: rtol, ATol: p.Weight * rtol, MaxSteps: MaxSteps})
	if err != nil {
		return nil, err
	}
	return &Run{p, it}, nil
}

// Solve solves from one end to the other.
func (r *Run) Solve(ctx context.Context) error {
	p, it := r.problem, r.it
	it.Start(p.F, p.T0, p.X0, p.T1)
	for it.T() != p.T1 {
		if err := it.Step(ctx, p.T1); err != nil {
			return err
		}
	}
	return nil
}

// X is the end state, Evaluations how often the right-hand side was called, and Error the error.
func (r *Run) X() []float64     { return r.it.X() }
func (r *Run) Evaluations() int { return r.it.Stats().Evaluations }
func (r *Run) Error() float64   { return r.problem.Error(r.it.X(), r.problem.Weight) }

// Time solves for that long and returns how long one solution takes: the best mean over batches of a millisecond or more, as
// in ../peers/measure.hpp.
func (r *Run) Time(ctx context.Context, total time.Duration) (time.Duration, error) {
	begin := time.Now()
	if err := r.Solve(ctx); err != nil {
		return 0, err
	}
	best := time.Since(begin)
	batch := 1 + int(time.Millisecond/max(best, 1))
	for start := time.Now(); ; {
		begin = time.Now()
		for range batch {
			if err := r.Solve(ctx); err != nil {
				return 0, err
			}
		}
		best = min(best, time.Since(begin)/time.Duration(batch))
		if time.Since(start) >= total {
			return best, nil
		}
	}
}
