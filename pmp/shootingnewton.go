package pmp

import (
	"context"
	"fmt"
	"math"

	"gonum.org/v1/gonum/diff/fd"
	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"
)

// size is the root mean square of v relative to max(1, |z|).
func size(v, z []float64) float64 {
	sum := 0.0
	for i, e := range v {
		e /= max(1, math.Abs(z[i]))
		sum += e * e
	}
	return math.Sqrt(sum / float64(max(1, len(v))))
}

// jacobian factorizes the derivative of the equations in the unknowns, by central differences on the scale of the unknowns. The
// step is small because costates that blow up bend the equations, and can be because the integration's tolerances are smaller yet.
func (sh *shooter) jacobian(ctx context.Context, z []float64) (*mat.LU, error) {
	n := len(z)
	jac := mat.NewDense(n, n, nil)
	at := make([]float64, n)
	var failed error
	fd.Jacobian(jac, func(r, s []float64) {
		for i := range z {
			at[i] = z[i] + s[i]*max(1, math.Abs(z[i]))
		}
		if err := sh.equations(ctx, r, at, true, nil); err != nil {
			failed = err
		}
	}, make([]float64, n), &fd.JacobianSettings{Formula: fd.Central, Step: 1e-7})
	if failed != nil {
		return nil, failed
	}
	jac.Apply(func(_, j int, v float64) float64 { return v / max(1, math.Abs(z[j])) }, jac)
	lu := new(mat.LU)
	lu.Factorize(jac)
	return lu, nil
}

// iteration is Newton's method at work.
type iteration struct {
	sh            *shooter
	z, r          []float64 // unknowns, residual
	next, rn      []float64
	step, bar     *mat.VecDense
	damping, size float64 // size of the last Newton step
	count         int
	stop          StopReason
	reason        string
	cause         error
}

// begin evaluates the equations at the unknowns z, which it keeps.
func (sh *shooter) begin(ctx context.Context, z []float64) *iteration {
	n := len(z)
	sh.flow = sh.system.newFlow()
	it := &iteration{
		sh: sh, z: z, r: make([]float64, n), next: make([]float64, n), rn: make([]float64, n),
		step: mat.NewVecDense(n, nil), bar: mat.NewVecDense(n, nil), damping: 1, size: math.NaN(),
	}
	if err := sh.equations(ctx, it.r, z, false, nil); err != nil {
		it.r[0] = math.NaN()
		it.fail(Diverged, "the guess cannot be integrated", err)
	}
	return it
}

func (it *iteration) fail(stop StopReason, reason string, cause error) {
	it.stop, it.reason, it.cause = stop, reason, cause
}

func (it *iteration) converged(remark string) {
	it.stop, it.reason = Converged, fmt.Sprintf("Newton's method converged in %d iterations, residual %.2g%s", it.count, it.residual(), remark)
}

func (it *iteration) residual() float64 {
	if math.IsNaN(it.r[0]) {
		return math.NaN()
	}
	return floats.Norm(it.r, math.Inf(1))
}

// advance does one damped Newton step. The damping is halved until the next step, with the same derivative, would be
// smaller; stop says when nothing more is to be done.
func (it *iteration) advance(ctx context.Context) {
	const least = 1e-6
	sh := it.sh
	lu, err := sh.jacobian(ctx, it.z)
	if err != nil {
		it.fail(NoProgress, "the derivative of the equations could not be had", err)
		return
	}
	if c := lu.Cond(); !(c < 1e15) {
		it.fail(NoProgress, fmt.Sprintf("the equations do not determine the unknowns there (condition number %.1g)", c), nil)
		return
	}
	newtonStep(it.step, lu, it.r)
	it.count++
	it.size = size(it.step.RawVector().Data, it.z)
	for it.damping = min(1, 8*it.damping); ; {
		floats.AddScaledTo(it.next, it.z, it.damping, it.step.RawVector().Data)
		contraction := math.Inf(1)
		err := sh.equations(ctx, it.rn, it.next, false, nil)
		if err == nil {
			newtonStep(it.bar, lu, it.rn)
			contraction = size(it.bar.RawVector().Data, it.z) / it.size
		}
		// The last steps are as small as the noise of the integration and need not contract.
		if contraction <= 1-it.damping/4 || err == nil && it.size <= sh.tolerance {
			break
		}
		if it.size <= 100*sh.tolerance {
			it.converged(fmt.Sprintf("; the integration's errors allow no smaller step than %.2g", it.size))
			return
		}
		if it.damping /= 2; it.damping < least || ctx.Err() != nil {
			it.fail(NoProgress, fmt.Sprintf("no damping of the Newton step above %.0e brings the solution closer", least), err)
			return
		}
	}
	copy(it.z, it.next)
	copy(it.r, it.rn)
	if it.size <= sh.tolerance {
		it.converged("")
	}
}

// newton iterates from the unknowns z.
func (sh *shooter) newton(ctx context.Context, z []float64) (*Extremal, error) {
	it := sh.begin(ctx, z)
	for it.stop == InProgress && it.count < sh.most {
		it.advance(ctx)
	}
	if it.stop == InProgress {
		it.reason = fmt.Sprintf("the limit of %d iterations is reached", sh.most)
	}
	return it.result(ctx)
}

// result is the present iterate, with an error unless it solves the equations.
func (it *iteration) result(ctx context.Context) (*Extremal, error) {
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	e := &ShootingError{Stop: it.stop, Iterations: it.count, Residual: it.residual(), Step: it.size, Reason: it.reason, Cause: it.cause}
	x, err := it.extremal(ctx)
	switch {
	case err != nil && e.Stop == Converged:
		e.Stop, e.Reason, e.Cause = Diverged, "the solution cannot be integrated again", err
		return nil, e
	case err != nil:
		return nil, e
	case e.Stop != Converged:
		return x, e
	}
	if x.Gap > 1e-6 {
		x.Message += fmt.Sprintf("; the control misses the maximum of H by %.2g: another structure of the arcs is better", x.Gap)
	}
	return x, nil
}

// newtonStep solves for the step; an ill-conditioned solution is as good as can be had.
func newtonStep(dst *mat.VecDense, lu *mat.LU, r []float64) {
	_ = lu.SolveVecTo(dst, false, mat.NewVecDense(len(r), r))
	dst.ScaleVec(-1, dst)
}

// extremal integrates once more and keeps the path.
func (it *iteration) extremal(ctx context.Context) (*Extremal, error) {
	sh, z, d := it.sh, append([]float64(nil), it.z...), it.sh.d
	out := &Extremal{T0: sh.s.Problem.T0, Residual: it.residual(), Iterations: it.count, Stop: it.stop, Message: it.reason, unknowns: z}
	err := sh.equations(ctx, make([]float64, len(z)), z, false, func(s stretch) { out.pieces = append(out.pieces, s) })
	if err != nil {
		return nil, err
	}
	y := sh.final
	out.J = sh.cost()
	out.P0 = append([]float64(nil), z[:d]...)
	out.X1 = append([]float64(nil), y[:d]...)
	out.P1 = append([]float64(nil), y[d:2*d]...)
	out.T1 = out.pieces[len(out.pieces)-1].b
	out.inspect(sh.flow)
	out.Solves, out.Evaluations = sh.flow.solves, sh.flow.evals
	return out, nil
}
