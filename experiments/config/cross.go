package config

import (
	"fmt"
	"slices"
	"strings"

	"github.com/costate-go/costate/experiments/systems"
)

// fixedStepMethods have no embedded error estimate.
var fixedStepMethods = []string{"euler", "midpoint", "heun", "ralston", "ssprk3", "rk4", "rk38", "alf", "revheun"}

// interpolatingMethods are first same as last, and their continuous extension has no stages of its own.
var interpolatingMethods = []string{"bs3", "dopri5", "tsit5"}

// reversibleMethods can undo their steps.
var reversibleMethods = []string{"alf", "revheun"}

// implicitMethods solve equations in every step, which couple few tools to them.
var implicitMethods = []string{"kvaerno3", "kvaerno4", "kvaerno5", "kencarp4", "rosenbrock23", "rodas5p"}

// cross checks what involves more than one key, when each of them is well by itself.
func (p *parser) cross() {
	c := p.cfg
	d := &c.Data
	wholeFile := d.Source == "csv" && c.Task == "fit" && d.T0 == 0 && d.T1 == 0
	if c.Task != "control" && c.Task != "policy" {
		if d.T1 <= d.T0 && !wholeFile {
			p.blame("data.t1", "must be greater than data.t0 = %s, got %s", num(d.T0), num(d.T1))
		}
		if d.Validation+d.Test >= 1 {
			p.blame("data.validation", "data.validation + data.test = %s leaves nothing to train on; it must be < 1", num(d.Validation+d.Test))
		}
		if d.Window == 1 {
			p.blame("data.window", "a window needs 2 points or more (0: the whole series), got 1")
		}
		if d.GrowTo != 0 && d.GrowTo <= d.Window {
			p.blame("data.grow_to", "must be greater than data.window = %d (0: no growth), got %d", d.Window, d.GrowTo)
		}
		if d.GrowTo != 0 && d.Window == 0 {
			p.blame("data.grow_to", "the window is the whole series (data.window = 0) and cannot grow")
		}
		if d.Points != 0 && d.Window > d.Points {
			p.blame("data.window", "must be at most data.points = %d, got %d", d.Points, d.Window)
		}
		if d.Points != 0 && d.GrowTo > d.Points {
			p.blame("data.grow_to", "must be at most data.points = %d, got %d", d.Points, d.GrowTo)
		}
	}
	if c.Task == "density" {
		if (d.Source == "moons" || d.Source == "rings") && d.Noise == 0 {
			p.blame("data.noise", "points on curves without noise have no density; give a noise > 0")
		}
		if d.Source == "checkerboard" && d.Noise != 0 {
			p.blame("data.noise", "the density of the checkerboard has none; set it to 0, got %s", num(d.Noise))
		}
		if c.Precision == "float32" {
			p.blame("precision", "\"float32\" does not work with task = \"density\", whose traces are computed in float64")
		}
		if c.Optimizer.Maximizer == "levenberg-marquardt" {
			p.blame("optimizer.maximizer", "\"levenberg-marquardt\" needs the Jacobian in the parameters, which the field of a density does not have; choose lbfgs")
		}
	}
	if c.Task == "policy" && c.Precision == "float32" {
		p.blame("precision", "\"float32\" does not work with task = \"policy\"; choose float64")
	}
	p.physics()
	p.hardData()
	if c.Solver.Steps == 0 && slices.Contains(fixedStepMethods, c.Solver.Method) {
		p.blame("solver.method", "%s has no error estimate; set solver.steps > 0, or choose a pair such as bs3, tsit5 or vern7", c.Solver.Method)
	}
	if c.Solver.Observe == "interpolate" && !slices.Contains(interpolatingMethods, c.Solver.Method) {
		p.blame("solver.observe", "\"interpolate\" works with solver.method = %v, not %s", interpolatingMethods, c.Solver.Method)
	}
	if kind := c.Costate.Kind; kind != "discrete" {
		if slices.Contains([]string{"emsa", "sqh", "msa", "secant-msa", "riccati", "snopt"}, c.Optimizer.Kind) {
			p.blame("costate.kind", "%q does not work with optimizer.kind = %q, which needs all points of a trajectory at once; choose batch-pmp, adam, rmsprop, sgd, adagrad or lbfgs", kind, c.Optimizer.Kind)
		}
		if c.Solver.Observe == "interpolate" {
			p.blame("solver.observe", "\"interpolate\" does not work with costate.kind = %q", kind)
		}
		if kind == "reversible" && !slices.Contains(reversibleMethods, c.Solver.Method) {
			p.blame("costate.kind", "\"reversible\" works with solver.method = %v, not %s", reversibleMethods, c.Solver.Method)
		}
		if kind == "interpolated" && !slices.Contains(interpolatingMethods, c.Solver.Method) {
			p.blame("costate.kind", "\"interpolated\" works with solver.method = %v, not %s", interpolatingMethods, c.Solver.Method)
		}
	}
	if slices.Contains(implicitMethods, c.Solver.Method) {
		if c.Costate.Kind != "discrete" {
			p.blame("costate.kind", "%s works with costate.kind = \"discrete\", not %q", c.Solver.Method, c.Costate.Kind)
		}
		if slices.Contains([]string{"riccati", "gauss-newton"}, c.Optimizer.Kind) {
			p.blame("solver.method", "%s does not work with optimizer.kind = %q, which follows the stages of explicit methods", c.Solver.Method, c.Optimizer.Kind)
		}
	}
	if c.Costate.Kind != "reversible" && slices.Contains(reversibleMethods, c.Solver.Method) {
		p.blame("costate.kind", "%s works with costate.kind = \"reversible\", not %q", c.Solver.Method, c.Costate.Kind)
	}
	if c.Task == "control" && c.Problem.Name == "minimum_time" && c.Optimizer.Kind != "shooting" && !c.Control.Durations {
		p.blame("optimizer.kind", "minimum_time has a free final time, which \"shooting\" finds, or any with control.durations = true; got %q", c.Optimizer.Kind)
	}
	p.posed()
	if c.Optimizer.Kind == "riccati" && c.Control.L1 != 0 {
		p.blame("control.l1", "does not work with optimizer.kind = \"riccati\", which needs a smooth cost; choose sqh, or 0, got %s", num(c.Control.L1))
	}
	p.prices()
	p.cubic()
	if c.Control.Durations && !slices.Contains([]string{"riccati", "adam", "rmsprop", "sgd", "adagrad"}, c.Optimizer.Kind) {
		p.blame("control.durations", "true does not work with optimizer.kind = %q; choose riccati, adam, rmsprop, sgd or adagrad", c.Optimizer.Kind)
	}
	if c.Control.Durations && (c.Control.L0 != 0 || c.Control.Radius != 0) {
		p.blame("control.durations", "true does not work with control.l0 and control.radius")
	}
	if c.Optimizer.Maximizer == "ridge" && c.Task != "control" && c.Field.Kind == "mlp" && (len(c.Field.Hidden) > 0 || c.Field.Output != "linear") {
		p.blame("optimizer.maximizer", "\"ridge\" needs parameters that enter linearly: field.hidden = [] and field.output = \"linear\"")
	}
	if c.Optimizer.Maximizer == "finite" && c.Control.Kind == "piecewise-linear" {
		p.blame("control.kind", "\"piecewise-linear\" takes values between those of optimizer.maximizer = \"finite\"; choose piecewise-constant")
	}
	if c.Train.Select == "last" && c.Train.Patience > 0 {
		p.blame("train.patience", "counts iterations without a better control, and with train.select = \"last\" none is better; set it to 0, got %d", c.Train.Patience)
	}
	if c.Optimizer.Kind == "snopt" && c.Precision != "float64" {
		p.blame("precision", "%q does not work with optimizer.kind = \"snopt\", whose factors are float64", c.Precision)
	}
	if c.Optimizer.Kind == "snopt" && c.Field.Kind != "mlp" && c.Task != "control" {
		p.blame("field.kind", "%q does not work with optimizer.kind = \"snopt\", which needs the layers of an mlp", c.Field.Kind)
	}
	if c.Optimizer.Kind == "snopt" && c.Control.L1 != 0 {
		p.blame("control.l1", "does not work with optimizer.kind = \"snopt\"; choose sqh or batch-pmp, or 0, got %s", num(c.Control.L1))
	}
	if c.Optimizer.Kind == "gauss-newton" {
		p.leastSquares()
	}
	if d.Source == "idx" && c.Field.Kind != "layers" {
		p.maps()
	}
	lo, hi := c.Control.Lower, c.Control.Upper
	if len(lo) > 1 && len(hi) > 1 && len(lo) != len(hi) {
		p.blame("control.upper", "has %d entries and control.lower has %d; give one number or as many", len(hi), len(lo))
	} else if lo != nil && hi != nil {
		for i := range max(len(lo), len(hi)) {
			l, h := lo[min(i, len(lo)-1)], hi[min(i, len(hi)-1)]
			if l > h {
				p.blame("control.lower", "entry %d: must be at most control.upper = %s, got %s", i+1, num(h), num(l))
				break
			}
		}
	}
	if o := &c.Optimizer; o.Kind == "msa" || o.Kind == "emsa" || o.Kind == "sqh" {
		ok := map[string][]string{
			"emsa": {"auto", "levenberg-marquardt", "lbfgs", "newton", "ridge"},
			"sqh":  {"auto", "closed-form", "lbfgs", "h-max", "newton", "ridge", "finite"},
			"msa":  {"auto", "closed-form", "lbfgs", "h-max", "newton", "ridge", "finite"},
		}[o.Kind]
		if !slices.Contains(ok, o.Maximizer) {
			p.blame("optimizer.maximizer", "%q does not work with optimizer.kind = %q; choose from %v", o.Maximizer, o.Kind, ok)
		}
	}
}

