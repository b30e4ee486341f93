package benchmarks

import (
	"context"
	"math"
	"slices"
	"testing"

	"github.com/costate-go/costate/experiments/data"
	"github.com/costate-go/costate/experiments/systems"
	"github.com/costate-go/costate/internal/rng"
	"github.com/costate-go/costate/ode"
	"github.com/costate-go/costate/ode/neural"
	"github.com/costate-go/costate/pmp"
	"github.com/costate-go/costate/solvers"
)

// shampine is Dormand and Prince's method with Shampine's error estimate, which is two thirds of theirs and that of torchdiffeq.
var shampine = func() *solvers.Tableau {
	t := *solvers.DormandPrince54
	t.E = slices.Clone(t.E)
	for i := range t.E {
		t.E[i] *= 2.0 / 3
	}
	return &t
}()

// asTorchdiffeq are the settings under which a sweep takes the steps of torchdiffeq's dopri5: its estimate and controller, and
// states read off the continuous extension at the times asked for.
func asTorchdiffeq(rtol, atol float64) pmp.Settings {
	return pmp.Settings{Interpolate: true, Solver: ode.Settings{Method: shampine, RTol: rtol, ATol: atol, Controller: solvers.I{Limits: solvers.Limits{GrowAfterRejection: true}}}}
}

// work is a training problem of the comparison in README.md: whatever another program needs to do the same is here.
// Random numbers are SplitMix64: the weights from the stream of seed, layer by layer, W row-major (out × in) and biases 0.
type work struct {
	name     string
	problem  *pmp.Problem
	settings pmp.Settings
	theta    []float64
	update   pmp.Gradient // the rule, made anew by start
	next     func()       // brings the next mini-batch, nil for one batch for ever

	// Of the first iteration by torchdiffeq in float64.
	loss, norm  float64
	evaluations int
}

var precisions = []neural.Precision{neural.Float64, neural.Float32}

// shards is the number of pieces into which the batch is cut.
func (w *work) shards() int {
	width := w.settings.ShardWidth
	if width == 0 {
		width = 128
	}
	return (w.problem.Samples() + width - 1) / width
}

const seed = 1

// works are the three sizes of training.
func works(t testing.TB, p neural.Precision) []*work {
	return []*work{
		spiral(t, p),
		regression(p, "mid", 16, 64, 128, asTorchdiffeq(1e-5, 1e-7), 2.19057081, 1.00162478, 26),
		regression(p, "large", 64, 256, 512, pmp.Settings{Steps: 20, Solver: ode.Settings{Method: solvers.ThreeEighths}}, 2.23626769, 0.513128117, 80),
	}
}

// spiral is the demonstration of Chen et al. (2018): 1000 points of y' = y³A on [0, 25] from (2, 0), 20 windows of 10
// points, a network 2-50-2 on y³ with weights 0.1·normal(), mean absolute error, RMSprop. The windows start at
// distinct numbers next() % 990 from the stream seed+1; repeats are drawn again.
func spiral(t testing.TB, precision neural.Precision) *work {
	const (
		points, length, windows = 1000, 10, 20
		dim                     = 2
	)
	series, err := data.System(systems.ByName("spiral"), nil, nil, data.SeriesOptions{Points: points, T0: 0, T1: 25})
	if err != nil {
		t.Fatal(err)
	}
	field, err := neural.NewMLP(neural.MLPConfig{
		Dim: dim, Hidden: []int{50}, Input: neural.Cube, Init: neural.Initializer{Scheme: neural.NormalWeights, Scale: 0.1}, Precision: precision,
	})
	if err != nil {
		t.Fatal(err)
	}
	p := &pmp.Problem{Field: field, T0: series.T[0], T1: series.T[length-1], X0: make([]float64, dim*windows)}
	costs := make([]*pmp.AbsoluteError, length)
	for k := 1; k < length; k++ { // at the first time the error is zero, and counts in the mean
		costs[k] = &pmp.AbsoluteError{Target: make([]float64, dim*windows), N: windows, Weight: 1.0 / (length * dim)}
		p.Observations = append(p.Observations, pmp.Observation{T: series.T[k], Cost: costs[k]})
	}
	w := &work{
		name: "spiral", problem: p, theta: make([]float64, field.NumParams()), loss: 0.077968573, norm: 0.0379187335, evaluations: 14,
		settings: asTorchdiffeq(1e-7, 1e-9),
		update:   pmp.Gradient{Rule: pmp.RMSprop, Rate: 1e-3},
	}
	field.Init(w.theta, seed)
	stream, taken := rng.New(seed+1), map[uint64]bool{}
	w.next = func() {
		clear(taken)
		for s := 0; s < windows; {
			start := stream.Next() % (points - length)
			if taken[start] {
				continue
			}
			taken[start] = true
			for k := range length {
				for i, v := range series.Row(int(start) + k) {
					if k == 0 {
						p.X0[i*windows+s] = v
					} else {
						costs[k].Target[i*windows+s] = v
					}
				}
			}
			s++
		}
	}
	w.next()
	return w
}

// regression flows a batch through a network d-h-h-d of tanh on [0, 1] towards targets: initial states normal() from the
// stream seed+1 and targets from seed+2, sample by sample; weights normal()/√fan_in; the cost is mean((y(1) − target)²).
func regression(p neural.Precision, name string, d, h, batch int, s pmp.Settings, loss, norm float64, evaluations int) *work {
	field, err := neural.NewMLP(neural.MLPConfig{Dim: d, Hidden: []int{h, h}, Precision: p})
	if err != nil {
		panic(err)
	}
	normals := func(seed uint64) []float64 {
		x, src := make([]float64, d*batch), rng.New(seed)
		for sample := range batch {
			for i := range d {
				x[i*batch+sample] = src.Normal()
			}
		}
		return x
	}
	w := &work{name: name, settings: s, theta: make([]float64, field.NumParams()), loss: loss, norm: norm, evaluations: evaluations, update: pmp.Gradient{Rule: pmp.SGD, Rate: 1e-3}}
	field.Init(w.theta, seed)
	w.problem = &pmp.Problem{
		Field: field, T1: 1, X0: normals(seed + 1),
		Terminal: &pmp.SquaredError{Target: normals(seed + 2), N: batch, Weight: 1 / float64(d)},
	}
	return w
}

// sweep returns the cost and the gradient of the work's problem at its first weights.
func (w *work) sweep(t testing.TB, s pmp.Settings) *pmp.Trajectory {
	t.Helper()
	sw, err := pmp.NewSweeper(w.problem, s)
	if err != nil {
		t.Fatal(err)
	}
	tr := sw.NewTrajectory()
	if err := sw.Forward(context.Background(), tr, w.theta); err != nil {
		t.Fatal(err)
	}
	sw.Backward(tr)
	return tr
}

// norm2 is the Euclidean norm.
func norm2(x []float64) float64 {
	sum := 0.0
	for _, v := range x {
		sum += v * v
	}
	return math.Sqrt(sum)
}
