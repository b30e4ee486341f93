package kernel

// Weights is an affine map z = W·x + b of a batch, packed for products with W and with Wᵀ. The zero value is
// unusable; NewWeights makes one, Pack fills it.
type Weights struct {
	out, in int
	w       []float64 // out×in, row-major
	wt      []float64 // in×out, row-major
	bias    []float64 // out
}

// NewWeights makes room for an out×in matrix with bias.
func NewWeights(out, in int) *Weights {
	buf := make([]float64, 2*out*in+out)
	return &Weights{
		out: out, in: in,
		w:    buf[: out*in : out*in],
		wt:   buf[out*in : 2*out*in : 2*out*in],
		bias: buf[2*out*in:],
	}
}

// Out is the number of rows of W.
func (p *Weights) Out() int { return p.out }

// In is the number of columns of W.
func (p *Weights) In() int { return p.in }

// Row is row i of W; the caller must not change it.
func (p *Weights) Row(i int) []float64 { return p.w[i*p.in : (i+1)*p.in] }

// Pack copies W (out×in, row-major) and the bias b (out).
func (p *Weights) Pack(w, bias []float64) {
	copy(p.w, w[:p.out*p.in])
	copy(p.bias, bias[:p.out])
	Transpose(p.wt, p.w, p.out, p.in)
}

// Affine computes y[o*n+s] = σ(b[o] + Σₖ W[o,k]·x[k*n+s]), the sum over k in ascending order, and where d is not nil
// d[o*n+s] = σ'(…).
func (p *Weights) Affine(y, d, x []float64, n int, act Activation) {
	gemm(y, p.w, p.wt, p.bias, x, p.out, p.out, p.in, n, assign, act, d)
}

// Mul computes y[o*n+s] = Σₖ W[o,k]·x[k*n+s].
func (p *Weights) Mul(y, x []float64, n int) {
	gemm(y, p.w, p.wt, nil, x, p.out, p.out, p.in, n, assign, Linear, nil)
}

// MulT computes y[k*n+s] = Σₒ W[o,k]·delta[o*n+s] for the first rows entries k.
func (p *Weights) MulT(y, delta []float64, rows, n int) {
	gemm(y, p.wt[:rows*p.out], p.w, nil, delta, p.in, rows, p.out, n, assign, Linear, nil)
}

// MulAddTo computes y[i*n+s] += Σₖ w[i,k]·x[k*n+s] for the m×k matrix w (row-major).
func MulAddTo(y, w, x []float64, m, k, n int) {
	gemm(y, w, nil, nil, x, 0, m, k, n, accumulate, Linear, nil)
}

// AddRows computes y[i*n+s] += b[i].
func AddRows(y, b []float64, n int) {
	for i, v := range b {
		row := y[i*n : (i+1)*n]
		for s := range row {
			row[s] += v
		}
	}
}

const (
	assign     = false
	accumulate = true
)
