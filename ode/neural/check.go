package neural

import (
	"errors"
	"fmt"
	"math"
	"strings"

	"github.com/costate-go/costate/internal/kernel"
	"github.com/costate-go/costate/internal/rng"
)

// ErrDerivative is what errors.Is finds in the error of CheckReport.Err.
var ErrDerivative = errors.New("neural: derivative does not agree with differences")

// CheckConfig says where Check compares. The zero value draws three samples and parameters from seed 0.
type CheckConfig struct {
	// Batch is B; 0 means 3, or what X holds.
	Batch int
	// T is the common time.
	T float64
	// X are the states, Dim×B; nil draws standard normal ones.
	X []float64
	// Theta are the parameters, P; nil draws normal ones of standard deviation ½.
	Theta []float64
	// MaxParams bounds how many parameters are moved one by one; beyond it that many are picked at random. 0
	// means 512.
	MaxParams int
	// Seed of everything drawn.
	Seed uint64
}

// CheckItem is one promise of a Field and how far it was missed.
type CheckItem struct {
	// Name of what was compared, such as "VJP px".
	Name string
	// Error is the largest difference over max(1, largest value compared); NaN where a value is not a number.
	Error float64
	// Exact promises hold to the last bit.
	Exact bool
}

// CheckReport is what Check found.
type CheckReport struct {
	Items []CheckItem
}

// Max is the largest error; NaN where there is one.
func (r CheckReport) Max() float64 {
	worst := 0.0
	for _, it := range r.Items {
		worst = math.Max(worst, it.Error)
	}
	return worst
}

// Err is nil where all errors are at most tol, and exact promises hold to the last bit; otherwise it names
// every promise broken and wraps ErrDerivative.
func (r CheckReport) Err(tol float64) error {
	var bad []string
	for _, it := range r.Items {
		limit := tol
		if it.Exact {
			limit = 0
		}
		if !(it.Error <= limit) {
			bad = append(bad, fmt.Sprintf("%s: error %.3g, limit %.3g", it.Name, it.Error, limit))
		}
	}
	if bad == nil {
		return nil
	}
	return fmt.Errorf("%w: %s", ErrDerivative, strings.Join(bad, "; "))
}

func (r *CheckReport) add(name string, exact bool, got, want []float64) {
	diff, size := 0.0, 1.0
	for i := range got {
		diff = math.Max(diff, math.Abs(got[i]-want[i]))
		size = math.Max(size, math.Abs(want[i]))
	}
	for i := range r.Items {
		if r.Items[i].Name == name {
			r.Items[i].Error = math.Max(r.Items[i].Error, diff/size)
			return
		}
	}
	r.Items = append(r.Items, CheckItem{Name: name, Error: diff / size, Exact: exact})
}

// Check compares every derivative that a field's evaluator offers with central differences of its values, and
// its other promises with their definitions: VJP, JVP, Keeper, StateKeeper, SecondOrder, ParamJacobian, TimeBatch, the
// independence of samples, which arguments may be nil, what is stored and what is added. It needs about
// 12 (Dim + P) evaluations. Smooth fields should come out below 1e-8.
//
// Differences are taken with five points at a step of 1e-3 and with two points at 1e-6, and the better of
// the two counts, so that a kink near a point (ReLU) does no harm.
func Check(f Field, cfg CheckConfig) CheckReport {
	c := newChecker(f, cfg)
	c.evaluation()
	c.state()
	c.parameters()
	c.tangents()
	c.accumulation()
	c.keeper()
	c.samples()
	return c.report
}

type checker struct {
	f            Field
	ev           Evaluator
	d, n, params int
	t            float64
	x, theta     []float64
	p, v, w      []float64 // costates, directions in x and θ
	r            *rng.Source
	maxParams    int
	report       CheckReport
}

func newChecker(f Field, cfg CheckConfig) *checker {
	c := &checker{f: f, d: f.Dim(), params: f.NumParams(), t: cfg.T, r: rng.New(cfg.Seed), maxParams: cfg.MaxParams}
	c.n = cfg.Batch
	if c.n == 0 {
		c.n = 3
		if cfg.X != nil {
			c.n = len(cfg.X) / c.d
		}
	}
	if c.maxParams == 0 {
		c.maxParams = 512
	}
	draw := func(given []float64, n int, scale float64) []float64 {
		v := make([]float64, n)
		for i := range v {
			v[i] = scale * c.r.Normal()
		}
		if given != nil {
			if len(given) != n {
				panic(badBatch)
			}
			copy(v, given)
		}
		return v
	}
	size := c.d * c.n
	c.x = draw(cfg.X, size, 1)
	c.theta = draw(cfg.Theta, c.params, 0.5)
	c.p, c.v, c.w = draw(nil, size, 1), draw(nil, size, 1), draw(nil, c.params, 1)
	c.ev = f.NewEvaluator(c.n)
	c.ev.Bind(c.theta)
	return c
}

