package solvers

import "math"

// gmres solves (σI − J) u = b with products J·v alone, by the generalized minimal residual method of Saad and Schultz
// (SIAM J. Sci. Stat. Comput. 7 (1986) 856–869), restarted.
type gmres struct {
	n     int
	basis [][]float64 // orthonormal basis of the Krylov space
	h     []float64   // its Hessenberg matrix, by columns of length krylov + 1, made triangular by rotations
	c, s  []float64   // rotations
	g     []float64   // rotated right-hand side
	u, w  []float64
}

const (
	krylov         = 20 // dimension of the Krylov space
	krylovRestarts = 10
	// krylovAccuracy is the residual at which iterations end, relative to the right-hand side: Newton's iterations repair
	// the rest.
	krylovAccuracy = 1e-3
)

func newGMRES(n int) *gmres {
	m := min(krylov, n)
	k := &gmres{n: n, h: make([]float64, m*(m+1)), c: make([]float64, m), s: make([]float64, m), g: make([]float64, m+1),
		u: make([]float64, n), w: make([]float64, n)}
	for range m + 1 {
		k.basis = append(k.basis, make([]float64, n))
	}
	return k
}

// solve replaces b by the solution, with J at (t, y), and reports whether it was found.
func (k *gmres) solve(b []float64, e *equations, t float64, y []float64, sigma float64) bool {
	m := len(k.c)
	clear(k.u)
	goal := krylovAccuracy * norm2(b)
	for range krylovRestarts {
		r := k.basis[0]
		e.diff.spec.Product(r, t, y, k.u)
		for i, v := range k.u {
			r[i] += b[i] - sigma*v
		}
		beta := norm2(r)
		if !(beta <= math.MaxFloat64) {
			return false
		}
		if beta <= goal {
			copy(b, k.u)
			return true
		}
		scale(r, 1/beta)
		clear(k.g)
		k.g[0] = beta
		j := 0
		for ; j < m && math.Abs(k.g[j]) > goal; j++ {
			k.arnoldi(j, e, t, y, sigma)
		}
		k.add(j)
	}
	return false
}

// arnoldi adds vector j + 1 to the basis and rotates column j of the Hessenberg matrix.
func (k *gmres) arnoldi(j int, e *equations, t float64, y []float64, sigma float64) {
	m := len(k.c)
	v, w := k.basis[j], k.basis[j+1]
	e.diff.spec.Product(w, t, y, v)
	for i, vi := range v {
		w[i] = sigma*vi - w[i]
	}
	h := k.h[j*(m+1) : (j+1)*(m+1)]
	for l := 0; l <= j; l++ {
		q := k.basis[l]
		var dot float64
		for i, qi := range q {
			dot += qi * w[i]
		}
		h[l] = dot
		for i, qi := range q {
			w[i] -= dot * qi
		}
	}
	tail := norm2(w)
	if tail > 0 {
		scale(w, 1/tail)
	}
	for l := range j {
		h[l], h[l+1] = k.c[l]*h[l]+k.s[l]*h[l+1], k.c[l]*h[l+1]-k.s[l]*h[l]
	}
	r := math.Hypot(h[j], tail)
	k.c[j], k.s[j] = 1, 0
	if r > 0 {
		k.c[j], k.s[j] = h[j]/r, tail/r
	}
	h[j] = r
	k.g[j+1] = -k.s[j] * k.g[j]
	k.g[j] *= k.c[j]
}

// add solves the triangular system of the first j columns and adds the combination of the basis to u.
func (k *gmres) add(j int) {
	m := len(k.c)
	for l := j - 1; l >= 0; l-- {
		v := k.g[l]
		for c := l + 1; c < j; c++ {
			v -= k.h[c*(m+1)+l] * k.g[c]
		}
		v /= k.h[l*(m+1)+l]
		k.g[l] = v
		for i, q := range k.basis[l] {
			k.u[i] += v * q
		}
	}
}

func norm2(v []float64) float64 {
	var sum float64
	for _, x := range v {
		sum += x * x
	}
	return math.Sqrt(sum)
}

func scale(v []float64, a float64) {
	for i := range v {
		v[i] *= a
	}
}
