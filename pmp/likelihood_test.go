package pmp_test

import (
	"context"
	"fmt"
	"math"
	"testing"

	"github.com/costate-go/costate/internal/rng"
	"github.com/costate-go/costate/ode"
	"github.com/costate-go/costate/ode/neural"
	"github.com/costate-go/costate/pmp"
)

func flow(t *testing.T, cfg neural.DensityConfig, net neural.MLPConfig, samples int) *neural.Density {
	t.Helper()
	var err error
	if cfg.Flow, err = neural.NewMLP(net); err != nil {
		t.Fatal(err)
	}
	f, err := neural.NewDensity(cfg)
	if err != nil {
		t.Fatal(err)
	}
	noise, src := make([]float64, f.NoiseLen()*samples), rng.New(3)
	for i := range noise {
		noise[i] = math.Copysign(1, src.Normal())
	}
	f.SetNoise(noise, samples)
	return f
}

// An affine flow ẋ = a x + b carries the standard normal density to a Gaussian: with x(1) = eᵃx + c, c = b(eᵃ − 1)/a, the
// density at x is N(0,1)(x(1))·eᵃ in every dimension.
func TestAffineFlow(t *testing.T) {
	f := flow(t, neural.DensityConfig{}, neural.MLPConfig{Dim: 2}, 3)
	theta := []float64{-0.5, 0, 0, 0.8, 0.3, -0.2}
	points := [][]float64{{0.4, -1}, {2, 0.1}, {0, 0}}
	x0, want := make([]float64, 9), 0.0
	for s, p := range points {
		for i, v := range p {
			x0[i*3+s] = v
			a, b := theta[3*i], theta[4+i]
			y := math.Exp(a)*v + b*(math.Exp(a)-1)/a
			want += 0.5*y*y + 0.5*math.Log(2*math.Pi) - a
		}
	}
	p := &pmp.Problem{Field: f, T0: 0, T1: 1, X0: x0, Terminal: &pmp.NormalLikelihood{D: 2}}
	w, err := pmp.NewSweeper(p, pmp.Settings{Solver: ode.Settings{RTol: 1e-11, ATol: 1e-13}})
	if err != nil {
		t.Fatal(err)
	}
	tr := w.NewTrajectory()
	if err := w.Forward(context.Background(), tr, theta); err != nil {
		t.Fatal(err)
	}
	if math.Abs(tr.J-want/3) > 1e-10 {
		t.Errorf("−log p = %.12g on average, want %.12g", tr.J, want/3)
	}
}

// The gradient of the likelihood, of estimates and of the energies included, is that by central differences.
func TestLikelihoodGradient(t *testing.T) {
	for _, cfg := range []neural.DensityConfig{{}, {Energies: true}, {Trace: neural.HutchinsonTrace, Energies: true}, {Trace: neural.HutchinsonTrace, Probes: 2}} {
		for _, kind := range []pmp.Kind{pmp.Constant, pmp.PiecewiseConstant, pmp.PiecewiseLinear} {
			t.Run(fmt.Sprintf("trace %d, %d probes, energies %v, %v", cfg.Trace, cfg.Probes, cfg.Energies, kind), func(t *testing.T) {
				const n = 40
				f := flow(t, cfg, neural.MLPConfig{Dim: 2, Hidden: []int{9, 7}, Time: true}, n)
				cost := &pmp.NormalLikelihood{D: 2}
				if cfg.Energies {
					cost.Kinetic, cost.Jacobian = 0.3, 0.2
				}
				p := &pmp.Problem{Field: f, T0: 0, T1: 1, X0: make([]float64, f.Dim()*n), Terminal: cost, Control: pmp.Control{Kind: kind}}
				if kind != pmp.Constant {
					p.Control.Mesh = pmp.UniformMesh(0, 1, 3)
				}
				src := rng.New(1)
				for i := range 2 * n {
					p.X0[i] = src.Normal()
				}
				w, err := pmp.NewSweeper(p, pmp.Settings{})
				if err != nil {
					t.Fatal(err)
				}
				theta := make([]float64, w.NumControls())
				for i := range theta {
					theta[i] = 0.4 * src.Normal()
				}
				off, err := pmp.CheckGradient(context.Background(), p, pmp.Settings{ShardWidth: 16}, theta, 2)
				if err != nil {
					t.Fatal(err)
				}
				if !(off < 1e-7) {
					t.Errorf("the gradient differs from central differences by %.2g", off)
				}
			})
		}
	}
}