// nans returns a slice that shows what was not stored.
func nans(n int) []float64 {
	v := make([]float64, n)
	kernel.Fill(v, math.NaN())
	return v
}

// differences returns the derivative of eval at h = 0, once with five points and once with two.
func differences(n int, eval func(dst []float64, h float64)) (five, two []float64) {
	five, two = make([]float64, n), make([]float64, n)
	y := make([]float64, n)
	for _, k := range []struct{ h, weight float64 }{{1e-3, 8. / 12}, {-1e-3, -8. / 12}, {2e-3, -1. / 12}, {-2e-3, 1. / 12}} {
		eval(y, k.h)
		kernel.Axpy(five, k.weight/1e-3, y)
	}
	for _, h := range []float64{1e-6, -1e-6} {
		eval(y, h)
		kernel.Axpy(two, 0.5/h, y)
	}
	return five, two
}

// nearest stores in want[i] the one of two differences that is nearer to got[i].
func nearest(got, five, two []float64) []float64 {
	want := make([]float64, len(got))
	for i, g := range got {
		want[i] = five[i]
		if math.Abs(two[i]-g) < math.Abs(five[i]-g) {
			want[i] = two[i]
		}
	}
	return want
}

// compare adds the comparison of a derivative with differences.
func (c *checker) compare(name string, got []float64, eval func(dst []float64, h float64)) {
	five, two := differences(len(got), eval)
	c.report.add(name, false, got, nearest(got, five, two))
}

// moved returns y + h·v.
func moved(y []float64, h float64, v []float64) []float64 {
	m := append([]float64(nil), y...)
	kernel.Axpy(m, h, v)
	return m
}

// evaluation checks that Eval stores all of dx, leaves x alone and repeats itself.
func (c *checker) evaluation() {
	a, b := nans(len(c.x)), nans(len(c.x))
	x := append([]float64(nil), c.x...)
	c.ev.Eval(a, c.t, x)
	c.ev.Eval(b, c.t, x)
	c.report.add("Eval repeats", true, b, a)
	c.report.add("Eval leaves x", true, x, c.x)
}

// state checks px entry by entry: all samples move at once.
func (c *checker) state() {
	px := nans(len(c.x))
	c.ev.VJP(px, nil, c.t, c.x, c.p)
	for i := range c.d {
		unit := make([]float64, len(c.x))
		kernel.Fill(unit[i*c.n:(i+1)*c.n], 1)
		c.compare("VJP px", px[i*c.n:(i+1)*c.n], func(dst []float64, h float64) {
			y := make([]float64, len(c.x))
			c.ev.Eval(y, c.t, moved(c.x, h, unit))
			c.contract(dst, y)
		})
	}
}

// contract stores Σ_i p_is y_is in dst_s.
func (c *checker) contract(dst, y []float64) {
	clear(dst)
	for i := range c.d {
		kernel.MulAdd(dst, c.p[i*c.n:(i+1)*c.n], y[i*c.n:(i+1)*c.n])
	}
}

// parameters checks ptheta, ParamJacobian and VJPGrad, one parameter after the other.
func (c *checker) parameters() {
	grad := make([]float64, c.params)
	c.ev.VJP(nil, grad, c.t, c.x, c.p)
	pj, _ := c.ev.(ParamJacobian)
	so, _ := c.ev.(SecondOrder)
	var jac, grad2 []float64
	if pj != nil {
		jac = nans(len(c.x) * c.params)
		pj.ParamJacobian(jac, c.t, c.x)
	}
	if so != nil {
		grad2 = make([]float64, c.params)
		so.VJPGrad(grad2, c.t, c.x, c.p, c.v)
	}
	index := make([]int, c.params)
	c.r.PermInto(index)
	index = index[:min(len(index), c.maxParams)]
	size := len(c.x)
	got := make([]float64, size+2)
	for _, j := range index {
		theta := append([]float64(nil), c.theta...)
		got = got[:0]
		for i := 0; pj != nil && i < size; i++ {
			got = append(got, jac[i*c.params+j])
		}
		values := func(dst []float64, h float64) {
			theta[j] = c.theta[j] + h
			c.ev.Bind(theta)
			c.ev.Eval(dst, c.t, c.x)
		}
		if pj != nil {
			c.compare("ParamJacobian", got, values)
		}
		y := make([]float64, size)
		c.compare("VJP ptheta", grad[j:j+1], func(dst []float64, h float64) {
			values(y, h)
			dst[0] = kernel.Dot(y, c.p)
		})
		if so != nil {
			c.compare("VJPGrad", grad2[j:j+1], func(dst []float64, h float64) {
				theta[j] = c.theta[j] + h
				c.ev.Bind(theta)
				c.ev.VJP(y, nil, c.t, c.x, c.p)
				dst[0] = kernel.Dot(y, c.v)
			})
		}
	}
	c.ev.Bind(c.theta)
}

