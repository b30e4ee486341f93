package ode

import (
	"context"
	"fmt"
	"math"
	"slices"

	"github.com/costate-go/costate/solvers"
)

// Batch is many initial value problems of one kind, each with its own interval, that are evaluated together. States are stored
// batch last: entry i of sample s is X0[i*B+s].
type Batch struct {
	// F stores the rates of some samples: t[j] is the time of the j-th of them, samples[j] its index, x[i*len(t)+j] entry i of
	// its state. It must treat samples independently, and must not keep or change x, t and samples.
	F func(dx, t, x []float64, samples []int)
	// Dim is the number of unknowns of a sample, X0 the initial states, Dim × B.
	Dim int
	X0  []float64
	// Jacobian gives ∂F/∂x of a sample to methods for stiff problems; nil means finite differences.
	Jacobian func(sample int) solvers.Jacobian
	// T0 and T1 are the ends of the intervals, one for each sample, or one number for all.
	T0, T1 []float64
	// SaveAt lists for each sample the times at which its state is wanted, in its direction of integration; nil: none.
	SaveAt [][]float64
}

// BatchSolution is what SolveBatch returns.
type BatchSolution struct {
	// T and X hold where each sample ended: its time and its state, Dim × B.
	T, X []float64
	// Saved[s] holds the states of sample s at SaveAt[s], one after the other.
	Saved [][]float64
	// Stats counts the work on each sample: Evaluations are those that it took part in. Reasons says why each ended, Errors
	// holds a *Error where it failed, nil otherwise.
	Stats   []Stats
	Reasons []Reason
	Errors  []error
	// Calls is how often F was called.
	Calls int
}

// SolveBatch integrates every sample with a time and a step size of its own; samples that have arrived, or failed, leave
// the batch, and the others do not wait for them. What a sample does depends on no other: it has the same bits alone.
//
// Explicit tableaux step all samples together; other methods, whose steps solve equations, change their order or undo
// themselves, take one sample after the other and call F with one at a time.
//
// Of Settings it uses the method, tolerances, step sizes and limits, which hold for
// each sample, the controller and OnProgress. Errors are measured in the root mean square of each sample. The error is that
// of the first sample that failed, with its index, or that of the context; the solution comes with it. It is nil only
// where problem or settings are invalid.
func SolveBatch(ctx context.Context, b Batch, s Settings) (*BatchSolution, error) {
	if s.Norm != nil {
		return nil, &SettingsError{Field: "Norm", Value: math.NaN(), Remedy: "leave it out: errors are measured sample by sample, in the root mean square"}
	}
	s, err := s.withDefaults()
	if err != nil {
		return nil, err
	}
	switch {
	case s.Step == 0 && s.Method.ErrorOrder() == 0:
		return nil, &SettingsError{Field: "Step", Value: 0, Remedy: "give a step size: " + s.Method.Name() + " has no error estimate"}
	case len(s.SaveAt) > 0 || len(s.Stops) > 0 || len(s.Events) > 0 || s.OnStep != nil:
		return nil, &SettingsError{Field: "Settings", Value: math.NaN(), Remedy: "leave SaveAt, Stops, Events and OnStep to Solve; Batch has a SaveAt of its own"}
	}
	if err := b.check(); err != nil {
		return nil, err
	}
	method, ok := s.Method.(solvers.Tableaued)
	if !ok {
		return b.solveEach(ctx, s)
	}
	r := newBatchRun(&b, &s, method.Tableau())
	err = r.loop(ctx)
	return r.sol, err
}

// solution has room for what becomes of the samples.
func (b *Batch) solution() *BatchSolution {
	n := b.samples()
	return &BatchSolution{T: make([]float64, n), X: slices.Clone(b.X0), Saved: make([][]float64, n),
		Stats: make([]Stats, n), Reasons: make([]Reason, n), Errors: make([]error, n)}
}

// samples is the number of samples.
func (b *Batch) samples() int { return len(b.X0) / max(1, b.Dim) }

// at returns the entry of a list for sample s.
func at(list []float64, s int) float64 {
	if len(list) == 1 {
		return list[0]
	}
	return list[s]
}

func (b *Batch) check() error {
	switch {
	case b.F == nil:
		return &SettingsError{Field: "F", Value: math.NaN(), Remedy: "give a right-hand side"}
	case b.Dim < 1:
		return &SettingsError{Field: "Dim", Value: float64(b.Dim), Remedy: "give at least one unknown a sample"}
	case len(b.X0) == 0 || len(b.X0)%b.Dim != 0:
		return &SettingsError{Field: "X0", Value: math.NaN(), Remedy: "give Dim entries for each of one or more samples"}
	}
	n := b.samples()
	for _, c := range []struct {
		field string
		list  []float64
	}{{"T0", b.T0}, {"T1", b.T1}, {"X0", b.X0}} {
		if c.field != "X0" && len(c.list) != 1 && len(c.list) != n {
			return &SettingsError{Field: c.field, Value: math.NaN(), Remedy: fmt.Sprintf("give one time, or one for each of %d samples", n)}
		}
		if i := slices.IndexFunc(c.list, func(v float64) bool { return !isFinite(v) }); i >= 0 {
			return &SettingsError{Field: c.field, Index: i, Value: c.list[i], Remedy: "give finite numbers"}
		}
	}
	if b.SaveAt == nil {
		return nil
	}
	if len(b.SaveAt) != n {
		return &SettingsError{Field: "SaveAt", Value: float64(len(b.SaveAt)), Remedy: fmt.Sprintf("give a list for each of %d samples, nil where nothing is wanted", n)}
	}
	for s, list := range b.SaveAt {
		p := Problem{F: func([]float64, float64, []float64) {}, X0: []float64{0}, T0: at(b.T0, s), T1: at(b.T1, s)}
		if err := p.check(&Settings{SaveAt: list}); err != nil {
			return fmt.Errorf("sample %d: %w", s, err)
		}
	}
	return nil
}
