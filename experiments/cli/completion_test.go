package cli_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/costate-go/costate/experiments/cli"
)

// As a command this binary is the program.
func TestMain(m *testing.M) {
	if os.Getenv("COSTATE_TEST_COMMAND") != "" {
		os.Exit(cli.Main(os.Args[1:], os.Stdout, os.Stderr, nil))
	}
	os.Exit(m.Run())
}

func TestComplete(t *testing.T) {
	t.Chdir(t.TempDir())
	if err := os.MkdirAll("runs/a-1", 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile("runs/a-1/config.toml", nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for line, want := range map[string]string{
		"re":                                   "resume report",
		"list ":                                "methods optimizers costates fields tasks configs",
		"list m":                               "methods",
		"completion ":                          "bash zsh fish",
		"run spiral_":                          "spiral_adam spiral_rmsprop",
		"run spiral optimizer.ki":              "optimizer.kind=",
		"run spiral optimizer.kind=l":          "optimizer.kind=lbfgs",
		"sweep spiral optimizer.kind=emsa,rm":  "optimizer.kind=emsa,rmsprop",
		"run report.figures=":                  "report.figures=false report.figures=true",
		"run --progress ":                      "auto plain none",
		"run --progress=p":                     "--progress=plain",
		"run --out ":                           "",
		"run --pr":                             "--progress --print-config",
		"export -f ":                           "safetensors npz onnx",
		"export runs/a-1 -f npz --ty":          "--type",
		"evaluate ":                            "runs/a-1/",
		"predict x --input ":                   "",
		"nothing ":                             "",
		"version ":                             "",
		"run solver.rtol=":                     "",
		"compare runs":                         "runs/a-1/",
		"evaluate runs/a-1 --threads 2 --json": "--json",
	} {
		args := append([]string{"complete", "--"}, strings.Split(line, " ")...)
		code, stdout, _ := call(nil, args...)
		if got := strings.Join(strings.Fields(stdout), " "); code != 0 || got != want {
			t.Errorf("%q: %q, want %q", line, got, want)
		}
	}
}

// wrapper puts a program called costate into the path.
func wrapper(t *testing.T) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "costate"), []byte("#!/bin/sh\nCOSTATE_TEST_COMMAND=1 exec '"+self+"' \"$@\"\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", dir+string(os.PathListSeparator)+os.Getenv("PATH"))
}

func shell(t *testing.T, name string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		t.Skipf("no %s here", name)
	}
	wrapper(t)
	return path
}

func TestBash(t *testing.T) {
	bash := shell(t, "bash")
	for line, want := range map[string]string{
		"costate ver":                            "verify version",
		"costate run spiral --progress ":         "auto plain none",
		"costate run spiral optimizer.kind=gaus": "gauss-newton", // = begins a word
		"costate list c":                         "costates configs",
	} {
		script := "source <(costate completion bash); COMP_LINE=$1; COMP_POINT=${#1}; _costate 2>/dev/null; echo ${COMPREPLY[@]}"
		out, err := exec.Command(bash, "-c", script, "bash", line).CombinedOutput()
		if got := strings.TrimSpace(string(out)); err != nil || got != want {
			t.Errorf("%q: %v %q, want %q", line, err, got, want)
		}
	}
}

func TestZsh(t *testing.T) {
	zsh := shell(t, "zsh")
	const script = `compdef() { : }; compset() { : }; _files() { print files }; compadd() { print -r -- "$@" }
eval "$(costate completion zsh)"; words=(costate run optimizer.); CURRENT=3; words[3]=$1; _costate`
	for word, want := range map[string]string{"optimizer.kind=gau": "-- optimizer.kind=gauss-newton", "optimizer.ki": "-S  -- optimizer.kind=", "./x": "files"} {
		out, err := exec.Command(zsh, "-f", "-c", script, "zsh", word).CombinedOutput()
		if got := strings.TrimSpace(string(out)); err != nil || got != want {
			t.Errorf("%q: %v %q, want %q", word, err, got, want)
		}
	}
}

func TestFish(t *testing.T) {
	fish := shell(t, "fish")
	for line, want := range map[string]string{"costate ver": "verify\nversion", "costate run optimizer.kind=gau": "optimizer.kind=gauss-newton"} {
		out, err := exec.Command(fish, "--no-config", "-c", "costate completion fish | source; complete -C "+"'"+line+"'").CombinedOutput()
		if got := strings.TrimSpace(string(out)); err != nil || got != want {
			t.Errorf("%q: %v %q, want %q", line, err, got, want)
		}
	}
}
