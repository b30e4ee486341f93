package neural

import (
	"errors"
	"fmt"
	"math"
	"testing"
)

// cart is a driven pendulum with two controls, and what they cost as a third state.
func cart() Func {
	return Func{
		D: 3, P: 2,
		F: func(dx []float64, t float64, x, u []float64) {
			dx[0] = x[1]
			dx[1] = math.Sin(x[0]) + u[0]*math.Cos(x[0]) + u[1]*math.Cos(t)
			dx[2] = x[0]*x[0] + u[0]*u[0] + 0.5*u[1]*u[1]
		},
		Jacobian: func(fx, fu []float64, t float64, x, u []float64) {
			sin, cos := math.Sincos(x[0])
			fx[1], fx[3], fx[6] = 1, cos-u[0]*sin, 2*x[0]
			fu[2], fu[3], fu[4], fu[5] = cos, math.Cos(t), 2*u[0], u[1]
		},
	}
}

func TestFeedbackConformance(t *testing.T) {
	for depth, h := range [][]int{nil, {5}, {4, 3}} {
		for k, batch := range []int{1, 3, 17} {
			for _, bounded := range []bool{false, true} {
				cfg := FeedbackConfig{Plant: cart(), See: 2 + k%2, Policy: MLPConfig{Dim: 2 + k%2, Hidden: h, Time: k == 1, Activation: Softplus}}
				if bounded {
					cfg.Scale, cfg.Offset, cfg.Policy.Output = []float64{2, 0.5}, []float64{0.1, -1}, Tanh
				}
				t.Run(fmt.Sprintf("depth=%d/B=%d/bounded=%v", depth, batch, bounded), func(t *testing.T) {
					f, err := NewFeedback(cfg)
					if err != nil {
						t.Fatal(err)
					}
					r := Check(f, CheckConfig{Batch: batch, T: 0.7, Seed: uint64(depth)})
					if err := r.Err(1e-7); err != nil {
						t.Error(err)
					}
					if len(r.Items) < 16 {
						t.Errorf("only %d promises checked", len(r.Items))
					}
					allocatesNothing(t, f, batch)
				})
			}
		}
	}
}

// The control by hand, within its bounds whatever the state.
func TestFeedbackByHand(t *testing.T) {
	f, err := NewFeedback(FeedbackConfig{Plant: cart(), See: 2, Policy: MLPConfig{Dim: 2, Output: Tanh}, Scale: []float64{2, 1}, Offset: []float64{0.5, 0}})
	if err != nil {
		t.Fatal(err)
	}
	ev := f.NewEvaluator(1)
	ev.Bind([]float64{1, -1, 0, 3, 0.2, 0})
	u, dx, x := make([]float64, 2), make([]float64, 3), []float64{0.4, 0.1, 100}
	ev.(Steering).Control(u, 0, x)
	ev.Eval(dx, 0, x)
	if math.Abs(u[0]-(0.5+2*math.Tanh(0.5))) > 1e-15 || math.Abs(dx[1]-(math.Sin(0.4)+u[0]*math.Cos(0.4)+u[1])) > 1e-15 {
		t.Errorf("u = %v, ẋ = %v", u, dx)
	}
	ev.(Steering).Control(u, 0, []float64{1e3, -1e3, 0})
	if u[0] != 2.5 || u[1] != -1 {
		t.Errorf("far away u = %v", u)
	}
	for _, cfg := range []FeedbackConfig{
		{}, {Plant: cart()}, {Plant: cart(), See: 4, Policy: MLPConfig{Dim: 4}}, {Plant: cart(), Policy: MLPConfig{Dim: 3}, Scale: []float64{1}},
		{Plant: cart(), Policy: MLPConfig{Dim: 3, Precision: Float32}}, {Plant: cart(), Policy: MLPConfig{Dim: 3, Hidden: []int{0}}},
	} {
		if _, err := NewFeedback(cfg); !errors.Is(err, ErrConfig) {
			t.Errorf("%+v: error %v", cfg, err)
		}
	}
}
