package kernel

func addOuterGo[T Float](g, delta, x []T, out, in, n int) {
	o := 0
	for ; o+2 <= out; o += 2 {
		a := delta[o*n : (o+2)*n]
		g0, g1 := g[o*in:][:in], g[(o+1)*in:][:in]
		k := 0
		for ; k+3 <= in; k += 3 {
			c00, c01, c02, c10, c11, c12 := dot23(a, x[k*n:(k+3)*n], n)
			h0, h1 := g0[k:k+3:k+3], g1[k:k+3:k+3]
			h0[0] += c00
			h0[1] += c01
			h0[2] += c02
			h1[0] += c10
			h1[1] += c11
			h1[2] += c12
		}
		switch in - k {
		case 2:
			c00, c01, c10, c11 := dot22(a, x[k*n:(k+2)*n], n)
			g0[k] += c00
			g0[k+1] += c01
			g1[k] += c10
			g1[k+1] += c11
		case 1:
			c0, c1 := dot21(a, x[k*n:(k+1)*n], n)
			g0[k] += c0
			g1[k] += c1
		}
	}
	if o < out {
		a := delta[o*n : (o+1)*n]
		g0 := g[o*in:][:in]
		k := 0
		for ; k+2 <= in; k += 2 {
			c0, c1 := dot21(x[k*n:(k+2)*n], a, n)
			g0[k] += c0
			g0[k+1] += c1
		}
		if k < in {
			g0[k] += dot11(a, x[k*n:(k+1)*n])
		}
	}
}

func addRowSumsGo[T Float](g, delta []T, n int) {
	for o := range g {
		g[o] += sumGo(delta[o*n : (o+1)*n])
	}
}

// dot23 returns Σₛ a[i*n+s]·b[j*n+s] for i < 2, j < 3. Six sums are as many as the compiler keeps in registers:
// tiles of 2×4 spill one of them, which makes the loop wait for memory and halves its speed.
func dot23[T Float](a, b []T, n int) (c00, c01, c02, c10, c11, c12 T) {
	a0, a1 := a[:n], a[n:][:n]
	b0, b1, b2 := b[:n], b[n:][:n], b[2*n:][:n]
	for s, u0 := range a0 {
		u1 := a1[s]
		v := b0[s]
		c00 += u0 * v
		c10 += u1 * v
		v = b1[s]
		c01 += u0 * v
		c11 += u1 * v
		v = b2[s]
		c02 += u0 * v
		c12 += u1 * v
	}
	return
}

// dot22 returns Σₛ a[i*n+s]·b[j*n+s] for i, j < 2.
func dot22[T Float](a, b []T, n int) (c00, c01, c10, c11 T) {
	a0, a1 := a[:n], a[n:][:n]
	b0, b1 := b[:n], b[n:][:n]
	for s, u0 := range a0 {
		u1, v0, v1 := a1[s], b0[s], b1[s]
		c00 += u0 * v0
		c10 += u1 * v0
		c01 += u0 * v1
		c11 += u1 * v1
	}
	return
}

// dot21 returns Σₛ a[i*n+s]·b[s] for i < 2.
func dot21[T Float](a, b []T, n int) (c0, c1 T) {
	a0, a1 := a[:n], a[n:][:n]
	b = b[:n]
	for s, v := range b {
		c0 += a0[s] * v
		c1 += a1[s] * v
	}
	return
}

// dot11 returns Σₛ a[s]·b[s].
func dot11[T Float](a, b []T) (c T) {
	b = b[:len(a)]
	for s, v := range a {
		c += v * b[s]
	}
	return
}
