package neural

import (
	"fmt"
	"math"
	"testing"
)

// wave is a pair of signals, another one for every sample.
type wave struct{}

func (wave) At(dst []float64, t float64, sample int) {
	dst[0], dst[1] = math.Sin(t+float64(sample)), 0.3*t*float64(sample)
}

func TestForcedConformance(t *testing.T) {
	for _, timed := range []bool{false, true} {
		for _, in := range []Input{Identity, Cube} {
			for _, batch := range []int{1, 3, 17} {
				t.Run(fmt.Sprintf("time=%v/%v/B=%d", timed, in, batch), func(t *testing.T) {
					net := mustMLP(t, MLPConfig{Dim: 2, Hidden: []int{5, 4}, Time: timed, Input: in, Signals: 2})
					for _, f := range []Field{net, &Sum{A: withJacobian(), B: net, Only: []int{1}}, mustMLP(t, MLPConfig{Dim: 2, Signals: 2})} {
						f = &Forced{Field: f, Signal: wave{}}
						r := Check(f, CheckConfig{Batch: batch, T: 0.4, Seed: 2})
						if err := r.Err(1e-7); err != nil {
							t.Error(err)
						}
						if len(r.Items) < 18 {
							t.Errorf("only %d promises checked", len(r.Items))
						}
						allocatesNothing(t, f, batch)
					}
				})
			}
		}
	}
}

// f = Wx + S(t) by hand, for the second sample of the data set.
func TestForcedByHand(t *testing.T) {
	f := &Forced{Field: mustMLP(t, MLPConfig{Dim: 1, Signals: 2}), Signal: wave{}}
	ev := f.NewEvaluator(1)
	ev.Bind([]float64{2, 3, 5, 0.5})
	ev.(SampleBatch).SetSamples(1)
	dx := []float64{0}
	ev.Eval(dx, 0.7, []float64{0.1})
	if want := 0.2 + 3*math.Sin(1.7) + 5*0.21 + 0.5; math.Abs(dx[0]-want) > 1e-15 {
		t.Errorf("%v, want %v", dx[0], want)
	}
	mixed := &Forced{Field: mustMLP(t, MLPConfig{Dim: 1, Signals: 2, Precision: Float32}), Signal: wave{}}
	ev = mixed.NewEvaluator(1)
	ev.Bind([]float64{2, 3, 5, 0.5})
	ev.(SampleBatch).SetSamples(1)
	single := []float64{0}
	if ev.Eval(single, 0.7, []float64{0.1}); math.Abs(single[0]-dx[0]) > 1e-5 {
		t.Errorf("%v in float32, %v in float64", single[0], dx[0])
	}
	mustPanic(t, "no signal", func() {
		ev := f.Field.NewEvaluator(1)
		ev.Bind(make([]float64, 4))
		ev.Eval(dx, 0, dx)
	})
	mustPanic(t, "not to be forced", func() { (&Forced{Field: pendulum(), Signal: wave{}}).NewEvaluator(1) })
}
