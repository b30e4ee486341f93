package config

import (
	"regexp"
	"slices"

	"github.com/costate-go/costate/experiments/systems"
)

var namePattern = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$`)

// Sections gives the sections in the order of the file with their one-line meaning.
var sections = []struct{ name, doc string }{
	{"", ""},
	{"data", "where the numbers come from and how they are cut into samples"},
	{"problem", "a classical optimal control problem by name"},
	{"field", "the vector field f(t, x, θ)"},
	{"density", "likelihood and regularization of a continuous normalizing flow"},
	{"policy", "a plant that a network brings to rest, from random initial states"},
	{"control", "θ as a function of time, its bounds and its price"},
	{"solver", "integration of state and costate"},
	{"costate", "how the costate is computed"},
	{"optimizer", "how the control is updated"},
	{"train", "how long, on what, and when to save"},
	{"report", "figures and files"},
}

func checkName(v any) string {
	if !namePattern.MatchString(v.(string)) {
		return "must be 1 to 64 letters, digits, '.', '_' or '-', beginning with a letter or digit: it names the run directory"
	}
	return ""
}

func checkMemory(v any) string {
	if _, err := Bytes(v.(string)); err != nil {
		return err.Error()
	}
	return ""
}

func checkHidden(v any) string {
	h := v.([]int)
	if len(h) > 32 {
		return "more than 32 hidden layers"
	}
	for _, n := range h {
		if n < 1 || n > 1<<16 {
			return "hidden sizes must be in [1, 65536]"
		}
	}
	return ""
}

func checkLevels(v any) string {
	if len(v.([]float64)) < 2 {
		return "a finite set needs two levels or more"
	}
	return ""
}

func checkShape(v any) string {
	s := v.([]int)
	if len(s) != 3 || slices.Min(s) < 1 || slices.Max(s) > 1<<12 {
		return "want channels, height and width, each in [1, 4096]"
	}
	return ""
}

func checkFormats(v any) string {
	for _, f := range v.([]string) {
		if f != "svg" && f != "png" {
			return "unknown format \"" + f + "\"; choose from svg, png"
		}
	}
	return ""
}

// The names that files may use; the same lists serve `costate list`.
var (
	Activations = []string{"tanh", "softplus", "sigmoid", "relu", "sine", "gelu"}
	Problems    = []string{"bryson_denham", "catalyst_mixing", "double_integrator_bounded", "double_integrator_energy", "double_integrator_fuel", "energy_distance", "minimum_time", "rayleigh", "scalar_lqr", "turnpike", "van_der_pol", "van_der_pol_bounded"}
	Costates    = []string{"discrete", "checkpointed", "symplectic", "interpolated", "backsolve", "reversible"}
	Methods     = []string{"euler", "midpoint", "heun", "ralston", "ssprk3", "rk4", "rk38", "bs3", "rkf45", "bs5", "cashkarp", "dopri5", "tsit5", "vern6", "vern7", "vern8", "vern9", "dop853", "alf", "revheun", "kvaerno3", "kvaerno4", "kvaerno5", "kencarp4", "rosenbrock23", "rodas5p"}
	// ODEMethods have no discrete costate and serve package ode alone.
	ODEMethods = []string{"leapfrog", "yoshida4", "yoshida6", "kahanli8", "rkc", "radau5", "bdf", "auto"}
)

// tableOf is the one description of the file, with destinations in c.
func tableOf(c *Config) *table {
	t := new(table)
	k := t.add

	k("name", &c.Name, "spiral", "names the run directory", checked(checkName))
	k("seed", &c.Seed, uint64(1), "seed of every random number: data, split, initial control, batches")
	k("task", &c.Task, "fit", "what is asked: fit trajectories, classify points, learn the density of points, solve a control problem, or train a policy that controls",
		oneOf("fit", "classify", "density", "control", "policy"))
	learn, supervised, networks := when("task", "fit", "classify", "density"), when("task", "fit", "classify"), when("task", "fit", "classify", "density", "policy")
	k("precision", &c.Precision, "float64", "arithmetic of the network's kernels; states, costates and control are float64 always", networks, oneOf("float64", "float32"))

	fit := when("task", "fit")
	csv := when("data.source", "csv")
	known := systems.Names()
	noisy := when("data.source", append(slices.Clone(known), "sine", "moons", "circles", "spirals", "checkerboard", "rings")...)
	points := []string{"moons", "circles", "spirals", "rings", "pinwheel", "checkerboard", "gaussians"}
	solved, series := when("data.source", known...), when("data.source", append(slices.Clone(known), "csv")...)
	var counts, ends []option // usual numbers of the systems
	for _, s := range systems.All() {
		counts, ends = append(counts, def("data.source", s.Name, s.Points)), append(ends, def("data.source", s.Name, s.T1))
	}
	d := &c.Data
	k("data.source", &d.Source, "spiral", "built-in generator, or csv for a file", learn,
		oneOf(append(slices.Clone(known), "sine", "csv")...),
		def("task", "classify", "circles", "moons", "circles", "spirals", "checkerboard", "csv", "idx"),
		def("task", "density", "moons", "moons", "rings", "pinwheel", "checkerboard", "gaussians", "csv"))
	k("data.file", &d.File, nil, "path of the file, CSV, or NumPy where it ends in .npy or .npz, relative to the working directory", learn, csv)
	k("data.folder", &d.Folder, "data/mnist", "folder of the four files of MNIST or of data in their form: train-images-idx3-ubyte, train-labels-idx1-ubyte, t10k-images-idx3-ubyte, t10k-labels-idx1-ubyte, plain or with .gz", learn, when("data.source", "idx"))
	k("data.shift", &d.Shift, 0, "pictures for training are moved by random numbers of pixels, up to this many, in both directions", learn, when("data.source", "idx"), between(0, 64))
	k("data.time_column", &d.TimeColumn, "", "column of times, by name or number from 1; empty: the first", fit, csv)
	k("data.id_column", &d.IDColumn, "", "column that tells several trajectories apart, which may have different lengths; empty: there is one", fit, csv)
	k("data.inputs", &d.Inputs, []string{}, "columns that drive the system: the network sees them as functions of time", fit, csv)
	k("data.interpolation", &d.Interp, "linear", "inputs between the rows", fit, csv, oneOf("linear", "cubic"))
	k("data.columns", &d.Columns, []string{}, "columns of the state, by name or number from 1; empty: all others", learn, csv)
	k("data.label", &d.Label, "", "column of class labels, by name or number from 1; empty: the last", when("task", "classify"), csv)
	k("data.points", &d.Points, 1000, "observations along the generated trajectory", slices.Concat([]option{learn, solved, between(2, 1e7)}, counts)...)
	k("data.parameters", &d.Parameters, nil, "parameters of the system that makes the data, in its order (docs/systems.md); absent: its usual ones", fit, solved, optional())
	k("data.x0", &d.X0, nil, "its initial state; absent: the usual one", fit, solved, optional())
	k("data.hide", &d.Hide, []string{}, "states of the system that are not observed (in a file: columns without entries)", fit, solved)
	k("data.starts", &d.Starts, "observed", "initial states of windows: as observed, or estimated as part of the control", fit, series, oneOf("observed", "estimated"))
	k("data.guess", &d.Guess, nil, "first guess of the initial states, one number a column, where there is no observation; absent: 0", fit, series, when("data.starts", "estimated"), optional())
	k("data.continuity", &d.Continuity, 0.0, "multiple shooting: weight of the mean square of mismatches between windows that follow each other; 0: windows are apart", fit, series,
		when("data.starts", "estimated"), atLeast(0))
	k("data.samples", &d.Samples, 1000, "generated points, all sets together", learn,
		when("data.source", append([]string{"sine"}, points...)...), between(2, 1e7), def("data.source", "sine", 200))
	k("data.t0", &d.T0, 0.0, "begin of the time span; with csv and task fit t0 = t1 = 0 is the file's own span", learn)
	k("data.t1", &d.T1, 1.0, "end of the time span; the horizon of the flow for sine, classification and densities",
		slices.Concat([]option{learn, def("task", "classify", 1.0), def("task", "density", 1.0), def("data.source", "sine", 5.0), def("data.source", "csv", 0.0)}, ends)...)
	k("data.noise", &d.Noise, 0.0, "standard deviation of Gaussian noise added to the observations", learn, noisy, atLeast(0), def("data.source", "checkerboard", 0.0), def("task", "density", 0.1))
	k("data.irregular", &d.Irregular, false, "observe at sorted uniform random times instead of a regular grid", learn,
		solved)
	k("data.window", &d.Window, 10, "points of one training window; 0: the whole series as one", fit, series, atLeast(0))
	k("data.stride", &d.Stride, 0, "points between window starts; 0: half the window", fit, series, atLeast(0))
	k("data.grow_to", &d.GrowTo, 0, "windows grow from window to this many points; 0: they stay", fit, series, atLeast(0))
	k("data.grow_every", &d.GrowEvery, 20, "iterations between doublings of the window", fit, series, atLeast(1))
	k("data.validation", &d.Validation, 0.2, "fraction held out for validation", learn, fraction(), def("data.source", "sine", 0.0))
	k("data.test", &d.Test, 0.0, "fraction held out for the test", learn, unless("data.source", "idx"), fraction(), def("data.source", "sine", 0.5))
	k("data.split_by", &d.SplitBy, "random", "hold out windows at random, or the end of the series", fit, series, oneOf("random", "time"))
	k("data.normalize", &d.Normalize, false, "scale every column to mean 0 and standard deviation 1 on the training set", learn, unless("data.source", "idx"))
	k("data.transform", &d.Transform, "none", "applied to the columns before anything else", learn, csv, oneOf("none", "log"))

	control := when("task", "control")
	p := &c.Problem
	k("problem.name", &p.Name, "van_der_pol_bounded", "which problem", control,
		oneOf(Problems...))
	k("problem.horizon", &p.Horizon, 0.0, "end of the time interval; 0: the problem's own", control, atLeast(0))
	k("problem.terminal", &p.Terminal, "augmented-lagrangian", "how end conditions and constraints along the way are met", control,
		oneOf("augmented-lagrangian", "penalty"))
	k("problem.tolerance", &p.Tolerance, 1e-6, "largest permitted violation of a constraint", control, above(0))
	k("problem.penalty", &p.Penalty, 10.0, "first weight of ½‖x(T) − target‖² and of the constraints along the way", control, above(0))
	k("problem.constraints", &p.Constraints, []string{}, "conditions along the way, or at the end alone after \"end:\", on states, controls and time, such as \"x1 <= 0.5\" or \"end: x1*x2 = 1\" (docs/classical-problems.md)", control)
	k("problem.jumps", &p.Jumps, []string{}, "jumps of states at given times, such as \"0.5: x2 = x2 + 1\" (docs/classical-problems.md)", control)
	k("problem.penalty_growth", &p.PenaltyGrowth, 10.0, "factor of the weight while the violation falls too slowly", control, atLeast(1))

	f := &c.Field
	flow, network := unless("field.kind", "layers"), unless("field.kind", "layers", "known")
	k("field.kind", &f.Kind, "mlp", "kind of field: see costate list fields", networks, oneOf("mlp"),
		def("data.source", "idx", nil, "mlp", "conv", "layers"),
		def("task", "fit", nil, "mlp", "gated", "residual", "hamiltonian", "gradient", "second-order", "conv", "known", "hybrid"),
		def("task", "classify", nil, "mlp", "gated", "residual", "gradient"))
	onePass := when("field.kind", "mlp", "hybrid", "hamiltonian", "gradient", "second-order")
	k("field.shape", &f.Shape, nil, "channels, height and width of the state as a picture; hidden then lists channels. For pictures in files height and width are those divided by the same number", supervised, when("field.kind", "conv"), checked(checkShape))
	k("field.patch", &f.Patch, 0, "side of the patches of pixels that become a pixel of the state; 0: as far as they are apart, larger ones overlap", supervised, when("data.source", "idx"), when("field.kind", "conv"), between(0, 4096))
	k("field.kernel", &f.Kernel, 3, "size of the kernels, odd", supervised, when("field.kind", "conv"), between(1, 99))
	k("field.residual", &f.Residual, false, "layers as wide as their inputs add them to their outputs", learn, when("field.kind", "gated", "conv"))
	physical, hybrid := when("field.kind", "known", "hybrid"), when("field.kind", "hybrid")
	k("field.system", &f.System, "auto", "the known system (docs/systems.md); auto: that of the data", fit, physical, oneOf(append([]string{"auto"}, known...)...))
	k("field.parameters", &f.Parameters, nil, "first values of its parameters; absent: its usual ones", fit, physical, optional())
	k("field.fit_parameters", &f.FitParameters, true, "the parameters are part of the control; false: they stay as they are", fit, hybrid)
	k("field.components", &f.Components, []string{}, "states whose derivatives the network adds to, by name or number from 1; empty: all", fit, hybrid)
	k("field.hidden", &f.Hidden, []int{50}, "sizes of the hidden layers", networks, unless("field.kind", "known"), checked(checkHidden), def("task", "policy", []int{32}))
	k("field.states", &f.States, 64, "states of the flow between the maps from pixels and to classes", learn, unless("field.kind", "layers", "conv"), when("data.source", "idx"), between(1, 65536))
	layers := when("field.kind", "layers")
	k("field.weights", &f.Weights, "ternary", "values of the weights: −1, 0 and 1, or −1 and 1", learn, layers, oneOf("ternary", "binary"))
	k("field.density", &f.Density, 0.01, "share of the first weights that are not zero", learn, layers, when("field.weights", "ternary"), between(1e-6, 1))
	k("field.activation", &f.Activation, "tanh", "activation of the hidden layers", networks, network, oneOf(Activations...))
	k("field.output", &f.Output, "linear", "activation of the last layer (policies with a limit: tanh)", networks, network, oneOf(append([]string{"linear"}, Activations...)...))
	k("field.input", &f.Input, "identity", "what the network sees of the state: x, or x³ entry by entry", networks, onePass, oneOf("identity", "cube"))
	k("field.time", &f.Time, false, "the network sees t as one more input, of every layer with kind conv; gated layers always see it", networks, unless("field.kind", "layers", "known", "gated", "residual"))
	k("field.augment", &f.Augment, 0, "extra state dimensions, zero at t0 (for source sine: copies of the input)", supervised, unless("field.kind", "layers", "known", "hybrid", "conv"), unless("data.source", "idx"), between(0, 4096))
	k("field.init", &f.Init, "lecun-normal", "distribution of the initial weights", networks, network, oneOf("lecun-normal", "normal", "uniform", "glorot-uniform", "glorot-normal", "kaiming-uniform", "kaiming-normal", "torch-linear", "zeros"))
	k("field.init_scale", &f.InitScale, 1.0, "factor σ of the initial weights", networks, network, above(0), def("field.kind", "hybrid", 0.1))

	density, q := when("task", "density"), &c.Density
	estimate := when("density.trace", "rademacher", "gaussian")
	k("density.trace", &q.Trace, "exact", "divergence of the field: exact, or Hutchinson's estimate with vectors of signs or normal numbers, one set for each sample and solve", density,
		oneOf("exact", "rademacher", "gaussian"))
	k("density.probes", &q.Probes, 1, "vectors of an estimate", density, estimate, between(1, 1000))
	k("density.kinetic", &q.Kinetic, 0.0, "weight of ∫|f|² dt in the loss", density, atLeast(0))
	k("density.jacobian", &q.Jacobian, 0.0, "weight of ∫‖∂f/∂x‖² dt in the loss, the Frobenius norm", density, atLeast(0))

	policy, w := when("task", "policy"), &c.Policy
	k("policy.plant", &w.Plant, "upright_pendulum", "what is steered", policy, oneOf(systems.PlantNames()...))
	k("policy.samples", &w.Samples, 256, "random initial states for training", policy, between(1, 1e6))
	k("policy.held_out", &w.HeldOut, 256, "random initial states to measure by", policy, between(1, 1e6))
	k("policy.spread", &w.Spread, nil, "half widths of the box of initial states, one number a state; absent: the plant's own", policy, optional())
	k("policy.horizon", &w.Horizon, 0.0, "end of the time interval; 0: the plant's own", policy, atLeast(0))
	k("policy.state_weight", &w.StateWeight, 1.0, "q of the running cost q·|x|² + r·u²; angles count by 2(1 − cos φ)", policy, atLeast(0))
	k("policy.control_weight", &w.ControlWeight, 1.0, "r of the running cost", policy, above(0))
	k("policy.terminal_weight", &w.TerminalWeight, 1.0, "weight of |x(t1)|²", policy, atLeast(0))
	k("policy.limit", &w.Limit, 0.0, "bound of |u|, by a tanh; 0: none", policy, atLeast(0))

	u := &c.Control
	k("control.kind", &u.Kind, "constant", "θ as a function of time", flow, oneOf("constant", "piecewise-constant", "piecewise-linear", "cubic-hermite"),
		def("task", "control", "piecewise-linear"))
	k("control.intervals", &u.Intervals, 10, "intervals of the mesh of knots", flow,
		when("control.kind", "piecewise-constant", "piecewise-linear", "cubic-hermite"), between(1, 1e6), def("task", "control", 400))
	k("control.lower", &u.Lower, nil, "lower bound, one number or one per entry; absent: none, or the problem's own", flow, optional())
	k("control.upper", &u.Upper, nil, "upper bound, one number or one per entry; absent: none, or the problem's own", flow, optional())
	k("control.l2", &u.L2, 0.0, "ν of the running cost ½ν|θ|²", flow, atLeast(0))
	k("control.l1", &u.L1, 0.0, "β of the running cost β|θ|₁", flow, atLeast(0))
	k("control.l0", &u.L0, 0.0, "γ of the running cost γ|θ|₀, which counts what is not zero", atLeast(0))
	k("control.radius", &u.Radius, 0.0, "> 0: bounds |θ(t)| in the Euclidean norm, in place of lower and upper", atLeast(0))
	k("control.durations", &u.Durations, false, "the lengths of the intervals are unknowns, too: switching times, and the horizon where it is free", control, when("control.kind", "piecewise-constant"))
	k("control.modes", &u.Modes, nil, "values of the control, interval by interval, whose durations alone are unknown; control.intervals is their number then", control, when("control.durations", "true"), optional())
	k("control.refine", &u.Refine, 0.0, "> 0: intervals are halved where the maximum principle is violated most, until the residual on all of them is below this; control.intervals are the first ones", control,
		when("control.kind", "piecewise-constant", "piecewise-linear"), atLeast(0))
	k("control.initial", &u.Initial, 0.0, "every entry of the first control", flow, control)

	solverKeys(t, &c.Solver, &c.Costate)
	optimizerKeys(t, &c.Optimizer)
	trainKeys(t, &c.Train, &c.Report)
	return t
}
