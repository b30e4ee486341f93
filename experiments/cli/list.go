package cli

import (
	"fmt"
	"io"
	"runtime"
	"strings"
	"text/tabwriter"

	"github.com/costate-go/costate/configs"
	"github.com/costate-go/costate/experiments/config"
	"github.com/costate-go/costate/experiments/rundir"
	"github.com/costate-go/costate/experiments/systems"
	"github.com/costate-go/costate/solvers"
)

// words explains the choices that `costate list` shows.
var words = map[string]map[string]string{
	"optimizer.kind": {
		"emsa":         "extended method of successive approximations: maximize the Hamiltonian with feasibility penalties (Li et al. 2018)",
		"sqh":          "sequential quadratic Hamiltonian: maximize H − ε|θ − θ_k|² pointwise, adapt ε (Borzì 2023)",
		"msa":          "method of successive approximations: maximize H, no safeguard (Chernousko & Lyubushin 1982)",
		"secant-msa":   "maximize H less E-MSA's penalties as a quadratic model, corrected by pairs of past changes; full batches",
		"batch-pmp":    "maximize H − ε|θ − θ_k|² on mini-batches, with an average of ∂H/∂θ (Li & Hao 2018; Hofmann & Borzì 2025)",
		"adam":         "Adam on −∂H/∂θ (Kingma & Ba 2015); AdamW with weight_decay",
		"rmsprop":      "RMSprop on −∂H/∂θ (Tieleman & Hinton 2012)",
		"sgd":          "gradient descent on −∂H/∂θ, with momentum",
		"adagrad":      "Adagrad on −∂H/∂θ (Duchi et al. 2011)",
		"lbfgs":        "limited-memory BFGS with a strong Wolfe line search (Nocedal & Wright 2006)",
		"snopt":        "Kronecker factors of the curvature along the costate sweep (Liu, Chen & Theodorou 2021)",
		"riccati":      "Newton's method, its linear-quadratic problems solved by Riccati's recursion (Dunn & Bertsekas 1989); for task control",
		"shooting":     "indirect shooting by Newton's method on p(t0), switching times and t1 (Stoer & Bulirsch); for task control",
		"discrete-msa": "discrete-time MSA for weights from a finite set (Li & Hao 2018); for field.kind = \"layers\"",
		"gauss-newton": "Gauss–Newton with Levenberg–Marquardt damping, by tangent and costate sweeps",
	},
	"costate.kind": {
		"discrete":     "exact costate of the discretized problem on the accepted steps",
		"checkpointed": "the same gradient to the last bit within a memory budget",
		"symplectic":   "the same to the last bit from the states at all steps (Matsubara et al. 2021)",
		"interpolated": "continuous costate along the forward dense output, Gauss quadrature",
		"reversible":   "exact costate of a method whose steps are undone on the way back: no states kept (Zhuang et al. 2021; Kidger et al. 2021)",
		"backsolve":    "continuous costate with the state integrated backward (Chen et al. 2018)",
	},
	"field.kind": {
		"mlp":          "fully connected network",
		"gated":        "layers that the time gates (ConcatSquash, Grathwohl et al. 2019)",
		"residual":     "layers that add their inputs (He et al. 2016)",
		"hamiltonian":  "(∂H/∂p, −∂H/∂q) of a network H (Greydanus et al. 2019)",
		"gradient":     "−∂V/∂x of a network V",
		"second-order": "positions and velocities, and a network for the accelerations (Norcliffe et al. 2020)",
		"conv":         "convolutions on states that are pictures; of pictures in files (idx) by their patches",
		"known":        "a known system with unknown parameters: " + strings.Join(systems.Names(), ", "),
		"hybrid":       "a known system and a network for what it leaves out",
		"layers":       "layers of different width in discrete time, with binary or ternary weights; for task classify with source idx",
	},
	"task": {
		"fit":      "fit the flow to trajectories (" + strings.Join(systems.Names(), ", ") + ", csv) or to values (sine)",
		"density":  "learn a density by a continuous normalizing flow (moons, rings, pinwheel, checkerboard, gaussians, csv)",
		"classify": "separate classes by the flow (moons, circles, spirals, checkerboard, csv, idx), or by layers (idx)",
		"policy":   "train a network that brings a plant to rest from random initial states (" + strings.Join(systems.PlantNames(), ", ") + ")",
		"control":  "solve a classical optimal control problem",
	},
}

