package run

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"runtime"
	"time"

	"github.com/costate-go/costate/experiments/rundir"
	"github.com/costate-go/costate/experiments/tasks"
	"github.com/costate-go/costate/ode"
	"github.com/costate-go/costate/pmp"
)

// loop iterates until there is a reason to stop, and closes the run.
func (d *driver) loop(ctx context.Context) (*Result, error) {
	d.started = time.Now()
	if err := d.dir.SetStatus(rundir.Running, "", d.iteration); err != nil {
		return d.result(false), err
	}
	d.log.Info().Str("config", d.header.ConfigHash).Str("model", d.header.Model).Str("data", d.header.Data).Int("iteration", d.iteration).Msg("begin")
	if d.o.Observer != nil {
		d.o.Observer.Begin(d.header, d.iteration, d.c.Train.Iterations)
	}
	// An iteration that was begun is finished: only then the optimizer can be saved.
	stop := ctx
	ctx = context.WithoutCancel(ctx)
	reason, err := "failed", error(nil)
	if d.iteration == 0 {
		// Whatever happens from here on, there is something to resume.
		if err = d.enter(ctx, 0); err == nil {
			err = errors.Join(d.save(), d.snapshot(d.opt.Theta(), math.NaN(), false))
		}
	}
	if err == nil && d.c.Report.TensorBoard {
		d.board, err = openBoard(d.dir, d.iteration)
	}
	if err == nil {
		reason, err = d.iterate(ctx, stop)
	}
	if e := d.board.close(); e != nil && err == nil {
		reason, err = "failed", e
	}
	if d.o.Observer != nil {
		d.o.Observer.End()
	}
	return d.close(ctx, reason, err)
}

// iterate does the iterations. The reason is a word for summary.json; the error says why the run failed or was
// interrupted.
func (d *driver) iterate(ctx, stop context.Context) (reason string, err error) {
	t := &d.c.Train
	for d.iteration < t.Iterations {
		if err := d.enter(ctx, d.iteration); err != nil {
			return "failed", err
		}
		it, err := d.opt.Step(ctx)
		if err != nil {
			return "numerical-failure", &NumericalError{Iteration: d.iteration, Err: err}
		}
		d.iteration++
		row, err := d.measure(ctx, &it)
		if err != nil {
			return "failed", err
		}
		if d.o.Observer != nil {
			d.o.Observer.Iteration(row)
		}
		reason, err := d.verdict(stop, &it, row)
		if reason != "" || err != nil || d.iteration%t.CheckpointEvery == 0 || d.iteration == t.Iterations {
			if err := d.save(); err != nil {
				return "failed", err
			}
		}
		if reason != "" || err != nil {
			return reason, err
		}
		if every := d.c.Report.Every; every > 0 && d.iteration%every == 0 {
			d.draw(ctx, d.result(false))
		}
	}
	return "iterations", nil
}

// measure files what an iteration did, and keeps the best control.
func (d *driver) measure(ctx context.Context, it *pmp.Iterate) (*rundir.Metrics, error) {
	d.work.Add(it.Work)
	if d.iteration == 1 {
		d.initial = it.Before
	}
	d.final, d.residual = it.Loss, rundir.Float(it.Residual)
	val := math.NaN()
	validated := d.validates && (d.iteration%d.c.Train.ValidateEvery == 0 || d.iteration == d.c.Train.Iterations || it.Stop != pmp.InProgress)
	if validated {
		v, err := d.task.Validate(ctx, it.Theta)
		switch {
		case err == nil:
			val = v
		default: // a control that cannot be integrated on held-out data is a bad control, not the end
			val = math.Inf(1)
			d.log.Warn().Int("iteration", d.iteration).Err(err).Msg("validation failed")
		}
	}
	d.keepBest(it, val, validated)
	row := &rundir.Metrics{
		Iteration: d.iteration, Epoch: rundir.Float(d.batcher.passes(d.iteration)), WallSeconds: rundir.Float(d.wall()),
		Loss: rundir.Float(it.Loss), ValLoss: rundir.Float(val), Hamiltonian: rundir.Float(it.Hamiltonian),
		PMPResidual: rundir.Float(it.Residual), GradNorm: rundir.Float(it.GradNorm), ControlNorm: rundir.Float(it.ControlNorm),
		StepParameter: rundir.Float(it.StepParameter), Accepted: it.Accepted,
		NFEForward: int64(it.Work.Forward), NFEBackward: int64(it.Work.Backward),
		StepsAccepted: int64(it.Work.Accepted), StepsRejected: int64(it.Work.Rejected),
		MinStep: rundir.Float(it.Work.MinStep), MaxStep: rundir.Float(it.Work.MaxStep), Rollbacks: it.Rollbacks,
	}
	if err := errors.Join(d.dir.AppendMetrics(row), d.board.add(row), d.snapshot(it.Theta, it.Loss, it.Stop != pmp.InProgress)); err != nil {
		return nil, err
	}
	if !it.Accepted {
		return row, d.event("rejected", fmt.Sprintf("the trial with step parameter %.4g did not lower J and was undone", it.StepParameter))
	}
	return row, nil
}

