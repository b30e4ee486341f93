// Package onnxtest reads ONNX files and evaluates their graphs, for tests: a reference for the operations that this project writes,
// which knows nothing of how they are written.
package onnxtest

import (
	"encoding/binary"
	"fmt"
	"math"
	"slices"
	"testing"
)

// field is a field of a protocol buffer: a number, or bytes.
type field struct {
	n     int
	value uint64
	bytes []byte
}

// parse cuts a message into its fields.
func parse(t testing.TB, b []byte) []field {
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

// Tensor is a tensor in float64, whatever its type in the file.
type Tensor struct {
	Dims []int
	Data []float64
}

// Graph is a file in parts.
type Graph struct {
	Opset           int
	Inputs, Outputs map[string][]string // name → dimensions, as text
	Metadata        map[string]string
	Types           map[string]int // of tensors by name, as ONNX numbers them

	t       testing.TB
	nodes   [][]field
	initial map[string]Tensor
}

// Load reads a file.
func Load(t testing.TB, file []byte) *Graph {
	t.Helper()
	in := &Graph{t: t, initial: map[string]Tensor{}, Inputs: map[string][]string{}, Outputs: map[string][]string{}, Metadata: map[string]string{}, Types: map[string]int{}}
	for _, f := range parse(t, file) {
		switch f.n {
		case 8:
			in.Opset = int(parse(t, f.bytes)[1].value)
		case 14:
			p := parse(t, f.bytes)
			in.Metadata[string(p[0].bytes)] = string(p[1].bytes)
		case 7:
			for _, g := range parse(t, f.bytes) {
				switch g.n {
				case 1:
					in.nodes = append(in.nodes, parse(t, g.bytes))
				case 5:
					in.tensor(g.bytes)
				case 11:
					in.info(in.Inputs, g.bytes)
				case 12:
					in.info(in.Outputs, g.bytes)
				}
			}
		}
	}
	return in
}

func (in *Graph) tensor(b []byte) {
	var a Tensor
	var name string
	kind := 0
	for _, f := range parse(in.t, b) {
		switch f.n {
		case 1:
			a.Dims = append(a.Dims, int(f.value))
		case 2:
			kind = int(f.value)
		case 8:
			name = string(f.bytes)
		case 9:
			for raw := f.bytes; len(raw) > 0; {
				switch kind {
				case 1:
					a.Data, raw = append(a.Data, float64(math.Float32frombits(binary.LittleEndian.Uint32(raw)))), raw[4:]
				case 7:
					a.Data, raw = append(a.Data, float64(int64(binary.LittleEndian.Uint64(raw)))), raw[8:]
				case 11:
					a.Data, raw = append(a.Data, math.Float64frombits(binary.LittleEndian.Uint64(raw))), raw[8:]
				default:
					in.t.Fatalf("%s has type %d", name, kind)
				}
			}
		}
	}
	n := 1
	for _, d := range a.Dims {
		n *= d
	}
	if n != len(a.Data) {
		in.t.Fatalf("%s: shape %v, %d numbers", name, a.Dims, len(a.Data))
	}
	in.initial[name], in.Types[name] = a, kind
}

func (in *Graph) info(to map[string][]string, b []byte) {
	f := parse(in.t, b)
	name := string(f[0].bytes)
	tensor := parse(in.t, parse(in.t, f[1].bytes)[0].bytes)
	in.Types[name] = int(tensor[0].value)
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

// Run evaluates the graph and returns all tensors in it.
func (in *Graph) Run(feed map[string]Tensor) map[string]Tensor {
	values := map[string]Tensor{}
	for name, a := range in.initial {
		values[name] = a
	}
	for name, a := range feed {
		values[name] = a
	}
	for _, n := range in.nodes {
		var args []Tensor
		var output, op string
		attributes := map[string][]int{}
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
				name := string(p[0].bytes)
				for _, v := range p[1 : len(p)-1] {
					attributes[name] = append(attributes[name], int(v.value))
				}
			}
		}
		if _, taken := values[output]; taken {
			in.t.Fatalf("%s is computed twice", output)
		}
		values[output] = in.apply(op, args, attributes)
	}
	return values
}

