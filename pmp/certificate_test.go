package pmp_test

import (
	"context"
	"encoding/json"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/costate-go/costate/pmp"
	"github.com/costate-go/costate/pmp/problems"
)

func TestCertificate(t *testing.T) {
	c := problems.VanDerPolBounded()
	p := c.Problem(pmp.PiecewiseLinear, 400)
	w, err := pmp.NewSweeper(p, rk4(1))
	if err != nil {
		t.Fatal(err)
	}
	wrong := make([]float64, 401)
	for i := range wrong {
		wrong[i] = 0.3 * math.Sin(float64(i)/20)
	}
	bad, err := w.Certify(context.Background(), wrong)
	if err != nil {
		t.Fatal(err)
	}
	o := &pmp.SQH{}
	r := optimize(t, o, p, rk4(1), make([]float64, 401), 300, math.Inf(-1))
	good, err := w.Certify(context.Background(), r.last.Theta)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("start %+v", bad)
	t.Logf("end   %+v", good)
	if !good.Exact || good.Residual > 1e-6 || bad.Residual < 1e-2 {
		t.Errorf("residual %.3g at the optimum and %.3g at a wrong control", good.Residual, bad.Residual)
	}
	if good.Drift > 1e-3 || bad.Drift < 10*good.Drift {
		t.Errorf("drift %.3g at the optimum and %.3g at a wrong control", good.Drift, bad.Drift)
	}
	if good.CostateError > 1e-7 {
		t.Errorf("costate error %.2g", good.CostateError)
	}
	if good.OnBounds < 0.05 || good.OnBounds > 0.5 {
		t.Errorf("%.0f %% of the time on bounds", 100*good.OnBounds)
	}
}

// certifySwitches asserts that a certificate holds, that it finds the known switches and p(0), and that it fails beside the solution.
func certifySwitches(t *testing.T, c *problems.Classical, p *pmp.Problem, theta []float64) {
	t.Helper()
	w, err := pmp.NewSweeper(p, rk4(1))
	if err != nil {
		t.Fatal(err)
	}
	cert, err := w.Certify(context.Background(), theta)
	if err != nil {
		t.Fatal(err)
	}
	if bad := cert.Failed(2e-2); len(bad) > 0 || !cert.Exact || !cert.Autonomous {
		t.Errorf("%s: %v\n%v", c.Name, bad, cert)
	}
	width := p.Control.Mesh[1] - p.Control.Mesh[0]
	t.Logf("%s: switches at %.6g, known %.6g, p(0) = %.6g", c.Name, cert.Switches, c.Switches, cert.P0)
	if len(cert.Switches) != len(c.Switches) || len(cert.Arcs) != len(c.Switches)+1 {
		t.Errorf("%s: switches at %v, want %v", c.Name, cert.Switches, c.Switches)
		return
	}
	for k, want := range c.Switches {
		if math.Abs(cert.Switches[k]-want) > width {
			t.Errorf("%s: a switch at %.6g, want %.6g", c.Name, cert.Switches[k], want)
		}
		if got := cert.Arcs[k].Kind; got != c.Arcs[k].String() || cert.Arcs[k].To != cert.Arcs[k+1].From {
			t.Errorf("%s: arc %d is %+v, want %v", c.Name, k, cert.Arcs[k], c.Arcs[k])
		}
	}
	for i, want := range c.P0 {
		if math.Abs(cert.P0[i]-want) > 0.02*(1+math.Abs(want)) {
			t.Errorf("%s: p%d(0) = %.6g, want %.6g", c.Name, i+1, cert.P0[i], want)
		}
	}
	// The first arc a twentieth of the horizon longer.
	wrong := append([]float64(nil), theta...)
	for k := range wrong {
		if at := p.Control.Mesh[k]; at > c.Switches[0] && at < c.Switches[0]+0.05*(c.T1-c.T0) {
			wrong[k] = wrong[0]
		}
	}
	perturbed, err := w.Certify(context.Background(), wrong)
	if bad := perturbed.Failed(2e-2); err != nil || !slices.Contains(bad, "residual") && !slices.Contains(bad, "complementarity") {
		t.Errorf("%s: the certificate of a wrong control fails in %v, %v\n%v", c.Name, bad, err, perturbed)
	}
}

// On a mesh that has the switches as knots the solution is known exactly, and so is its certificate.
func TestCertificateOfExactSolutions(t *testing.T) {
	c := problems.Turnpike()
	p := c.Problem(pmp.PiecewiseConstant, 40)
	p.Constraints[0].Zeta[0] = -0.25 // −p(2), by hand
	theta := make([]float64, 40)
	for k := range theta {
		switch {
		case k < 20:
			theta[k] = -1
		case k >= 30:
			theta[k] = 1
		}
	}
	w, err := pmp.NewSweeper(p, rk4(1))
	if err != nil {
		t.Fatal(err)
	}
	cert, err := w.Certify(context.Background(), theta)
	if err != nil {
		t.Fatal(err)
	}
	if bad := cert.Failed(1e-9); len(bad) > 0 || math.Abs(cert.FinalHamiltonian) > 1e-12 || cert.OnBounds != 0.75 {
		t.Errorf("%v\n%v", bad, cert)
	}
	for k, want := range []float64{1, 1.5} {
		if math.Abs(cert.Switches[k]-want) > 1e-9 {
			t.Errorf("switches at %v", cert.Switches)
		}
	}
	// Other multipliers: the costate of this control is another one, and its end is not what the multipliers say.
	p.Constraints[0].Zeta[0] = -0.5
	p.Constraints[0].Target[0] = 0.49
	cert, err = w.Certify(context.Background(), theta)
	if bad := cert.Failed(1e-6); err != nil || !slices.Contains(bad, "transversality") || !slices.Contains(bad, "violation") || !slices.Contains(bad, "complementarity") && !slices.Contains(bad, "stationarity") {
		t.Errorf("%v %v\n%v", bad, err, cert)
	}
}

