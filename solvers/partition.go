package solvers

// Partition is a right-hand side in two halves, x = (q, p), neither of which moves itself:
//
//	q̇ = V(t, p),   ṗ = F(t, q),
//
// such as the equations of a separable Hamiltonian H = T(p) + U(q), with V = ∂T/∂p and F = −∂U/∂q, or q̈ = F(t, q).
type Partition struct {
	// Velocity stores V(t, p); nil means q̇ = p.
	Velocity Func
	// Force stores F(t, q).
	Force Func
}

// Func is the whole right-hand side, for methods that know nothing of halves.
func (p Partition) Func() Func {
	return func(dx []float64, t float64, x []float64) {
		d := len(x) / 2
		p.velocity(dx[:d], t, x[d:])
		p.Force(dx[d:], t, x[:d])
	}
}

func (p *Partition) velocity(dq []float64, t float64, momentum []float64) {
	if p.Velocity == nil {
		copy(dq, momentum)
		return
	}
	p.Velocity(dq, t, momentum)
}

// Partitioned is implemented by Steppers that make use of halves.
type Partitioned interface {
	Stepper
	// SetPartition gives the halves of the right-hand side, from the next Begin on. Without them the whole
	// right-hand side is evaluated for each, which costs more and asks of the user that it has such halves.
	SetPartition(p Partition)
}
