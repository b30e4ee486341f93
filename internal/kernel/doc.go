// Package kernel holds every float64 inner loop of the project in one place: products of weight matrices with
// batches, their transposes and gradients, activations with derivatives, and the weighted sum of outer products that
// Gauss–Newton methods need.
//
// A batch is stored batch last: entry i of sample s of n samples is x[i*n+s], so that inner loops run along the
// batch. Each element of a result is summed in one fixed order: the same input gives the same bits, and a sample's
// result does not depend on the batch that it sits in. Routines do not check for overlap: a destination may overlap
// a source only where its comment says so.
package kernel
