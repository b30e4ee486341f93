package config

import "github.com/costate-go/costate/experiments/systems"

func solverKeys(t *table, s *Solver, c *Costate) {
	k, flow := t.add, unless("field.kind", "layers")
	k("solver.method", &s.Method, "tsit5", "Runge–Kutta method", flow, oneOf(Methods...),
		refuse("is for package ode alone: the discrete costate needs an explicit Runge–Kutta method or, for stiff problems, kvaerno3, kvaerno4, kvaerno5, kencarp4, rosenbrock23 or rodas5p", ODEMethods...))
	k("solver.rtol", &s.RTol, 1e-6, "relative tolerance", flow, between(1e-15, 1))
	k("solver.atol", &s.ATol, 1e-8, "absolute tolerance, in the units of the (normalized) state", flow, above(0))
	k("solver.steps", &s.Steps, 0, "> 0: this many equal steps between observations or knots, no error control", flow, between(0, 1e7))
	k("solver.observe", &s.Observe, "land", "how states at observations are had: steps end there, or pass over and interpolate (fewer evaluations; methods bs3, dopri5, tsit5)", flow,
		when("task", "fit", "classify"), oneOf("land", "interpolate"))
	k("solver.controller", &s.Controller, "pi", "step-size controller", flow, oneOf("i", "pi", "pid", "gustafsson"))
	k("solver.norm", &s.Norm, "rms", "error norm: over all entries, or the largest over samples", flow, oneOf("rms", "max"))
	k("solver.max_steps", &s.MaxSteps, 100000, "accepted and rejected steps of one solve", flow, between(1, 1e9))
	k("solver.first_step", &s.FirstStep, 0.0, "size of the first step; 0: found automatically", flow, atLeast(0))
	k("solver.max_step", &s.MaxStep, 0.0, "largest step; 0: no limit", flow, atLeast(0))

	k("costate.kind", &c.Kind, "discrete", "how costates and gradients are computed; all but discrete keep no points for maximizers and serve gradient methods and lbfgs (costate list costates)", flow, oneOf(Costates...))
	k("costate.memory", &c.Memory, "auto", "budget of a trajectory for stored stages, or for all that it holds when checkpointed, such as \"1GiB\"; auto: 1 GiB", flow, checked(checkMemory))
}