// hardData checks inputs and estimated starts.
func (p *parser) hardData() {
	c := p.cfg
	d := &c.Data
	if len(d.Inputs) > 0 && !slices.Contains([]string{"mlp", "hybrid", "second-order"}, c.Field.Kind) {
		p.blame("data.inputs", "do not work with field.kind = %q, whose equation has no place for them; choose mlp, hybrid or second-order", c.Field.Kind)
	}
	if c.Precision == "float32" && !slices.Contains([]string{"", "mlp", "layers", "known", "hybrid", "second-order"}, c.Field.Kind) {
		p.blame("precision", "\"float32\" does not work with field.kind = %q; choose float64", c.Field.Kind)
	}
	if c.Field.Kind == "conv" && c.Field.Kernel%2 == 0 {
		p.blame("field.kernel", "must be odd, got %d", c.Field.Kernel)
	}
	if len(d.Inputs) > 0 && c.Precision == "float32" {
		p.blame("precision", "\"float32\" does not work with data.inputs; choose float64")
	}
	if d.Starts != "estimated" {
		return
	}
	const with = "does not work with data.starts = \"estimated\""
	if c.Control.Kind != "constant" {
		p.blame("control.kind", "%q "+with+"; choose constant", c.Control.Kind)
	}
	if c.Train.Batch > 0 && d.Continuity > 0 {
		p.blame("train.batch", "does not work with data.continuity, which ties all windows; choose 0")
	}
	if k := c.Optimizer.Kind; c.Train.Batch > 0 && !slices.Contains([]string{"adam", "rmsprop", "sgd", "adagrad", "batch-pmp"}, k) {
		p.blame("train.batch", "of estimated starts works with optimizer.kind = adam, rmsprop, sgd, adagrad or batch-pmp, not %s; choose 0", k)
	}
	if d.GrowTo > 0 {
		p.blame("data.grow_to", with+": the control would change its size")
	}
	if c.Train.Loss == "absolute" {
		p.blame("train.loss", "\"absolute\" "+with+"; choose squared")
	}
	if c.Solver.Observe == "interpolate" {
		p.blame("solver.observe", "\"interpolate\" "+with+"; choose land")
	}
	if d.Continuity > 0 && d.Window == 0 {
		p.blame("data.continuity", "needs several windows; set data.window")
	}
	if d.Continuity > 0 && d.Stride != d.Window-1 {
		p.blame("data.stride", "must be data.window − 1 = %d with data.continuity, so that windows end where the next ones begin, got %d", d.Window-1, d.Stride)
	}
	if d.Continuity > 0 && d.Validation+d.Test > 0 {
		p.blame("data.continuity", "needs all windows of the series; set data.validation = 0 and data.test = 0")
	}
}

