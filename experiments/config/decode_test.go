package config_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/costate-go/costate/experiments/config"
)

func issues(t *testing.T, text string, overrides ...string) string {
	t.Helper()
	_, err := config.Parse("x.toml", []byte(text), overrides...)
	if err == nil {
		return ""
	}
	var e *config.Error
	if !errors.As(err, &e) {
		t.Fatalf("error of type %T", err)
	}
	return err.Error()
}

func TestIssues(t *testing.T) {
	for _, c := range []struct {
		name, text string
		overrides  []string
		want       []string // one a line, as prefixes
	}{
		{"empty file is the default", "", nil, nil},
		{"unknown key", "[solver]\nrtoll = 1e-6\n", nil, []string{`x.toml:2:1: solver.rtoll: unknown key (did you mean rtol?)`}},
		{"key of another section", "[solver]\nbatch = 3\n", nil, []string{`x.toml:2:1: solver.batch: unknown key (did you mean train.batch?)`}},
		{"unknown section", "[solvr]\nrtol = 1e-6\n", nil, []string{`x.toml:1:2: solvr: unknown section (did you mean solver?)`}},
		{"unknown top key", "sead = 1\n", nil, []string{`x.toml:1:1: sead: unknown key (did you mean seed?)`}},
		{"wrong type", "[solver]\nrtol = \"1e-6\"\n", nil, []string{`x.toml:2:8: solver.rtol: want a number, got the string "1e-6"`}},
		{"negative unsigned", "seed = -1\n", nil, []string{`x.toml:1:8: seed: must be ≥ 0, got -1`}},
		{"non-finite", "[solver]\nrtol = nan\natol = inf\n", nil, []string{"x.toml:2:8: solver.rtol: must be finite", "x.toml:3:8: solver.atol: must be finite"}},
		{"range", "[data]\nvalidation = 1.0\n", nil, []string{"x.toml:2:14: data.validation: must be in [0, 1), got 1"}},
		{"float for integer", "[train]\niterations = 5.0\n", nil, []string{"x.toml:2:14: train.iterations: want an integer, got the number 5; write 5"}},
		{"choice", "[solver]\nmethod = \"rk5\"\n", nil, []string{`x.toml:2:10: solver.method: unknown value "rk5"; choose from euler, midpoint, heun, ralston, ssprk3, rk4, rk38, bs3, rkf45, bs5, cashkarp, dopri5, tsit5, vern6, vern7, vern8, vern9, dop853, alf, revheun, kvaerno3, kvaerno4, kvaerno5, kencarp4, rosenbrock23, rodas5p (did you mean rk4?)`}},
		{"implicit", "[solver]\nmethod = \"radau5\"\n", nil, []string{`x.toml:2:10: solver.method: "radau5" is for package ode alone: the discrete costate needs an explicit Runge–Kutta method or, for stiff problems, kvaerno3, kvaerno4, kvaerno5, kencarp4, rosenbrock23 or rodas5p; choose from euler, `}},
		{"choice of another task", "[optimizer]\nkind = \"riccati\"\n", nil, []string{`x.toml:2:8: optimizer.kind: "riccati" is for task = "control"; choose from emsa, `}},
		{"choice that this task has not", "task = \"control\"\n[optimizer]\nkind = \"snopt\"\n", nil, []string{`x.toml:3:8: optimizer.kind: "snopt" does not work with task = "control"; choose from emsa, sqh, msa, batch-pmp, `}},
		{"task", "task = \"dense\"\n", nil, []string{`x.toml:1:8: task: unknown value "dense"; choose from fit, classify, density, control, policy`}},
		{"density", "task = \"density\"\n[data]\nnoise = 0\n[optimizer]\nkind = \"emsa\"\nmaximizer = \"levenberg-marquardt\"\n", nil, []string{
			"x.toml:3:9: data.noise: points on curves without noise have no density", `x.toml:6:13: optimizer.maximizer: "levenberg-marquardt" needs the Jacobian`}},
		{"case", "[solver]\nrtol = 1e-6\nRTol = 1e-3\n", nil, []string{"x.toml:3:1: solver.RTol: differs only in case from solver.rtol", "x.toml:3:1: solver.RTol: unknown key (did you mean rtol?)"}},
		{"section case", "[solver]\nrtol = 1e-6\n[Solver]\nrtol = 1e-3\n", nil, []string{"x.toml:3:2: Solver: differs only in case", "x.toml:3:2: Solver: unknown section", "x.toml:4:1: Solver.rtol: differs only in case"}},
		{"quoted dot is no section", "\"solver.rtol\" = 1\n", nil, []string{`x.toml:1:1: "solver.rtol": unknown key`}},
		{"section as value", "solver = 3\n", nil, []string{"x.toml:1:1: solver: is a section"}},
		{"inline table", "solver = {rtol = 2, atol = \"a\"}\n", nil, []string{"x.toml:1:18: solver.rtol: must be in [1e-15, 1]", `x.toml:1:28: solver.atol: want a number`}},
		{"table for scalar", "[solver.rtol]\nx = 1\n", nil, []string{"x.toml:1:2: solver.rtol: want a number, got a table"}},
		{"missing", "[data]\nsource = \"csv\"\n", nil, []string{`x.toml:1:2: data.file: is required with task = "fit", data.source = "csv"`}},
		{"does not apply", "[optimizer]\nkind = \"adam\"\nrho = 1.0\n", nil, []string{`x.toml:3:1: optimizer.rho: does not apply to optimizer.kind = "adam"; it applies where optimizer.kind = "emsa"`}},
		{"override", "", []string{"solver.rtol=x", "optimizer.kind=adm", "nope=1", "solver=3", "abc"}, []string{
			`override 1: solver.rtol: want a number, got the string "x"`, `override 2: optimizer.kind: unknown value "adm"; choose from`,
			"override 3: nope: unknown key", "override 4: solver: is a section", `override 5: "abc" is not key=value`}},
		{"sorted, all in one go", "b = 1\nseed = -4\n[train]\niterations = true\na = 1\n", []string{"seed=x"}, []string{
			"x.toml:1:1: b: unknown key", "x.toml:4:14: train.iterations: want an integer, got true", "x.toml:5:1: train.a", "override 1: seed: want an integer ≥ 0"}},
		{"syntax", "seed = \n", nil, []string{"x.toml:1:8: not valid TOML: "}},
		{"duplicate", "seed = 1\nseed = 2\n", nil, []string{"x.toml:2:10: not valid TOML: Key 'seed' has already been defined"}},
		{"column counts runes", "name = \"a\"\nsolver = {method = \"ü\", rtol = 3}", nil, []string{"x.toml:2:20: solver.method", "x.toml:2:32: solver.rtol"}},
		{"multi-line strings and arrays", "name = \"\"\"a\n=\"\"\"\n[field]\nhidden = [ # [ {\n 5, \n \"x]\"]\nzzz = 1\n", nil,
			[]string{"x.toml:1:8: name: must be 1 to 64", `x.toml:4:10: field.hidden: entry 2: want an integer, got the string "x]"`, "x.toml:7:1: field.zzz"}},
		{"spans", "[data]\nt0 = 3\nt1 = 2\n", nil, []string{"x.toml:3:6: data.t1: must be greater than data.t0 = 3, got 2"}},
		{"fixed method", "[solver]\nmethod = \"rk4\"\n", nil, []string{"x.toml:2:10: solver.method: rk4 has no error estimate; set solver.steps"}},
		{"bounds", "[control]\nlower = [0, 3]\nupper = 1\n", nil, []string{"x.toml:2:9: control.lower: entry 2: must be at most control.upper = 1, got 3"}},
		{"splits", "[data]\nvalidation=0.5\ntest=0.5\n", nil, []string{"x.toml:2:12: data.validation: data.validation + data.test = 1"}},
		{"bounds of a quasi-Newton method", "[optimizer]\nkind = \"lbfgs\"\n[control]\nlower = -1.0\n", nil, []string{`x.toml:4:9: control.lower: and control.upper do not work with optimizer.kind = "lbfgs"`}},
		{"prices of a quasi-Newton method", "[optimizer]\nkind = \"secant-msa\"\n[control]\nl1 = 0.1\n", nil, []string{`x.toml:4:6: control.l1: does not work with optimizer.kind = "secant-msa"`}},
		{"controls of secant MSA", "[optimizer]\nkind = \"secant-msa\"\n[control]\nkind = \"piecewise-linear\"\n", nil, []string{`x.toml:4:8: control.kind: "piecewise-linear" does not work with optimizer.kind = "secant-msa"`}},
		{"cubic", "[control]\nkind = \"cubic-hermite\"\nl1 = 0.1\n", nil, []string{`x.toml:2:8: control.kind: "cubic-hermite" does not work`, `x.toml:2:8: control.kind: "cubic-hermite" holds no bounds`}},
		{"durations", "task = \"control\"\n[control]\nkind = \"piecewise-constant\"\ndurations = true\n", nil, []string{`x.toml:4:13: control.durations: true does not work with optimizer.kind = "sqh"`}},
		{"shooting takes no more constraints", "task = \"control\"\n[problem]\nconstraints = [\"x1 <= 1\"]\n[optimizer]\nkind = \"shooting\"\n", nil, []string{`x.toml:3:15: problem.constraints: does not work with optimizer.kind = "shooting"`}},
		{"jumps and Newton's method", "task = \"control\"\n[problem]\njumps = [\"0.5: x1 = 1\"]\n[optimizer]\nkind = \"riccati\"\n", nil, []string{`x.toml:3:9: problem.jumps: do not work with optimizer.kind = "riccati"`}},
		{"refined durations", "task = \"control\"\n[control]\nkind = \"piecewise-constant\"\ndurations = true\nrefine = 1e-6\n[optimizer]\nkind = \"riccati\"\n", nil, []string{`x.toml:5:10: control.refine: does not work with control.durations = true`}},
		{"modes between bounds", "task = \"control\"\n[control]\nkind = \"piecewise-constant\"\ndurations = true\nmodes = [1]\nlower = 0\n[optimizer]\nkind = \"riccati\"\n", nil, []string{`x.toml:5:9: control.modes: are given values`}},
		{"count and radius", "[control]\nl0 = 0.1\nradius = 1\n", nil, []string{`x.toml:2:6: control.l0: counts parameters`, `x.toml:3:10: control.radius: stands alone`}},
		{"ridge of a deep network", "[optimizer]\nmaximizer = \"ridge\"\n", nil, []string{`x.toml:2:13: optimizer.maximizer: "ridge" needs parameters that enter linearly`}},
		{"least squares", "[optimizer]\nkind = \"gauss-newton\"\n[train]\nloss = \"absolute\"\n", nil, []string{`x.toml:4:8: train.loss: "absolute" does not work`}},
		{"maximizer", "[optimizer]\nmaximizer = \"h-max\"\n", nil, []string{`x.toml:2:13: optimizer.maximizer: "h-max" does not work`}},
		{"memory", "[costate]\nmemory = \"lots\"\n", nil, []string{`x.toml:2:10: costate.memory: "lots" is not a size`}},
		{"not UTF-8", "name = \"\xff\"\n", nil, []string{"x.toml:1:9: not valid UTF-8"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := issues(t, c.text, c.overrides...)
			var lines []string
			if got != "" {
				lines = strings.Split(got, "\n")
			}
			if len(lines) != len(c.want) {
				t.Fatalf("got %d issues, want %d:\n%s", len(lines), len(c.want), got)
			}
			for i, w := range c.want {
				if !strings.HasPrefix(lines[i], w) {
					t.Errorf("issue %d\n got %s\nwant %s…", i, lines[i], w)
				}
			}
		})
	}
}

