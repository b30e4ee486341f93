package report

import (
	"encoding/csv"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"

	"github.com/costate-go/costate/experiments/page"
	"github.com/costate-go/costate/experiments/rundir"
)

// horizons are the figures over time whose numbers become charts, in their order on the page, and how.
var horizons = []struct {
	name      string
	log, dots bool
}{
	{"hamiltonian", false, false}, {"costate_norm", true, false}, {"steps", true, true}, {"states", false, false}, {"costates", false, false},
	{"constraints", false, false}, {"multipliers", false, false},
}

const largestCSV = 4 << 20 // bytes

// horizon reads the numbers of figures over time back from their CSV files. Those that it cannot read stay pictures.
func (r *record) horizon() (charts []page.Chart, drawn []string) {
	for _, h := range horizons {
		i := slices.IndexFunc(r.pictures, func(p picture) bool { return p.Name == h.name })
		if i < 0 {
			continue
		}
		lines, err := readSeries(filepath.Join(r.dir, rundir.Figures, h.name+".csv"))
		if err != nil {
			continue
		}
		p := r.pictures[i]
		if c, visible := page.Draw(page.Plan{ID: "over-t-" + h.name, Title: p.Title, Caption: p.Caption, XLabel: "t", Lines: lines, Log: h.log, Dots: h.dots, Hold: true}); visible {
			charts, drawn = append(charts, c), append(drawn, h.name)
		}
	}
	return charts, drawn
}

// readSeries reads a table of series, x and y.
func readSeries(path string) ([]page.Line, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if info, err := f.Stat(); err != nil || info.Size() > largestCSV {
		return nil, errors.Join(errors.New("too large"), err)
	}
	in := csv.NewReader(f)
	in.FieldsPerRecord = 3
	if _, err := in.Read(); err != nil {
		return nil, err
	}
	var out []page.Line
	index := map[string]int{}
	for {
		row, err := in.Read()
		if err == io.EOF {
			break
		}
		if err != nil {
			return nil, err
		}
		x, errX := strconv.ParseFloat(row[1], 64)
		y, errY := strconv.ParseFloat(row[2], 64)
		if err := errors.Join(errX, errY); err != nil {
			return nil, err
		}
		i, has := index[row[0]]
		if !has {
			i = len(out)
			index[row[0]] = i
			out = append(out, page.Line{Name: phrase(row[0])})
		}
		out[i].X, out[i].Y = append(out[i].X, x), append(out[i].Y, y)
	}
	for _, l := range out {
		if !slices.IsSorted(l.X) {
			return nil, errors.New("not over time")
		}
	}
	return out, nil
}
