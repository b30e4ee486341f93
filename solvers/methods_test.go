package solvers

import (
	"errors"
	"slices"
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
	if slices.Sort(names); len(slices.Compact(names)) != len(Methods()) {
		t.Errorf("two methods share a name: %v", names)
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
