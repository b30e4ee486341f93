package kernel

// AddOuter computes g[o*in+k] += Σₛ delta[o*n+s]·x[k*n+s], the gradient in a weight matrix out×in of a batch of n. The order of
// the sum depends on nothing but out, in and n.
func AddOuter[T Float](g, delta, x []T, out, in, n int) {
	if n == 1 {
		x = x[:in]
		for o, v := range delta[:out] {
			Axpy(g[o*in:(o+1)*in], v, x)
		}
		return
	}
	addOuter(g, delta, x, out, in, n)
}

// AddRowSums computes g[o] += Σₛ delta[o*n+s], the gradient in a bias.
func AddRowSums[T Float](g, delta []T, n int) {
	addRowSums(g, delta, n)
}

// Outer computes g[o*len(b)+k] = a[o]·b[k].
func Outer[T Float](g, a, b []T) {
	switch len(b) {
	case 2:
		b0, b1 := b[0], b[1]
		for _, v := range a {
			g[0], g[1] = v*b0, v*b1
			g = g[2:]
		}
	case 3:
		b0, b1, b2 := b[0], b[1], b[2]
		for _, v := range a {
			g[0], g[1], g[2] = v*b0, v*b1, v*b2
			g = g[3:]
		}
	default:
		for _, v := range a {
			ScaleTo(g[:len(b)], v, b)
			g = g[len(b):]
		}
	}
}
