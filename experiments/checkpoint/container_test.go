package checkpoint_test

import (
	"bytes"
	"errors"
	"math"
	"reflect"
	"strings"
	"testing"

	"github.com/costate-go/costate/experiments/checkpoint"
)

func state(iteration int) *checkpoint.State {
	return &checkpoint.State{
		Meta: checkpoint.Meta{Iteration: iteration, Loss: math.Inf(1), ConfigHash: "abc", Version: "v1", Extra: map[string]string{"b": "1", "a": "2"}},
		Floats: map[string][]float64{"theta": {1, -0.5, math.Inf(-1), math.Copysign(0, -1), math.SmallestNonzeroFloat64},
			"empty": {}, "m": {float64(iteration)}},
		Unsigned: map[string][]uint64{"rng": {math.MaxUint64, 0}},
		Bytes:    map[string][]byte{"note": []byte("abc"), "z": {}},
	}
}

func TestRoundTrip(t *testing.T) {
	want := state(7)
	b, err := checkpoint.Encode(want)
	if err != nil {
		t.Fatal(err)
	}
	again, _ := checkpoint.Encode(state(7))
	if !bytes.Equal(b, again) {
		t.Error("the same state gives other bytes")
	}
	got, err := checkpoint.Decode("x", b)
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(got, want) || math.Signbit(got.Floats["theta"][3]) != true {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
	nan := math.Float64frombits(0x7ff8000000000123) // the payload must survive
	b, _ = checkpoint.Encode(&checkpoint.State{Meta: checkpoint.Meta{Loss: nan}, Floats: map[string][]float64{"x": {nan}}})
	got, err = checkpoint.Decode("x", b)
	if err != nil || math.Float64bits(got.Floats["x"][0]) != math.Float64bits(nan) || math.Float64bits(got.Meta.Loss) != math.Float64bits(nan) {
		t.Errorf("NaN: %v, %v", got, err)
	}
}

// Every single flipped byte and every truncation must be noticed.
func TestEveryCorruptionIsNoticed(t *testing.T) {
	b, _ := checkpoint.Encode(state(1))
	for i := range b {
		c := bytes.Clone(b)
		c[i] ^= 0x40
		if _, err := checkpoint.Decode("x", c); !errors.Is(err, checkpoint.ErrCheckpoint) {
			t.Fatalf("flipped byte %d: %v", i, err)
		}
		if _, err := checkpoint.Decode("x", b[:i]); !errors.Is(err, checkpoint.ErrCheckpoint) {
			t.Fatalf("cut at %d: %v", i, err)
		}
	}
	for text, c := range map[string][]byte{"is cut off": {}, "is not a Costate checkpoint": bytes.Repeat([]byte("x"), 100),
		"has format 9": append([]byte("COSTATE\x09"), make([]byte, 80)...), "checksum": append(bytes.Clone(b), 0)} {
		_, err := checkpoint.Decode("dir/x.ckpt", c)
		var e *checkpoint.Error
		if !errors.As(err, &e) || !strings.Contains(err.Error(), text) || !strings.Contains(err.Error(), "dir/x.ckpt") || e.Remedy == "" {
			t.Errorf("%s: %v", text, err)
		}
	}
}

func TestFloat(t *testing.T) {
	s := state(1)
	if v, err := s.Float("f", "theta", 5); err != nil || len(v) != 5 {
		t.Error(v, err)
	}
	for _, c := range []struct {
		name string
		n    int
		want string
	}{{"theta", 4, `array "theta" has 5 numbers, the configuration needs 4`}, {"v", 4, `has no array "v"`}} {
		if _, err := s.Float("f", c.name, c.n); !errors.Is(err, checkpoint.ErrCheckpoint) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}

func FuzzDecode(f *testing.F) {
	b, _ := checkpoint.Encode(state(1))
	f.Add(b)
	f.Fuzz(func(t *testing.T, b []byte) {
		if _, err := checkpoint.Decode("x", b); err != nil && !errors.Is(err, checkpoint.ErrCheckpoint) {
			t.Fatal(err)
		}
	})
}
