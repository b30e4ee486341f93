// Package kernel holds every inner loop of the project in one place: products of weight matrices with batches, their
// transposes and gradients, activations with derivatives, in float64 and float32; the weighted sums of outer products that
// Gauss–Newton methods need and the linear combinations and error norms of Runge–Kutta methods, in float64.
//
// A batch is stored batch last: entry i of sample s of n samples is x[i*n+s], so that inner loops run along the
// batch. Each element of a result is summed in one fixed order: the same input gives the same bits, and a sample's
// result does not depend on the batch that it sits in. Routines do not check for overlap: a destination may overlap
// a source only where its comment says so.
//
// On amd64 the loops are assembly (z*.s, written by the module in gen), for AVX-512 and for AVX2 with FMA, whichever
// the processor has. Both do the same operations in the same order, eight or sixteen partial sums where they sum along vectors,
// and give the same bits. Elsewhere, on older processors, and with the build tag noasm the loops are their twins in Go
// (*go.go), whose sums and transcendental functions differ in the last places; what has neither gives the same bits.
//
// Generic functions choose by the size of their numbers, which every instance knows when it is compiled. Softplus, sine and GELU of
// float32 are computed in float64 and rounded; tanh, the logistic function, exp and all products are float32 throughout.
package kernel
