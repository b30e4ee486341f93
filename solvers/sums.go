package solvers

// maxTerms is the largest number of terms that the sums below take in one pass.
const maxTerms = 7

// addTo stores x + h Σ a_j k_j in dst. The vectors are read once for up to seven terms.
func (s *sum) addTo(dst, x []float64, h float64) {
	if uint(len(s.k)-1) < maxTerms {
		axpys(dst, x, h, s)
		return
	}
	s.addLong(dst, x, h)
}

func (s *sum) addLong(dst, x []float64, h float64) {
	copy(dst, x)
	for rest := *s; len(rest.k) > 0; {
		m := min(len(rest.k), maxTerms)
		axpys(dst, dst, h, &sum{rest.a[:m], rest.k[:m]})
		rest = sum{rest.a[m:], rest.k[m:]}
	}
}

// scaleTo stores h Σ a_j k_j in dst.
func (s *sum) scaleTo(dst []float64, h float64) {
	if uint(len(s.k)-1) < maxTerms {
		scales(dst, h, s)
		return
	}
	clear(dst)
	s.addLong(dst, dst, h)
}

// axpys stores x + h Σ a_j k_j in dst for one to seven terms. Unrolled by number of terms: one pass through
// memory for each sum, and no inner loop over terms, which for few unknowns would cost more than the sums.
func axpys(dst, x []float64, h float64, s *sum) {
	a, k, n := s.a, s.k, len(dst)
	x = x[:n]
	switch len(k) {
	case 1:
		a = a[:1]
		k0, a0 := k[0][:n], h*a[0]
		for i := range dst {
			dst[i] = x[i] + a0*k0[i]
		}
	case 2:
		a = a[:2]
		k0, k1 := k[0][:n], k[1][:n]
		a0, a1 := h*a[0], h*a[1]
		for i := range dst {
			dst[i] = x[i] + (a0*k0[i] + a1*k1[i])
		}
	case 3:
		a = a[:3]
		k0, k1, k2 := k[0][:n], k[1][:n], k[2][:n]
		a0, a1, a2 := h*a[0], h*a[1], h*a[2]
		for i := range dst {
			dst[i] = x[i] + ((a0*k0[i] + a1*k1[i]) + a2*k2[i])
		}
	case 4:
		a = a[:4]
		k0, k1, k2, k3 := k[0][:n], k[1][:n], k[2][:n], k[3][:n]
		a0, a1, a2, a3 := h*a[0], h*a[1], h*a[2], h*a[3]
		for i := range dst {
			dst[i] = x[i] + ((a0*k0[i] + a1*k1[i]) + (a2*k2[i] + a3*k3[i]))
		}
	case 5:
		a = a[:5]
		k0, k1, k2, k3, k4 := k[0][:n], k[1][:n], k[2][:n], k[3][:n], k[4][:n]
		a0, a1, a2, a3, a4 := h*a[0], h*a[1], h*a[2], h*a[3], h*a[4]
		for i := range dst {
			dst[i] = x[i] + ((a0*k0[i] + a1*k1[i]) + (a2*k2[i] + a3*k3[i]) + a4*k4[i])
		}
	case 6:
		a = a[:6]
		k0, k1, k2, k3, k4, k5 := k[0][:n], k[1][:n], k[2][:n], k[3][:n], k[4][:n], k[5][:n]
		a0, a1, a2, a3, a4, a5 := h*a[0], h*a[1], h*a[2], h*a[3], h*a[4], h*a[5]
		for i := range dst {
			dst[i] = x[i] + ((a0*k0[i] + a1*k1[i]) + (a2*k2[i] + a3*k3[i]) + (a4*k4[i] + a5*k5[i]))
		}
	case 7:
		a = a[:7]
		k0, k1, k2, k3, k4, k5, k6 := k[0][:n], k[1][:n], k[2][:n], k[3][:n], k[4][:n], k[5][:n], k[6][:n]
		a0, a1, a2, a3, a4, a5, a6 := h*a[0], h*a[1], h*a[2], h*a[3], h*a[4], h*a[5], h*a[6]
		for i := range dst {
			dst[i] = x[i] + ((a0*k0[i] + a1*k1[i]) + (a2*k2[i] + a3*k3[i]) + (a4*k4[i] + a5*k5[i]) + a6*k6[i])
		}
	}
}

// scales is axpys without x.
func scales(dst []float64, h float64, s *sum) {
	a, k, n := s.a, s.k, len(dst)
	switch len(k) {
	case 1:
		a = a[:1]
		k0, a0 := k[0][:n], h*a[0]
		for i := range dst {
			dst[i] = a0 * k0[i]
		}
	case 2:
		a = a[:2]
		k0, k1 := k[0][:n], k[1][:n]
		a0, a1 := h*a[0], h*a[1]
		for i := range dst {
			dst[i] = a0*k0[i] + a1*k1[i]
		}
	case 3:
		a = a[:3]
		k0, k1, k2 := k[0][:n], k[1][:n], k[2][:n]
		a0, a1, a2 := h*a[0], h*a[1], h*a[2]
		for i := range dst {
			dst[i] = (a0*k0[i] + a1*k1[i]) + a2*k2[i]
		}
	case 4:
		a = a[:4]
		k0, k1, k2, k3 := k[0][:n], k[1][:n], k[2][:n], k[3][:n]
		a0, a1, a2, a3 := h*a[0], h*a[1], h*a[2], h*a[3]
		for i := range dst {
			dst[i] = (a0*k0[i] + a1*k1[i]) + (a2*k2[i] + a3*k3[i])
		}
	case 5:
		a = a[:5]
		k0, k1, k2, k3, k4 := k[0][:n], k[1][:n], k[2][:n], k[3][:n], k[4][:n]
		a0, a1, a2, a3, a4 := h*a[0], h*a[1], h*a[2], h*a[3], h*a[4]
		for i := range dst {
			dst[i] = (a0*k0[i] + a1*k1[i]) + (a2*k2[i] + a3*k3[i]) + a4*k4[i]
		}
	case 6:
		a = a[:6]
		k0, k1, k2, k3, k4, k5 := k[0][:n], k[1][:n], k[2][:n], k[3][:n], k[4][:n], k[5][:n]
		a0, a1, a2, a3, a4, a5 := h*a[0], h*a[1], h*a[2], h*a[3], h*a[4], h*a[5]
		for i := range dst {
			dst[i] = (a0*k0[i] + a1*k1[i]) + (a2*k2[i] + a3*k3[i]) + (a4*k4[i] + a5*k5[i])
		}
	case 7:
		a = a[:7]
		k0, k1, k2, k3, k4, k5, k6 := k[0][:n], k[1][:n], k[2][:n], k[3][:n], k[4][:n], k[5][:n], k[6][:n]
		a0, a1, a2, a3, a4, a5, a6 := h*a[0], h*a[1], h*a[2], h*a[3], h*a[4], h*a[5], h*a[6]
		for i := range dst {
			dst[i] = (a0*k0[i] + a1*k1[i]) + (a2*k2[i] + a3*k3[i]) + (a4*k4[i] + a5*k5[i]) + a6*k6[i]
		}
	}
}