func optimizerKeys(t *table, o *Optimizer) {
	k := t.add
	const kind = "optimizer.kind"
	k(kind, &o.Kind, "emsa", "how the control is updated",
		oneOf("emsa", "sqh", "msa", "secant-msa", "batch-pmp", "adam", "rmsprop", "sgd", "adagrad", "lbfgs", "snopt", "gauss-newton"),
		def("field.kind", "layers", "discrete-msa", "discrete-msa"),
		def("task", "control", "sqh", "emsa", "sqh", "msa", "batch-pmp", "adam", "rmsprop", "sgd", "adagrad", "lbfgs", "riccati", "shooting"),
		def("task", "policy", "lbfgs", "lbfgs", "adam", "rmsprop", "sgd", "adagrad", "sqh", "emsa", "msa"),
		def("task", "density", "adam", "adam", "rmsprop", "sgd", "adagrad", "lbfgs", "batch-pmp", "sqh", "emsa", "msa"))

	emsa, sqh := when(kind, "emsa"), when(kind, "sqh")
	k("optimizer.maximizer", &o.Maximizer, "auto", "how the Hamiltonian is maximized on the frozen trajectories",
		when(kind, "emsa", "sqh", "msa"), oneOf("auto", "levenberg-marquardt", "lbfgs", "closed-form", "h-max", "newton", "ridge", "finite"))
	k("optimizer.inner_iterations", &o.InnerIterations, 2, "iterations of the maximizer for each update",
		when(kind, "emsa", "sqh", "msa"), between(1, 10000))

	k("optimizer.levels", &o.Levels, []float64{-1, 1}, "values that the parameters may take", when("optimizer.maximizer", "finite"), checked(checkLevels))

	k("optimizer.rho", &o.Rho, 0.0, "weight ρ of the feasibility penalties; the first one when adaptive; 0: from the sizes of costate and state", emsa, atLeast(0))
	k("optimizer.adaptive", &o.Adaptive, true, "test every update and adapt ρ, ε or the rate; false: a fixed one, every update accepted", when(kind, "emsa", "batch-pmp", "snopt"))
	k("optimizer.perturbation", &o.Perturbation, 0.0, "half width of the uniform perturbation of the maximizer's start", emsa, atLeast(0))
	k("optimizer.penalty_costate", &o.PenaltyCostate, false, "also penalize the violation of the costate equation", emsa)

	const rule = "optimizer.epsilon_rule"
	k("optimizer.epsilon", &o.Epsilon, 1.0, "first weight ε of the proximal term; 0: 1, or with batch-pmp that with which the first step changes the control by a tenth", when(kind, "sqh", "batch-pmp"), atLeast(0), def(kind, "batch-pmp", 0.0))
	k(rule, &o.EpsilonRule, "curvature", "ε from the curvature seen between iterates, or by σ and ζ as published", sqh, oneOf("curvature", "published"))
	published := when(rule, "published")
	k("optimizer.sigma", &o.Sigma, 1.1, "ε grows by this factor after a rejection", sqh, published, above(1), def("task", "control", 1.2))
	k("optimizer.zeta", &o.Zeta, 0.9, "ε shrinks by this factor after an acceptance", sqh, published, between(1e-3, 1), def("task", "control", 0.8))
	k("optimizer.eta", &o.Eta, 1e-4, "decrease asked for: J falls by at least η τ", sqh, published, atLeast(0), def("task", "control", 1e-9))
	k("optimizer.kappa", &o.Kappa, 1e-9, "stop when the squared update τ falls below", sqh, atLeast(0), def("task", "control", 1e-10))

	discrete := when(kind, "discrete-msa")
	k("optimizer.threshold", &o.Threshold, 0.25, "ρ: weights change where the averaged ∂H/∂W exceeds this share of its largest entry", discrete, between(0, 1), def("field.weights", "binary", 0.5))
	k("optimizer.price", &o.Price, 1e-7, "λ, the price of a weight that is not zero", discrete, when("field.weights", "ternary"), atLeast(0))
	k("optimizer.sparsity", &o.Sparsity, 0.0, "κ, a price relative to the threshold: weights come at (1 + κ) and go at (1 − κ) times it; 0: as published", discrete, when("field.weights", "ternary"), fraction())
	k("optimizer.average", &o.Average, 0.999, "first weight α of the past in the average of ∂H/∂W; the weight, with batch-pmp", when(kind, "discrete-msa", "batch-pmp"), fraction(), def(kind, "batch-pmp", 0.9))
	k("optimizer.average_decay", &o.AverageDecay, 0.95, "d: 1 − α is multiplied by it after every epoch", discrete, between(1e-3, 1))

	grad := when(kind, "adam", "rmsprop", "sgd", "adagrad", "discrete-msa", "snopt")
	k("optimizer.learning_rate", &o.LearningRate, 0.01, "step size (of scales and shifts, with discrete-msa); 0, with snopt: found", grad, atLeast(0), def(kind, "sgd", 0.1), def(kind, "adagrad", 0.1), def(kind, "snopt", 0.0))
	k("optimizer.momentum", &o.Momentum, 0.0, "heavy-ball momentum", when(kind, "sgd", "rmsprop", "snopt"), fraction())
	k("optimizer.beta1", &o.Beta1, 0.9, "decay of the first moment", when(kind, "adam"), fraction())
	k("optimizer.beta2", &o.Beta2, 0.999, "decay of the second moment", when(kind, "adam"), fraction())
	k("optimizer.decay", &o.Decay, 0.99, "decay α of the mean square", when(kind, "rmsprop"), fraction())
	k("optimizer.eps", &o.Eps, 1e-8, "added to the denominator", when(kind, "adam", "rmsprop", "adagrad"), above(0), def(kind, "adagrad", 1e-10))
	k("optimizer.weight_decay", &o.WeightDecay, 0.0, "decoupled weight decay (AdamW)", when(kind, "adam"), atLeast(0))
	k("optimizer.schedule", &o.Schedule, "constant", "learning rate, or 1/ε, over the iterations: constant, or falling to zero", when(kind, "adam", "rmsprop", "sgd", "adagrad", "discrete-msa", "batch-pmp", "snopt"), oneOf("constant", "linear", "cosine"))
	k("optimizer.clip_norm", &o.ClipNorm, 0.0, "gradients are scaled down to this norm; 0: never", when(kind, "adam", "rmsprop", "sgd", "adagrad"), atLeast(0))
	k("optimizer.memory", &o.Memory, 10, "pairs of the quasi-Newton update", when(kind, "lbfgs", "secant-msa"), between(1, 1000))

	shooting := when(kind, "shooting")
	k("optimizer.nodes", &o.Nodes, 1, "pieces that every arc is cut into: multiple shooting where > 1", shooting, between(1, 1000))
	k("optimizer.tolerance", &o.Tolerance, 1e-10, "relative size of the last Newton step", shooting, between(1e-14, 1e-2))
	newton := when(kind, "gauss-newton")
	k("optimizer.damping", &o.Damping, 0.3, "first damping of the normal equations, relative to their diagonal; that of the factors, with snopt; of the model of what becomes infeasible, relative to its mean diagonal, with secant-msa", when(kind, "gauss-newton", "snopt", "secant-msa"), above(0), def(kind, "snopt", 1e-2), def(kind, "secant-msa", 1.0))
	k("optimizer.refresh", &o.Every, 20, "iterations that share a model of what becomes infeasible", when(kind, "secant-msa"), between(1, 1e6))
	k("optimizer.dense", &o.Dense, 50, "most unknowns whose normal matrix is formed and factorized; more are left to conjugate gradients", newton, between(0, 10000))
	k("optimizer.products", &o.Products, 50, "most iterations of the conjugate gradients for each update", newton, between(1, 1e6))
}