// tangents checks JVP with either direction, both and none.
func (c *checker) tangents() {
	dst := nans(len(c.x))
	for _, k := range []struct {
		name   string
		dx, dt []float64
	}{{"JVP dx", c.v, nil}, {"JVP dtheta", nil, c.w}, {"JVP both", c.v, c.w}} {
		kernel.Fill(dst, math.NaN())
		c.ev.JVP(dst, c.t, c.x, k.dx, k.dt)
		c.compare(k.name, dst, func(y []float64, h float64) {
			x, theta := c.x, c.theta
			if k.dx != nil {
				x = moved(x, h, k.dx)
			}
			if k.dt != nil {
				theta = moved(theta, h, k.dt)
			}
			c.ev.Bind(theta)
			c.ev.Eval(y, c.t, x)
		})
		c.ev.Bind(c.theta)
	}
	kernel.Fill(dst, math.NaN())
	c.ev.JVP(dst, c.t, c.x, nil, nil)
	c.report.add("JVP of nothing", true, dst, make([]float64, len(dst)))
}

// accumulation checks that ptheta is added to and px stored, alone and together.
func (c *checker) accumulation() {
	px, both := nans(len(c.x)), nans(len(c.x))
	g1, g2 := make([]float64, c.params), make([]float64, c.params)
	c.ev.VJP(px, nil, c.t, c.x, c.p)
	c.ev.VJP(nil, g1, c.t, c.x, c.p)
	c.ev.VJP(both, g2, c.t, c.x, c.p)
	c.report.add("VJP px with and without ptheta", true, both, px)
	c.report.add("VJP ptheta with and without px", true, g2, g1)
	c.ev.VJP(nil, g2, c.t, c.x, c.p)
	kernel.Axpy(g2, -1, g1)
	c.report.add("VJP adds to ptheta", false, g2, g1)
	if so, ok := c.ev.(SecondOrder); ok {
		clear(g1)
		so.VJPGrad(g1, c.t, c.x, c.p, c.v)
		copy(g2, g1)
		so.VJPGrad(g2, c.t, c.x, c.p, c.v)
		kernel.Axpy(g2, -1, g1)
		c.report.add("VJPGrad adds to ptheta", false, g2, g1)
	}
}

// keeper checks that kept values give the same bits, also after the evaluator worked elsewhere.
func (c *checker) keeper() {
	k, ok := c.ev.(Keeper)
	if !ok {
		return
	}
	y, kept := nans(len(c.x)), nans(len(c.x))
	keep := nans(k.KeepLen(c.n))
	c.ev.Eval(y, c.t, c.x)
	k.EvalKeep(kept, c.t, c.x, keep)
	c.report.add("EvalKeep is Eval", true, kept, y)

	px, g := nans(len(c.x)), make([]float64, c.params)
	c.ev.VJP(px, g, c.t, c.x, c.p)
	elsewhere := moved(c.x, 1, c.v)
	c.ev.VJP(y, nil, c.t+1, elsewhere, c.v)
	c.ev.Eval(y, c.t+2, elsewhere)
	pxKept, gKept := nans(len(c.x)), make([]float64, c.params)
	k.VJPKept(pxKept, gKept, c.t, c.x, c.p, keep)
	c.report.add("VJPKept px is VJP", true, pxKept, px)
	c.report.add("VJPKept ptheta is VJP", true, gKept, g)
	if s, ok := c.ev.(StateKeeper); ok && s.KeepsStates() {
		clear(gKept)
		k.VJPKept(pxKept, gKept, c.t, nans(len(c.x)), c.p, keep)
		c.report.add("VJPKept px without the states", true, pxKept, px)
		c.report.add("VJPKept ptheta without the states", true, gKept, g)
	}
}

// samples checks that each sample gets the same alone, at a time of its own.
func (c *checker) samples() {
	times := make([]float64, c.n)
	kernel.Fill(times, c.t)
	tb, timed := c.ev.(TimeBatch)
	if timed {
		for s := range times {
			times[s] += 0.1 * float64(s)
		}
		tb.SetTimes(times)
	}
	y, px := nans(len(c.x)), nans(len(c.x))
	c.ev.Eval(y, c.t, c.x)
	c.ev.VJP(px, nil, c.t, c.x, c.p)
	if timed {
		tb.SetTimes(nil)
	}
	sb, _ := c.ev.(SampleBatch)
	x, p, y1, px1 := make([]float64, c.d), make([]float64, c.d), nans(c.d), nans(c.d)
	want, wantPx := make([]float64, c.d), make([]float64, c.d)
	for s := range c.n {
		for i := range c.d {
			x[i], p[i] = c.x[i*c.n+s], c.p[i*c.n+s]
			want[i], wantPx[i] = y[i*c.n+s], px[i*c.n+s]
		}
		if sb != nil {
			sb.SetSamples(s)
		}
		c.ev.Eval(y1, times[s], x)
		c.ev.VJP(px1, nil, times[s], x, p)
		c.report.add("Eval of one sample", true, y1, want)
		c.report.add("VJP px of one sample", true, px1, wantPx)
	}
	if sb != nil {
		sb.SetSamples(0)
	}
}
