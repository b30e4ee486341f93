package cli_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/costate-go/costate/configs"
	"github.com/costate-go/costate/experiments/checkpoint"
	"github.com/costate-go/costate/experiments/cli"
	"github.com/costate-go/costate/experiments/config"
	"github.com/costate-go/costate/experiments/data"
	"github.com/costate-go/costate/solvers"
)

// engine records what it is asked for.
type engine struct {
	run      cli.RunOptions
	check    cli.CheckOptions
	evaluate cli.EvaluateOptions
	predict  cli.PredictOptions
	report   cli.ReportOptions
	verify   cli.VerifyOptions
	compare  cli.CompareOptions
	sweep    cli.SweepOptions
	export   cli.ExportOptions
	err      error
	wait     bool
}

func (e *engine) Run(ctx context.Context, o cli.RunOptions) error {
	e.run = o
	if e.wait {
		s := <-o.Stop
		if ctx.Err() != nil {
			return errors.New("the context must stay open while the run saves")
		}
		return &interrupted{&cli.Signalled{Signal: s}}
	}
	return e.err
}
func (e *engine) Check(ctx context.Context, o cli.CheckOptions) error {
	e.check = o
	if e.wait {
		<-ctx.Done()
		return ctx.Err()
	}
	return e.err
}
func (e *engine) Evaluate(_ context.Context, o cli.EvaluateOptions) error {
	e.evaluate = o
	return e.err
}
func (e *engine) Predict(_ context.Context, o cli.PredictOptions) error { e.predict = o; return e.err }
func (e *engine) Verify(_ context.Context, o cli.VerifyOptions) error   { e.verify = o; return e.err }
func (e *engine) Compare(_ context.Context, o cli.CompareOptions) error { e.compare = o; return e.err }
func (e *engine) Sweep(_ context.Context, o cli.SweepOptions) error     { e.sweep = o; return e.err }
func (e *engine) Export(_ context.Context, o cli.ExportOptions) error   { e.export = o; return e.err }
func (e *engine) Report(_ context.Context, o cli.ReportOptions) error   { e.report = o; return e.err }

// interrupted is how a run says that it ended after a good save.
type interrupted struct{ *cli.Signalled }

func (i *interrupted) Error() string { return "saved in /r" }

func call(e cli.Engine, args ...string) (code int, stdout, stderr string) {
	var o, s bytes.Buffer
	code = cli.Main(args, &o, &s, e)
	return code, o.String(), s.String()
}

