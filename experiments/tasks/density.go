package tasks

import (
	"context"
	"fmt"
	"math"
	"slices"

	"github.com/costate-go/costate/experiments/config"
	"github.com/costate-go/costate/experiments/data"
	"github.com/costate-go/costate/ode/neural"
	"github.com/costate-go/costate/pmp"
)

// Density learns the density of points as a continuous normalizing flow: points flow to a standard normal distribution, and the cost
// is −log p in nats, in the units of the normalized data, with the energies of the flow where they have a weight.
type Density struct {
	points
	trained    *neural.Density // exact or estimated, with the energies where they are priced
	exact      *neural.Density // with energies: what measures
	stochastic bool            // iterations see other noise
	iteration  int             // whose noise is current
	chosen     []int
	scale      float64                    // log |d normalized/d data|
	known      func(x, y float64) float64 // log density of a built-in source
}

func newDensity(c *config.Config, threads int) (*Density, error) {
	all, err := data.LoadSamples(c)
	if err != nil {
		return nil, err
	}
	p, err := newPoints(c, threads, all.Dim(), all)
	if err != nil {
		return nil, err
	}
	t, err := densityOn(p)
	if err != nil {
		return nil, err
	}
	return t, t.Enter(0)
}

// densityOn is the task on points that are loaded, or on none.
func densityOn(p points) (*Density, error) {
	c := p.c
	flow, _ := p.field.network.(*neural.MLP) // the only kind that the task permits
	t := &Density{points: p, known: data.LogDensity(c.Data.Source, c.Data.Noise)}
	q := neural.DensityConfig{Flow: flow, Probes: c.Density.Probes, Energies: c.Density.Kinetic > 0 || c.Density.Jacobian > 0}
	if c.Density.Trace != "exact" {
		q.Trace = neural.HutchinsonTrace
	}
	var err error
	if t.trained, err = neural.NewDensity(q); err != nil {
		return nil, err
	}
	if t.exact, err = neural.NewDensity(neural.DensityConfig{Flow: flow, Energies: true}); err != nil {
		return nil, err
	}
	t.stochastic = slices.Contains([]string{"adam", "rmsprop", "sgd", "adagrad", "batch-pmp"}, c.Optimizer.Kind)
	for _, sd := range t.scaler.Std {
		t.scale -= math.Log(sd)
	}
	t.start = func(dst, point []float64) { copy(dst, point) }
	return t, nil
}

// poseOn states the problem of some points on a field.
func (t *Density) poseOn(field *neural.Density, index []int, kinetic, jacobian float64) (*pmp.Problem, error) {
	return t.poseRows(field, len(index), func(s int) []float64 { return t.all.Row(index[s]) }, kinetic, jacobian)
}

func (t *Density) poseRows(field *neural.Density, n int, row func(s int) []float64, kinetic, jacobian float64) (*pmp.Problem, error) {
	q := &pmp.Problem{
		Field: field, T0: t.c.Data.T0, T1: t.c.Data.T1, X0: make([]float64, field.Dim()*n),
		Terminal: &pmp.NormalLikelihood{D: t.all.Dim(), Kinetic: kinetic, Jacobian: jacobian},
	}
	for s := range n {
		for i, v := range row(s) {
			q.X0[i*n+s] = v
		}
	}
	var err error
	q.Control, err = controlOf(&t.c.Control, q.T0, q.T1)
	return q, err
}

// Enter implements Task.
func (t *Density) Enter(int) error {
	t.chosen = t.train
	t.shake()
	var err error
	t.problem, err = t.poseOn(t.trained, t.train, t.c.Density.Kinetic, t.c.Density.Jacobian)
	return err
}

// Select implements Task.
func (t *Density) Select(index []int) {
	t.chosen = t.train
	if index != nil {
		t.chosen = make([]int, len(index))
		for i, k := range index {
			t.chosen[i] = t.train[k]
		}
	}
	t.shake()
	q, err := t.poseOn(t.trained, t.chosen, t.c.Density.Kinetic, t.c.Density.Jacobian)
	if err != nil {
		panic(err) // the same control was accepted in Enter
	}
	*t.problem = *q
}

// Renew implements Renewer: optimizers that take noisy gradients see other vectors in every iteration, the others always the same.
func (t *Density) Renew(iteration int) bool {
	if !t.stochastic || t.trained.NoiseLen() == 0 || iteration == t.iteration {
		return false
	}
	t.iteration = iteration
	t.shake()
	return true
}

// shake draws the vectors of the estimate for the chosen samples.
func (t *Density) shake() {
	n := len(t.chosen)
	noise := make([]float64, n*t.trained.NoiseLen())
	if len(noise) == 0 {
		return
	}
	src := data.Stream(t.c.Seed, fmt.Sprintf("trace of iteration %d", t.iteration))
	for i := range noise {
		noise[i] = src.Normal()
		if t.c.Density.Trace == "rademacher" {
			noise[i] = math.Copysign(1, noise[i])
		}
	}
	t.trained.SetNoise(noise, n)
}

// Validate implements Task: the exact −log p of the validation set, in the units of the normalized data.
func (t *Density) Validate(ctx context.Context, theta []float64) (float64, error) {
	if len(t.valid) == 0 {
		return math.NaN(), nil
	}
	if t.validation == nil {
		q, err := t.poseOn(t.exact, t.valid, 0, 0)
		if err != nil {
			return 0, err
		}
		q.Control.L1, q.Control.L2 = 0, 0
		if t.validation, err = newGauge(q, t.settings); err != nil {
			return 0, err
		}
	}
	j, _, err := t.validation.flow(ctx, theta)
	return j, err
}

