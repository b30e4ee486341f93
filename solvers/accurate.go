package solvers

import "math"

// scaleAccurately stores h Σ (a_j + low_j) k_j in dst, as if computed with twice the digits and rounded at the end
// (T. Ogita, S. M. Rump, S. Oishi, SIAM J. Sci. Comput. 26 (2005) 1955–1988, algorithm Dot2).
func (s *sum) scaleAccurately(dst []float64, h float64, low []float64) {
	for i := range dst {
		var sum, rest float64
		for j, a := range s.a {
			k := s.k[j][i]
			p := a * k
			rest += math.FMA(a, k, -p) + low[j]*k
			next := sum + p
			z := next - sum
			rest += (sum - (next - z)) + (p - z)
			sum = next
		}
		dst[i] = h * (sum + rest)
	}
}