func TestHostile(t *testing.T) {
	for name, text := range map[string]string{
		"arrays":       "a = " + strings.Repeat("[", 500000),
		"tables":       "a = " + strings.Repeat("{a=", 300000),
		"dotted":       strings.Repeat("a.", 400000) + "b = 1",
		"header":       "[" + strings.Repeat("a.", 400000) + "b]",
		"dotted value": "a = {" + strings.Repeat("a.", 400000) + "b = 1}",
		"after quotes": "x = '''\n'''\ny = \"\\\"\"\na = " + strings.Repeat("[", 500000),
		"many strings": "x = \"" + strings.Repeat("[", 100) + "\"\na = " + strings.Repeat("[", 100),
	} {
		t.Run(name, func(t *testing.T) {
			if got := issues(t, text); !strings.Contains(got, "nested deeper than 16") {
				t.Errorf("got %.200s", got)
			}
		})
	}
	if got := issues(t, strings.Repeat("#", config.MaxSize+1)); !strings.Contains(got, "larger than") {
		t.Errorf("size: %.100s", got)
	}
	if got := issues(t, "", "field.hidden="+strings.Repeat("[", 100000)); !strings.Contains(got, "too deeply nested") {
		t.Errorf("override: %.100s", got)
	}
	if got := issues(t, "name = \""+strings.Repeat("[", 60)+"\"\n"); strings.Contains(got, "nested") {
		t.Errorf("brackets in a string are not nesting: %s", got)
	}
}