// likelihood returns the mean of −log p in nats and in the units of the data, and the final states (d+3)×n of some points.
func (t *Density) likelihood(ctx context.Context, theta []float64, n int, row func(s int) []float64) (float64, []float64, error) {
	q, err := t.poseRows(t.exact, n, row, 0, 0)
	if err != nil {
		return 0, nil, err
	}
	q.Control.L1, q.Control.L2 = 0, 0
	g, err := newGauge(q, t.settings)
	if err != nil {
		return 0, nil, err
	}
	j, end, err := g.flow(ctx, theta)
	return j - t.scale, end, err
}

// Metrics implements Task: −log p in nats, in the units of the data after data.transform, of the training and the held-out
// points, with exact traces; the energies ∫|f|² and ∫‖f_x‖² of the training points; and where the density is known, its own −log p on
// the held-out points (reference) and how much more the model's is (gap, an estimate of the Kullback–Leibler divergence).
func (t *Density) Metrics(ctx context.Context, theta []float64) (map[string]float64, error) {
	m := map[string]float64{}
	for _, set := range []struct {
		name  string
		index []int
	}{{"train", t.train}, {"held_out", t.held}} {
		n := len(set.index)
		if n == 0 {
			continue
		}
		j, end, err := t.likelihood(ctx, theta, n, func(s int) []float64 { return t.all.Row(set.index[s]) })
		if err != nil {
			return m, err
		}
		m[set.name+"_nats"] = j
		if set.name == "train" {
			d := t.all.Dim()
			m["kinetic_energy"], m["jacobian_energy"] = mean(end[(d+1)*n:(d+2)*n]), mean(end[(d+2)*n:])
		}
	}
	measured, name := t.held, "held_out_nats"
	if len(measured) == 0 {
		measured, name = t.train, "train_nats"
	}
	if t.known == nil {
		return m, nil
	}
	reference := 0.0
	for _, k := range measured {
		x := append([]float64(nil), t.all.Row(k)...)
		t.scaler.Invert(x)
		reference -= t.known(x[0], x[1]) / float64(len(measured))
	}
	m["reference_nats"], m["gap_nats"] = reference, m[name]-reference
	return m, nil
}

func mean(x []float64) float64 {
	sum := 0.0
	for _, v := range x {
		sum += v
	}
	return sum / float64(len(x))
}

// LogDensity returns log p of points given row by row, both in the units of the data after data.transform.
func (t *Density) LogDensity(ctx context.Context, theta, rows []float64) ([]float64, error) {
	rows = append([]float64(nil), rows...)
	t.scaler.Apply(rows)
	d := t.all.Dim()
	n := len(rows) / d
	_, end, err := t.likelihood(ctx, theta, n, func(s int) []float64 { return rows[s*d : (s+1)*d] })
	if err != nil {
		return nil, err
	}
	log := make([]float64, n)
	for s := range n {
		log[s] = end[d*n+s] + t.scale - 0.5*float64(d)*math.Log(2*math.Pi)
		for i := range d {
			log[s] -= 0.5 * end[i*n+s] * end[i*n+s]
		}
	}
	return log, nil
}

// Sample implements Sampler: points of the model's density, row by row in the units of the data, by flows of normal points from
// t1 back to t0.
func (t *Density) Sample(ctx context.Context, theta []float64, n int, seed uint64) (header []string, rows [][]float64, err error) {
	const width = 256
	d, src := t.all.Dim(), data.Stream(seed, "samples")
	flat := make([]float64, 0, n*d)
	for lo := 0; lo < n; lo += width {
		batch := min(width, n-lo)
		x := make([]float64, d*batch)
		for s := range batch {
			for i := range d {
				x[i*batch+s] = src.Normal()
			}
		}
		if x, err = t.backward(ctx, theta, x, batch); err != nil {
			return nil, nil, err
		}
		for s := range batch {
			for i := range d {
				flat = append(flat, x[i*batch+s])
			}
		}
	}
	t.scaler.InvertAll(flat)
	for s := range n {
		rows = append(rows, flat[s*d:(s+1)*d])
	}
	return t.all.Names, rows, nil
}

// Transformed applies data.transform to points in place.
func (t *Density) Transformed(x []float64) {
	if t.scaler.Transform == "log" {
		for i, v := range x {
			x[i] = math.Log(v)
		}
	}
}

// Data returns the points in the units of the data after data.transform, and which belong to the training and the held-out set.
func (t *Density) Data() (p *data.Points, train, held []int) {
	raw := *t.all
	raw.X = append([]float64(nil), t.all.X...)
	t.scaler.Invert(raw.X)
	return &raw, t.train, t.held
}

// About implements Task.
func (t *Density) About() About {
	a := t.points.About()
	a.StateSize = t.trained.Dim()
	if t.trained.NoiseLen() > 0 {
		a.Model += fmt.Sprintf(", trace by %d %s vectors", t.c.Density.Probes, t.c.Density.Trace)
	}
	return a
}

// Predict implements Task: the columns of the points; the answer has log p in nats besides.
func (t *Density) Predict(ctx context.Context, theta []float64, in *data.Table) ([]string, [][]float64, error) {
	x, err := features(in, t.all.Names)
	if err != nil {
		return nil, nil, err
	}
	d := t.all.Dim()
	points := append([]float64(nil), x...)
	t.Transformed(points)
	log, err := t.LogDensity(ctx, theta, points)
	if err != nil {
		return nil, nil, err
	}
	rows := make([][]float64, len(log))
	for s, v := range log {
		rows[s] = append(append([]float64(nil), x[s*d:(s+1)*d]...), v)
	}
	return append(append([]string(nil), t.all.Names...), "log_density"), rows, nil
}
