package data

import "math"

// Sine is y = sin x, x uniform on (−π, π): the toy of Li, Chen, Tai & E, JMLR 18, 2018. Noise is added to y.
func Sine(n int, noise float64, seed uint64) *Points {
	p := &Points{Source: "sine", Names: []string{"x"}, TargetNames: []string{"sin x"}, X: make([]float64, n), Targets: make([]float64, n)}
	r, e := Stream(seed, "data points"), Stream(seed, "data noise")
	for s := range n {
		u := r.Float64()
		for u == 0 { // the interval is open
			u = r.Float64()
		}
		p.X[s] = math.Pi * (2*u - 1)
		p.Targets[s] = math.Sin(p.X[s])
		if noise > 0 {
			p.Targets[s] += noise * e.Normal()
		}
	}
	p.Hash = hashNumbers(p.X, p.Targets)
	return p
}

// Circles is a disc of radius ½ (class "disc") inside a ring with radii in [1, 1.5] (class "ring"), both uniform in
// area: no flow in the plane maps one to the other's outside (Dupont, Doucet & Teh, Augmented Neural ODEs,
// NeurIPS 2019). Every second point is of the ring.
func Circles(n int, noise float64, seed uint64) *Points {
	return planar("circles", []string{"disc", "ring"}, n, noise, seed, func(class int, u, v float64) (x, y float64) {
		lo, hi := 0.0, 0.5
		if class == 1 {
			lo, hi = 1, 1.5
		}
		r := math.Sqrt(lo*lo + u*(hi*hi-lo*lo))
		return r * math.Cos(2*math.Pi*v), r * math.Sin(2*math.Pi*v)
	})
}

// Moons is two interleaved half circles of radius 1: (cos φ, sin φ) and (1 − cos φ, ½ − sin φ) with φ uniform on
// [0, π], as scikit-learn's make_moons with random angles.
func Moons(n int, noise float64, seed uint64) *Points {
	return planar("moons", []string{"upper", "lower"}, n, noise, seed, moon)
}

func moon(class int, u, _ float64) (x, y float64) {
	x, y = math.Cos(math.Pi*u), math.Sin(math.Pi*u)
	if class == 1 {
		return 1 - x, 0.5 - y
	}
	return x, y
}

// Spirals is two arms that wind one and a half times around the origin, r = u and φ = 3πu for one and half a turn further for the other.
func Spirals(n int, noise float64, seed uint64) *Points {
	return planar("spirals", []string{"first", "second"}, n, noise, seed, func(class int, u, _ float64) (x, y float64) {
		sin, cos := math.Sincos(math.Pi * (3*u + float64(class)))
		return u * cos, u * sin
	})
}

// Board is a board of 4×4 squares of side 1 about the origin, with points uniform on its light and on its dark squares.
func Board(n int, noise float64, seed uint64) *Points {
	return planar("checkerboard", []string{"light", "dark"}, n, noise, seed, func(class int, u, v float64) (x, y float64) {
		// u chooses the column and the place in it, v one of the two squares of the class and the place in it.
		column, x := math.Modf(4 * u)
		row, y := math.Modf(2 * v)
		row = 2*row + float64((int(column)+class)%2)
		return column + x - 2, row + y - 2
	})
}

func planar(source string, classes []string, n int, noise float64, seed uint64, at func(class int, u, v float64) (x, y float64)) *Points {
	p := &Points{Source: source, Names: []string{"x1", "x2"}, Classes: classes, X: make([]float64, 2*n), Labels: make([]int, n)}
	r, e := Stream(seed, "data points"), Stream(seed, "data noise")
	for s := range n {
		p.Labels[s] = s % 2
		u := r.Float64()
		p.X[2*s], p.X[2*s+1] = at(s%2, u, r.Float64())
		if noise > 0 {
			p.X[2*s] += noise * e.Normal()
			p.X[2*s+1] += noise * e.Normal()
		}
	}
	p.Hash = hashNumbers(p.X)
	return p
}
