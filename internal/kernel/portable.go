//go:build !amd64 || noasm

package kernel

// Without assembly every routine is its twin in Go.

func axpy[T Float](y []T, a T, x []T)        { axpyGo(y, a, x) }
func axpyTo[T Float](dst, y []T, a T, x []T) { axpyToGo(dst, y, a, x) }
func scaleTo[T Float](dst []T, a T, x []T)   { scaleToGo(dst, a, x) }
func add[T Float](y, x []T)                  { addGo(y, x) }
func mulTo[T Float](dst, x, y []T)           { mulToGo(dst, x, y) }
func mulAdd[T Float](y, a, x []T)            { mulAddGo(y, a, x) }
func cube[T Float](dst, x []T)               { cubeGo(dst, x) }
func mulCubeD[T Float](y, x []T)             { mulCubeDGo(y, x) }
func tanhD[T Float](d, h []T)                { tanhDGo(d, h) }
func mulTanhD[T Float](y, h []T)             { mulTanhDGo(y, h) }
func sigmoidD[T Float](d, h []T)             { sigmoidDGo(d, h) }
func mulSigmoidD[T Float](y, h []T)          { mulSigmoidDGo(y, h) }
func relu[T Float](dst, x []T)               { reluGo(dst, x) }
func reluD[T Float](d, h []T)                { reluDGo(d, h) }
func mulReluD[T Float](y, h []T)             { mulReluDGo(y, h) }
func dot[T Float](x, y []T) T                { return dotGo(x, y) }
func sum[T Float](x []T) T                   { return sumGo(x) }

func tanh[T Float](dst, x []T)      { tanhGo(dst, x) }
func sigmoid[T Float](dst, x []T)   { sigmoidGo(dst, x) }
func exp[T Float](dst, x []T)       { expGo(dst, x) }
func log[T Float](dst, x []T)       { logGo(dst, x) }
func softplus[T Float](h, d, z []T) { softplusGo(h, d, z) }
func sine[T Float](h, d, z []T)     { sineGo(h, d, z) }
func gelu[T Float](h, d, z []T)     { geluGo(h, d, z) }

func narrow(dst []float32, x []float64)   { narrowGo(dst, x) }
func widen(dst []float64, x []float32)    { widenGo(dst, x) }
func addWiden(dst []float64, x []float32) { addWidenGo(dst, x) }

func combine(dst, x, a []float64, k [][]float64) { combineGo(dst, x, a, k) }
func sumErrorSquares(err, x, next []float64, rtol, atol float64) float64 {
	return sumErrorSquaresGo(err, x, next, rtol, atol)
}
func addErrorSquares(sum, err, x, next []float64, rtol, atol float64) {
	addErrorSquaresGo(sum, err, x, next, rtol, atol)
}

func gemm[T Float](y, w, _, bias, x []T, _, m, k, n int, acc bool, act Activation, d []T) {
	gemmGo(y, w, bias, x, m, k, n, acc, act, d)
}

func addOuter[T Float](g, delta, x []T, out, in, n int) { addOuterGo(g, delta, x, out, in, n) }
func addRowSums[T Float](g, delta []T, n int)           { addRowSumsGo(g, delta, n) }
func syrk(g []float64, p int, jac, w []float64)         { syrkGo(g, p, jac, w) }

func transpose[T Float](dst, x []T, m, n int) { transposeGo(dst, x, m, n) }

func peak[T Float](int) (flop int) { return 0 }