func TestCertificateOfConstraints(t *testing.T) {
	c := problems.BrysonDenham()
	p := c.Problem(pmp.PiecewiseLinear, 90)
	r := optimize(t, &pmp.AugmentedLagrangian{Inner: &pmp.Riccati{}, Sigma: 1e4}, p, rk4(1), make([]float64, 91), 200, math.Inf(-1))
	w, err := pmp.NewSweeper(p, rk4(1))
	if err != nil {
		t.Fatal(err)
	}
	cert, err := w.Certify(context.Background(), r.last.Theta)
	if bad := cert.Failed(1e-2); err != nil || len(bad) > 0 || cert.Violation > 1e-6 || cert.LeastMultiplier != 0 || cert.PathComplementarity > 1e-4 {
		t.Errorf("%v %v\n%v", bad, err, cert)
	}
	for i := range p.Paths[0].Mu {
		p.Paths[0].Mu[i] -= 1 // of the wrong sign off the arc, and complementary no more
	}
	cert, err = w.Certify(context.Background(), r.last.Theta)
	if bad := cert.Failed(1e-2); err != nil || !slices.Contains(bad, "least_multiplier") || cert.PathComplementarity < 1e-2 {
		t.Errorf("%v %v\n%v", bad, err, cert)
	}
}

func TestCertificateKnowsTimeDependence(t *testing.T) {
	p := oscillator(pmp.PiecewiseLinear, 50)
	r := optimize(t, &pmp.Riccati{}, p, rk4(1), make([]float64, 51), 20, math.Inf(-1))
	w, err := pmp.NewSweeper(p, rk4(1))
	if err != nil {
		t.Fatal(err)
	}
	cert, err := w.Certify(context.Background(), r.last.Theta)
	if bad := cert.Failed(1e-3); err != nil || len(bad) > 0 || cert.Autonomous || cert.Drift < 0.01 {
		t.Errorf("%v %v\n%v", bad, err, cert)
	}
	if text := cert.String(); strings.Count(text, "\n") < 12 || !strings.Contains(text, "depends on time") {
		t.Error(text)
	}
	raw, err := json.Marshal(cert)
	var back pmp.Certificate
	if err != nil || json.Unmarshal(raw, &back) != nil || back.J != cert.J || len(back.Arcs) != len(cert.Arcs) || len(back.P0) != 2 {
		t.Errorf("%s: %v", raw, err)
	}
}

// Stationarity falls with the gradient of a network, and units do not change it.
func TestStationarity(t *testing.T) {
	certify := func(p *pmp.Problem, theta []float64) pmp.Certificate {
		w, err := pmp.NewSweeper(p, rk4(4))
		if err != nil {
			t.Fatal(err)
		}
		c, err := w.Certify(context.Background(), theta)
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	for _, kind := range []pmp.Kind{pmp.Constant, pmp.PiecewiseLinear} {
		p, theta := network(t, kind, 40, 3)
		start := certify(p, theta)
		r := optimize(t, &pmp.QuasiNewton{Tolerance: 1e-9}, p, rk4(4), theta, 3000, math.Inf(-1))
		end := certify(p, r.last.Theta)
		t.Logf("%v: %.3g, then %.3g with a projected gradient of %.3g, then %.3g", kind, start.Stationarity, end.Stationarity, start.ProjectedGradient, end.ProjectedGradient)
		if start.Stationarity < 1e-2 || start.Stationarity > 1 {
			t.Errorf("%v: stationarity %.3g of a random network", kind, start.Stationarity)
		}
		if !(end.Stationarity < 1e-4) {
			t.Errorf("%v: stationarity %.3g at a stationary point", kind, end.Stationarity)
		}
		// All costs a thousandfold.
		q := *p
		q.Terminal, q.Running, q.Control.L2 = times1000{p.Terminal}, running1000{p.Running}, 1000*p.Control.L2
		q.Observations = nil
		for _, o := range p.Observations {
			q.Observations = append(q.Observations, pmp.Observation{T: o.T, Cost: times1000{o.Cost}})
		}
		if c := certify(&q, theta); math.Abs(c.Stationarity/start.Stationarity-1) > 1e-9 {
			t.Errorf("%v: stationarity %.12g, with another unit of cost %.12g", kind, start.Stationarity, c.Stationarity)
		}
	}
}

type times1000 struct{ pmp.Cost }

func (c times1000) Eval(grad, x []float64, lo, batch int) float64 {
	if grad == nil {
		return 1000 * c.Cost.Eval(nil, x, lo, batch)
	}
	own := make([]float64, len(grad))
	v := c.Cost.Eval(own, x, lo, batch)
	for i, g := range own {
		grad[i] += 1000 * g
	}
	return 1000 * v
}

type running1000 struct{ pmp.Running }

func (c running1000) Eval(gx, gtheta []float64, w, t float64, x, theta []float64, lo, batch int) float64 {
	return 1000 * c.Running.Eval(gx, gtheta, 1000*w, t, x, theta, lo, batch)
}
