//go:build !noasm

package kernel

// gemmBlock is the number of results that stay in cache until the activation is applied to them.
const gemmBlock = 16384

// gemm computes y = σ([y +] [bias +] w·x) for w m×k and x k×n, and d = σ' where d is not nil. Every entry of y is a chain of
// fused multiply-adds in the order of k, whatever n is. Where wt is not nil, it is the transpose of w with rows of ldt
// numbers, of which a single sample takes the columns for its vectors.
func gemm(y, w, wt, bias, x []float64, ldt, m, k, n int, acc bool, act Activation, d []float64) {
	if simd == portable || k == 0 {
		gemmGo(y, w, bias, x, m, k, n, acc, act, d)
		return
	}
	if m == 0 || n == 0 {
		return
	}
	y, w, x = y[:m*n], w[:m*k], x[:k*n]
	var b *float64
	start := 0
	if bias != nil {
		b, start = &bias[:m][0], 1
	}
	if acc {
		start = 2
	}
	if n == 1 && wt != nil {
		wt = wt[:(k-1)*ldt+m]
		if start == 1 {
			copy(y, bias)
			start = 2
		}
		gemmColumns(y, x, wt, nil, 1, k, k, ldt, 0, m, start)
		act.apply(y, d)
		return
	}
	if act == Linear && d == nil {
		gemmColumns(y, w, x, b, m, k, k, n, 0, n, start)
		return
	}
	if m*n <= gemmBlock {
		gemmColumns(y, w, x, b, m, k, k, n, 0, n, start)
		if d != nil {
			d = d[:m*n]
		}
		act.apply(y, d)
		return
	}
	width := max(gemmBlock/m/24, 4) * 24
	for c := 0; c < n; c += width {
		end := min(c+width, n)
		gemmColumns(y, w, x, b, m, k, k, n, c, end, start)
		for i := 0; i < m*n; i += n {
			var di []float64
			if d != nil {
				di = d[i+c : i+end]
			}
			act.apply(y[i+c:i+end], di)
		}
	}
}

// gemmColumns does columns begin to end.
func gemmColumns(y, w, x []float64, bias *float64, m, k, ldw, ld, begin, end, start int) {
	if simd == avx512 {
		for c := begin; c < end; c += 24 {
			gemmAVX512(&y[c], &w[0], &x[c], bias, m, k, ldw, ld, min(24, end-c), start)
		}
		return
	}
	for c := begin; c < end; c += 8 {
		gemmAVX2(&y[c], &w[0], &x[c], bias, m, k, ldw, ld, min(8, end-c), start)
	}
}
