package experiments_test

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/costate-go/costate/configs"
	"github.com/costate-go/costate/experiments/config"
	"github.com/costate-go/costate/experiments/exit"
	"github.com/costate-go/costate/experiments/internal/digits"
	"github.com/costate-go/costate/solvers"
)

// block is a fenced block of a document.
type block struct {
	file, lang, text string
	line             int // of its first line
}

func (b block) at() string { return fmt.Sprintf("%s:%d", b.file, b.line) }

// root is the folder of the module, absolute.
var root = sync.OnceValue(func() string {
	dir, err := filepath.Abs("..")
	if err != nil {
		panic(err)
	}
	return dir
})

// documents are the README and all of docs, relative to the root.
func documents(t *testing.T) []string {
	t.Helper()
	list, err := filepath.Glob(filepath.Join(root(), "docs", "*.md"))
	if err != nil || len(list) < 8 {
		t.Fatalf("%d documents, %v", len(list), err)
	}
	out := []string{"README.md"}
	for _, f := range list {
		out = append(out, filepath.Join("docs", filepath.Base(f)))
	}
	return out
}

func read(t *testing.T, name string) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(root(), name))
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// blocks cuts a document into its fenced blocks.
func blocks(t *testing.T, file string) []block {
	t.Helper()
	var out []block
	var b *block
	for i, line := range strings.Split(read(t, file), "\n") {
		lang, fence := strings.CutPrefix(line, "```")
		switch {
		case fence && b == nil:
			b = &block{file: file, lang: lang, line: i + 2}
		case fence:
			out, b = append(out, *b), nil
		case b != nil:
			b.text += line + "\n"
		}
	}
	if b != nil {
		t.Errorf("%s: a block is never closed", b.at())
	}
	return out
}

// goTool runs the go command at the root.
func goTool(t *testing.T, args ...string) {
	t.Helper()
	cmd := exec.Command("go", args...)
	cmd.Dir = root()
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("go %s: %v\n%s", strings.Join(args, " "), err, out)
	}
}

func TestBlocksAreOfKnownKinds(t *testing.T) {
	for _, file := range documents(t) {
		for _, b := range blocks(t, file) {
			if !slices.Contains([]string{"go", "sh", "text", "csv", "toml", "python"}, b.lang) {
				t.Errorf("%s: a block of %q, which no test looks at", b.at(), b.lang)
			}
		}
	}
}

// A block of Go is a program, which must print the block of text that follows, or part of an Example that the tests of its
// package run.
func TestGoBlocks(t *testing.T) {
	var examples strings.Builder
	for _, dir := range []string{"solvers", "ode", "ode/neural", "pmp"} {
		files, err := filepath.Glob(filepath.Join(root(), dir, "*_test.go"))
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range files {
			b, err := os.ReadFile(f)
			if err != nil {
				t.Fatal(err)
			}
			if bytes.Contains(b, []byte("// Output:")) {
				examples.WriteString(dedent(string(b)))
			}
		}
	}
	programs := 0
	for _, file := range documents(t) {
		all := blocks(t, file)
		for i, b := range all {
			if b.lang != "go" {
				continue
			}
			if !strings.Contains(b.text, "package main\n") {
				if !strings.Contains(examples.String(), dedent(b.text)) {
					t.Errorf("%s: neither a program nor part of an Example:\n%s", b.at(), b.text)
				}
				continue
			}
			if i+1 == len(all) || all[i+1].lang != "text" {
				t.Errorf("%s: a program without a block of text that says what it prints", b.at())
				continue
			}
			programs++
			t.Run(strings.ReplaceAll(b.at(), "/", "."), func(t *testing.T) {
				dir := t.TempDir()
				source, binary := filepath.Join(dir, "main.go"), filepath.Join(dir, "program.exe")
				if err := os.WriteFile(source, []byte(b.text), 0o644); err != nil {
					t.Fatal(err)
				}
				goTool(t, "vet", source)
				goTool(t, "build", "-o", binary, source)
				out, err := exec.Command(binary).CombinedOutput()
				if err != nil || string(out) != all[i+1].text {
					t.Errorf("%v, it prints\n%s\nand not\n%s", err, out, all[i+1].text)
				}
			})
		}
	}
	if programs < 3 {
		t.Errorf("%d programs", programs)
	}
}

// dedent takes the indentation from all lines.
func dedent(s string) string {
	var b strings.Builder
	for line := range strings.Lines(s) {
		b.WriteString(strings.TrimLeft(line, "\t"))
	}
	return b.String()
}

// Python is checked for its syntax.
func TestPythonBlocks(t *testing.T) {
	if exec.Command("python3", "--version").Run() != nil {
		t.Skip("python3 is not here")
	}
	for _, file := range documents(t) {
		for _, b := range blocks(t, file) {
			if b.lang != "python" {
				continue
			}
			cmd := exec.Command("python3", "-c", "import ast, sys; ast.parse(sys.stdin.read())")
			cmd.Stdin = strings.NewReader(b.text)
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Errorf("%s: %v\n%s", b.at(), err, out)
			}
		}
	}
}

