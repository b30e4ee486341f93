//go:build !amd64 || noasm

package kernel

// Without assembly every routine is its twin in Go.

func axpy(y []float64, a float64, x []float64)        { axpyGo(y, a, x) }
func axpyTo(dst, y []float64, a float64, x []float64) { axpyToGo(dst, y, a, x) }
func scaleTo(dst []float64, a float64, x []float64)   { scaleToGo(dst, a, x) }
func add(y, x []float64)                              { addGo(y, x) }
func mulTo(dst, x, y []float64)                       { mulToGo(dst, x, y) }
func mulAdd(y, a, x []float64)                        { mulAddGo(y, a, x) }
func cube(dst, x []float64)                           { cubeGo(dst, x) }
func mulCubeD(y, x []float64)                         { mulCubeDGo(y, x) }
func tanhD(d, h []float64)                            { tanhDGo(d, h) }
func mulTanhD(y, h []float64)                         { mulTanhDGo(y, h) }
func sigmoidD(d, h []float64)                         { sigmoidDGo(d, h) }
func mulSigmoidD(y, h []float64)                      { mulSigmoidDGo(y, h) }
func relu(dst, x []float64)                           { reluGo(dst, x) }
func reluD(d, h []float64)                            { reluDGo(d, h) }
func mulReluD(y, h []float64)                         { mulReluDGo(y, h) }
func dot(x, y []float64) float64                      { return dotGo(x, y) }
func sum(x []float64) float64                         { return sumGo(x) }

func tanh(dst, x []float64)    { tanhGo(dst, x) }
func sigmoid(dst, x []float64) { sigmoidGo(dst, x) }

func gemm(y, w, _, bias, x []float64, _, m, k, n int, acc bool, act Activation, d []float64) {
	gemmGo(y, w, bias, x, m, k, n, acc, act, d)
}

func addOuter(g, delta, x []float64, out, in, n int) { addOuterGo(g, delta, x, out, in, n) }
func addRowSums(g, delta []float64, n int)           { addRowSumsGo(g, delta, n) }
func syrk(g []float64, p int, jac, w []float64)      { syrkGo(g, p, jac, w) }
