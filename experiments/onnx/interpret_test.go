package onnx_test

import (
	"encoding/binary"
	"fmt"
	"math"
	"testing"
)

// field is a field of a protocol buffer: a number, or bytes.
type field struct {
	n     int
	value uint64
	bytes []byte
}

// parse cuts a message into its fields.
func parse(t *testing.T, b []byte) []field {
	t.Helper()
	var out []field
	for len(b) > 0 {
		key, n := binary.Uvarint(b)
		v, m := binary.Uvarint(b[max(n, 0):])
		if n <= 0 || m <= 0 {
			t.Fatalf("no protocol buffer at % x", b[:min(8, len(b))])
		}
		b = b[n+m:]
		f := field{n: int(key >> 3), value: v}
		switch key & 7 {
		case 0:
		case 2:
			f.bytes, b = b[:v], b[v:]
		default:
			t.Fatalf("wire type %d", key&7)
		}
		out = append(out, f)
	}
	return out
}

// array is a tensor in float64, whatever its type in the file.
type array struct {
	dims []int
	data []float64
}

// interpreter is a reference for the operations that graphs consist of.
type interpreter struct {
	t        *testing.T
	opset    int
	nodes    [][]field
	initial  map[string]array
	inputs   map[string][]string // name → dimensions, as text
	outputs  map[string][]string
	metadata map[string]string
	types    map[string]int
}

func load(t *testing.T, file []byte) *interpreter {
	t.Helper()
	in := &interpreter{t: t, initial: map[string]array{}, inputs: map[string][]string{}, outputs: map[string][]string{}, metadata: map[string]string{}, types: map[string]int{}}
	for _, f := range parse(t, file) {
		switch f.n {
		case 8:
			in.opset = int(parse(t, f.bytes)[1].value)
		case 14:
			p := parse(t, f.bytes)
			in.metadata[string(p[0].bytes)] = string(p[1].bytes)
		case 7:
			for _, g := range parse(t, f.bytes) {
				switch g.n {
				case 1:
					in.nodes = append(in.nodes, parse(t, g.bytes))
				case 5:
					in.tensor(g.bytes)
				case 11:
					in.info(in.inputs, g.bytes)
				case 12:
					in.info(in.outputs, g.bytes)
				}
			}
		}
	}
	return in
}

func (in *interpreter) tensor(b []byte) {
	var a array
	var name string
	kind := 0
	for _, f := range parse(in.t, b) {
		switch f.n {
		case 1:
			a.dims = append(a.dims, int(f.value))
		case 2:
			kind = int(f.value)
		case 8:
			name = string(f.bytes)
		case 9:
			for raw := f.bytes; len(raw) > 0; {
				switch kind {
				case 1:
					a.data, raw = append(a.data, float64(math.Float32frombits(binary.LittleEndian.Uint32(raw)))), raw[4:]
				case 7:
					a.data, raw = append(a.data, float64(binary.LittleEndian.Uint64(raw))), raw[8:]
				case 11:
					a.data, raw = append(a.data, math.Float64frombits(binary.LittleEndian.Uint64(raw))), raw[8:]
				default:
					in.t.Fatalf("%s has type %d", name, kind)
				}
			}
		}
	}
	n := 1
	for _, d := range a.dims {
		n *= d
	}
	if n != len(a.data) {
		in.t.Fatalf("%s: shape %v, %d numbers", name, a.dims, len(a.data))
	}
	in.initial[name], in.types[name] = a, kind
}

func (in *interpreter) info(to map[string][]string, b []byte) {
	f := parse(in.t, b)
	name := string(f[0].bytes)
	tensor := parse(in.t, parse(in.t, f[1].bytes)[0].bytes)
	in.types[name] = int(tensor[0].value)
	to[name] = []string{}
	for _, d := range parse(in.t, tensor[1].bytes) {
		dim := parse(in.t, d.bytes)[0]
		text := string(dim.bytes)
		if dim.n == 1 {
			text = fmt.Sprint(dim.value)
		}
		to[name] = append(to[name], text)
	}
}