// keepBest compares an iterate with the best one: by the loss on the validation set where there is one, else by
// the training loss. Under constraints the multipliers change what losses mean, and the last accepted iterate is
// the best one.
func (d *driver) keepBest(it *pmp.Iterate, val float64, validated bool) {
	score := it.Loss
	switch {
	case !it.Accepted:
		return
	case d.c.Train.Select == "last": // taken over when it is needed
		return
	case d.constrained():
		score = math.Inf(-1)
	case d.validates && !validated && !math.IsInf(d.bestScore, 1):
		return
	case d.validates && !validated: // better than the first control, until something is validated
		d.bestLoss, d.bestIteration = it.Loss, d.iteration
		d.best = append(d.best[:0], it.Theta...)
		return
	case d.validates:
		score = val
	}
	if score < d.bestScore || math.IsInf(score, -1) {
		d.bestScore, d.bestLoss, d.bestIteration, d.stale = score, it.Loss, d.iteration, 0
		d.best = append(d.best[:0], it.Theta...)
	} else {
		d.stale++
	}
}

func (d *driver) constrained() bool {
	p := d.task.Problem()
	return p != nil && len(p.Constraints)+len(p.Paths) > 0
}

// verdict says whether to stop after an iteration, and why.
func (d *driver) verdict(stop context.Context, it *pmp.Iterate, row *rundir.Metrics) (reason string, err error) {
	t := &d.c.Train
	if stop.Err() != nil {
		cause := context.Cause(stop)
		err := d.event("signal", cause.Error())
		return "interrupted", errors.Join(&InterruptedError{Dir: d.dir.Path(), Cause: cause}, err)
	}
	switch {
	case it.Stop == pmp.Diverged:
		return it.Stop.String(), &NumericalError{Iteration: d.iteration, Err: fmt.Errorf("%w: %s", pmp.ErrDiverged, it.Message)}
	case it.Stop != pmp.InProgress:
		d.message = it.Message
		return it.Stop.String(), nil
	case t.TargetLoss > 0 && it.Accepted && it.Loss <= t.TargetLoss:
		return "target-loss", nil
	case t.Patience > 0 && d.stale >= t.Patience:
		return "patience", nil
	case t.MaxSeconds > 0 && float64(row.WallSeconds) >= t.MaxSeconds:
		return "max-seconds", nil
	}
	return "", nil
}

