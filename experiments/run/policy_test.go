package run_test

import (
	"context"
	"fmt"
	"path/filepath"
	"testing"

	"github.com/costate-go/costate/configs"
	"github.com/costate-go/costate/experiments/config"
	"github.com/costate-go/costate/experiments/run"
)

// The pendulum is lifted whatever the seed: small batches find the way out of policies that let some of them hang.
func TestPendulumIsLiftedWithEverySeed(t *testing.T) {
	text, err := configs.Read("policy_pendulum")
	if err != nil {
		t.Fatal(err)
	}
	for seed := 1; seed <= 5; seed++ {
		c, err := config.Parse("policy_pendulum", text, fmt.Sprintf("seed=%d", seed), "report.tensorboard=false", "report.snapshots=0")
		if err != nil {
			t.Fatal(err)
		}
		r, err := run.Run(context.Background(), c, run.Options{Out: filepath.Join(t.TempDir(), "run")})
		if err != nil {
			t.Fatal(err)
		}
		if m := r.Summary.Metrics; m["held_out_at_rest"] != 1 || !(m["held_out_cost"] < 5) {
			t.Errorf("seed %d: %v", seed, m)
		}
	}
}
