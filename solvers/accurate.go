package solvers

import "math"

// addProduct adds (a + low) k to sum + rest, so that in the end the sum of products is as if computed with twice the
// digits (T. Ogita, S. M. Rump, S. Oishi, SIAM J. Sci. Comput. 26 (2005) 1955–1988, algorithm Dot2).
func addProduct(sum, rest *float64, a, low, k float64) {
	p := float64(a * k) // rounded: no machine may fuse it with the sum
	next := *sum + p
	z := next - *sum
	*rest += math.FMA(a, k, -p) + low*k + ((*sum - (next - z)) + (p - z))
	*sum = next
}

// scaleAccurately stores h Σ (a_j + low_j) k_j in dst.
func (s *sum) scaleAccurately(dst []float64, h float64, low []float64) {
	for i := range dst {
		var sum, rest float64
		for j, a := range s.a {
			addProduct(&sum, &rest, a, low[j], s.k[j][i])
		}
		dst[i] = h * (sum + rest)
	}
}