// physics checks what known systems ask for.
func (p *parser) physics() {
	d, f := &p.cfg.Data, &p.cfg.Field
	length := func(key string, values []float64, want int, what string) {
		if values != nil && len(values) != want {
			p.blame(key, "has %d numbers, and %s has %d", len(values), what, want)
		}
	}
	if s := systems.ByName(d.Source); s != nil {
		length("data.parameters", d.Parameters, len(s.Params), s.Name+", whose parameters are "+strings.Join(s.Params, ", ")+",")
		length("data.x0", d.X0, len(s.States), "the state of "+s.Name)
	}
	if f.Kind != "known" && f.Kind != "hybrid" {
		return
	}
	if d.Source == "sine" {
		p.blame("field.kind", "%q does not work with data.source = \"sine\"; choose mlp", f.Kind)
	}
	name := f.System
	if name == "auto" {
		name = d.Source
	}
	if s := systems.ByName(name); s == nil {
		p.blame("field.system", "name the system: data.source = %q says nothing of it; choose from %s", d.Source, strings.Join(systems.Names(), ", "))
	} else {
		length("field.parameters", f.Parameters, len(s.Params), s.Name+", whose parameters are "+strings.Join(s.Params, ", ")+",")
	}
	const units = "does not work with field.kind = %q, whose equation is in the units of the data"
	if d.Normalize {
		p.blame("data.normalize", units, f.Kind)
	}
	if d.Transform == "log" {
		p.blame("data.transform", "\"log\" "+units, f.Kind)
	}
}

