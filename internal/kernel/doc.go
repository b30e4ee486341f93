// Package kernel holds every float64 inner loop of the project in one place: products of weight matrices with
// batches, their transposes and gradients, activations with derivatives, and the weighted sum of outer products that
// Gauss–Newton methods need.
//
// A batch is stored batch last: entry i of sample s of n samples is x[i*n+s], so that inner loops run along the
// batch. Each element of a result is summed in one fixed order: the same input gives the same bits, and a sample's
// result does not depend on the batch that it sits in. Routines do not check for overlap: a destination may overlap
// a source only where its comment says so.
//
// On amd64 the loops are assembly (z*.s, written by the module in gen), for AVX-512 and for AVX2 with FMA, whichever
// the processor has. Both do the same operations in the same order, eight partial sums where they sum along vectors,
// and give the same bits. Elsewhere, on older processors, and with the build tag noasm the loops are their twins in Go
// (*go.go), whose sums, tanh and logistic function differ in the last places; what has no sums gives the same bits.
package kernel