// close ends a run: metrics of the best control, certificate, model, figures, report, summary, status.
func (d *driver) close(ctx context.Context, reason string, runErr error) (*Result, error) {
	var interrupted *InterruptedError
	state := rundir.Complete
	switch {
	case errors.As(runErr, &interrupted):
		state = rundir.Interrupted
	case runErr != nil:
		state = rundir.Failed
	}
	if d.phase < 0 { // resumed after its last iteration
		if err := d.enter(ctx, d.iteration); err != nil && runErr == nil {
			runErr, state = err, rundir.Failed
		}
	}
	if r, ok := d.task.(tasks.Renewer); ok {
		r.Renew(0) // what is said of the best control depends on no iteration
	}
	if d.c.Train.Batch > 0 {
		d.task.Select(nil)
	}
	d.opt, d.saved, d.settings.MaxBytes = nil, nil, d.rest
	runtime.GC() // its trajectories make room for that of the certificate
	sum := d.summary(reason)
	metrics, err := d.task.Metrics(ctx, d.best)
	if err != nil {
		d.note(fmt.Sprintf("metrics of the best control: %v", err))
	}
	for name, v := range metrics {
		sum.Metrics[name] = rundir.Float(v)
	}
	d.certify(ctx, sum)
	if err := d.writeModel(); err != nil && runErr == nil {
		runErr, state = err, rundir.Failed
	}
	if err := d.dir.WriteSummary(sum); err != nil && runErr == nil {
		runErr, state = err, rundir.Failed
	}
	text := reason
	if runErr != nil {
		text = runErr.Error()
		if state == rundir.Failed {
			_ = d.event("failure", text)
		}
	}
	if err := d.dir.SetStatus(state, text, d.iteration); err != nil && runErr == nil {
		runErr = err
	}
	d.log.Info().Str("reason", reason).Float64("best_loss", d.bestLoss).Msg("end")
	r := d.result(true)
	r.Summary = sum
	d.draw(ctx, r)
	if sum.PeakRSSBytes = rundir.PeakRSS(); d.o.Draw != nil {
		if err := d.dir.WriteSummary(sum); err != nil && runErr == nil {
			runErr = err
		}
	}
	return r, runErr
}

// certify says what holds at the best control, in summary.json and certificate.json.
func (d *driver) certify(ctx context.Context, sum *rundir.Summary) {
	if d.task.Problem() == nil { // discrete time has no certificate; what the last iteration saw
		sum.PMP.Residual, sum.PMP.HamiltonianDrift = d.residual, rundir.Float(math.NaN())
		return
	}
	c, err := Certify(ctx, d.task, d.settings, d.best)
	sum.PMP.Residual, sum.PMP.HamiltonianDrift = rundir.Float(c.Residual), rundir.Float(c.Drift)
	if err != nil {
		d.note(fmt.Sprintf("certificate of the best control: %v", err))
		return
	}
	if err := d.dir.WriteCertificate(c); err != nil {
		d.note(err.Error())
	}
}

func (d *driver) draw(ctx context.Context, r *Result) {
	if d.o.Draw == nil {
		return
	}
	runtime.GC() // and that one for the canvas
	if err := d.o.Draw(ctx, r); err != nil {
		d.note(fmt.Sprintf("figures and report: %v", err))
	}
}

func (d *driver) result(done bool) *Result {
	return &Result{Config: d.c, Task: d.task, Dir: d.dir, Settings: d.settings, Best: d.best, Summary: d.summary("running"), Header: d.header, Message: d.message, Done: done}
}

func (d *driver) summary(reason string) *rundir.Summary {
	s := &rundir.Summary{
		Name: d.c.Name, Task: d.c.Task, Optimizer: d.c.Optimizer.Kind, Costate: d.c.Costate.Kind, Method: d.c.Solver.Method,
		Seed: d.c.Seed, Iterations: d.iteration, StopReason: reason, WallSeconds: rundir.Float(d.wall()),
		InitialLoss: rundir.Float(d.initial), FinalLoss: rundir.Float(d.final), BestLoss: rundir.Float(d.bestLoss), BestIteration: d.bestIteration,
		Metrics: map[string]rundir.Float{}, Params: len(d.best), PeakRSSBytes: rundir.PeakRSS(),
	}
	s.NFE.Forward, s.NFE.Backward = int64(d.work.Forward), int64(d.work.Backward)
	s.Steps.Accepted, s.Steps.Rejected = int64(d.work.Accepted), int64(d.work.Rejected)
	return s
}

// Advice turns a solver's error into a hint on the configuration; empty where there is none.
func Advice(err error) string {
	switch {
	case errors.Is(err, ode.ErrMaxSteps):
		return "raise solver.max_steps, loosen solver.rtol, or lower the learning rate: the vector field has become stiff"
	case errors.Is(err, ode.ErrStepTooSmall), errors.Is(err, ode.ErrNonFinite):
		return "the states blow up under this control: start from smaller weights (field.init_scale), take smaller updates, or shorten the horizon or data.window"
	case errors.Is(err, os.ErrNotExist):
		return "check the path"
	}
	return ""
}
