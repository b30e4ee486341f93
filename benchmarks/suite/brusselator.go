package suite

import (
	_ "embed" // the end states
	"math"
	"strconv"
	"strings"

	"github.com/costate-go/costate/ode/testproblems"
	"github.com/costate-go/costate/solvers"
)

// points is the number of points of the Brusselator inside the line.
const points = 128

// The end states were computed in quadruple precision by the extrapolated midpoint rule at two orders and tolerances, which
// agree to 20 digits and more.
var (
	//go:embed brusselator.txt
	littleDiffusion string
	//go:embed brusselator-stiff.txt
	muchDiffusion string
)

// The Brusselator with diffusion on [0, 1] (Hairer & Wanner, Solving ODEs II, section IV.10) by central differences,
//
//	u' = 1 + u²v − 4u + αu_xx,   v' = 3u − u²v + αv_xx,   u = 1 and v = 3 at both ends,
//
// from u = 1 + sin 2πx, v = 3; u and v in turn, so that the matrix has two diagonals on each side. With α = 1/5000 an explicit
// method serves, with α = 1/50 the problem is stiff.
var (
	brusselator      = brusselatorOnLine("brusselator", 1.0/5000, littleDiffusion)
	brusselatorStiff = brusselatorOnLine("brusselator-stiff", 1.0/50, muchDiffusion)
)

func brusselatorOnLine(name string, alpha float64, end string) testproblems.Problem {
	c := alpha * (points + 1) * (points + 1)
	p := testproblems.Problem{Name: name, T1: 10, F: func(dx []float64, _ float64, x []float64) {
		d, s := (*[2 * points]float64)(dx), (*[2 * points]float64)(x)
		ul, vl, u, v := 1.0, 3.0, s[0], s[1]
		for i := 0; i < 2*points-2; i += 2 {
			ur, vr := s[i+2], s[i+3]
			u2v := u * u * v
			d[i] = 1 + u2v - 4*u + c*(ul-2*u+ur)
			d[i+1] = 3*u - u2v + c*(vl-2*v+vr)
			ul, vl, u, v = u, v, ur, vr
		}
		u2v := u * u * v
		d[2*points-2] = 1 + u2v - 4*u + c*(ul-2*u+1)
		d[2*points-1] = 3*u - u2v + c*(vl-2*v+3)
	}}
	p.Jacobian = solvers.Jacobian{Autonomous: true, Banded: true, Lower: 2, Upper: 2, Func: func(dst []float64, _ float64, x []float64) {
		for i := range points {
			u, v, row := x[2*i], x[2*i+1], (*[10]float64)(dst[10*i:])
			row[2], row[3] = 2*u*v-4-2*c, u*u
			row[6], row[7] = 3-2*u*v, -u*u-2*c
			if i > 0 {
				row[0], row[5] = c, c
			}
			if i < points-1 {
				row[4], row[9] = c, c
			}
		}
	}}
	for i := range points {
		p.X0 = append(p.X0, 1+math.Sin(2*math.Pi*float64(i+1)/(points+1)), 3)
	}
	for _, field := range strings.Fields(end) {
		v, err := strconv.ParseFloat(field, 64)
		if err != nil {
			panic(err)
		}
		p.X1 = append(p.X1, v)
	}
	return p
}