// notRun are the commands that need the network or minutes; what they name must exist.
var notRun = map[string]func(args []string) []string{
	"git clone": nil,
	"cd":        nil,
	"go test":   packages, "go install": packages, "go get": packages,
	"go run ./benchmarks/workprecision": func([]string) []string { return []string{"benchmarks/workprecision"} },
	"go run ./benchmarks/optimizers":    func([]string) []string { return []string{"benchmarks/optimizers"} },
	"benchmarks/torch/compare":          func([]string) []string { return []string{"benchmarks/torch/compare"} },
	"npm install":                       nil,
	"env":                               packages,                                         // go test
	"python3":                           func(args []string) []string { return args[:1] }, // run by a test of package engine
}

// packages are the folders that the packages among the arguments lie in.
func packages(args []string) []string {
	const module = "github.com/costate-go/costate"
	var out []string
	for _, a := range args {
		if p, ok := strings.CutPrefix(a, module); ok {
			path, _, _ := strings.Cut("."+p, "@")
			out = append(out, path)
		} else if strings.HasPrefix(a, "./") {
			out = append(out, strings.TrimSuffix(a, "..."))
		}
	}
	return out
}

// fixtures are files that documents assume the reader has.
func fixtures(t *testing.T, dir, pictures string) {
	t.Helper()
	if err := os.CopyFS(filepath.Join(dir, "configs"), os.DirFS(filepath.Join(root(), "configs"))); err != nil {
		t.Fatal(err)
	}
	files := map[string]string{
		"mine.csv":     read(t, "configs/pendulum.csv"),
		"epidemic.csv": "day,s,i,r\n",
		"start.csv":    "time,angle,velocity\n0,1,0\n0.5,,\n1,,\n",
		"points.csv":   "a,b,class\n",
	}
	for i := range 30 {
		x := 0.01 + 0.015*float64(i)
		files["epidemic.csv"] += fmt.Sprintf("%d,%g,%g,%g\n", i, 1-x, x*0.6, x*0.4)
	}
	files["populations.csv"] = "year,prey,predators\n"
	for i := range 40 {
		files["populations.csv"] += fmt.Sprintf("%d,%d,%d\n", 1900+i, 20+i*7%13, 5+i*5%11)
		files["points.csv"] += fmt.Sprintf("%d,%d.5,%s\n", i%7-3, i%5-2, []string{"red", "green"}[i%2])
	}
	if b, err := os.ReadFile(filepath.Join(root(), "..", "shared", "data", lynxHare)); err == nil {
		files[lynxHare] = string(b)
	}
	if err := os.MkdirAll(filepath.Join(dir, "data"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(pictures, filepath.Join(dir, "data", "mnist")); err != nil {
		t.Fatal(err)
	}
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// lynxHare are data that may be missing.
const lynxHare = "lynx-hare.csv"

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// Every line of every block of shell is a command that is run here, with few iterations and no pictures, or one of notRun. The
// lines of a document share a working directory, so that later ones find what earlier ones wrote.
func TestShellBlocks(t *testing.T) {
	binary := filepath.Join(t.TempDir(), "costate.exe")
	goTool(t, "build", "-o", binary, "./experiments/costate")
	pictures := t.TempDir()
	digits.Make(t, pictures, 1000, 100)
	for _, file := range documents(t) {
		t.Run(strings.ReplaceAll(file, "/", "."), func(t *testing.T) {
			t.Parallel()
			dir := ""
			for _, b := range blocks(t, file) {
				if b.lang != "sh" {
					continue
				}
				if dir == "" {
					dir = t.TempDir()
					fixtures(t, dir, pictures)
				}
				for i, line := range strings.Split(strings.TrimSuffix(b.text, "\n"), "\n") {
					at := fmt.Sprintf("%s:%d", file, b.line+i)
					shell(t, at, line, binary, dir)
				}
			}
		})
	}
}

func shell(t *testing.T, at, line, binary, dir string) {
	t.Helper()
	command, _, _ := strings.Cut(line, " #")
	words := strings.Fields(strings.ReplaceAll(command, "'", ""))
	rest, ours := words, false
	for _, prefix := range [][]string{{"go", "run", "./experiments/costate"}, {"costate"}} {
		if len(words) > len(prefix) && slices.Equal(words[:len(prefix)], prefix) {
			rest, ours = words[len(prefix):], true
		}
	}
	if !ours {
		for known, named := range notRun {
			n := len(strings.Fields(known))
			if len(words) < n || strings.Join(words[:n], " ") != known {
				continue
			}
			if named != nil {
				for _, p := range named(words[n:]) {
					if _, err := os.Stat(filepath.Join(root(), p)); err != nil {
						t.Errorf("%s: %v", at, err)
					}
				}
			}
			return
		}
		t.Errorf("%s: a command that no test looks at: %s", at, line)
		return
	}
	stdout := ""
	if i := slices.Index(rest, ">"); i >= 0 {
		rest, stdout = rest[:i], rest[i+1]
	}
	if slices.ContainsFunc(rest, func(w string) bool { return strings.HasSuffix(w, lynxHare) }) && !exists(filepath.Join(dir, lynxHare)) {
		t.Logf("%s: left out, %s is missing", at, lynxHare)
		return
	}
	trains := rest[0] == "run" && !slices.Contains(rest, "--print-config") || rest[0] == "sweep" && !strings.HasPrefix(rest[1], "-") || rest[0] == "compare" && slices.ContainsFunc(rest[1:], func(w string) bool {
		return !strings.HasPrefix(w, "-") && !exists(filepath.Join(dir, w)) && rest[slices.Index(rest, w)-1] != "--out"
	})
	if trains {
		rest = slices.DeleteFunc(slices.Clone(rest), func(w string) bool {
			return strings.HasPrefix(w, "train.iterations=") || strings.HasPrefix(w, "report.figures=")
		})
		flags := slices.IndexFunc(rest, func(w string) bool { return strings.HasPrefix(w, "--") })
		if flags < 0 {
			flags = len(rest)
		}
		rest = slices.Insert(rest, flags, "train.iterations=2", "report.figures=false")
	}
	cmd := exec.Command(binary, rest...)
	cmd.Dir = dir
	var out, messages bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &messages
	if err := cmd.Run(); err != nil {
		t.Errorf("%s: %s: %v\n%s", at, strings.Join(rest, " "), err, messages.String())
		return
	}
	if out.Len() == 0 && !slices.Contains(rest, "--output") {
		t.Errorf("%s: %s prints nothing", at, line)
	}
	if stdout != "" {
		if err := os.WriteFile(filepath.Join(dir, stdout), out.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

var link = regexp.MustCompile(`\]\(([^)]+)\)`)

func TestLinks(t *testing.T) {
	for _, file := range append(documents(t), "CONTRIBUTING.md", "SECURITY.md", "benchmarks/README.md") {
		for _, m := range link.FindAllStringSubmatch(read(t, file), -1) {
			if strings.Contains(m[1], "://") {
				continue
			}
			path, anchor, _ := strings.Cut(m[1], "#")
			target := filepath.Join(filepath.Dir(file), path)
			if path == "" {
				target = file
			}
			if _, err := os.Stat(filepath.Join(root(), target)); err != nil {
				t.Errorf("%s: %v", file, err)
				continue
			}
			if anchor != "" && !strings.Contains(strings.ToLower(read(t, target)), "\n## "+strings.ReplaceAll(anchor, "-", " ")+"\n") {
				t.Errorf("%s: %s has no section %q", file, target, anchor)
			}
		}
	}
}

// Every section that an error may name is there, and there is none that no error names.
func TestTroubleshooting(t *testing.T) {
	var have []string
	for line := range strings.Lines(read(t, "docs/troubleshooting.md")) {
		if heading, ok := strings.CutPrefix(line, "## "); ok {
			have = append(have, strings.ReplaceAll(strings.ToLower(strings.TrimSpace(heading)), " ", "-"))
		}
	}
	slices.Sort(have)
	want := slices.Sorted(slices.Values(exit.Topics))
	if !slices.Equal(have, want) {
		t.Errorf("sections %q, errors name %q", have, want)
	}
}

// The tables of the README list what there is, neither more nor less.
func TestTables(t *testing.T) {
	readme := read(t, "README.md")
	order := func(q int) string {
		if q == 0 {
			return "–"
		}
		return fmt.Sprint(q)
	}
	rows := 0
	for _, m := range append(solvers.Methods(), solvers.SymplecticMethods()...) {
		dense := m.(interface{ DenseOrder() int }).DenseOrder()
		if row := fmt.Sprintf("| `%s` | %d | %s | %d | ", m.Name(), m.Order(), order(m.ErrorOrder()), dense); !strings.Contains(readme, row) {
			t.Errorf("no row %q", row)
		}
		rows++
	}
	for _, key := range []string{"optimizer.kind", "costate.kind", "control.kind"} {
		for _, name := range config.Choices(key) {
			if !strings.Contains(readme, "| `"+name+"` | ") {
				t.Errorf("no %s %s", key, name)
			}
			rows++
		}
	}
	for _, name := range config.Choices("optimizer.maximizer") {
		if name == "auto" {
			continue
		}
		if !strings.Contains(readme, "| `"+name+"` | ") {
			t.Errorf("no maximizer %s", name)
		}
		rows++
	}
	for _, name := range configs.Names() {
		text, err := configs.Read(name)
		if err != nil {
			t.Fatal(err)
		}
		c, err := config.Parse(name, text)
		if err != nil {
			t.Fatal(err)
		}
		if row := fmt.Sprintf("| `%s` | %s | ", name, c.Task); !strings.Contains(readme, row) {
			t.Errorf("no row %q", row)
		}
		rows++
	}
	if n := strings.Count(readme, "\n| `"); n != rows {
		t.Errorf("%d rows in tables, and there are %d things to list", n, rows)
	}
	codes := read(t, "docs/run-directory.md")
	for _, m := range exit.Meaning {
		if row := fmt.Sprintf("| %d | %s |", m.Code, m.Text); !strings.Contains(codes, row) {
			t.Errorf("no exit code %q", row)
		}
	}
}
