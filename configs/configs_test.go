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
