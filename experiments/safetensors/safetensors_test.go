package safetensors_test

import (
	"bytes"
	"errors"
	"fmt"
	"reflect"
	"testing"

	"github.com/costate-go/costate/experiments/safetensors"
)

// The layout, byte by byte, as the format's description has it.
func TestBytes(t *testing.T) {
	b, err := safetensors.Encode([]safetensors.Tensor{{Name: "w", Shape: []int{1, 2}, Data: []float64{1, -2}}, {Name: "b", Shape: []int{1}, Data: []float64{0.5}}},
		map[string]string{"format": "pt"})
	if err != nil {
		t.Fatal(err)
	}
	head := `{"__metadata__":{"format":"pt"},"b":{"dtype":"F64","shape":[1],"data_offsets":[0,8]},"w":{"dtype":"F64","shape":[1,2],"data_offsets":[8,24]}}`
	for len(head)%8 != 0 {
		head += " "
	}
	want := append([]byte{byte(len(head)), 0, 0, 0, 0, 0, 0, 0}, head...)
	want = append(want, 0, 0, 0, 0, 0, 0, 0xe0, 0x3f, 0, 0, 0, 0, 0, 0, 0xf0, 0x3f, 0, 0, 0, 0, 0, 0, 0, 0xc0)
	if !bytes.Equal(b, want) {
		t.Errorf("got  %q\nwant %q", b, want)
	}
}

func TestRoundTrip(t *testing.T) {
	in := []safetensors.Tensor{{"a", []int{2, 3}, []float64{1, 2, 3, 4, 5, 6}}, {"ä \"q\"", []int{}, []float64{7}}, {"z", []int{0, 4}, []float64{}}}
	meta := map[string]string{"config_hash": "abc", "scaler": `{"mean":[1]}`}
	b, err := safetensors.Encode(in, meta)
	if err != nil {
		t.Fatal(err)
	}
	out, m, err := safetensors.Decode(b)
	want := []safetensors.Tensor{in[0], in[2], in[1]}
	if err != nil || !reflect.DeepEqual(out, want) || !reflect.DeepEqual(m, meta) {
		t.Errorf("got %v %v %v", out, m, err)
	}
}

func TestErrors(t *testing.T) {
	for i, in := range [][]safetensors.Tensor{{{"a", []int{2}, []float64{1}}}, {{"a", nil, []float64{1}}, {"a", nil, []float64{1}}}, {{"", nil, []float64{1}}}, {{"__metadata__", nil, []float64{1}}}} {
		if _, err := safetensors.Encode(in, map[string]string{"x": "y"}); !errors.Is(err, safetensors.ErrFormat) {
			t.Errorf("case %d: %v", i, err)
		}
	}
	good, _ := safetensors.Encode([]safetensors.Tensor{{"a", []int{2}, []float64{1, 2}}}, nil)
	for n := range good {
		if _, _, err := safetensors.Decode(good[:n]); !errors.Is(err, safetensors.ErrFormat) {
			t.Errorf("cut at %d: %v", n, err)
		}
	}
}

func FuzzDecode(f *testing.F) {
	b, _ := safetensors.Encode([]safetensors.Tensor{{"a", []int{2}, []float64{1, 2}}}, nil)
	f.Add(b)
	f.Fuzz(func(t *testing.T, b []byte) {
		if _, _, err := safetensors.Decode(b); err != nil && !errors.Is(err, safetensors.ErrFormat) {
			t.Fatal(err)
		}
	})
}

func ExampleEncode() {
	b, _ := safetensors.Encode([]safetensors.Tensor{{Name: "theta", Shape: []int{2}, Data: []float64{1, 2}}}, nil)
	tensors, _, err := safetensors.Decode(b)
	fmt.Println(tensors, err)
	// Output: [{theta [2] [1 2]}] <nil>
}
