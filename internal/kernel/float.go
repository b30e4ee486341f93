package kernel

// Float is a type of numbers that the loops work on.
type Float interface{ float32 | float64 }

// Narrow computes dst[i] = x[i], rounded.
func Narrow(dst []float32, x []float64) {
	x = x[:len(dst)]
	narrow(dst, x)
}

// Widen computes dst[i] = x[i].
func Widen(dst []float64, x []float32) {
	x = x[:len(dst)]
	widen(dst, x)
}

// AddWiden computes dst[i] += x[i].
func AddWiden(dst []float64, x []float32) {
	x = x[:len(dst)]
	addWiden(dst, x)
}

func narrowGo(dst []float32, x []float64) {
	x = x[:len(dst)]
	for i, v := range x {
		dst[i] = float32(v)
	}
}

func widenGo(dst []float64, x []float32) {
	x = x[:len(dst)]
	for i, v := range x {
		dst[i] = float64(v)
	}
}

func addWidenGo(dst []float64, x []float32) {
	x = x[:len(dst)]
	for i, v := range x {
		dst[i] += float64(v)
	}
}