// run evaluates the graph.
func (in *interpreter) run(feed map[string]array) map[string]array {
	values := map[string]array{}
	for name, a := range in.initial {
		values[name] = a
	}
	for name, a := range feed {
		values[name] = a
	}
	for _, n := range in.nodes {
		var args []array
		var output, op string
		attributes := map[string]int{}
		for _, f := range n {
			switch f.n {
			case 1:
				a, ok := values[string(f.bytes)]
				if !ok {
					in.t.Fatalf("%s is used before it is computed", f.bytes)
				}
				args = append(args, a)
			case 2:
				output = string(f.bytes)
			case 4:
				op = string(f.bytes)
			case 5:
				p := parse(in.t, f.bytes)
				attributes[string(p[0].bytes)] = int(p[1].value)
			}
		}
		if _, taken := values[output]; taken {
			in.t.Fatalf("%s is computed twice", output)
		}
		values[output] = in.apply(op, args, attributes)
	}
	return values
}

func (in *interpreter) apply(op string, x []array, attributes map[string]int) array {
	one := func(f func(float64) float64) array {
		out := array{dims: x[0].dims}
		for _, v := range x[0].data {
			out.data = append(out.data, f(v))
		}
		return out
	}
	two := func(f func(a, b float64) float64) array { // of equal shapes, or with a scalar
		a, b := x[0], x[1]
		out := array{dims: a.dims}
		if len(a.dims) == 0 {
			out.dims = b.dims
		} else if len(b.dims) > 0 && fmt.Sprint(a.dims) != fmt.Sprint(b.dims) {
			in.t.Fatalf("%s of shapes %v and %v", op, a.dims, b.dims)
		}
		for i := range max(len(a.data), len(b.data)) {
			out.data = append(out.data, f(a.data[min(i, len(a.data)-1)], b.data[min(i, len(b.data)-1)]))
		}
		return out
	}
	switch op {
	case "Identity", "Cast":
		return x[0]
	case "Mul":
		return two(func(a, b float64) float64 { return a * b })
	case "Add":
		return two(func(a, b float64) float64 { return a + b })
	case "Sub":
		return two(func(a, b float64) float64 { return a - b })
	case "Div":
		return two(func(a, b float64) float64 { return a / b })
	case "Min":
		return two(math.Min)
	case "GreaterOrEqual":
		return two(func(a, b float64) float64 {
			if a >= b {
				return 1
			}
			return 0
		})
	case "ReduceSum":
		out := array{data: []float64{0}}
		for _, v := range x[0].data {
			out.data[0] += v
		}
		return out
	case "Gather":
		size := len(x[0].data) / x[0].dims[0]
		k := int(x[1].data[0])
		return array{dims: x[0].dims[1:], data: x[0].data[k*size : (k+1)*size]}
	case "Gemm":
		if attributes["transB"] != 1 || x[0].dims[1] != x[1].dims[1] || len(x[2].data) != x[1].dims[0] {
			in.t.Fatalf("Gemm of shapes %v %v %v", x[0].dims, x[1].dims, x[2].dims)
		}
		rows, inner, columns := x[0].dims[0], x[0].dims[1], x[1].dims[0]
		out := array{dims: []int{rows, columns}}
		for i := range rows {
			for j := range columns {
				sum := x[2].data[j]
				for k := range inner {
					sum += x[0].data[i*inner+k] * x[1].data[j*inner+k]
				}
				out.data = append(out.data, sum)
			}
		}
		return out
	case "Tanh":
		return one(math.Tanh)
	case "Sin":
		return one(math.Sin)
	case "Erf":
		return one(math.Erf)
	case "Relu":
		return one(func(v float64) float64 { return math.Max(v, 0) })
	case "Sigmoid":
		return one(func(v float64) float64 { return 1 / (1 + math.Exp(-v)) })
	case "Softplus":
		return one(func(v float64) float64 { return math.Log1p(math.Exp(v)) })
	}
	in.t.Fatalf("no operation %q", op)
	return array{}
}
