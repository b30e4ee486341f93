package kernel

// syrkRows is the number of rows of a Jacobian that go into one packed block: 250 columns of it fill half a
// second-level cache of 256 KiB, and the loops over a block are long enough to pay for their ends.
const syrkRows = 64

// Syrk computes g[i*p+j] += Σᵣ w[r]·jac[r*p+i]·jac[r*p+j] for i ≥ j: the lower triangle of the Gauss–Newton matrix
// JᵀWJ, with jac of len(jac)/p rows; the strict upper triangle is left alone. A nil w means ones. Columns that are zero
// throughout a block of 64 consecutive rows cost nothing, so rows with the same zeros (one output component of a
// network after another) should be adjacent. Safe for concurrent use on different g.
func Syrk(g []float64, p int, jac, w []float64) {
	if p == 0 {
		return
	}
	syrk(g, p, jac, w)
}

// SymmetrizeLower copies the strict lower triangle of the p×p matrix g to the upper: g[i*p+j] = g[j*p+i] for i < j.
func SymmetrizeLower(g []float64, p int) {
	for i := range p {
		for j := range i {
			g[j*p+i] = g[i*p+j]
		}
	}
}

// GemvT computes g[j] += Σᵣ w[r]·jac[r*p+j], with w of len(jac)/p entries: the gradient Jᵀw of a least-squares sum.
func GemvT(g []float64, p int, jac, w []float64) {
	if p == 0 {
		return
	}
	rows := len(jac) / p
	gemm(g[:p], w[:rows], nil, nil, jac, 0, 1, rows, p, accumulate, Linear, nil)
}
