package solvers

import (
	"errors"
	"strings"
	"testing"
)

func TestByName(t *testing.T) {
	var names []string
	for _, m := range Methods() {
		names = append(names, m.Name())
		if got, err := ByName(m.Name()); err != nil || got != m {
			t.Errorf("ByName(%q) = %v, %v", m.Name(), got, err)
		}
	}
	if got := strings.Join(names, " "); got != "euler midpoint heun ralston ssprk3 rk4 rk38 bs3 rkf45 bs5 cashkarp dopri5 tsit5 vern6 vern7 vern8 vern9 dop853 rosenbrock23 rodas5p kvaerno3 kvaerno4 kvaerno5 kencarp4" {
		t.Errorf("methods are %s", got)
	}
	for name, want := range map[string]string{"tsit": "tsit5", "Tsit5": "tsit5", "ode45": "dopri5", "dorpi5": "dopri5", "rk45": "dopri5", "midpont": "midpoint"} {
		_, err := ByName(name)
		if !errors.Is(err, ErrUnknownMethod) || !strings.Contains(err.Error(), `did you mean "`+want+`"`) {
			t.Errorf("ByName(%q): %v", name, err)
		}
	}
	if _, err := ByName("implicit-something"); err == nil || strings.Contains(err.Error(), "did you mean") {
		t.Errorf("a far name got a hint: %v", err)
	}
}
