package tasks

import (
	"fmt"
	"strings"

	"github.com/costate-go/costate/experiments/config"
	"github.com/costate-go/costate/experiments/safetensors"
	"github.com/costate-go/costate/experiments/systems"
	"github.com/costate-go/costate/ode/neural"
)

// model is the vector field of a fit with what it is made of: a network, a known system, or both.
type model struct {
	neural.Field
	network neural.Network  // nil for a known system alone
	system  *systems.System // nil for a network alone
	first   []float64       // first parameters of the system; nil where they are no part of the control
	fixed   []float64       // parameters of the system where they are no part of the control
	only    []int           // states whose derivatives the network adds to; nil: all
}

// newModel builds the field of a configuration on the states of a series and dim − len(names) more.
func newModel(c *config.Config, names []string, dim int) (*model, error) {
	m := new(model)
	if c.Field.Kind != "known" {
		net, err := network(c, dim)
		if err != nil {
			return nil, err
		}
		m.network, m.Field = net, net
		if c.Field.Kind != "hybrid" {
			return m, nil
		}
	}
	name := c.Field.System
	if name == "auto" {
		name = c.Data.Source
	}
	m.system = systems.ByName(name)
	if d := len(m.system.States); d != dim {
		return nil, configError("field.system", fmt.Sprintf("%s has %d states (%s), and the data have %d columns (%s)", name, d, strings.Join(m.system.States, ", "), dim, strings.Join(names, ", ")))
	}
	values := c.Field.Parameters
	if values == nil {
		values = m.system.Values
	}
	var law neural.Field = m.system.Field()
	if c.Field.Kind == "known" {
		m.first, m.Field = values, law
		return m, nil
	}
	if c.Field.FitParameters {
		m.first = values
	} else {
		m.fixed, law = values, m.system.Fixed(values)
	}
	sum := &neural.Sum{A: law, B: m.network}
	for _, name := range c.Field.Components {
		i, err := state(names, m.system.States, name)
		if err != nil {
			return nil, err
		}
		sum.Only = append(sum.Only, i)
	}
	m.only, m.Field = sum.Only, sum
	return m, nil
}

// state finds a component by its name in the data or the system, or by its number from 1.
func state(names, states []string, name string) (int, error) {
	for i := range states {
		if name == names[i] || name == states[i] || name == fmt.Sprint(i+1) {
			return i, nil
		}
	}
	return 0, configError("field.components", fmt.Sprintf("no state %q; the states are %s", name, strings.Join(names, ", ")))
}

// timed says that the field depends on the time itself.
func (m *model) timed(c *config.Config) bool {
	return c.Field.Time || c.Field.Kind == "gated" || m.system != nil && m.system.Driven
}

// initial draws the first control: the same on every node.
func (m *model) initial(nodes int, seed uint64) []float64 {
	p := m.NumParams()
	theta := make([]float64, nodes*p)
	for j := range nodes {
		node := theta[j*p : (j+1)*p]
		copy(node, m.first)
		if m.network != nil {
			m.network.Init(node[len(m.first):], seed)
		}
	}
	return theta
}

// parameters names the parameters of the system in a constant control.
func (m *model) parameters(theta []float64) map[string]float64 {
	out := map[string]float64{}
	if len(theta) == m.NumParams() {
		for i := range m.first {
			out["parameter_"+m.system.Params[i]] = theta[i]
		}
	}
	return out
}

// tensors splits the control into its parts.
func (m *model) tensors(theta []float64) []safetensors.Tensor {
	var parts []neural.Tensor
	if m.first != nil {
		parts = append(parts, neural.Tensor{Name: "parameters", Shape: []int{len(m.first)}})
	}
	if m.network != nil {
		for _, t := range m.network.Tensors() {
			t.Offset += len(m.first)
			parts = append(parts, t)
		}
	}
	return tensors(parts, m.NumParams(), theta)
}

// describe is a line on the model.
func (m *model) describe(c *config.Config) string {
	var parts []string
	if m.system != nil {
		text := m.system.Title
		if m.first != nil {
			text += fmt.Sprintf(" with %d parameters (%s)", len(m.first), strings.Join(m.system.Params, ", "))
		}
		parts = append(parts, text)
	}
	if m.network != nil {
		parts = append(parts, describe(&c.Field, m.network, len(c.Data.Inputs)))
	}
	return strings.Join(parts, " + ") + meshed(&c.Control)
}

// truth are the parameters that built-in data of the model's own system were made with; nil where they are not known.
func (m *model) truth(c *config.Config) []float64 {
	if m.first == nil || c.Data.Source != m.system.Name {
		return nil
	}
	if c.Data.Parameters != nil {
		return c.Data.Parameters
	}
	return m.system.Values
}