type listCmd struct {
	What string `arg:"" enum:"methods,optimizers,costates,fields,tasks,configs" help:"One of ${enum}."`
}

// Help implements kong.HelpProvider.
func (listCmd) Help() string {
	return `Examples:
  costate list configs
  costate list methods`
}

// Run implements the command.
func (c *listCmd) Run(a *app) error {
	w := tabwriter.NewWriter(a.stdout, 0, 8, 2, ' ', 0)
	switch c.What {
	case "methods":
		fmt.Fprintln(w, "method\torder\terror estimate")
		for _, m := range append(solvers.Methods(), solvers.SymplecticMethods()...) {
			estimate := "none: needs solver.steps"
			_, trains := m.(solvers.Tableaued)
			switch m.(type) {
			case *solvers.Reversible, *solvers.ESDIRK, *solvers.Rosenbrock:
				trains = true
			}
			switch {
			case m.ErrorOrder() > 0:
				estimate = fmt.Sprintf("order %d", m.ErrorOrder())
			case !trains:
				estimate = "none: fixed steps"
			}
			if !trains {
				estimate += ", for package ode"
			}
			fmt.Fprintf(w, "%s\t%d\t%s\n", m.Name(), m.Order(), estimate)
		}
	case "optimizers":
		choices(w, "optimizer.kind")
	case "costates":
		choices(w, "costate.kind")
	case "fields":
		choices(w, "field.kind")
		fmt.Fprintln(w, "activations\t"+strings.Join(config.Choices("field.activation"), ", "))
		fmt.Fprintln(w, "inputs\t"+strings.Join(config.Choices("field.input"), ", "))
		fmt.Fprintln(w, "initial weights\t"+strings.Join(config.Choices("field.init"), ", "))
	case "tasks":
		choices(w, "task")
		fmt.Fprintln(w, "control problems\t"+strings.Join(config.Choices("problem.name"), ", "))
	case "configs":
		for _, n := range configs.Names() {
			text, err := configs.Read(n)
			if err != nil {
				return err
			}
			fmt.Fprintf(w, "%s\t%s\n", n, headline(string(text)))
		}
	}
	return w.Flush()
}

func choices(w io.Writer, key string) {
	for _, v := range config.Choices(key) {
		fmt.Fprintf(w, "%s\t%s\n", v, words[key][v])
	}
}

// headline is the first sentence of the comment that opens a file.
func headline(text string) string {
	var s []string
	for line := range strings.Lines(text) {
		rest, ok := strings.CutPrefix(line, "#")
		if !ok {
			break
		}
		s = append(s, strings.TrimSpace(rest))
	}
	all := strings.Join(s, " ")
	for i := 0; i+2 < len(all); i++ {
		if all[i] == '.' && all[i+1] == ' ' && i > 60 {
			return all[:i+1]
		}
	}
	return all
}

type versionCmd struct{}

// Help implements kong.HelpProvider.
func (versionCmd) Help() string {
	return `Example:
  costate version`
}

// Run implements the command.
func (versionCmd) Run(a *app) error {
	m := rundir.NewManifest()
	rev := m.Revision
	if rev == "" {
		rev = "unknown"
	} else if m.Modified {
		rev += " (modified)"
	}
	features := strings.Join(m.CPUFeatures, " ")
	if features == "" {
		features = "none that matter"
	}
	_, err := fmt.Fprintf(a.stdout, "costate %s\nrevision %s\n%s %s/%s, %d CPUs\nCPU features: %s\n", m.Version, rev, m.Go, runtime.GOOS, runtime.GOARCH, m.CPUs, features)
	return err
}