func size(dims []int) int {
	n := 1
	for _, d := range dims {
		n *= d
	}
	return n
}

// build fills a tensor by the index of its entries.
func build(dims []int, f func(index []int) float64) Tensor {
	out := Tensor{Dims: dims}
	index := make([]int, len(dims))
	for range size(dims) {
		out.Data = append(out.Data, f(index))
		for k := len(dims) - 1; k >= 0; k-- {
			if index[k]++; index[k] < dims[k] {
				break
			}
			index[k] = 0
		}
	}
	return out
}

// get is the entry at the last of some indexes, as broadcasting has it; NaN outside.
func (a Tensor) get(index []int) float64 {
	at := 0
	index = index[len(index)-len(a.Dims):]
	for k, d := range a.Dims {
		i := index[k]
		if d == 1 {
			i = 0
		}
		if i < 0 || i >= d {
			return math.NaN()
		}
		at = at*d + i
	}
	return a.Data[at]
}

// shape is what tensors are broadcast to.
func (in *Graph) shape(op string, a, b []int) []int {
	if len(a) < len(b) {
		a, b = b, a
	}
	out := slices.Clone(a)
	for k, d := range b {
		switch o := &out[len(a)-len(b)+k]; {
		case *o == 1:
			*o = d
		case d != 1 && d != *o:
			in.t.Fatalf("%s of shapes %v and %v", op, a, b)
		}
	}
	return out
}

var unary = map[string]func(float64) float64{
	"Identity": func(v float64) float64 { return v }, "Cast": func(v float64) float64 { return v }, "Neg": func(v float64) float64 { return -v },
	"Tanh": math.Tanh, "Sin": math.Sin, "Cos": math.Cos, "Erf": math.Erf, "Exp": math.Exp, "Log": math.Log, "Sqrt": math.Sqrt, "Abs": math.Abs,
	"Relu":     func(v float64) float64 { return math.Max(v, 0) },
	"Sigmoid":  func(v float64) float64 { return 1 / (1 + math.Exp(-v)) },
	"Softplus": func(v float64) float64 { return math.Log1p(math.Exp(v)) },
}

