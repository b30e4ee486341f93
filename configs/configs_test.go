package configs_test

import (
	"errors"
	"io/fs"
	"slices"
	"strings"
	"testing"

	"github.com/costate-go/costate/configs"
	"github.com/costate-go/costate/experiments/config"
)

func TestEveryFileLoads(t *testing.T) {
	names := configs.Names()
	if !slices.Contains(names, configs.Default) || len(names) < 5 {
		t.Fatalf("names: %q", names)
	}
	for _, n := range names {
		text, err := configs.Read(n)
		if err != nil {
			t.Fatal(err)
		}
		c, err := config.Parse("configs/"+n+".toml", text)
		if err != nil {
			t.Error(err)
			continue
		}
		if base := n[strings.LastIndexByte(n, '/')+1:]; c.Name != base {
			t.Errorf("%s is named %q, want %q", n, c.Name, base)
		}
		if first, _, _ := strings.Cut(string(text), "\n"); !strings.HasPrefix(first, "# ") {
			t.Errorf("%s: the first line must say what the experiment shows", n)
		}
	}
	if _, err := configs.Read("nope"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("unknown name: %v", err)
	}
}

// Data that experiments name come with them.
func TestData(t *testing.T) {
	files := 0
	for _, n := range configs.Names() {
		text, err := configs.Read(n)
		if err != nil {
			t.Fatal(err)
		}
		_, rest, found := strings.Cut(string(text), "\nfile = \"")
		if !found {
			continue
		}
		files++
		path, _, _ := strings.Cut(rest, "\"")
		if b, err := configs.Data(path); err != nil || len(b) == 0 {
			t.Errorf("%s names %s: %v", n, path, err)
		}
	}
	if files < 2 {
		t.Errorf("%d experiments name files", files)
	}
	for _, path := range []string{"pendulum.csv", "configs/none.csv", "configs/spiral.toml", "configs/../pendulum.csv"} {
		if _, err := configs.Data(path); err == nil {
			t.Errorf("there is a file %s", path)
		}
	}
}
