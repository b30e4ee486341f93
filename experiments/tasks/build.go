package tasks

import (
	"fmt"

	"github.com/costate-go/costate/experiments/config"
	"github.com/costate-go/costate/ode"
	"github.com/costate-go/costate/ode/neural"
	"github.com/costate-go/costate/pmp"
	"github.com/costate-go/costate/solvers"
)

// Field builds the fully connected network of a configuration on states of dimension dim, augmentation included.
func Field(cfg *config.Config, dim int) (*neural.MLP, error) {
	settings, err := settingsOf(cfg, dim)
	if err != nil {
		return nil, err
	}
	return neural.NewMLP(settings)
}

// settingsOf are those of the fully connected network of a configuration.
func settingsOf(cfg *config.Config, dim int) (neural.MLPConfig, error) {
	c := &cfg.Field
	precision, err := neural.ParsePrecision(cfg.Precision)
	if err != nil {
		return neural.MLPConfig{}, err
	}
	act, err := neural.ParseActivation(c.Activation)
	if err != nil {
		return neural.MLPConfig{}, err
	}
	out, err := neural.ParseActivation(c.Output)
	if err != nil {
		return neural.MLPConfig{}, err
	}
	in, err := neural.ParseInput(c.Input)
	if err != nil {
		return neural.MLPConfig{}, err
	}
	scheme, err := neural.ParseScheme(c.Init)
	if err != nil {
		return neural.MLPConfig{}, err
	}
	return neural.MLPConfig{
		Dim: dim, Hidden: c.Hidden, Activation: act, Output: out, Time: c.Time, Input: in, Signals: len(cfg.Data.Inputs),
		Init: neural.Initializer{Scheme: scheme, Scale: c.InitScale}, Precision: precision,
	}, nil
}

// SweepSettings are the settings of all sweeps of a configuration.
func SweepSettings(c *config.Config, threads int) (pmp.Settings, error) {
	if c.Field.Kind == "layers" { // discrete time
		return pmp.Settings{Threads: threads}, nil
	}
	method, err := solvers.ByName(c.Solver.Method)
	if err != nil {
		return pmp.Settings{}, err
	}
	memory, err := config.Bytes(c.Costate.Memory)
	if err != nil {
		return pmp.Settings{}, err
	}
	s := ode.Settings{
		Method: method, RTol: c.Solver.RTol, ATol: c.Solver.ATol, FirstStep: c.Solver.FirstStep,
		MaxStep: c.Solver.MaxStep, MaxSteps: c.Solver.MaxSteps,
	}
	switch c.Solver.Controller {
	case "i":
		s.Controller = solvers.I{}
	case "pid":
		s.Controller = solvers.PID{}
	case "gustafsson":
		s.Controller = solvers.Gustafsson{}
	default:
		s.Controller = solvers.PI{}
	}
	if c.Solver.Norm == "max" {
		s.Norm = solvers.Max
	}
	kind, err := pmp.ParseCostate(c.Costate.Kind)
	if err != nil {
		return pmp.Settings{}, err
	}
	return pmp.Settings{Costate: kind, Solver: s, Steps: c.Solver.Steps, Interpolate: c.Solver.Observe == "interpolate", Threads: threads, KeepBytes: memory}, nil
}

// controlOf is the control space on the horizon [t0, t1].
func controlOf(c *config.Control, t0, t1 float64) (pmp.Control, error) {
	kind, err := pmp.ParseKind(c.Kind)
	if err != nil {
		return pmp.Control{}, err
	}
	out := pmp.Control{Kind: kind, Lower: c.Lower, Upper: c.Upper, Radius: c.Radius, L2: c.L2, L1: c.L1, L0: c.L0}
	if kind != pmp.Constant {
		out.Mesh = pmp.UniformMesh(t0, t1, c.Intervals)
	}
	return out, nil
}

// Optimizer builds the optimizer of a configuration.
func Optimizer(c *config.Config, p *pmp.Problem) (pmp.Optimizer, error) {
	if c.Optimizer.Kind == "shooting" {
		return indirect(c)
	}
	inner, err := unconstrained(c)
	if err != nil || len(p.Constraints)+len(p.Paths) == 0 {
		return inner, err
	}
	return &pmp.AugmentedLagrangian{
		Inner: inner, Tolerance: c.Problem.Tolerance, Sigma: c.Problem.Penalty, Growth: c.Problem.PenaltyGrowth,
		PenaltyOnly: c.Problem.Terminal == "penalty",
	}, nil
}

