package kernel

// panel is how many numbers of x one pass over the rows of w keeps in the first-level cache.
const panel = 3072

// gemmGo computes y = σ([y +] [bias +] w·x) for w m×k and x k×n, and d = σ' where d is not nil. Two rows of y by four
// rows of x are held at a time; columns go in panels that stay in cache.
func gemmGo[T Float](y, w, bias, x []T, m, k, n int, acc bool, act Activation, d []T) {
	if n == 1 {
		gemv(y, w, bias, x, m, k, acc)
		apply(act, y[:m], d)
		return
	}
	width := n
	if k*n > panel {
		width = max(panel/k&^7, 32)
	}
	for c := 0; c < n; c += width {
		nc := min(width, n-c)
		for i := 0; i < m; i += 2 {
			rows := min(2, m-i)
			if k == 2 && rows == 2 && !acc {
				twoInputs(y[i*n+c:(i+1)*n+c+nc], w[2*i:2*i+4], bias, i, x[c:], n, nc)
			} else {
				for r := i; r < i+rows && !acc; r++ {
					var b T
					if bias != nil {
						b = bias[r]
					}
					Fill(y[r*n+c:r*n+c+nc], b)
				}
				if rows == 2 {
					addRows2(y[i*n+c:(i+1)*n+c+nc], w[i*k:(i+2)*k], x[c:], k, n, nc)
				} else {
					addRows1(y[i*n+c:i*n+c+nc], w[i*k:(i+1)*k], x[c:], k, n, nc)
				}
			}
			if act == Linear && d == nil {
				continue
			}
			for r := i; r < i+rows; r++ {
				var dr []T
				if d != nil {
					dr = d[r*n+c : r*n+c+nc]
				}
				apply(act, y[r*n+c:r*n+c+nc], dr)
			}
		}
	}
}

// addRows2 computes y[j*ld+s] += Σₖ w[j*k+k']·x[k'*ld+s] for j = 0, 1 and s < n.
func addRows2[T Float](y, w, x []T, k, ld, n int) {
	y0, y1 := y[:n], y[ld:][:n]
	w0, w1 := w[:k], w[k:][:k]
	j := 0
	for ; j+4 <= k; j += 4 {
		x0, x1, x2, x3 := x[j*ld:][:n], x[(j+1)*ld:][:n], x[(j+2)*ld:][:n], x[(j+3)*ld:][:n]
		a0, a1, a2, a3 := w0[j], w0[j+1], w0[j+2], w0[j+3]
		b0, b1, b2, b3 := w1[j], w1[j+1], w1[j+2], w1[j+3]
		for s := range y0 {
			u0, u1, u2, u3 := x0[s], x1[s], x2[s], x3[s]
			y0[s] = y0[s] + a0*u0 + a1*u1 + a2*u2 + a3*u3
			y1[s] = y1[s] + b0*u0 + b1*u1 + b2*u2 + b3*u3
		}
	}
	if j+2 <= k {
		x0, x1 := x[j*ld:][:n], x[(j+1)*ld:][:n]
		a0, a1, b0, b1 := w0[j], w0[j+1], w1[j], w1[j+1]
		for s := range y0 {
			u0, u1 := x0[s], x1[s]
			y0[s] = y0[s] + a0*u0 + a1*u1
			y1[s] = y1[s] + b0*u0 + b1*u1
		}
		j += 2
	}
	if j < k {
		x0 := x[j*ld:][:n]
		a0, b0 := w0[j], w1[j]
		for s := range y0 {
			u0 := x0[s]
			y0[s] += a0 * u0
			y1[s] += b0 * u0
		}
	}
}

// twoInputs computes y[j*ld+s] = bias[i+j] + w[2j]·x[s] + w[2j+1]·x[ld+s] for j = 0, 1 and s < n: networks on the plane
// spend as much time on filling in the bias as on their two products.
func twoInputs[T Float](y, w, bias []T, i int, x []T, ld, n int) {
	y0, y1, x0, x1 := y[:n], y[ld:][:n], x[:n], x[ld:][:n]
	a0, a1, b0, b1 := w[0], w[1], w[2], w[3]
	var c0, c1 T
	if bias != nil {
		c0, c1 = bias[i], bias[i+1]
	}
	for s := range y0 {
		u, v := x0[s], x1[s]
		y0[s] = c0 + a0*u + a1*v
		y1[s] = c1 + b0*u + b1*v
	}
}

// addRows1 computes y[s] += Σₖ w[k]·x[k*ld+s] for s < n.
func addRows1[T Float](y, w, x []T, k, ld, n int) {
	y = y[:n]
	w = w[:k]
	j := 0
	for ; j+4 <= k; j += 4 {
		x0, x1, x2, x3 := x[j*ld:][:n], x[(j+1)*ld:][:n], x[(j+2)*ld:][:n], x[(j+3)*ld:][:n]
		a0, a1, a2, a3 := w[j], w[j+1], w[j+2], w[j+3]
		for s := range y {
			y[s] = y[s] + a0*x0[s] + a1*x1[s] + a2*x2[s] + a3*x3[s]
		}
	}
	for ; j < k; j++ {
		axpyGo(y, w[j], x[j*ld:][:n])
	}
}

// gemv is gemmGo without activation for one sample.
func gemv[T Float](y, w, bias, x []T, m, k int, acc bool) {
	x = x[:k]
	start := func(i int) T {
		switch {
		case acc:
			return y[i]
		case bias != nil:
			return bias[i]
		}
		return 0
	}
	i := 0
	for ; i+4 <= m; i += 4 {
		w0, w1, w2, w3 := w[i*k:][:k], w[(i+1)*k:][:k], w[(i+2)*k:][:k], w[(i+3)*k:][:k]
		s0, s1, s2, s3 := start(i), start(i+1), start(i+2), start(i+3)
		for j, v := range x {
			s0 += w0[j] * v
			s1 += w1[j] * v
			s2 += w2[j] * v
			s3 += w3[j] * v
		}
		y[i], y[i+1], y[i+2], y[i+3] = s0, s1, s2, s3
	}
	for ; i < m; i++ {
		w0, s0 := w[i*k:][:k], start(i)
		for j, v := range x {
			s0 += w0[j] * v
		}
		y[i] = s0
	}
}
