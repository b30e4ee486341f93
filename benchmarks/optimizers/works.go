package main

import "slices"

// work is a problem with the loss that all optimizers have to reach.
type work struct {
	name, title string
	config      string
	overrides   []string
	target      float64
	seconds     float64 // a run that takes longer has failed
	every       int     // mini-batches: iterations between measurements of the loss on all samples, which cost no time; 0: full batches
	digits      bool    // needs the MNIST files
	entries     []entry
}

// entry is an optimizer with its settings; each list of rates is tuned.
type entry struct {
	name      string
	pmp       bool
	overrides []string
	tune      [][]string
}

func settings(key string, values ...string) [][]string {
	var out [][]string
	for _, v := range values {
		out = append(out, []string{"optimizer." + key + "=" + v})
	}
	return out
}

// pairs are all combinations.
func pairs(a, b [][]string) [][]string {
	var out [][]string
	for _, s := range a {
		for _, t := range b {
			out = append(out, slices.Concat(s, t))
		}
	}
	return out
}

func emsa(overrides ...string) entry {
	return entry{name: "E-MSA", pmp: true, overrides: append([]string{"optimizer.kind=emsa"}, overrides...), tune: settings("inner_iterations", "1", "2", "4")}
}

var (
	gaussNewton = entry{name: "Gauss–Newton", pmp: true, overrides: []string{"optimizer.kind=gauss-newton"}, tune: settings("products", "10", "50")}
	secant      = entry{name: "secant MSA", pmp: true, overrides: []string{"optimizer.kind=secant-msa"}, tune: pairs(settings("damping", "0.1", "1"), settings("memory", "10", "20"))}
	sqh         = entry{name: "SQH", pmp: true, overrides: []string{"optimizer.kind=sqh"}}
	batch       = entry{name: "batch PMP", pmp: true, overrides: []string{"optimizer.kind=batch-pmp"}, tune: settings("average", "0", "0.9")}
	adam        = entry{name: "Adam", overrides: []string{"optimizer.kind=adam"}, tune: settings("learning_rate", "0.001", "0.003", "0.01", "0.03", "0.1")}
	rmsprop     = entry{name: "RMSprop", overrides: []string{"optimizer.kind=rmsprop"}, tune: settings("learning_rate", "0.0003", "0.001", "0.003", "0.01", "0.03")}
	lbfgs       = entry{name: "L-BFGS", overrides: []string{"optimizer.kind=lbfgs"}, tune: settings("memory", "5", "10", "20")}
)

func all(e entry) []entry { return []entry{secant, e, gaussNewton, sqh, batch, adam, rmsprop, lbfgs} }

var works = []work{
	{name: "spiral", title: "spiral, 198 windows of 10 points", config: "spiral", target: 1e-7, seconds: 8, entries: all(emsa())},
	{name: "moons", title: "two moons, 4 nodes in time", config: "moons", target: 0.001, seconds: 8, entries: all(emsa())},
	{name: "sine-zero", title: "sine toy, weights start at zero", config: "emsa_sine", target: 0.03, seconds: 8, entries: all(emsa())},
	{name: "sine-uniform", title: "sine toy, weights start in ±0.1", config: "emsa_sine", overrides: []string{"field.init=uniform", "field.init_scale=0.1"},
		target: 0.01, seconds: 8, entries: all(emsa("optimizer.rho=0"))},
	{name: "lotka-volterra", title: "Lotka–Volterra without noise", config: "lotka_volterra", overrides: []string{"data.noise=0"}, target: 1e-5, seconds: 8, entries: all(emsa())},
	{name: "digits", title: "digits of MNIST, a flow of 32 states between trained maps, batches of 128", config: "mnist_ode",
		overrides: []string{"field.states=32", "field.hidden=32", "data.shift=0", "optimizer.schedule=constant"}, target: 0.1, seconds: 30, every: 200, digits: true,
		entries: []entry{batch, adam, rmsprop}},
}

func workNames() []string {
	var out []string
	for _, w := range works {
		out = append(out, w.name)
	}
	return out
}
