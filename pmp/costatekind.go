package pmp

import "fmt"

// CostateKind is a way to compute costates and gradients.
type CostateKind int

const (
	// Discrete is the exact costate of the discretized problem, from records of all stages.
	Discrete CostateKind = iota
	// Checkpointed is the same to the last bit, from states at some steps, the checkpoints, between which steps are taken
	// again: memory is bounded by Settings.KeepBytes, for one to a few more forward sweeps. Where the number of steps is known
	// the checkpoints are placed by the binomial schedule (Griewank & Walther, ACM Trans. Math. Softw. 26 (2000) 19–45); where
	// it is not, every 2ᵏ-th step is kept on the way forward and the schedule fills in on the way back. Only gradients come
	// out: maximizers need all points of a trajectory at once.
	Checkpointed
	// Symplectic keeps the states at all steps and takes every step again on the way back, one at a time (Matsubara, Miyatake &
	// Yaguchi, Symplectic adjoint method, NeurIPS 2021): checkpoints everywhere, so that memory for stages is that of one step. The discrete costate
	// is the symplectic partner of the method already (Sanz-Serna 2016): the gradient is the same to the last bit.
	Symplectic
	// Interpolated integrates the continuous costate equation backward, with steps of its own, along the dense output of the
	// forward sweep: the gradient of the exact problem up to the tolerance, not of the discretized one. It keeps the dense output,
	// and only gradients come out. The method must be first same as last with an extension of its own stages.
	Interpolated
	// Backsolve integrates the states backward along with the costate, from the end of each stretch between observations and
	// knots (Chen et al., Neural Ordinary Differential Equations, NeurIPS 2018): it keeps next to nothing, and is wrong where the dynamics
	// contract so strongly that the way back is unstable. Parameters are in no equation, so errors are measured on states and
	// costates alone (the seminorm of Kidger, Chen & Lyons, "Hey, that's not an ODE", ICML 2021).
	Backsolve
	// Reversible undoes the steps of a reversible method (alf, revheun) on the way back: the exact costate of its discrete problem
	// from the last state alone, and from those where a piecewise constant control jumps (Zhuang et al., MALI, ICLR 2021; Kidger et
	// al., NeurIPS 2021). States come back up to rounding, which unstable dynamics amplify. Steps are fixed, and only gradients come out.
	Reversible
)

var costateNames = [...]string{Discrete: "discrete", Checkpointed: "checkpointed", Symplectic: "symplectic", Interpolated: "interpolated", Backsolve: "backsolve", Reversible: "reversible"}

// String is the name in configuration files.
func (k CostateKind) String() string {
	if k < 0 || int(k) >= len(costateNames) {
		return fmt.Sprintf("CostateKind(%d)", int(k))
	}
	return costateNames[k]
}

// again says that steps are taken again on the way back.
func (k CostateKind) again() bool { return k == Checkpointed || k == Symplectic }

// ParseCostate returns the kind of that name.
func ParseCostate(name string) (CostateKind, error) {
	for k, n := range costateNames {
		if n == name {
			return CostateKind(k), nil
		}
	}
	return 0, fmt.Errorf("pmp: unknown costate %q: choose discrete, checkpointed, symplectic, interpolated, backsolve or reversible", name)
}
