package onnx

import (
	"fmt"

	"github.com/costate-go/costate/ode/neural"
)

// parts finds the tensors of a network by name.
func parts(f neural.Network) map[string]neural.Tensor {
	out := map[string]neural.Tensor{}
	for _, t := range f.Tensors() {
		out[t.Name] = t
	}
	return out
}

func activationOf(hidden, output neural.Activation, layer, layers int) neural.Activation {
	if layer == layers-1 {
		return output
	}
	return hidden
}

// gated adds dense layers that time may gate and that may be residual.
func gated(g *graph, f *neural.Stack, cfg neural.GatedConfig, c *control) (string, error) {
	all, h := parts(f), "x"
	layers := len(cfg.Hidden) + 1
	for l := range layers {
		name := fmt.Sprintf("layers.%d", l)
		get := func(part string) string {
			t := all[name+"."+part]
			return c.slice(t.Name, t.Offset, t.Shape...)
		}
		shape := all[name+".weight"].Shape
		z := g.node("Gemm", name+".z", []string{h, get("weight"), get("bias")}, attribute{"transB", 1})
		if cfg.Gate {
			e := expression{g}
			gate := g.node("Sigmoid", name+".gate", []string{e.add(e.mul(get("gate_slope"), "t"), get("gate_bias"))})
			z = e.add(e.mul(z, gate), e.mul(get("time_bias"), "t"))
		}
		y, err := activate(g, activationOf(cfg.Activation, cfg.Output, l, layers), name, z)
		if err != nil {
			return "", err
		}
		if cfg.Residual && shape[0] == shape[1] && l < layers-1 {
			y = g.node("Add", name+".residual", []string{y, h})
		}
		h = y
	}
	return h, nil
}

// conv adds convolutions of pictures.
func conv(g *graph, f *neural.Stack, cfg neural.ConvConfig, c *control) (string, error) {
	all := parts(f)
	layers, height, width := len(cfg.Hidden)+1, cfg.Height, cfg.Width
	h := g.node("Reshape", "picture", []string{"x", g.integers("picture.shape", []int{4}, -1, int64(cfg.Channels), int64(height), int64(width))})
	channels := cfg.Channels
	for l := range layers {
		name := fmt.Sprintf("layers.%d", l)
		weight, bias := all[name+".weight"], all[name+".bias"]
		out, in := weight.Shape[0], weight.Shape[1]
		seen := h
		if cfg.Time { // t is one more channel
			first := g.slice(name+".first", h, 1, 0, 1)
			clock := g.node("Add", name+".clock", []string{g.node("Mul", name+".nothing", []string{first, g.number(0)}), "t"})
			seen = g.node("Concat", name+".timed", []string{h, clock}, attribute{"axis", 1})
		}
		r := int64(cfg.Kernel / 2)
		var z string
		if g.elem == Float32 {
			z = g.node("Conv", name+".z", []string{seen, c.slice(weight.Name, weight.Offset, weight.Shape...), c.slice(bias.Name, bias.Offset, out)},
				attribute{"pads", []int{int(r), int(r), int(r), int(r)}})
		} else {
			z = products(g, c, name, seen, weight, bias, cfg, in, out)
		}
		y, err := activate(g, activationOf(cfg.Activation, cfg.Output, l, layers), name, z)
		if err != nil {
			return "", err
		}
		if cfg.Residual && out == channels && l < layers-1 {
			y = g.node("Add", name+".residual", []string{y, h})
		}
		h, channels = y, out
	}
	return g.node("Reshape", "flat", []string{h, g.integers("flat.shape", []int{2}, -1, int64(f.Dim()))}), nil
}

// products are a convolution as the product of the kernels with moved pictures, because ONNX Runtime has none in float64.
func products(g *graph, c *control, name, x string, weight, bias neural.Tensor, cfg neural.ConvConfig, in, out int) string {
	k, r := cfg.Kernel, int64(cfg.Kernel/2)
	padded := g.node("Pad", name+".padded", []string{x, g.integers(name+".pads", []int{8}, 0, 0, r, r, 0, 0, r, r)})
	var moved []string
	for ky := range k {
		rows := g.slice(g.fresh(name+".rows"), padded, 2, ky, ky+cfg.Height)
		for kx := range k {
			moved = append(moved, g.slice(g.fresh(name+".moved"), rows, 3, kx, kx+cfg.Width))
		}
	}
	columns := g.node("Concat", name+".columns", moved, attribute{"axis", 1})
	flat := g.node("Reshape", name+".lines", []string{columns, g.integers(name+".lines.shape", []int{3}, -1, int64(k*k*in), int64(cfg.Height*cfg.Width))})
	matrix := c.at(weight.Name, func(theta []float64) []float64 { // (out, ky, kx, in) from (out, in, ky, kx)
		w := theta[weight.Offset : weight.Offset+weight.Len()]
		moved := make([]float64, 0, len(w))
		for o := range out {
			for p := range k * k {
				for i := range in {
					moved = append(moved, w[(o*in+i)*k*k+p])
				}
			}
		}
		return moved
	}, out, k*k*in)
	product := g.node("MatMul", name+".product", []string{matrix, flat})
	z := g.node("Add", name+".shifted", []string{product, c.slice(bias.Name, bias.Offset, out, 1)})
	return g.node("Reshape", name+".z", []string{z, g.integers(name+".z.shape", []int{4}, -1, int64(out), int64(cfg.Height), int64(cfg.Width))})
}
