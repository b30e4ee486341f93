package pmp_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/costate-go/costate/ode"
	"github.com/costate-go/costate/pmp"
	"github.com/costate-go/costate/solvers"
)

// Methods that are no explicit tableaux have no discrete costate here, and that is what the error says.
func TestSweeperRefusesOtherMethods(t *testing.T) {
	p, _ := network(t, pmp.Constant, 3, 1)
	for _, m := range solvers.Methods() {
		_, explicit := m.(solvers.Tableaued)
		_, err := pmp.NewSweeper(p, pmp.Settings{Steps: 1, Solver: ode.Settings{Method: m}})
		if explicit && err != nil {
			t.Errorf("%s: %v", m.Name(), err)
		}
		if !explicit && (!errors.Is(err, pmp.ErrProblem) || !strings.Contains(err.Error(), m.Name())) {
			t.Errorf("%s is not refused by name: %v", m.Name(), err)
		}
	}
}
