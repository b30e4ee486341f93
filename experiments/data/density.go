package data

import (
	"math"

	"github.com/costate-go/costate/internal/rng"
)

// Rings is two circles of radii 1 and ½ with Gaussian noise, as scikit-learn's make_circles with random angles.
func Rings(n int, noise float64, seed uint64) *Points {
	return planar("rings", []string{"outer", "inner"}, n, noise, seed, ring)
}

func ring(class int, u, _ float64) (x, y float64) {
	r := 1.0
	if class == 1 {
		r = 0.5
	}
	return r * math.Cos(2*math.Pi*u), r * math.Sin(2*math.Pi*u)
}

// The pinwheel: blades, their radial and tangential standard deviations, and how much they turn with eʳ.
const (
	blades       = 5
	radialStd    = 0.3
	tangentStd   = 0.1
	turn         = 0.25
	pinwheelSize = 2
)

// Pinwheel is five Gaussian blades, twisted: with r ~ N(1, 0.3²) and w ~ N(0, 0.1²) the point (r, w) is turned by 2πc/5 + ¼eʳ and
// doubled (Johnson, Duvenaud, Wiltschko, Datta & Adams, NeurIPS 2016, in the constants of FFJORD, 2019). Log density: LogDensity.
func Pinwheel(n int, seed uint64) *Points {
	return scattered("pinwheel", n, seed, func(s int, r *rng.Source) (x, y float64) {
		u, w := 1+radialStd*r.Normal(), tangentStd*r.Normal()
		sin, cos := math.Sincos(2*math.Pi*float64(s%blades)/blades + turn*math.Exp(u))
		return pinwheelSize * (u*cos - w*sin), pinwheelSize * (u*sin + w*cos)
	})
}

// Checkerboard is uniform on the eight dark squares of a board of 4×4 squares of side 2 about the origin: its entropy is log 32.
func Checkerboard(n int, seed uint64) *Points {
	return scattered("checkerboard", n, seed, func(_ int, r *rng.Source) (x, y float64) {
		column, row := r.Intn(4), 2*r.Intn(2)
		row += column % 2
		return -4 + 2*(float64(column)+r.Float64()), -4 + 2*(float64(row)+r.Float64())
	})
}

// Gaussians is eight normal distributions of standard deviation ½/√2 around a circle of radius 4/√2.
func Gaussians(n int, seed uint64) *Points {
	return scattered("gaussians", n, seed, func(s int, r *rng.Source) (x, y float64) {
		sin, cos := math.Sincos(2 * math.Pi * float64(s%8) / 8)
		return (4*cos + 0.5*r.Normal()) / math.Sqrt2, (4*sin + 0.5*r.Normal()) / math.Sqrt2
	})
}

func scattered(source string, n int, seed uint64, at func(s int, r *rng.Source) (x, y float64)) *Points {
	p := &Points{Source: source, Names: []string{"x1", "x2"}, X: make([]float64, 2*n)}
	r := Stream(seed, "data points")
	for s := range n {
		p.X[2*s], p.X[2*s+1] = at(s, r)
	}
	p.Hash = hashNumbers(p.X)
	return p
}

// LogDensity is the logarithm of the density that a built-in source draws its points from, exact to rounding (for curves with
// noise, to their quadrature); nil where it is not known. It is what a learned density is measured by.
func LogDensity(source string, noise float64) func(x, y float64) float64 {
	switch source {
	case "moons":
		return smeared(moon, noise)
	case "rings":
		return smeared(ring, noise)
	case "pinwheel":
		return pinwheelLogDensity
	case "checkerboard":
		return func(x, y float64) float64 {
			i, j := math.Floor(x/2), math.Floor(y/2)
			if math.Abs(x) > 4 || math.Abs(y) > 4 || math.Mod(math.Abs(i+j), 2) != 0 {
				return math.Inf(-1)
			}
			return -math.Log(32)
		}
	case "gaussians":
		return func(x, y float64) float64 {
			const variance = 0.125
			terms := make([]float64, 8)
			for k := range terms {
				sin, cos := math.Sincos(2 * math.Pi * float64(k) / 8)
				terms[k] = -(square(x-4*cos/math.Sqrt2) + square(y-4*sin/math.Sqrt2)) / (2 * variance)
			}
			return logSum(terms) - math.Log(8*2*math.Pi*variance)
		}
	}
	return nil
}

func square(x float64) float64 { return x * x }

// logSum is log Σ eᵗ.
func logSum(terms []float64) float64 {
	top := math.Inf(-1)
	for _, t := range terms {
		top = max(top, t)
	}
	if math.IsInf(top, -1) {
		return top
	}
	sum := 0.0
	for _, t := range terms {
		sum += math.Exp(t - top)
	}
	return top + math.Log(sum)
}

// smeared is the density of two curves, each with half of the points uniform in its parameter, under Gaussian noise: by the midpoint
// rule, whose nodes lie closer than a tenth of the noise.
func smeared(curve func(class int, u, v float64) (x, y float64), noise float64) func(x, y float64) float64 {
	if !(noise > 0) {
		return nil
	}
	n := int(min(max(64, 70/noise), 1e5))
	nodes := make([]float64, 0, 4*n)
	for class := range 2 {
		for i := range n {
			x, y := curve(class, (float64(i)+0.5)/float64(n), 0)
			nodes = append(nodes, x, y)
		}
	}
	return func(x, y float64) float64 {
		terms := make([]float64, 2*n)
		for i := range terms {
			terms[i] = -(square(x-nodes[2*i]) + square(y-nodes[2*i+1])) / (2 * noise * noise)
		}
		return logSum(terms) - math.Log(float64(2*n)*2*math.Pi*noise*noise)
	}
}

// pinwheelLogDensity sums over the ways to a point: with (r, w) = ρ(cos β, sin β) the angle of the point is 2πc/5 + β + ¼e^{ρ cos β}, and
// the map from (r, w) has the determinant 1 − ¼eʳw, times 4 for the doubling. Roots β are found by bisection between the
// points of a grid.
func pinwheelLogDensity(x, y float64) float64 {
	const grid, spacing = 360, 2 * math.Pi / blades
	rho, phi := math.Hypot(x, y)/pinwheelSize, math.Atan2(y, x)
	// All blades at once: the angle modulo the angle between blades.
	miss := func(beta float64) float64 { return (beta + turn*math.Exp(rho*math.Cos(beta)) - phi) / spacing }
	var terms []float64
	low := miss(-math.Pi)
	for i := range grid {
		a, b := 2*math.Pi*float64(i)/grid-math.Pi, 2*math.Pi*float64(i+1)/grid-math.Pi
		high := miss(b)
		for k := math.Ceil(min(low, high)); k < max(low, high); k++ {
			from, to, rising := a, b, high > low
			for range 50 {
				if mid := (from + to) / 2; miss(mid) < k == rising {
					from = mid
				} else {
					to = mid
				}
			}
			sin, cos := math.Sincos((from + to) / 2)
			r, w := rho*cos, rho*sin
			terms = append(terms, -square((r-1)/radialStd)/2-square(w/tangentStd)/2-math.Log(math.Abs(1-turn*math.Exp(r)*w)))
		}
		low = high
	}
	return logSum(terms) - math.Log(blades*2*math.Pi*radialStd*tangentStd*pinwheelSize*pinwheelSize)
}
