package data

import (
	"fmt"
	"math"

	"github.com/costate-go/costate/solvers"
)

// stepsPerUnit makes the generated data exact to about twelve digits with Dormand and Prince's method: the fastest
// rate, 24 at the start of the spiral, is resolved with a hundred steps.
const stepsPerUnit = 2000

// trajectory integrates ẋ = f from x0 at ts[0] and returns the states at all times, N×D.
func trajectory(f solvers.Func, ts, x0 []float64) ([]float64, error) {
	d := len(x0)
	x := make([]float64, 0, len(ts)*d)
	x = append(x, x0...)
	st := solvers.DormandPrince54.NewStepper(d)
	for k := 1; k < len(ts); k++ {
		st.Begin(f, ts[k-1], x[(k-1)*d:k*d])
		n := math.Max(1, math.Ceil((ts[k]-ts[k-1])*stepsPerUnit))
		if n > 1e8 {
			return nil, fmt.Errorf("the interval [%g, %g] is too long for %g steps", ts[k-1], ts[k], 1e8)
		}
		for i := 1.0; i <= n; i++ {
			next := ts[k-1] + (ts[k]-ts[k-1])*(i/n)
			if i == n {
				next = ts[k]
			}
			if err := st.AttemptTo(next); err != nil {
				return nil, err
			}
			st.Accept()
		}
		x = append(x, st.X()...)
		for _, v := range st.X() {
			if math.IsNaN(v) || math.IsInf(v, 0) {
				return nil, fmt.Errorf("the trajectory is not finite at t = %g", ts[k])
			}
		}
	}
	return x, nil
}
