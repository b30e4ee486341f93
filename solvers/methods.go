package solvers

import (
	"errors"
	"fmt"
	"strings"
)

// ErrUnknownMethod is wrapped by the error of ByName.
var ErrUnknownMethod = errors.New("solvers: unknown method")

// Methods returns the built-in methods that take any right-hand side: fixed-step ones by rising order, then pairs with an
// error estimate, reversible methods, and those for stiff problems.
func Methods() []Method {
	return []Method{
		Euler, Midpoint, Heun, Ralston, SSPRK3, RK4, ThreeEighths,
		BogackiShampine32, Fehlberg45, BogackiShampine54, CashKarp54, DormandPrince54, Tsit5,
		Verner65, Verner76, Verner87, Verner98, DOP853,
		AsynchronousLeapfrog, ReversibleHeun, RKC,
		Rosenbrock23, Rodas5P, Kvaerno3, Kvaerno4, Kvaerno5, KenCarp4, Radau5, BDF, Auto,
	}
}

// ByName returns the built-in method of that name. The error wraps ErrUnknownMethod, names the method that was
// probably meant and lists the others.
func ByName(name string) (Method, error) {
	var names []string
	best, distance := "", 4
	for _, m := range Methods() {
		if m.Name() == name {
			return m, nil
		}
		names = append(names, m.Name())
		if d := editDistance(strings.ToLower(name), m.Name()); d < distance {
			best, distance = m.Name(), d
		}
	}
	if other, ok := otherNames[strings.ToLower(name)]; ok {
		best = other
	}
	hint := ""
	if best != "" {
		hint = fmt.Sprintf("; did you mean %q?", best)
	}
	return nil, fmt.Errorf("%w %q%s (there are %s)", ErrUnknownMethod, name, hint, strings.Join(names, ", "))
}

// otherNames are what other programs call these methods.
var otherNames = map[string]string{
	"bosh5": "bs5", "fehlberg": "rkf45", "rkf": "rkf45", "fehlberg45": "rkf45", "rkck": "cashkarp", "cashkarp54": "cashkarp",
	"verner6": "vern6", "verner7": "vern7", "verner8": "vern8", "verner9": "vern9", "ode78": "vern8", "ode89": "vern9",
	"rk853": "dop853", "dop8": "dop853", "shuosher": "ssprk3", "threeeighths": "rk38", "kutta38": "rk38",
	"rk45": "dopri5", "ode45": "dopri5", "dp5": "dopri5", "dormandprince": "dopri5",
	"rk23": "bs3", "ode23": "bs3", "bosh3": "bs3", "bogackishampine": "bs3",
	"tsit54": "tsit5", "tsitouras": "tsit5", "rungekutta4": "rk4",
	"ode23s": "rosenbrock23", "ode15s": "bdf", "automatic": "auto", "lsoda": "auto", "ndf": "bdf", "radau": "radau5", "radauiia5": "radau5", "rodas": "rodas5p", "rodas5": "rodas5p", "rosenbrock": "rodas5p", "rosenbrock4": "rodas5p",
}

func editDistance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			d := diagonal
			if a[i] != b[j] {
				d++
			}
			diagonal = row[j+1]
			row[j+1] = min(d, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
