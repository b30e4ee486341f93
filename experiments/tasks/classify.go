package tasks

import (
	"context"
	"fmt"
	"math"

	"github.com/costate-go/costate/experiments/config"
	"github.com/costate-go/costate/experiments/data"
	"github.com/costate-go/costate/pmp"
)

// logitScale turns states of order one into confident logits.
const logitScale = 10

// Classify separates points by a flow with a fixed linear reading at its end: with two classes the last state, times a
// constant, is the logit of the second class; with more, the last states are the logits of the classes.
// Augmentation adds states that start at zero (Dupont, Doucet & Teh, Augmented Neural ODEs, 2019).
type Classify struct {
	points
	read int // states that are read
}

func newClassify(c *config.Config, threads int) (*Classify, error) {
	all, err := data.LoadPoints(c)
	if err != nil {
		return nil, err
	}
	read := readOf(all.Classes)
	dim := all.Dim() + c.Field.Augment
	if dim < read {
		return nil, configError("field.augment", fmt.Sprintf("is %d: %d classes need a state of dimension %d or more, and the data have %d", c.Field.Augment, read, read, all.Dim()))
	}
	p, err := newPoints(c, threads, dim, all)
	if err != nil {
		return nil, err
	}
	t := classifyOn(p)
	return t, t.Enter(0)
}

// readOf is how many states tell classes apart.
func readOf(classes []string) int {
	if len(classes) == 2 {
		return 1
	}
	return len(classes)
}

// classifyOn is the task on points that are loaded, or on none.
func classifyOn(p points) *Classify {
	t := &Classify{points: p, read: readOf(p.all.Classes)}
	read, dim := t.read, t.dim
	t.start = func(dst, point []float64) { copy(dst, point) }
	t.cost = func(index []int) pmp.Cost {
		cost := &pmp.CrossEntropy{Label: make([]int, len(index)), First: dim - read, Classes: read, Scale: logitScale}
		for i, k := range index {
			cost.Label[i] = t.all.Labels[k]
		}
		return cost
	}
	return t
}

// Metrics implements Task: accuracy and cross-entropy on the training and the held-out points.
func (t *Classify) Metrics(ctx context.Context, theta []float64) (map[string]float64, error) {
	m := map[string]float64{}
	for name, index := range map[string][]int{"train": t.train, "held_out": t.held} {
		if len(index) == 0 {
			continue
		}
		j, end, err := t.flow(ctx, theta, index)
		if err != nil {
			return m, err
		}
		right := 0
		for s, k := range index {
			if class, _ := t.decide(end, len(index), s); class == t.all.Labels[k] {
				right++
			}
		}
		m[name+"_accuracy"] = float64(right) / float64(len(index))
		m[name+"_cross_entropy"] = j
	}
	return m, nil
}

// decide reads class and probability of the second class (of the winner with more than two) off final states.
func (t *Classify) decide(end []float64, n, s int) (class int, probability float64) {
	first := t.dim - t.read
	if t.read == 1 {
		z := logitScale * end[first*n+s]
		if z > 0 {
			class = 1
		}
		return class, 1 / (1 + math.Exp(-z))
	}
	sum, top := 0.0, math.Inf(-1)
	for k := range t.read {
		if z := logitScale * end[(first+k)*n+s]; z > top {
			class, top = k, z
		}
	}
	for k := range t.read {
		sum += math.Exp(logitScale*end[(first+k)*n+s] - top)
	}
	return class, 1 / sum
}

// Decide returns class and probability (see decide) of points given row by row in the units of the data.
func (t *Classify) Decide(ctx context.Context, theta, rows []float64) (class []int, probability []float64, err error) {
	rows = append([]float64(nil), rows...)
	t.scaler.Apply(rows)
	end, err := t.ends(ctx, theta, rows, t.all.Dim())
	if err != nil {
		return nil, nil, err
	}
	n := len(rows) / t.all.Dim()
	class, probability = make([]int, n), make([]float64, n)
	for s := range n {
		class[s], probability[s] = t.decide(end, n, s)
	}
	return class, probability, nil
}

// Data returns the points in the units of the data, and which belong to the training and the held-out set.
func (t *Classify) Data() (p *data.Points, train, held []int) {
	raw := *t.all
	raw.X = append([]float64(nil), t.all.X...)
	t.scaler.Invert(raw.X)
	return &raw, t.train, t.held
}

// Predict implements Task: the columns of the features; the answer has class number and probability.
func (t *Classify) Predict(ctx context.Context, theta []float64, in *data.Table) ([]string, [][]float64, error) {
	x, err := features(in, t.all.Names)
	if err != nil {
		return nil, nil, err
	}
	d := t.all.Dim()
	class, probability, err := t.Decide(ctx, theta, x)
	if err != nil {
		return nil, nil, err
	}
	rows := make([][]float64, len(class))
	for s := range class {
		rows[s] = append(append([]float64(nil), x[s*d:(s+1)*d]...), float64(class[s]), probability[s])
	}
	what := "probability_of_" + t.all.Classes[len(t.all.Classes)-1]
	if t.read > 1 {
		what = "probability"
	}
	return append(append([]string(nil), t.all.Names...), "class", what), rows, nil
}

// features reads the columns of a model from a user's table, row by row: by name where the table has them, else by position.
func features(in *data.Table, names []string) ([]float64, error) {
	var columns []int
	for i, name := range names {
		if in.Header {
			if k, err := in.Column(name); err == nil {
				columns = append(columns, k)
				continue
			}
		}
		k, err := in.Column(fmt.Sprint(i + 1))
		if err != nil {
			return nil, fmt.Errorf("%w: %s: the model has %d features (%v): %w", data.ErrData, in.File, len(names), names, err)
		}
		columns = append(columns, k)
	}
	var x []float64
	for r := range in.Cells {
		for _, k := range columns {
			v, err := in.Number(r, k)
			if err != nil {
				return nil, err
			}
			x = append(x, v)
		}
	}
	return x, nil
}
