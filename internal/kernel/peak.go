package kernel

// Peak does n rounds of independent fused multiply-adds in registers and returns how many floating-point operations these were:
// what the processor could do at best, for benchmarks to compare with. It is zero where there is no assembly.
func Peak[T Float](n int) (flop int) { return peak[T](n) }
