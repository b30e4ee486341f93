package config_test

import (
	"crypto/sha256"
	"encoding/hex"
	"flag"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/costate-go/costate/experiments/config"
)

var update = flag.Bool("update", false, "rewrite golden files and docs/configuration.md")

func printed(t *testing.T, c *config.Config) string {
	t.Helper()
	var b strings.Builder
	if err := c.Print(&b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func golden(t *testing.T, path, got string) {
	t.Helper()
	if *update {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s differs from what the table says; run the test with -update and look at the difference", path)
	}
}

func TestPrintGolden(t *testing.T) {
	golden(t, "testdata/default.toml", printed(t, config.Default()))
	c, err := config.Parse("x", nil, "task=control")
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "testdata/control.toml", printed(t, c))
}

func TestMarkdown(t *testing.T) {
	var b strings.Builder
	if err := config.WriteMarkdown(&b); err != nil {
		t.Fatal(err)
	}
	golden(t, "../../docs/configuration.md", b.String())
}

func TestPrintLoadsBack(t *testing.T) {
	for _, over := range [][]string{
		nil, {"optimizer.kind=adam", "optimizer.learning_rate=1e-300"}, {"task=control", "control.lower=-0.3", "control.upper=[1,2]"},
		{"task=classify", "data.source=moons"}, {"data.source=csv", `data.file=a"\b` + "\t\u007f.csv", `data.columns=["x\"y", "ü"]`},
		{"optimizer.kind=sqh", "optimizer.epsilon_rule=published"}, {"data.source=sine", "field.hidden=[]"}, {"seed=9223372036854775807"},
	} {
		c, err := config.Parse("x", nil, over...)
		if err != nil {
			t.Fatal(err)
		}
		text := printed(t, c)
		d, err := config.Parse("y", []byte(text))
		if err != nil {
			t.Fatalf("%v\n%s", err, text)
		}
		if !reflect.DeepEqual(c, d) || c.Hash() != d.Hash() || printed(t, d) != text {
			t.Errorf("%q: the printed file gives another configuration\n%+v\n%+v", over, c, d)
		}
	}
}

func TestHashTellsApart(t *testing.T) {
	seen := map[string]string{}
	for _, over := range []string{"seed=1", "seed=2", "solver.rtol=1e-7", "control.l2=1", "control.lower=0", "field.hidden=[50,50]", "task=classify"} {
		c, err := config.Parse("x", nil, over)
		if err != nil {
			t.Fatal(err)
		}
		if len(c.Hash()) != 12 {
			t.Errorf("hash %q", c.Hash())
		}
		if other, dup := seen[c.Hash()]; dup {
			t.Errorf("%s and %s have the same hash", over, other)
		}
		seen[c.Hash()] = over
	}
	if config.Default().Hash() != mustParse(t, "[solver]\nrtol = 0.000001 # as before\n").Hash() {
		t.Error("spelling changes the hash")
	}
	if config.Default().Hash() != mustParse(t, "[report]\nfigures = false\n").Hash() {
		t.Error("what is drawn changes the hash")
	}
}

// The hash is that of what was chosen, as docs/file-formats.md says, so that new keys leave the hashes of old files alone and runs stay
// resumable.
func TestHashIsOfWhatWasChosen(t *testing.T) {
	for _, c := range []struct{ file, lines string }{
		{"", ""},
		{"seed = 1\n[solver]\nrtol = 1e-6\n", ""},
		{"name = \"x\"\nseed = 2\n[field]\nhidden = [20, 20]\n", "field.hidden=[20, 20]\nname=\"x\"\nseed=2\n"},
		{"task = \"control\"\n[control]\nlower = -1\nintervals = 400\n", "control.lower=[-1.0]\ntask=\"control\"\n"},
	} {
		sum := sha256.Sum256([]byte(c.lines))
		if got, want := mustParse(t, c.file).Hash(), hex.EncodeToString(sum[:])[:12]; got != want {
			t.Errorf("%q: hash %s, want %s, that of %q", c.file, got, want, c.lines)
		}
	}
}

func mustParse(t *testing.T, text string) *config.Config {
	t.Helper()
	c, err := config.Parse("x", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// Every key must be settable to its own default, have a meaning, and conditions on known keys further up.
func TestTable(t *testing.T) {
	seen := map[string]bool{}
	for _, k := range config.Keys() {
		if k.Doc == "" || seen[k.Path] || strings.ToLower(k.Path) != k.Path {
			t.Errorf("%s: no meaning, twice, or not lower case", k.Path)
		}
		for _, c := range k.Applies {
			if !seen[c.Key] {
				t.Errorf("%s: applies by %s, which does not stand above it", k.Path, c.Key)
			}
		}
		for _, c := range k.Cases {
			if !seen[c.When.Key] && c.When.Key != k.Path {
				t.Errorf("%s: default by %s, which does not stand above it", k.Path, c.When.Key)
			}
		}
		seen[k.Path] = true
	}
}

func TestBytes(t *testing.T) {
	for s, want := range map[string]int64{"auto": 0, "1GiB": 1 << 30, "1.5 kB": 1500, "65536": 65536, "2mib": 2 << 20, "12B": 12} {
		if got, err := config.Bytes(s); err != nil || got != want {
			t.Errorf("Bytes(%q) = %d, %v; want %d", s, got, err, want)
		}
	}
	for _, s := range []string{"", "-1GiB", "1XB", "nan", "inf", "0", "1e300GiB", "GiB"} {
		if v, err := config.Bytes(s); err == nil {
			t.Errorf("Bytes(%q) = %d, want an error", s, v)
		}
	}
}

func TestClosest(t *testing.T) {
	c := []string{"learning_rate", "rho", "momentum"}
	for word, want := range map[string]string{"learning-rate": "learning_rate", "lerning_rate": "learning_rate", "Rho": "rho", "rh": "rho", "xyz": "", "mometnum": "momentum"} {
		if got, _ := config.Closest(word, c); got != want {
			t.Errorf("Closest(%q) = %q, want %q", word, got, want)
		}
	}
}

func TestValues(t *testing.T) {
	c, err := config.Parse("x", []byte("name = \"a\"\n[optimizer]\nkind = \"adam\"\n[solver]\nrtol = 1e-6\n"), "field.hidden=7,8")
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]config.Value{}
	for _, v := range c.Values() {
		got[v.Path] = v
	}
	for path, want := range map[string]config.Value{
		"name": {"name", `"a"`, false}, "optimizer.kind": {"optimizer.kind", `"adam"`, false}, "solver.rtol": {"solver.rtol", "1e-06", true},
		"field.hidden": {"field.hidden", "[7, 8]", false}, "optimizer.learning_rate": {"optimizer.learning_rate", "0.01", true}, "control.lower": {"control.lower", "", true},
	} {
		if got[path] != want {
			t.Errorf("%+v, want %+v", got[path], want)
		}
	}
	if _, has := got["optimizer.rho"]; has {
		t.Error("a key that does not apply")
	}
}