func unconstrained(c *config.Config) (pmp.Optimizer, error) {
	o := &c.Optimizer
	switch o.Kind {
	case "emsa":
		mx, err := maximizer(c)
		return &pmp.EMSA{Maximizer: mx, Rho: o.Rho, Fixed: !o.Adaptive, PenalizeCostate: o.PenaltyCostate, Seed: c.Seed}, err
	case "sqh":
		mx, err := maximizer(c)
		rule := pmp.Curvature
		if o.EpsilonRule == "published" {
			rule = pmp.Published
		}
		return &pmp.SQH{Maximizer: mx, Rule: rule, Epsilon: o.Epsilon, Sigma: o.Sigma, Zeta: o.Zeta, Eta: o.Eta, Kappa: o.Kappa}, err
	case "msa":
		mx, err := maximizer(c)
		return &pmp.MSA{Maximizer: mx, Kappa: 1e-10}, err
	case "batch-pmp":
		return &pmp.Batch{Average: o.Average, Epsilon: o.Epsilon, Fixed: !o.Adaptive, Schedule: scheduleOf(o.Schedule), Total: c.Train.Iterations}, nil
	case "snopt":
		return &pmp.SNOpt{Rate: o.LearningRate, Damping: o.Damping, Momentum: o.Momentum, Fixed: !o.Adaptive, Schedule: scheduleOf(o.Schedule), Total: c.Train.Iterations}, nil
	case "lbfgs":
		return &pmp.QuasiNewton{Pairs: o.Memory}, nil
	case "secant-msa":
		return &pmp.SecantMSA{QuasiNewton: pmp.QuasiNewton{Pairs: o.Memory}, Every: o.Every, Damping: o.Damping}, nil
	case "riccati":
		return &pmp.Riccati{}, nil
	case "gauss-newton":
		dense := o.Dense
		if dense == 0 {
			dense = -1
		}
		return &pmp.GaussNewton{Damping: o.Damping, Dense: dense, Products: o.Products}, nil
	}
	rules := map[string]pmp.Rule{"sgd": pmp.SGD, "adagrad": pmp.Adagrad, "rmsprop": pmp.RMSprop, "adam": pmp.Adam}
	rule, ok := rules[o.Kind]
	if !ok {
		return nil, fmt.Errorf("tasks: unknown optimizer %q", o.Kind)
	}
	return &pmp.Gradient{
		Rule: rule, Rate: o.LearningRate, Schedule: schedule(o), Total: c.Train.Iterations, Momentum: o.Momentum, Decay: o.Decay,
		Beta1: o.Beta1, Beta2: o.Beta2, Guard: o.Eps, Clip: o.ClipNorm, WeightDecay: o.WeightDecay,
	}, nil
}

// schedule is how the learning rate changes.
func schedule(o *config.Optimizer) pmp.Schedule {
	return map[string]pmp.Schedule{"linear": pmp.LinearRate, "cosine": pmp.CosineRate}[o.Schedule]
}

func scheduleOf(name string) pmp.Schedule {
	return map[string]pmp.Schedule{"linear": pmp.LinearRate, "cosine": pmp.CosineRate}[name]
}

// maximizer builds the maximizer; "auto" is the one that suits optimizer and dynamics.
func maximizer(c *config.Config) (pmp.Maximizer, error) {
	o := &c.Optimizer
	kind := o.Maximizer
	if kind == "auto" {
		switch {
		case o.Kind == "emsa" && c.Task == "density": // whose field has no Jacobian in the parameters
			kind = "lbfgs"
		case o.Kind == "emsa":
			kind = "levenberg-marquardt"
		case c.Task == "control":
			kind = "closed-form"
		default:
			kind = "h-max"
		}
	}
	switch kind {
	case "levenberg-marquardt":
		return &pmp.LevenbergMarquardt{Inner: o.InnerIterations}, nil
	case "lbfgs":
		return &pmp.LBFGS{Iterations: o.InnerIterations, Perturbation: o.Perturbation, Safeguard: o.Kind != "emsa" || o.Adaptive}, nil
	case "closed-form":
		return pmp.ClosedForm{}, nil
	case "h-max":
		return pmp.HMax{}, nil
	case "newton":
		return &pmp.Newton{Inner: o.InnerIterations}, nil
	case "ridge":
		return &pmp.Ridge{}, nil
	case "finite":
		return &pmp.Finite{Levels: o.Levels}, nil
	}
	return nil, fmt.Errorf("tasks: unknown maximizer %q", kind)
}

// meshed says how a control varies in time, and nothing where it does not.
func meshed(control *config.Control) string {
	if n := nodes(control); n > 1 {
		return fmt.Sprintf(" × %d nodes, %s", n, control.Kind)
	}
	return ""
}
