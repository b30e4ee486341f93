package discrete

import (
	"math"

	"github.com/costate-go/costate/internal/kernel"
)

// NormEpsilon is added to variances before they divide.
const NormEpsilon = 1e-5

const normMomentum = 0.1 // of the running means and variances

// norm is the batch normalisation of a layer with what its backward pass needs.
type norm struct {
	scale, shift   []float32
	mean, variance []float32 // running
	inverse        []float32 // 1/√(var z + ϵ) of the batch
	dscale, dshift []float32 // gradients of H, that is −∂J
}

func newNorm(rows int) *norm {
	v := make([]float32, 7*rows)
	part := func(k int) []float32 { return v[k*rows : (k+1)*rows : (k+1)*rows] }
	return &norm{part(0), part(1), part(2), part(3), part(4), part(5), part(6)}
}

// forward turns row r of z into its normalised values and stores their image under scale, shift and, unless last, the rectifier
// in x. The running moments follow.
func (m *norm) forward(x, z []float32, r int, last bool) {
	n := float32(len(z))
	mean := kernel.Sum(z) / n
	for i := range z {
		z[i] -= mean
	}
	variance := kernel.Dot(z, z) / n
	m.mean[r] += normMomentum * (mean - m.mean[r])
	m.variance[r] += normMomentum * (variance - m.variance[r])
	m.inverse[r] = float32(1 / math.Sqrt(float64(variance)+NormEpsilon))
	kernel.Scale(z, m.inverse[r])
	image(x, z, m.scale[r], m.shift[r], last)
}

// apply does the same by the running moments, leaving z as it is.
func (m *norm) apply(x, z []float32, r int, last bool) {
	scale := m.scale[r] * float32(1/math.Sqrt(float64(m.variance[r])+NormEpsilon))
	image(x, z, scale, m.shift[r]-m.mean[r]*scale, last)
}

func image(x, z []float32, scale, shift float32, last bool) {
	x = x[:len(z)]
	if last {
		for i, v := range z {
			x[i] = scale*v + shift
		}
		return
	}
	for i, v := range z {
		x[i] = max(scale*v+shift, 0)
	}
}

// backward turns row r of the costate of x, in p, into the costate of z; zhat holds the normalised values.
func (m *norm) backward(p, x, zhat []float32, r int, last bool) {
	if !last {
		x = x[:len(p)]
		for i, v := range x {
			if v <= 0 {
				p[i] = 0
			}
		}
	}
	n := float32(len(p))
	dshift, dscale := kernel.Sum(p), kernel.Dot(p, zhat)
	m.dshift[r], m.dscale[r] = dshift, dscale
	factor := m.scale[r] * m.inverse[r]
	a, b := dshift/n, dscale/n
	zhat = zhat[:len(p)]
	for i, v := range p {
		p[i] = factor * (v - a - b*zhat[i])
	}
}