// What is no configuration at all must be refused quickly, whatever it holds.
func TestLargeAndWrong(t *testing.T) {
	many := func(format string, n int) string {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, format, i)
		}
		return b.String()
	}
	for name, text := range map[string]string{
		"keys": many("key%d=1\n", 70000), "headers": many("[a%d.b]\n", 70000), "one line": "solver = {" + many("k%d=1,", 90000) + "z=1}",
		"twins": many("a%d=1\n", 30000) + many("A%d=1\n", 30000), "list": "[field]\nhidden=[" + many("%d,", 100000) + "]\n",
		"text": "name = '" + strings.Repeat("x", 1000000) + "'\n", "quoted": many("\"a.%d\"=1\n", 60000),
	} {
		t.Run(name, func(t *testing.T) {
			begun := time.Now()
			got := issues(t, text)
			if d := time.Since(begun); d > 5*time.Second || got == "" || strings.Count(got, "\n") > 250 || len(got) > 1<<20 {
				t.Errorf("%v, %d bytes, %d lines", d, len(got), strings.Count(got, "\n"))
			}
		})
	}
}

func FuzzParse(f *testing.F) {
	f.Add("seed = 1\n[solver]\nrtol = 1e-6\n", "train.batch=3")
	f.Add("a = {b.c = [1, {d = '''x'''}]}", "field.hidden=[1,2]")
	f.Fuzz(func(t *testing.T, text, override string) {
		c, err := config.Parse("f", []byte(text), override)
		if err != nil {
			return
		}
		var b strings.Builder
		if err := c.Print(&b); err != nil {
			t.Fatal(err)
		}
		d, err := config.Parse("g", []byte(b.String()))
		if err != nil || d.Hash() != c.Hash() {
			t.Fatalf("printed file does not load back: %v\n%s", err, b.String())
		}
	})
}

