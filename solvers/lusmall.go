package solvers

// Solutions with a few unknowns, for the factors of luFactor: unknowns in registers, because a sum that goes through
// memory waits twice as long for the one before.

func solve2(w *[4]float64, b *[2]float64) {
	b0, b1 := b[0], b[1]
	b1 -= w[1] * b0
	b0 *= w[0]
	b1 *= w[3]
	b0 -= w[2] * b1
	b[0], b[1] = b0, b1
}

func solve3(w *[9]float64, b *[3]float64) {
	b0, b1, b2 := b[0], b[1], b[2]
	b1 -= w[1] * b0
	b2 -= w[2] * b0
	b2 -= w[5] * b1
	b0 *= w[0]
	b1 *= w[4]
	b2 *= w[8]
	b1 -= w[7] * b2
	b0 -= w[6] * b2
	b0 -= w[3] * b1
	b[0], b[1], b[2] = b0, b1, b2
}

func solve4(w *[16]float64, b *[4]float64) {
	b0, b1, b2, b3 := b[0], b[1], b[2], b[3]
	b1 -= w[1] * b0
	b2 -= w[2] * b0
	b3 -= w[3] * b0
	b2 -= w[6] * b1
	b3 -= w[7] * b1
	b3 -= w[11] * b2
	b0 *= w[0]
	b1 *= w[5]
	b2 *= w[10]
	b3 *= w[15]
	b2 -= w[14] * b3
	b1 -= w[13] * b3
	b0 -= w[12] * b3
	b1 -= w[9] * b2
	b0 -= w[8] * b2
	b0 -= w[4] * b1
	b[0], b[1], b[2], b[3] = b0, b1, b2, b3
}

func solve8(w *[64]float64, b *[8]float64) {
	b0, b1, b2, b3, b4, b5, b6, b7 := b[0], b[1], b[2], b[3], b[4], b[5], b[6], b[7]
	b1 -= w[1] * b0
	b2 -= w[2] * b0
	b3 -= w[3] * b0
	b4 -= w[4] * b0
	b5 -= w[5] * b0
	b6 -= w[6] * b0
	b7 -= w[7] * b0
	b2 -= w[10] * b1
	b3 -= w[11] * b1
	b4 -= w[12] * b1
	b5 -= w[13] * b1
	b6 -= w[14] * b1
	b7 -= w[15] * b1
	b3 -= w[19] * b2
	b4 -= w[20] * b2
	b5 -= w[21] * b2
	b6 -= w[22] * b2
	b7 -= w[23] * b2
	b4 -= w[28] * b3
	b5 -= w[29] * b3
	b6 -= w[30] * b3
	b7 -= w[31] * b3
	b5 -= w[37] * b4
	b6 -= w[38] * b4
	b7 -= w[39] * b4
	b6 -= w[46] * b5
	b7 -= w[47] * b5
	b7 -= w[55] * b6
	b0 *= w[0]
	b1 *= w[9]
	b2 *= w[18]
	b3 *= w[27]
	b4 *= w[36]
	b5 *= w[45]
	b6 *= w[54]
	b7 *= w[63]
	b6 -= w[62] * b7
	b5 -= w[61] * b7
	b4 -= w[60] * b7
	b3 -= w[59] * b7
	b2 -= w[58] * b7
	b1 -= w[57] * b7
	b0 -= w[56] * b7
	b5 -= w[53] * b6
	b4 -= w[52] * b6
	b3 -= w[51] * b6
	b2 -= w[50] * b6
	b1 -= w[49] * b6
	b0 -= w[48] * b6
	b4 -= w[44] * b5
	b3 -= w[43] * b5
	b2 -= w[42] * b5
	b1 -= w[41] * b5
	b0 -= w[40] * b5
	b3 -= w[35] * b4
	b2 -= w[34] * b4
	b1 -= w[33] * b4
	b0 -= w[32] * b4
	b2 -= w[26] * b3
	b1 -= w[25] * b3
	b0 -= w[24] * b3
	b1 -= w[17] * b2
	b0 -= w[16] * b2
	b0 -= w[8] * b1
	b[0], b[1], b[2], b[3], b[4], b[5], b[6], b[7] = b0, b1, b2, b3, b4, b5, b6, b7
}