// posed checks what changes a classical problem.
func (p *parser) posed() {
	c := p.cfg
	if c.Task != "control" {
		return
	}
	q, u, o := &c.Problem, &c.Control, &c.Optimizer
	for _, b := range []struct {
		key string
		has bool
	}{{"problem.constraints", len(q.Constraints) > 0}, {"problem.jumps", len(q.Jumps) > 0}, {"control.refine", u.Refine > 0}} {
		switch {
		case !b.has:
		case o.Kind == "shooting":
			p.blame(b.key, "does not work with optimizer.kind = \"shooting\"; choose riccati, sqh or lbfgs")
		case u.Durations:
			p.blame(b.key, "does not work with control.durations = true, whose time is another one")
		case c.Costate.Kind != "discrete":
			p.blame(b.key, "works with costate.kind = \"discrete\", not %q", c.Costate.Kind)
		case slices.Contains(implicitMethods, c.Solver.Method):
			p.blame(b.key, "does not work with solver.method = %q; choose an explicit method", c.Solver.Method)
		}
	}
	if len(q.Jumps) > 0 && o.Kind == "riccati" {
		p.blame("problem.jumps", "do not work with optimizer.kind = \"riccati\"; choose sqh or lbfgs")
	}
	if u.Refine > 0 && (o.Maximizer == "finite" || u.L0 != 0) {
		p.blame("control.refine", "needs a control whose values are not from a finite set, and no control.l0")
	}
	if u.Modes != nil && (u.Lower != nil || u.Upper != nil) {
		p.blame("control.modes", "are given values; leave control.lower and control.upper out")
	}
}

// cubic checks what goes with a control that is cubic between its knots.
func (p *parser) cubic() {
	c := p.cfg
	if c.Control.Kind != "cubic-hermite" {
		return
	}
	if !slices.Contains([]string{"lbfgs", "adam", "rmsprop", "sgd", "adagrad"}, c.Optimizer.Kind) {
		p.blame("control.kind", "\"cubic-hermite\" does not work with optimizer.kind = %q, which maximizes H point by point, while a cubic follows from values and slopes at its ends; choose lbfgs, adam, rmsprop, sgd or adagrad, or a piecewise-linear control", c.Optimizer.Kind)
	}
	if c.Control.Lower != nil || c.Control.Upper != nil || c.Control.Radius != 0 || c.Control.L1 != 0 || c.Control.L0 != 0 {
		p.blame("control.kind", "\"cubic-hermite\" holds no bounds between its knots and has no l1 and l0; choose piecewise-linear")
	}
}