func TestRunOptions(t *testing.T) {
	var e engine
	code, _, stderr := call(&e, "run", "spiral", "solver.rtol=1e-9", "--out", "/x/y", "--seed", "7", "--threads", "3", "--dry-run", "--quiet", "--log-format", "json")
	if code != 0 {
		t.Fatal(code, stderr)
	}
	o := e.run
	if o.Config.Solver.RTol != 1e-9 || o.Config.Seed != 7 || o.Out != "/x/y" || o.Threads != 3 || !o.DryRun || !o.Quiet || o.Progress != "none" || o.LogFormat != "json" ||
		o.Source != "configs/spiral.toml" || o.Resume != "" {
		t.Errorf("%+v", o)
	}
	if code, _, _ := call(&e, "run", "seed=3"); code != 0 || e.run.Config.Name != "spiral" || e.run.Config.Seed != 3 {
		t.Errorf("without a file: %+v", e.run)
	}
	path := filepath.Join(t.TempDir(), "a=b.toml")
	if err := os.WriteFile(path, []byte("name = \"mine\"\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if code, _, _ := call(&e, "run", path, "seed=3"); code != 0 || e.run.Config.Name != "mine" || e.run.Source != path {
		t.Errorf("a file: %+v", e.run)
	}
}

func TestReplacementsBehindFlags(t *testing.T) {
	var e engine
	code, _, stderr := call(&e, "run", "moons", "--out", "/x/a=b", "seed=4", "--quiet", "field.hidden=[7]")
	if code != 0 || e.run.Out != "/x/a=b" || e.run.Config.Seed != 4 || e.run.Config.Field.Hidden[0] != 7 || !e.run.Quiet {
		t.Errorf("%d %s %+v", code, stderr, e.run)
	}
}

// Words and flags may stand in any order.
func TestOrder(t *testing.T) {
	for _, args := range [][]string{
		{"run", "moons", "seed=4", "-q", "--out", "/x", "--threads", "2"}, {"run", "-q", "moons", "seed=4", "--out", "/x", "--threads=2"}, {"run", "--out", "/x", "-q", "moons", "--threads", "2", "seed=4"},
		{"run", "--threads", "2", "--out=/x", "--quiet", "--", "moons", "seed=4"},
	} {
		var e engine
		if code, _, stderr := call(&e, args...); code != 0 || e.run.Config.Name != "moons" || e.run.Config.Seed != 4 || e.run.Out != "/x" || !e.run.Quiet || e.run.Threads != 2 {
			t.Errorf("%q: %d %s %+v", args, code, stderr, e.run)
		}
	}
}

func TestOtherCommands(t *testing.T) {
	var e engine
	for _, args := range [][]string{{"resume", "/r"}, {"check", "moons"}, {"evaluate", "/r", "--json"}, {"predict", "/r", "--input", "/i.csv", "-o", "/o.csv"}, {"report", "/r"}, {"verify", "/r", "--json", "--tolerance", "1e-3"}, {"export", "/r", "-f", "npz", "-o", "/m"}} {
		if code, _, stderr := call(&e, args...); code != 0 {
			t.Errorf("%q: %d %s", args, code, stderr)
		}
	}
	if e.run.Resume != "/r" || e.run.Config != nil || e.check.Config.Name != "moons" || e.evaluate.Run != "/r" || !e.evaluate.JSON ||
		e.predict.Input != "/i.csv" || e.predict.Output != "/o.csv" || e.report.Run != "/r" || e.verify.Run != "/r" || !e.verify.JSON || e.verify.Tolerance != 1e-3 ||
		e.export.Run != "/r" || e.export.Format != "npz" || e.export.Type != "float64" || e.export.Output != "/m" {
		t.Errorf("%+v", e)
	}
}

func TestCompareOptions(t *testing.T) {
	var e engine
	dir := t.TempDir()
	code, _, stderr := call(&e, "compare", dir, "spiral", "moons", "--out", "/o", "seed=4")
	if o := e.compare; code != 0 || len(o.Items) != 3 || o.Items[0].Run != dir || o.Items[0].Config != nil || o.Items[1].Config.Name != "spiral" || o.Items[2].Config.Seed != 4 || o.Out != "/o" || o.Stop == nil {
		t.Errorf("%d %s %+v", code, stderr, e.compare)
	}
}

func TestSweepOptions(t *testing.T) {
	var e engine
	code, _, stderr := call(&e, "sweep", "moons", "seed=1,2", "--workers", "3", "field.hidden=[8],[8,8]", "--out", "/o", "--by", "held_out_accuracy", "train.iterations=7")
	o := e.sweep
	if code != 0 || o.Out != "/o" || o.Workers != 3 || o.By != "held_out_accuracy" || len(o.Plan.Points) != 4 || strings.Join(o.Plan.Keys, " ") != "seed field.hidden" {
		t.Fatalf("%d %s %+v", code, stderr, o)
	}
	if c := o.Plan.Points[3].Config; c.Seed != 2 || len(c.Field.Hidden) != 2 || c.Train.Iterations != 7 || c.Task != "classify" {
		t.Errorf("%+v", c)
	}
	code, _, stderr = call(&e, "sweep", "optimizer.rho=1e-3:1:log", "--samples", "5")
	if o := e.sweep; code != 0 || len(o.Plan.Points) != 5 || o.Plan.Source != "configs/spiral.toml" || o.Plan.Points[0].Config.Optimizer.Rho == o.Plan.Points[1].Config.Optimizer.Rho {
		t.Errorf("%d %s %+v", code, stderr, o.Plan)
	}
}

// A folder does not hide a built-in experiment; a file does.
func TestFolderOfAName(t *testing.T) {
	t.Chdir(t.TempDir())
	if err := os.Mkdir("moons", 0o755); err != nil {
		t.Fatal(err)
	}
	var e engine
	if code, _, stderr := call(&e, "run", "moons"); code != 0 || e.run.Config.Name != "moons" || e.run.Source != "configs/moons.toml" {
		t.Errorf("%d %s %+v", code, stderr, e.run)
	}
	if err := os.WriteFile("circles", []byte("name = \"mine\"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if code, _, stderr := call(&e, "run", "circles"); code != 0 || e.run.Config.Name != "mine" {
		t.Errorf("%d %s %+v", code, stderr, e.run)
	}
}

func TestResumeFlag(t *testing.T) {
	var e engine
	dir := t.TempDir()
	if code, _, _ := call(&e, "run", "--resume", "--out", dir); code != 0 || e.run.Resume != "" || e.run.Out != dir {
		t.Errorf("an empty directory is a new run: %+v", e.run)
	}
	if err := os.WriteFile(filepath.Join(dir, "config.toml"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if code, _, _ := call(&e, "run", "--resume", "--out", dir); code != 0 || e.run.Resume != dir {
		t.Errorf("a run is continued: %+v", e.run)
	}
}

func TestErrors(t *testing.T) {
	dir := t.TempDir()
	for _, c := range []struct {
		args   []string
		err    error
		code   int
		stderr string
	}{
		{[]string{"rnu"}, nil, 2, "costate: unexpected argument rnu"},
		{[]string{"run", "--threds", "3"}, nil, 2, "see costate run --help"},
		{[]string{"run", "--threads=-3"}, nil, 2, "--threads must be 0 or more"},
		{[]string{"run", "--progress", "fancy"}, nil, 2, "--progress must be one of"},
		{[]string{"run", "spirl"}, nil, 2, "did you mean spiral?"},
		{[]string{"run", "spiral", "moons"}, nil, 2, `"moons" is not key=value`},
		{[]string{"run", dir}, nil, 2, "is a directory"},
		{[]string{"run", "../../etc/passwd-"}, nil, 2, "no file and no built-in experiment"},
		{[]string{"run", "--resume"}, nil, 2, "--resume needs --out"},
		{[]string{"run", "seed=x", "a=1"}, nil, 2, "override 1: seed: want an integer ≥ 0, got the string \"x\"\noverride 2: a: unknown key\ncostate: 2 issues"},
		{[]string{"compare", "spiral"}, nil, 2, "two or more runs"},
		{[]string{"compare", dir, dir, "seed=2"}, nil, 2, "finished runs only"},
		{[]string{"compare", dir, "spirl"}, nil, 2, "did you mean spiral?"},
		{[]string{"sweep", "spiral"}, nil, 2, "nothing to vary"},
		{[]string{"sweep"}, nil, 2, "nothing to vary"},
		{[]string{"sweep", "--out", dir}, nil, 5, "holds no sweep"},
		{[]string{"sweep", "spiral", "optimizer.rho=1:2"}, nil, 2, "needs --samples"},
		{[]string{"sweep", "spiral", "seed=1,2", "seed=3"}, nil, 2, "stands twice"},
		{[]string{"sweep", "spiral", "optimizer.knid=adam,sgd"}, nil, 2, "did you mean kind?"},
		{[]string{"sweep", "spiral", "seed=1,2", "--workers=-1"}, nil, 2, "--workers must be 0 or more"},
		{[]string{"verify", "x", "--tolerance=-1"}, nil, 2, "--tolerance must be 0 or more"},
		{[]string{"export", "x", "--format", "pt"}, nil, 2, "--format must be one of"},
		{[]string{"predict", "x", "--input", "i.csv", "--samples", "3"}, nil, 2, "not both"},
		{[]string{"run"}, &data.Error{File: "f.csv", Line: 3, Text: "t"}, 3, "costate: f.csv:3: t\n"},
		{[]string{"run"}, &checkpoint.Error{File: "c", Text: "t"}, 6, "costate: checkpoint c: t\n"},
		{[]string{"run"}, errors.New("a\nb"), 1, "costate: a; b (this is unexpected: please report it)\n"},
	} {
		code, stdout, stderr := call(&engine{err: c.err}, c.args...)
		if code != c.code || !strings.Contains(stderr, c.stderr) || stdout != "" {
			t.Errorf("%q: code %d, want %d\n%s%s", c.args, code, c.code, stdout, stderr)
		}
	}
}

func TestPrintConfig(t *testing.T) {
	code, stdout, _ := call(nil, "run", "moons", "field.hidden=7", "--print-config")
	c, err := config.Parse("x", []byte(stdout))
	if code != 0 || err != nil || c.Field.Hidden[0] != 7 || c.Name != "moons" {
		t.Errorf("%d %v\n%s", code, err, stdout)
	}
	_, _, stderr := call(nil, "run", "spiral", "task=control", "--print-config")
	if !strings.Contains(stderr, "note: ") {
		t.Errorf("notes: %s", stderr)
	}
}

// Every command has help with an example that begins with the command itself.
func TestHelp(t *testing.T) {
	code, all, stderr := call(nil)
	if code != 0 || stderr != "" {
		t.Fatal(code, stderr)
	}
	commands := regexp.MustCompile(`(?m)^  ([a-z]+) `).FindAllStringSubmatch(all, -1)
	if len(commands) < 13 {
		t.Errorf("%d commands in\n%s", len(commands), all)
	}
	for _, c := range commands {
		code, stdout, stderr := call(nil, c[1], "--help")
		if code != 0 || !strings.Contains(stdout, "Usage: costate "+c[1]) || !regexp.MustCompile(`(?s)Examples?:\n.*costate `+c[1]).MatchString(stdout) || stderr != "" {
			t.Errorf("%s: %d %s %s", c[1], code, stdout, stderr)
		}
		if _, same, _ := call(nil, "help", c[1]); same != stdout {
			t.Errorf("help %s:\n%s", c[1], same)
		}
	}
	if _, same, _ := call(nil, "help"); same != all {
		t.Errorf("help:\n%s", same)
	}
	_, version, _ := call(nil, "version")
	if code, same, _ := call(nil, "--version"); code != 0 || same != version || same == "" {
		t.Errorf("--version: %d %s", code, same)
	}
}

func TestList(t *testing.T) {
	for what, key := range map[string]string{"optimizers": "optimizer.kind", "costates": "costate.kind", "fields": "field.kind", "tasks": "task"} {
		code, stdout, _ := call(nil, "list", what)
		if code != 0 {
			t.Errorf("%s: %d", what, code)
		}
		for _, v := range config.Choices(key) {
			found := false
			for line := range strings.Lines(stdout) {
				if f := strings.Fields(line); len(f) > 2 && f[0] == v {
					found = true
				}
			}
			if !found {
				t.Errorf("list %s does not explain %s:\n%s", what, v, stdout)
			}
		}
	}
	_, stdout, _ := call(nil, "list", "configs")
	if strings.Count(stdout, "\n") != len(configs.Names()) {
		t.Errorf("configs:\n%s", stdout)
	}
	_, stdout, _ = call(nil, "list", "methods")
	if strings.Count(stdout, "\n") != 1+len(solvers.Methods())+len(solvers.SymplecticMethods()) {
		t.Errorf("methods:\n%s", stdout)
	}
}

// The names in configuration files must be those that package solvers has.
func TestMethodNames(t *testing.T) {
	names := map[string]bool{}
	for _, m := range append(solvers.Methods(), solvers.SymplecticMethods()...) {
		names[m.Name()] = true
		_, tableau := m.(solvers.Tableaued)
		_, reversible := m.(*solvers.Reversible)
		_, esdirk := m.(*solvers.ESDIRK)
		_, rosenbrock := m.(*solvers.Rosenbrock)
		if trains := tableau || reversible || esdirk || rosenbrock; trains == slices.Contains(config.ODEMethods, m.Name()) {
			t.Errorf("%s has a costate: %v; config.ODEMethods says otherwise", m.Name(), trains)
		}
	}
	for _, n := range config.Choices("solver.method") {
		if !names[n] {
			t.Errorf("solver.method permits %q, which does not exist", n)
		}
	}
}

func TestVersion(t *testing.T) {
	if code, stdout, _ := call(nil, "version"); code != 0 || !strings.HasPrefix(stdout, "costate ") || !strings.Contains(stdout, "go1.") {
		t.Errorf("%d %s", code, stdout)
	}
}
