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
	classical, stiff := []float64{1e-4, 1e-6, 1e-8, 1e-10}, []float64{1e-4, 1e-6}
	return []Problem{
		{Problem: testproblems.LotkaVolterra, Title: "Lotka–Volterra, 2 unknowns on [0, 10]", Weight: 1, Targets: classical},
		{Problem: testproblems.Lorenz, Title: "Lorenz, 3 unknowns on [0, 10]", Weight: 1, Targets: classical},
		{Problem: testproblems.Arenstorf, Title: "Arenstorf orbit, 4 unknowns, one period", Weight: 1, Targets: []float64{1e-4, 1e-6, 1e-8, 1e-9}}, // rounding errors alone grow to 10⁻¹⁰,
		{Problem: pleiades, Title: "Pleiades, 28 unknowns on [0, 3]", Weight: 1, Targets: classical},
		{Problem: brusselator, Title: "Brusselator on a line, little diffusion, 256 unknowns on [0, 10]", Weight: 1, Targets: classical},
		{Problem: testproblems.HIRES, Title: "HIRES, 8 unknowns on [0, 321.8]", Weight: 1e-4, Stiff: true, Targets: stiff},
		{Problem: robertson(), Title: "Robertson, 3 unknowns on [0, 10⁵]", Weight: 1e-6, Stiff: true, Targets: stiff},
		{Problem: named("van-der-pol", testproblems.Relaxation), Title: "van der Pol, μ = 1000, 2 unknowns on [0, 2000]", Weight: 1, Stiff: true, Targets: stiff},
		{Problem: named("robertson-40", testproblems.Robertson), Title: "Robertson, 3 unknowns on [0, 40]", Weight: 1e-6, Stiff: true, Targets: stiff},
		{Problem: named("van-der-pol-1e-6", testproblems.StiffVanDerPol), Title: "van der Pol, ε = 10⁻⁶, 2 unknowns on [0, 2]", Weight: 1, Stiff: true, Targets: stiff},
		{Problem: brusselatorStiff, Title: "Brusselator on a line, much diffusion, 256 unknowns on [0, 10]", Weight: 1, Stiff: true, Targets: stiff},
	}
}

func named(name string, p testproblems.Problem) testproblems.Problem {
	p.Name = name
	return p
}

// robertson goes on to 10⁵. The end state was computed in quadruple precision by the extrapolated linearly implicit Euler
// rule of order 11 with a tolerance of 10⁻¹⁸; up to 40 that agrees with the end state of testproblems in all its digits.
func robertson() testproblems.Problem {
	p := testproblems.Robertson
	p.T1 = 1e5
	p.X1 = []float64{1.786592114209946496536e-2, 7.274751468436318769868e-8, 0.9821340061103858506715}
	return p
}

// Method is one of ours, with the right-hand side on slices or by value.
type Method struct {
	solvers.Method
	ByValue bool
}

// Name is that of the method, with an ending where the right-hand side is given by value.
func (m Method) Name() string {
	if m.ByValue {
		return m.Method.Name() + "-by-value"
	}
	return m.Method.Name()
}

// Methods returns the adaptive methods that fit a problem: those for stiff problems where it is stiff, else the others; the
// one that switches between them always. Explicit ones come with the right-hand side by value, too, where there is one.
func Methods(p *Problem) []Method {
	var fit []Method
	for _, m := range solvers.Methods() {
		_, explicit := m.(*solvers.Tableau)
		if m.ErrorOrder() > 0 && (explicit != p.Stiff || m.Name() == "auto") {
			fit = append(fit, Method{Method: m})
			if explicit && p.Values.Len() > 0 {
				fit = append(fit, Method{m, true})
			}
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
func NewRun(p *Problem, m Method, rtol float64) (*Run, error) {
	it, err := ode.NewIntegrator(len(p.X0), ode.Settings{Method: m.Method, RTol: rtol, ATol: p.Weight * rtol, MaxSteps: MaxSteps})
	if err != nil {
		return nil, err
	}
	it.SetJacobian(p.Jacobian)
	if m.ByValue {
		it.SetValues(p.Values)
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
