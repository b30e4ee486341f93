package kernel

// Weights is an affine map z = W·x + b of a batch, packed for products with W and with Wᵀ. The zero value is
// unusable; NewWeights makes one, Pack fills it.
type Weights[T Float] struct {
	out, in int
	w       []T // out×in, row-major
	wt      []T // in×out, row-major
	bias    []T // out
}

// NewWeights makes room for an out×in matrix with bias.
func NewWeights[T Float](out, in int) *Weights[T] {
	buf := make([]T, 2*out*in+out)
	return &Weights[T]{
		out: out, in: in,
		w:    buf[: out*in : out*in],
		wt:   buf[out*in : 2*out*in : 2*out*in],
		bias: buf[2*out*in:],
	}
}

// Out is the number of rows of W.
func (p *Weights[T]) Out() int { return p.out }

// In is the number of columns of W.
func (p *Weights[T]) In() int { return p.in }

// Row is row i of W; the caller must not change it.
func (p *Weights[T]) Row(i int) []T { return p.w[i*p.in : (i+1)*p.in] }

// Pack copies W (out×in, row-major) and the bias b (out).
func (p *Weights[T]) Pack(w, bias []T) {
	copy(p.w, w[:p.out*p.in])
	copy(p.bias, bias[:p.out])
	Transpose(p.wt, p.w, p.out, p.in)
}

// Set changes W[i,j] to v. Different entries may be set at once.
func (p *Weights[T]) Set(i, j int, v T) { p.w[i*p.in+j], p.wt[j*p.out+i] = v, v }

// Affine computes y[o*n+s] = σ(b[o] + Σₖ W[o,k]·x[k*n+s]), the sum over k in ascending order, and where d is not nil
// d[o*n+s] = σ'(…).
func (p *Weights[T]) Affine(y, d, x []T, n int, act Activation) {
	gemm(y, p.w, p.wt, p.bias, x, p.out, p.out, p.in, n, assign, act, d)
}

// Mul computes y[o*n+s] = Σₖ W[o,k]·x[k*n+s].
func (p *Weights[T]) Mul(y, x []T, n int) {
	gemm(y, p.w, p.wt, nil, x, p.out, p.out, p.in, n, assign, Linear, nil)
}

// MulT computes y[k*n+s] = Σₒ W[o,k]·delta[o*n+s] for the first rows entries k.
func (p *Weights[T]) MulT(y, delta []T, rows, n int) {
	gemm(y, p.wt[:rows*p.out], p.w, nil, delta, p.in, rows, p.out, n, assign, Linear, nil)
}

// MulAddTo computes y[i*n+s] += Σₖ w[i,k]·x[k*n+s] for the m×k matrix w (row-major).
func MulAddTo[T Float](y, w, x []T, m, k, n int) {
	gemm(y, w, nil, nil, x, 0, m, k, n, accumulate, Linear, nil)
}

// AddRows computes y[i*n+s] += b[i].
func AddRows[T Float](y, b []T, n int) {
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

// MulGo is Mul by the twin in Go, for benchmarks to compare with.
func (p *Weights[T]) MulGo(y, x []T, n int) {
	gemmGo(y, p.w, nil, x, p.out, p.in, n, assign, Linear, nil)
}
