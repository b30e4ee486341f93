package tasks_test

import (
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/costate-go/costate/experiments/config"
	"github.com/costate-go/costate/experiments/tasks"
	"github.com/costate-go/costate/pmp"
)

// mnist is the folder of the MNIST files: shared/data/mnist beside the project or above it.
func mnist(t *testing.T) string {
	t.Helper()
	for up := filepath.Join("..", ".."); len(up) < 30; up = filepath.Join(up, "..") {
		folder := filepath.Join(up, "shared", "data", "mnist")
		if _, err := os.Stat(folder); err == nil {
			return folder
		}
	}
	t.Skip("no folder shared/data/mnist with the MNIST files beside or above the project")
	return ""
}

// An epoch of ternary weights reads more than nine in ten digits of the test set, and the metrics agree with the confusion.
func TestLayersReadDigits(t *testing.T) {
	c := parse(t, "mnist_quick", "data.folder="+mnist(t), "field.hidden=128,128", "train.iterations=285")
	task, err := tasks.New(c, 2)
	if err != nil {
		t.Fatal(err)
	}
	own := task.(*tasks.Layers)
	opt, err := own.Begin(ctx, own.Initial())
	if err != nil {
		t.Fatal(err)
	}
	index := make([]int, c.Train.Batch)
	for k := range c.Train.Iterations {
		for i := range index {
			index[i] = (k*len(index) + i) % own.Samples()
		}
		own.Select(index)
		if _, err := opt.Step(ctx); err != nil {
			t.Fatal(err)
		}
	}
	m, err := own.Metrics(ctx, opt.Theta())
	if err != nil {
		t.Fatal(err)
	}
	if m["test_accuracy"] < 0.9 || m["nonzero_weights"] > 0.2 {
		t.Errorf("metrics %v", m)
	}
	classes, count, err := own.Confusion(ctx, opt.Theta())
	if err != nil {
		t.Fatal(err)
	}
	right, all := 0, 0
	for i, row := range count {
		for j, k := range row {
			all += k
			if i == j {
				right += k
			}
		}
	}
	if len(classes) != 10 || all != 10000 || math.Abs(float64(right)/float64(all)-m["test_accuracy"]) > 1e-12 {
		t.Errorf("%d of %d right in the confusion of %v, and the accuracy is %g", right, all, classes, m["test_accuracy"])
	}
	size := 0
	for _, tensor := range own.Tensors(opt.Theta()) {
		size += len(tensor.Data)
	}
	if size != len(opt.Theta()) {
		t.Errorf("tensors hold %d of %d numbers", size, len(opt.Theta()))
	}
}

// discreteTask builds a task without a flow and starts its optimizer.
func discreteTask(t *testing.T, c *config.Config) {
	task, err := tasks.New(c, 1)
	if err != nil {
		t.Fatal(err)
	}
	own, ok := task.(tasks.Discrete)
	theta := task.Initial()
	if !ok || task.Problem() != nil || len(theta) != task.About().Params {
		t.Fatalf("discrete %v, %d numbers, and the description says %d", ok, len(theta), task.About().Params)
	}
	opt, err := own.Begin(ctx, theta)
	if err != nil {
		t.Fatal(err)
	}
	index := make([]int, c.Train.Batch)
	for i := range index {
		index[i] = i
	}
	own.Select(index)
	if it, err := opt.Step(ctx); err != nil || !(it.Loss > 0 && it.Loss < 20) {
		t.Errorf("loss %g, %v", it.Loss, err)
	}
}

// A flow between trained maps reads nine in ten digits after an epoch, and its gradient, maps included, is that of central
// differences.
func TestLiftedReadsDigits(t *testing.T) {
	folder := "data.folder=" + mnist(t)
	c := parse(t, "mnist_ode", folder, "field.states=16", "field.hidden=16", "precision=float64", "train.batch=8", "solver.rtol=1e-8", "solver.atol=1e-8")
	task, w := build(t, c)
	s, err := tasks.SweepSettings(c, 1)
	if err != nil {
		t.Fatal(err)
	}
	if off, err := pmp.CheckGradient(ctx, task.Problem(), s, task.Initial(), 3); err != nil || off > 1e-6 {
		t.Errorf("the gradient is off by %.2g, %v", off, err)
	}
	if w.NumControls() != task.About().Params {
		t.Errorf("%d numbers, described as %d", w.NumControls(), task.About().Params)
	}

	c = parse(t, "mnist_ode", folder, "field.states=32", "field.hidden=32", "data.shift=1", "optimizer.learning_rate=0.01", "train.iterations=445")
	task, w = build(t, c)
	opt := &pmp.Gradient{Rule: pmp.Adam, Rate: 0.01, Schedule: pmp.CosineRate, Total: 300}
	if err := opt.Init(ctx, w, task.Initial()); err != nil {
		t.Fatal(err)
	}
	index := make([]int, c.Train.Batch)
	for k := range 300 {
		for i := range index {
			index[i] = (k*len(index) + i) % task.Samples()
		}
		task.Select(index)
		if _, err := opt.Step(ctx); err != nil {
			t.Fatal(err)
		}
	}
	m, err := task.Metrics(ctx, opt.Theta())
	if err != nil {
		t.Fatal(err)
	}
	if m["test_accuracy"] < 0.9 {
		t.Errorf("metrics %v", m)
	}
}

// A flow by convolutions, whose state is a picture of patches, learns digits in some hundred small batches, and its gradient, that of the
// patches included, is that of central differences. Shapes that do not cover the pictures are refused.
func TestConvolutionsReadDigits(t *testing.T) {
	folder := "data.folder=" + mnist(t)
	small := []string{folder, "field.shape=[4,7,7]", "field.hidden=[6]", "train.batch=32", "data.validation=0.01"}
	c := parse(t, "mnist_conv", append(small, "train.batch=8", "field.activation=tanh")...)
	task, w := build(t, c)
	s, err := tasks.SweepSettings(c, 1)
	if err != nil {
		t.Fatal(err)
	}
	if off, err := pmp.CheckGradient(ctx, task.Problem(), s, task.Initial(), 3); err != nil || off > 1e-6 {
		t.Errorf("the gradient is off by %.2g, %v", off, err)
	}
	if w.NumControls() != task.About().Params {
		t.Errorf("%d numbers, described as %d", w.NumControls(), task.About().Params)
	}
	c = parse(t, "mnist_conv", small...)
	task, w = build(t, c)
	const steps = 80
	opt := &pmp.Gradient{Rule: pmp.Adam, Rate: 0.02, Schedule: pmp.CosineRate, Total: steps}
	if err := opt.Init(ctx, w, task.Initial()); err != nil {
		t.Fatal(err)
	}
	index := make([]int, c.Train.Batch)
	for k := range steps {
		for i := range index {
			index[i] = k*len(index) + i
		}
		task.Select(index)
		if _, err := opt.Step(ctx); err != nil {
			t.Fatal(err)
		}
	}
	loss, err := task.Validate(ctx, opt.Theta())
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("cross-entropy %.3f", loss)
	if !(loss < 0.8) {
		t.Errorf("cross-entropy %.3f of held-out pictures, want below 0.8; guessing has 2.3", loss)
	}
	for _, bad := range []string{"field.shape=[4,8,7]", "field.shape=[4,5,5]", "field.patch=5", "field.patch=2"} {
		if _, err := tasks.New(parse(t, "mnist_conv", folder, bad), 1); err == nil || !strings.Contains(err.Error(), "field."+strings.Split(bad[6:], "=")[0]) {
			t.Errorf("%s: %v", bad, err)
		}
	}
}