func trainKeys(t *table, r *Train, p *Report) {
	k := t.add
	k("train.iterations", &r.Iterations, 100, "updates of the control", between(0, 1e9))
	k("train.batch", &r.Batch, 0, "samples of one iteration; 0: all", when("task", "fit", "classify", "density", "policy"), atLeast(0), def("data.source", "idx", 100))
	k("train.loss", &r.Loss, "squared", "error of an observation, averaged over windows, times and components", when("task", "fit"), when("data.source", append(systems.Names(), "csv")...),
		oneOf("squared", "absolute"))
	k("train.validate_every", &r.ValidateEvery, 1, "iterations between validations", when("task", "fit", "classify", "density"), atLeast(1))
	k("train.patience", &r.Patience, 0, "stop after this many validations without improvement; 0: never", when("task", "fit", "classify", "density"), atLeast(0))
	k("train.target_loss", &r.TargetLoss, 0.0, "stop at this training loss; 0: off", atLeast(0))
	k("train.checkpoint_every", &r.CheckpointEvery, 25, "iterations between checkpoints", atLeast(1))
	k("train.select", &r.Select, "best", "the control that counts as the best one: that of the smallest loss on the validation set, or on the training set where there is none; or the last", oneOf("best", "last"))
	k("train.keep", &r.Keep, 3, "checkpoints kept besides the best", between(1, 1e6))
	k("train.memory_limit", &r.MemoryLimit, "auto", "memory that a run may need, such as \"2GiB\", before it is refused; auto: what the machine has free", checked(checkMemory))
	k("train.max_seconds", &r.MaxSeconds, 0.0, "stop after this wall-clock time; 0: no limit", atLeast(0))

	k("report.figures", &p.Figures, true, "draw figures")
	k("report.formats", &p.Formats, []string{"svg", "png"}, "formats of the figures", checked(checkFormats))
	k("report.every", &p.Every, 0, "iterations between reports while training; 0: at the end only", atLeast(0))
	k("report.snapshots", &p.Snapshots, 32, "controls of the way that are kept for pictures of it, about so many, where they have 20000 numbers at most; 0: none", between(0, 1000))
	k("report.tensorboard", &p.TensorBoard, true, "write the numbers of metrics.jsonl as event files for TensorBoard, too")
}
