package tasks_test

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/costate-go/costate/experiments/data"
	"github.com/costate-go/costate/experiments/tasks"
	"github.com/costate-go/costate/internal/rng"
	"github.com/costate-go/costate/pmp"
)

// An affine flow turns Gaussians into Gaussians, so the best one gives the points the likelihood of their own mean and covariance:
// ½ log det(2πe Σ) nats on average, in the units of the file, normalized or not.
func TestAffineFlowFindsTheGaussian(t *testing.T) {
	src := rng.New(5)
	var text strings.Builder
	text.WriteString("a,b\n")
	const n = 400
	var x [2][n]float64
	for s := range n {
		u, v := src.Normal(), src.Normal()
		x[0][s], x[1][s] = 3+2*u, -1+u+0.3*v
		fmt.Fprintf(&text, "%v,%v\n", x[0][s], x[1][s])
	}
	var m [2]float64
	for i := range m {
		for _, v := range x[i] {
			m[i] += v / n
		}
	}
	var c [2][2]float64
	for i := range c {
		for j := range c {
			for s := range n {
				c[i][j] += (x[i][s] - m[i]) * (x[j][s] - m[j]) / n
			}
		}
	}
	want := 0.5*math.Log(c[0][0]*c[1][1]-c[0][1]*c[1][0]) + math.Log(2*math.Pi*math.E)

	file := filepath.Join(t.TempDir(), "points.csv")
	if err := os.WriteFile(file, []byte(text.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, normalize := range []string{"true", "false"} {
		cfg := parse(t, "", "task=density", "data.source=csv", "data.file="+file, "data.validation=0", "data.normalize="+normalize,
			"field.hidden=[]", "optimizer.kind=lbfgs", "field.init_scale=0.1", "solver.rtol=1e-9", "solver.atol=1e-10")
		task, w := build(t, cfg)
		opt, err := tasks.Optimizer(cfg, task.Problem())
		if err != nil {
			t.Fatal(err)
		}
		if err := opt.Init(ctx, w, task.Initial()); err != nil {
			t.Fatal(err)
		}
		for range 60 {
			if it, err := opt.Step(ctx); err != nil {
				t.Fatal(err)
			} else if it.Stop != pmp.InProgress {
				break
			}
		}
		metrics, err := task.Metrics(ctx, opt.Theta())
		if err != nil {
			t.Fatal(err)
		}
		if got := metrics["train_nats"]; math.Abs(got-want) > 1e-6 {
			t.Errorf("normalize %s: %.8f nats, the Gaussian has %.8f", normalize, got, want)
		}
		if _, ok := metrics["gap_nats"]; ok {
			t.Error("a file has a reference")
		}
		table, err := data.ParseTable("p.csv", []byte(fmt.Sprintf("b,a\n%v,%v\n", m[1], m[0])))
		if err != nil {
			t.Fatal(err)
		}
		header, rows, err := task.Predict(ctx, opt.Theta(), table)
		if peak := 1 - want; err != nil || fmt.Sprint(header) != "[a b log_density]" || math.Abs(rows[0][2]-peak) > 1e-3 {
			t.Errorf("%v %v %v: the density at the mean is exp %v", header, rows, err, peak)
		}
	}
}

// Whatever the weights, the density integrates to one, and samples have its moments.
func TestDensityAndSamples(t *testing.T) {
	for _, control := range []string{"constant", "piecewise-constant", "piecewise-linear"} {
		over := []string{"data.samples=200", "data.normalize=true", "field.hidden=10", "control.kind=" + control, "solver.rtol=1e-6"}
		if control != "constant" {
			over = append(over, "control.intervals=2")
		}
		cfg := parse(t, "density_moons", over...)
		built, _ := build(t, cfg)
		task := built.(*tasks.Density)
		theta := jitter(task, 0.15)
		const half, cells = 6.0, 100
		const h = 2 * half / cells
		var grid []float64
		for i := range cells {
			for j := range cells {
				grid = append(grid, -half+(float64(i)+0.5)*h, -half+(float64(j)+0.5)*h)
			}
		}
		log, err := task.LogDensity(ctx, theta, grid)
		if err != nil {
			t.Fatal(err)
		}
		var total, mean, square [2]float64
		for k, l := range log {
			p := math.Exp(l) * h * h
			for i := range 2 {
				total[i] += p
				mean[i] += p * grid[2*k+i]
				square[i] += p * grid[2*k+i] * grid[2*k+i]
			}
		}
		if math.Abs(total[0]-1) > 1e-3 {
			t.Errorf("%s: the density integrates to %.6f", control, total[0])
		}
		const n = 3000
		_, rows, err := task.Sample(ctx, theta, n, 4)
		if err != nil {
			t.Fatal(err)
		}
		for i := range 2 {
			m, q := 0.0, 0.0
			for _, r := range rows {
				m += r[i] / n
				q += r[i] * r[i] / n
			}
			if sd := math.Sqrt(square[i] - mean[i]*mean[i]); math.Abs(m-mean[i]) > 5*sd/math.Sqrt(n) || math.Abs(q-square[i]) > 8*sd*sd/math.Sqrt(n)+0.05*square[i] {
				t.Errorf("%s: samples have the moments %.4f, %.4f in x%d, the density %.4f, %.4f", control, m, q, i+1, mean[i], square[i])
			}
		}
	}
}

// Gradient methods see other vectors in every iteration, the same ones again when it is repeated; line searches always the same.
func TestRenew(t *testing.T) {
	for kind, renews := range map[string]bool{"adam": true, "lbfgs": false} {
		task, w := build(t, parse(t, "density_moons", "data.samples=40", "density.trace=rademacher", "optimizer.kind="+kind))
		theta := jitter(task, 0.1)
		first := cost(t, w, theta)
		r := task.(tasks.Renewer)
		if r.Renew(1) != renews || cost(t, w, theta) != first != renews {
			t.Errorf("%s: the problem of iteration 1 is wrong", kind)
		}
		if r.Renew(0) != renews || cost(t, w, theta) != first {
			t.Errorf("%s: iteration 0 is another one the second time", kind)
		}
	}
}