// prices checks what goes with prices and bounds that few optimizers take.
func (p *parser) prices() {
	c := p.cfg
	o := &c.Optimizer
	pointwise := o.Kind == "sqh" || o.Kind == "msa" || o.Kind == "batch-pmp"
	if c.Control.L0 != 0 && (!pointwise || slices.Contains([]string{"lbfgs", "newton", "ridge"}, o.Maximizer)) {
		p.blame("control.l0", "counts parameters, which needs optimizer.kind = sqh, msa or batch-pmp and a maximizer that jumps (closed-form, h-max, finite), or 0, got %s", num(c.Control.L0))
	}
	if o.Kind == "lbfgs" || o.Kind == "secant-msa" {
		if c.Control.Lower != nil || c.Control.Upper != nil {
			p.blame("control.lower", "and control.upper do not work with optimizer.kind = %q; choose sqh, or leave them out", o.Kind)
		}
		if c.Control.L1 != 0 {
			p.blame("control.l1", "does not work with optimizer.kind = %q, which needs a smooth cost; choose sqh, or 0, got %s", o.Kind, num(c.Control.L1))
		}
	}
	if o.Kind == "secant-msa" && c.Control.Kind == "piecewise-linear" {
		p.blame("control.kind", "\"piecewise-linear\" does not work with optimizer.kind = \"secant-msa\"; choose lbfgs, or a constant or piecewise-constant control")
	}
	if c.Control.Radius == 0 {
		return
	}
	if slices.Contains([]string{"lbfgs", "secant-msa", "gauss-newton", "riccati", "shooting"}, o.Kind) || slices.Contains([]string{"newton", "ridge", "finite"}, o.Maximizer) {
		p.blame("control.radius", "does not work with optimizer.kind = %q and optimizer.maximizer = %q; choose sqh with closed-form or h-max, or 0, got %s", o.Kind, o.Maximizer, num(c.Control.Radius))
	}
	if c.Control.Lower != nil || c.Control.Upper != nil || c.Control.L0 != 0 {
		p.blame("control.radius", "stands alone: no control.lower, control.upper or control.l0")
	}
}

// leastSquares checks what Gauss–Newton asks for.
func (p *parser) leastSquares() {
	c := p.cfg
	const kind = "does not work with optimizer.kind = \"gauss-newton\""
	if c.Costate.Kind != "discrete" {
		p.blame("costate.kind", "%q "+kind+", whose tangents follow the stages of all steps; choose discrete", c.Costate.Kind)
	}
	if c.Solver.Observe == "interpolate" {
		p.blame("solver.observe", "\"interpolate\" "+kind+", which needs steps that end at observations; choose land")
	}
	if c.Train.Loss == "absolute" {
		p.blame("train.loss", "\"absolute\" "+kind+", which needs a loss with curvature; choose squared")
	}
	if c.Control.Lower != nil || c.Control.Upper != nil {
		p.blame("optimizer.kind", "\"gauss-newton\" takes no bounds (control.lower, control.upper); choose sqh")
	}
	if c.Control.L1 != 0 {
		p.blame("control.l1", kind+"; choose sqh, or 0, got %s", num(c.Control.L1))
	}
}

// maps checks what a flow between maps from pictures and to classes asks for.
func (p *parser) maps() {
	c := p.cfg
	const source = "does not work with data.source = \"idx\""
	if c.Control.Kind != "constant" {
		p.blame("control.kind", "%q "+source+", whose maps come before and after the flow; choose constant", c.Control.Kind)
	}
	if k := c.Optimizer.Kind; !slices.Contains([]string{"adam", "rmsprop", "sgd", "adagrad", "lbfgs", "batch-pmp"}, k) {
		p.blame("optimizer.kind", "%q "+source+": its maximizer would need the features of single points; choose adam, rmsprop, sgd, adagrad, batch-pmp or lbfgs", k)
	}
	if c.Control.Lower != nil || c.Control.Upper != nil {
		p.blame("control.lower", "bounds on the network "+source+"; leave them out")
	}
}

// blame reports an issue at a key where it was given, else at its section.
func (p *parser) blame(path, format string, args ...any) {
	if f := p.found[path]; f != nil {
		p.badValue(path, f, format, args...)
		return
	}
	k := p.tab.find(path)
	if h, ok := p.headers[k.Section()]; ok {
		p.at(h, path, "%s", fmt.Sprintf(format, args...)+" (the default)")
		return
	}
	p.at(len(p.text), path, "%s", fmt.Sprintf(format, args...)+" (the default)")
}