func TestOverrides(t *testing.T) {
	c, err := config.Parse("x", []byte("[optimizer]\nrho = 3.0\n"), "optimizer.kind=adam", "field.hidden=20,30", "name=2024",
		"data.source=csv", "data.file=a b.csv", "data.columns=[lynx, hare]", "control.lower=-1,0", "control.upper=2", "seed = 7", "optimizer.learning_rate=1")
	if err != nil {
		t.Fatal(err)
	}
	got := fmt.Sprintln(c.Optimizer.Kind, c.Optimizer.LearningRate, c.Field.Hidden, c.Name, c.Data.File, c.Data.Columns, c.Control.Lower, c.Control.Upper, c.Seed, c.Optimizer.Rho)
	if want := "adam 1 [20 30] 2024 a b.csv [lynx hare] [-1 0] [2] 7 0\n"; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if n := c.Notes(); len(n) != 1 || !strings.HasPrefix(n[0], "optimizer.rho of the file is not used") {
		t.Errorf("notes %q", n)
	}
}

func TestOverrideOfTask(t *testing.T) {
	c, err := config.Parse("x", []byte("[field]\nhidden=[3]\n[optimizer]\nmaximizer=\"levenberg-marquardt\"\nrho=2.0"), "task=control", "optimizer.maximizer=auto")
	if err != nil {
		t.Fatal(err)
	}
	if c.Optimizer.Kind != "sqh" || len(c.Notes()) != 2 {
		t.Errorf("kind %s, notes %q", c.Optimizer.Kind, c.Notes())
	}
}

func ExampleParse() {
	_, err := config.Parse("spiral.toml", []byte("seed = -1\n[solver]\nrtoll = 1e-6\n"))
	fmt.Println(err)
	// Output:
	// spiral.toml:1:8: seed: must be ≥ 0, got -1
	// spiral.toml:3:1: solver.rtoll: unknown key (did you mean rtol?)
}
