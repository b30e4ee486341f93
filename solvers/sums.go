package solvers

// maxTerms is the largest number of terms that the sums below take in one pass.
const maxTerms = 7

// addTo stores x + h Σ a_j k_j in dst. The vectors are read once for up to seven terms.
func (s *sum) addTo(dst, x []float64, h float64) {
	a, k := s.a, s.k
	if len(k) == 0 {
		copy(dst, x)
		return
	}
	for len(k) > maxTerms {
		axpys(dst, x, h, a[:maxTerms], k[:maxTerms])
		a, k, x = a[maxTerms:], k[maxTerms:], dst
	}
	axpys(dst, x, h, a, k)
}

// scaleTo stores h Σ a_j k_j in dst.
func (s *sum) scaleTo(dst []float64, h float64) {
	a, k := s.a, s.k
	if len(k) == 0 {
		clear(dst)
		return
	}
	first := min(len(k), maxTerms)
	scales(dst, h, a[:first], k[:first])
	for a, k = a[first:], k[first:]; len(k) > 0; a, k = a[first:], k[first:] {
		first = min(len(k), maxTerms)
		axpys(dst, dst, h, a[:first], k[:first])
	}
}

// axpys stores x + h Σ a_j k_j in dst for one to seven terms. Unrolled by number of terms: one pass through
// memory for each sum, and no inner loop over terms, which for few unknowns would cost more than the sums.
func axpys(dst, x []float64, h float64, a []float64, k [][]float64) {
	n := len(dst)
	x = x[:n]
	switch len(k) {
	case 1:
		k0, a0 := k[0][:n], h*a[0]
		for i := range dst {
			dst[i] = x[i] + a0*k0[i]
		}
	case 2:
		k0, k1 := k[0][:n], k[1][:n]
		a0, a1 := h*a[0], h*a[1]
		for i := range dst {
			dst[i] = x[i] + (a0*k0[i] + a1*k1[i])
		}
	case 3:
		k0, k1, k2 := k[0][:n], k[1][:n], k[2][:n]
		a0, a1, a2 := h*a[0], h*a[1], h*a[2]
		for i := range dst {
			dst[i] = x[i] + ((a0*k0[i] + a1*k1[i]) + a2*k2[i])
		}
	case 4:
		k0, k1, k2, k3 := k[0][:n], k[1][:n], k[2][:n], k[3][:n]
		a0, a1, a2, a3 := h*a[0], h*a[1], h*a[2], h*a[3]
		for i := range dst {
			dst[i] = x[i] + ((a0*k0[i] + a1*k1[i]) + (a2*k2[i] + a3*k3[i]))
		}
	case 5:
		k0, k1, k2, k3, k4 := k[0][:n], k[1][:n], k[2][:n], k[3][:n], k[4][:n]
		a0, a1, a2, a3, a4 := h*a[0], h*a[1], h*a[2], h*a[3], h*a[4]
		for i := range dst {
			dst[i] = x[i] + ((a0*k0[i] + a1*k1[i]) + (a2*k2[i] + a3*k3[i]) + a4*k4[i])
		}
	case 6:
		k0, k1, k2, k3, k4, k5 := k[0][:n], k[1][:n], k[2][:n], k[3][:n], k[4][:n], k[5][:n]
		a0, a1, a2, a3, a4, a5 := h*a[0], h*a[1], h*a[2], h*a[3], h*a[4], h*a[5]
		for i := range dst {
			dst[i] = x[i] + ((a0*k0[i] + a1*k1[i]) + (a2*k2[i] + a3*k3[i]) + (a4*k4[i] + a5*k5[i]))
		}
	case 7:
		k0, k1, k2, k3, k4, k5, k6 := k[0][:n], k[1][:n], k[2][:n], k[3][:n], k[4][:n], k[5][:n], k[6][:n]
		a0, a1, a2, a3, a4, a5, a6 := h*a[0], h*a[1], h*a[2], h*a[3], h*a[4], h*a[5], h*a[6]
		for i := range dst {
			dst[i] = x[i] + ((a0*k0[i] + a1*k1[i]) + (a2*k2[i] + a3*k3[i]) + (a4*k4[i] + a5*k5[i]) + a6*k6[i])
		}
	}
}

// scales is axpys without x.
func scales(dst []float64, h float64, a []float64, k [][]float64) {
	n := len(dst)
	switch len(k) {
	case 1:
		k0, a0 := k[0][:n], h*a[0]
		for i := range dst {
			dst[i] = a0 * k0[i]
		}
	case 2:
		k0, k1 := k[0][:n], k[1][:n]
		a0, a1 := h*a[0], h*a[1]
		for i := range dst {
			dst[i] = a0*k0[i] + a1*k1[i]
		}
	case 3:
		k0, k1, k2 := k[0][:n], k[1][:n], k[2][:n]
		a0, a1, a2 := h*a[0], h*a[1], h*a[2]
		for i := range dst {
			dst[i] = (a0*k0[i] + a1*k1[i]) + a2*k2[i]
		}
	case 4:
		k0, k1, k2, k3 := k[0][:n], k[1][:n], k[2][:n], k[3][:n]
		a0, a1, a2, a3 := h*a[0], h*a[1], h*a[2], h*a[3]
		for i := range dst {
			dst[i] = (a0*k0[i] + a1*k1[i]) + (a2*k2[i] + a3*k3[i])
		}
	case 5:
		k0, k1, k2, k3, k4 := k[0][:n], k[1][:n], k[2][:n], k[3][:n], k[4][:n]
		a0, a1, a2, a3, a4 := h*a[0], h*a[1], h*a[2], h*a[3], h*a[4]
		for i := range dst {
			dst[i] = (a0*k0[i] + a1*k1[i]) + (a2*k2[i] + a3*k3[i]) + a4*k4[i]
		}
	case 6:
		k0, k1, k2, k3, k4, k5 := k[0][:n], k[1][:n], k[2][:n], k[3][:n], k[4][:n], k[5][:n]
		a0, a1, a2, a3, a4, a5 := h*a[0], h*a[1], h*a[2], h*a[3], h*a[4], h*a[5]
		for i := range dst {
			dst[i] = (a0*k0[i] + a1*k1[i]) + (a2*k2[i] + a3*k3[i]) + (a4*k4[i] + a5*k5[i])
		}
	case 7:
		k0, k1, k2, k3, k4, k5, k6 := k[0][:n], k[1][:n], k[2][:n], k[3][:n], k[4][:n], k[5][:n], k[6][:n]
		a0, a1, a2, a3, a4, a5, a6 := h*a[0], h*a[1], h*a[2], h*a[3], h*a[4], h*a[5], h*a[6]
		for i := range dst {
			dst[i] = (a0*k0[i] + a1*k1[i]) + (a2*k2[i] + a3*k3[i]) + (a4*k4[i] + a5*k5[i]) + a6*k6[i]
		}
	}
}
