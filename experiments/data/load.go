package data

import (
	"fmt"

	"github.com/costate-go/costate/experiments/config"
	"github.com/costate-go/costate/experiments/systems"
)

// LoadSeries gives the series that a configuration of task fit names; nothing is normalized yet.
// Source "sine" is no series: see LoadPoints.
func LoadSeries(c *config.Config) (*Series, error) {
	d := &c.Data
	o := SeriesOptions{Points: d.Points, T0: d.T0, T1: d.T1, Irregular: d.Irregular, Noise: d.Noise, Seed: c.Seed}
	if s := systems.ByName(d.Source); s != nil {
		out, err := System(s, d.Parameters, d.X0, o)
		if err != nil {
			return nil, err
		}
		return out, out.Hide(d.Hide)
	}
	if d.Source == "csv" {
		t, err := ReadTable(d.File)
		if err != nil {
			return nil, err
		}
		return t.Series(CSVOptions{Time: d.TimeColumn, Columns: d.Columns, ID: d.IDColumn, Inputs: d.Inputs, T0: d.T0, T1: d.T1, Log: d.Transform == "log"})
	}
	return nil, fmt.Errorf("%w: source %q is not a series", ErrData, d.Source)
}

// LoadPoints gives the points of task classify, or of source "sine"; nothing is normalized yet.
func LoadPoints(c *config.Config) (*Points, error) {
	d := &c.Data
	switch d.Source {
	case "sine":
		return Sine(d.Samples, d.Noise, c.Seed), nil
	case "moons":
		return Moons(d.Samples, d.Noise, c.Seed), nil
	case "circles":
		return Circles(d.Samples, d.Noise, c.Seed), nil
	case "spirals":
		return Spirals(d.Samples, d.Noise, c.Seed), nil
	case "checkerboard":
		return Board(d.Samples, d.Noise, c.Seed), nil
	case "csv":
		t, err := ReadTable(d.File)
		if err != nil {
			return nil, err
		}
		return t.Points(CSVOptions{Label: d.Label, Columns: d.Columns, Log: d.Transform == "log"})
	}
	return nil, fmt.Errorf("%w: source %q has no labelled points", ErrData, d.Source)
}

// LoadSamples gives the points of task density, without labels; nothing is normalized yet.
func LoadSamples(c *config.Config) (*Points, error) {
	d := &c.Data
	var p *Points
	switch d.Source {
	case "moons":
		p = Moons(d.Samples, d.Noise, c.Seed)
	case "rings":
		p = Rings(d.Samples, d.Noise, c.Seed)
	case "pinwheel":
		p = Pinwheel(d.Samples, c.Seed)
	case "checkerboard":
		p = Checkerboard(d.Samples, c.Seed)
	case "gaussians":
		p = Gaussians(d.Samples, c.Seed)
	case "csv":
		t, err := ReadTable(d.File)
		if err != nil {
			return nil, err
		}
		return t.Samples(CSVOptions{Columns: d.Columns, Log: d.Transform == "log"})
	default:
		return nil, fmt.Errorf("%w: source %q has no samples of a density", ErrData, d.Source)
	}
	p.Labels, p.Classes = nil, nil
	return p, nil
}