func truth(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

var binary2 = map[string]func(a, b float64) float64{
	"Mul": func(a, b float64) float64 { return a * b }, "Add": func(a, b float64) float64 { return a + b }, "Sub": func(a, b float64) float64 { return a - b },
	"Div": func(a, b float64) float64 { return a / b }, "Min": math.Min,
	"GreaterOrEqual": func(a, b float64) float64 { return truth(a >= b) }, "Greater": func(a, b float64) float64 { return truth(a > b) },
}

func (in *Graph) apply(op string, x []Tensor, attributes map[string][]int) Tensor {
	if f := unary[op]; f != nil {
		return build(x[0].Dims, func(i []int) float64 { return f(x[0].get(i)) })
	}
	if f := binary2[op]; f != nil {
		return build(in.shape(op, x[0].Dims, x[1].Dims), func(i []int) float64 { return f(x[0].get(i), x[1].get(i)) })
	}
	axis := 0
	if a := attributes["axis"]; a != nil {
		axis = a[0]
	}
	whole := func(a Tensor, k int) int { return int(a.Data[k]) }
	switch op {
	case "ReduceSum":
		out := Tensor{Data: []float64{0}}
		for _, v := range x[0].Data {
			out.Data[0] += v
		}
		return out
	case "Gather": // of one index, along the first axis
		return build(x[0].Dims[1:], func(i []int) float64 { return x[0].get(append([]int{whole(x[1], 0)}, i...)) })
	case "Slice":
		lo, hi, axis := whole(x[1], 0), whole(x[2], 0), whole(x[3], 0)
		dims := slices.Clone(x[0].Dims)
		dims[axis] = hi - lo
		return build(dims, func(i []int) float64 {
			i = slices.Clone(i)
			i[axis] += lo
			return x[0].get(i)
		})
	case "Concat":
		dims := slices.Clone(x[0].Dims)
		dims[axis] = 0
		for _, a := range x {
			dims[axis] += a.Dims[axis]
		}
		return build(dims, func(i []int) float64 {
			i = slices.Clone(i)
			k := 0
			for i[axis] >= x[k].Dims[axis] {
				i[axis] -= x[k].Dims[axis]
				k++
			}
			return x[k].get(i)
		})
	case "Reshape":
		dims, free, n := []int{}, -1, 1
		for k, v := range x[1].Data {
			d := int(v)
			if d < 0 {
				free = k
			} else {
				n *= d
			}
			dims = append(dims, d)
		}
		if free >= 0 {
			dims[free] = len(x[0].Data) / n
		}
		if size(dims) != len(x[0].Data) {
			in.t.Fatalf("Reshape of %v to %v", x[0].Dims, dims)
		}
		return Tensor{dims, x[0].Data}
	case "Pad":
		dims := slices.Clone(x[0].Dims)
		n := len(dims)
		for k := range dims {
			dims[k] += whole(x[1], k) + whole(x[1], n+k)
		}
		return build(dims, func(i []int) float64 {
			i = slices.Clone(i)
			for k := range i {
				if i[k] -= whole(x[1], k); i[k] < 0 || i[k] >= x[0].Dims[k] {
					return 0
				}
			}
			return x[0].get(i)
		})
	case "Softmax": // along the last axis of a matrix
		columns := x[0].Dims[1]
		return build(x[0].Dims, func(i []int) float64 {
			sum := 0.0
			for k := range columns {
				sum += math.Exp(x[0].get([]int{i[0], k}) - x[0].get(i))
			}
			return 1 / sum
		})
	case "MatMul":
		a, b := x[0], x[1]
		inner := a.Dims[len(a.Dims)-1]
		if inner != b.Dims[len(b.Dims)-2] {
			in.t.Fatalf("MatMul of shapes %v and %v", a.Dims, b.Dims)
		}
		dims := append(in.shape(op, a.Dims[:len(a.Dims)-2], b.Dims[:len(b.Dims)-2]), a.Dims[len(a.Dims)-2], b.Dims[len(b.Dims)-1])
		return build(dims, func(i []int) float64 {
			n, sum := len(i), 0.0
			for k := range inner {
				sum += a.get(append(slices.Clone(i[:n-1]), k)) * b.get(append(slices.Clone(i[:n-2]), k, i[n-1]))
			}
			return sum
		})
	case "Conv":
		w, pads := x[1], attributes["pads"]
		rows, columns := w.Dims[2], w.Dims[3]
		if len(pads) != 4 || x[0].Dims[1] != w.Dims[1] || len(x[2].Data) != w.Dims[0] {
			in.t.Fatalf("Conv of shapes %v %v %v, pads %v", x[0].Dims, w.Dims, x[2].Dims, pads)
		}
		dims := []int{x[0].Dims[0], w.Dims[0], x[0].Dims[2] + pads[0] + pads[2] - rows + 1, x[0].Dims[3] + pads[1] + pads[3] - columns + 1}
		return build(dims, func(i []int) float64 {
			sum := x[2].Data[i[1]]
			for c := range w.Dims[1] {
				for ky := range rows {
					for kx := range columns {
						y, x1 := i[2]+ky-pads[0], i[3]+kx-pads[1]
						if y >= 0 && y < x[0].Dims[2] && x1 >= 0 && x1 < x[0].Dims[3] {
							sum += w.get([]int{i[1], c, ky, kx}) * x[0].get([]int{i[0], c, y, x1})
						}
					}
				}
			}
			return sum
		})
	case "Gemm":
		if attributes["transB"] == nil || x[0].Dims[1] != x[1].Dims[1] || len(x) > 2 && len(x[2].Data) != x[1].Dims[0] {
			in.t.Fatalf("Gemm of shapes %v %v", x[0].Dims, x[1].Dims)
		}
		return build([]int{x[0].Dims[0], x[1].Dims[0]}, func(i []int) float64 {
			sum := 0.0
			if len(x) > 2 {
				sum = x[2].Data[i[1]]
			}
			for k := range x[0].Dims[1] {
				sum += x[0].get([]int{i[0], k}) * x[1].get([]int{i[1], k})
			}
			return sum
		})
	}
	in.t.Fatalf("no operation %q", op)
	return Tensor{}
}
