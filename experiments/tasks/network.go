package tasks

import (
	"fmt"
	"strings"

	"github.com/costate-go/costate/experiments/config"
	"github.com/costate-go/costate/ode/neural"
)

// network builds the network of a configuration on states of dimension dim.
func network(cfg *config.Config, dim int) (neural.Network, error) {
	c := &cfg.Field
	switch c.Kind {
	case "gated", "residual", "conv":
		return stack(c, dim)
	case "hamiltonian", "gradient", "second-order":
	default:
		return Field(cfg, dim)
	}
	settings, err := settingsOf(cfg, dim)
	if err != nil {
		return nil, err
	}
	if c.Kind == "gradient" {
		return neural.NewGradient(settings)
	}
	if dim%2 != 0 {
		return nil, configError("field.kind", fmt.Sprintf("%q needs as many positions as momenta or velocities, the first half of the states; there are %d states (field.augment adds some)", c.Kind, dim))
	}
	if c.Kind == "hamiltonian" {
		return neural.NewHamiltonian(settings)
	}
	return neural.NewAcceleration(settings)
}

// stack builds the kinds that are no MLP inside.
func stack(c *config.Field, dim int) (neural.Network, error) {
	act, err := neural.ParseActivation(c.Activation)
	if err != nil {
		return nil, err
	}
	out, err := neural.ParseActivation(c.Output)
	if err != nil {
		return nil, err
	}
	scheme, err := neural.ParseScheme(c.Init)
	if err != nil {
		return nil, err
	}
	first := neural.Initializer{Scheme: scheme, Scale: c.InitScale}
	if c.Kind != "conv" {
		return neural.NewGated(neural.GatedConfig{
			Dim: dim, Hidden: c.Hidden, Activation: act, Output: out, Init: first, Gate: c.Kind == "gated", Residual: c.Residual || c.Kind == "residual",
		})
	}
	if n := c.Shape[0] * c.Shape[1] * c.Shape[2]; n != dim {
		return nil, configError("field.shape", fmt.Sprintf("%d × %d × %d has %d numbers, and the data have %d columns", c.Shape[0], c.Shape[1], c.Shape[2], n, dim))
	}
	return neural.NewConv(neural.ConvConfig{
		Channels: c.Shape[0], Height: c.Shape[1], Width: c.Shape[2], Hidden: c.Hidden, Kernel: c.Kernel, Activation: act, Output: out, Init: first, Time: c.Time, Residual: c.Residual,
	})
}

// describe is a line on a network.
func describe(c *config.Field, m neural.Network, inputs int) string {
	in, out := m.Dim()+inputs, m.Dim()
	if c.Time && c.Kind != "conv" {
		in++
	}
	name := "MLP"
	switch c.Kind {
	case "gated", "residual":
		name = c.Kind + " layers"
	case "hamiltonian", "gradient":
		name, out = c.Kind+" field of an MLP", 1
	case "second-order":
		name, out = "second-order MLP", out/2
	case "conv":
		name, in, out = fmt.Sprintf("convolutions %d×%d on %d×%d pixels, channels", c.Kernel, c.Kernel, c.Shape[1], c.Shape[2]), c.Shape[0], c.Shape[0]
	}
	sizes := []string{fmt.Sprint(in)}
	for _, h := range c.Hidden {
		sizes = append(sizes, fmt.Sprint(h))
	}
	sizes = append(sizes, fmt.Sprint(out))
	return fmt.Sprintf("%s %s (%s), %d parameters", name, strings.Join(sizes, "-"), c.Activation, m.NumParams())
}
