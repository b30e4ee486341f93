// Package figures draws the pictures of a run: plain numbers in, SVG, PNG and the numbers behind them as CSV out. The
// same numbers give the same bytes. Non-finite numbers leave gaps in lines and break nothing. Colours are those of
// Okabe and Ito, which people with colour vision deficiencies can tell apart; legends stand above the
// axes, where they hide no data.
package figures

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"html"
	"image/color"
	"image/png"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/costate-go/costate/experiments/atomicfile"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgimg"
	"gonum.org/v1/plot/vg/vgsvg"
)

// Figure is a drawing that can be written in several formats.
type Figure struct {
	Name    string // of the files, without extension
	Title   string
	Caption string // one sentence for reports
	panels  []*plot.Plot
	legend  []entry
	height  vg.Length
	header  []string
	rows    [][]string
}

// entry is a line of the legend.
type entry struct {
	text  string
	thumb plot.Thumbnailer
}

const (
	width        = 8 * vg.Inch
	panelHeight  = 4.4 * vg.Inch
	stackHeight  = 2.4 * vg.Inch // of a panel among several
	dpi          = 200           // 1600 pixels wide
	titleSize    = 15
	labelSize    = 13
	tickSize     = 11.5
	legendSize   = 12
	margin       = 10
	thumbWidth   = 26
	maxLinePoint = 4000 // drawn points of a line; the CSV has all
)

// Palette of Okabe and Ito (2008), without yellow, which is too light for lines on white.
var palette = []color.RGBA{
	{0x00, 0x72, 0xb2, 0xff}, // blue
	{0xd5, 0x5e, 0x00, 0xff}, // vermilion
	{0x00, 0x9e, 0x73, 0xff}, // bluish green
	{0xcc, 0x79, 0xa7, 0xff}, // reddish purple
	{0xe6, 0x9f, 0x00, 0xff}, // orange
	{0x56, 0xb4, 0xe9, 0xff}, // sky blue
	{0x00, 0x00, 0x00, 0xff}, // black
}

var (
	gridColor  = color.RGBA{0xe4, 0xe4, 0xe4, 0xff}
	axisColor  = color.RGBA{0x33, 0x33, 0x33, 0xff}
	greyColor  = color.RGBA{0x99, 0x99, 0x99, 0xff}
	arrowColor = color.RGBA{0xa8, 0xb0, 0xb8, 0xff}
)

func hue(i int) color.RGBA { return palette[i%len(palette)] }

// size is the size of the canvas.
func (f *Figure) size() (w, h vg.Length) {
	if f.height > 0 {
		return width, f.height
	}
	if len(f.panels) > 1 {
		return width, vg.Length(len(f.panels))*stackHeight + 0.8*vg.Inch
	}
	return width, panelHeight + 0.8*vg.Inch
}

// SVG is the figure as a document; fonts are named with their metric-compatible relatives, not embedded.
func (f *Figure) SVG() ([]byte, error) {
	w, h := f.size()
	c := vgsvg.New(w, h)
	f.draw(draw.New(c))
	var b bytes.Buffer
	if _, err := c.WriteTo(&b); err != nil {
		return nil, fmt.Errorf("figure %s: %w", f.Name, err)
	}
	s := strings.ReplaceAll(b.String(), "font-family:Liberation Sans", "font-family:'Liberation Sans',Arial,Helvetica,sans-serif")
	// Title and description serve screen readers and the report.
	if i := strings.Index(s, "<svg"); i >= 0 {
		if j := strings.IndexByte(s[i:], '>'); j >= 0 {
			at := i + j + 1
			s = s[:at] + "\n<title>" + html.EscapeString(f.Title) + "</title>\n<desc>" + html.EscapeString(f.Caption) + "</desc>" + s[at:]
		}
	}
	return []byte(s), nil
}

// PNG is the figure at 1600 pixels across.
func (f *Figure) PNG() ([]byte, error) {
	w, h := f.size()
	c := vgimg.NewWith(vgimg.UseWH(w, h), vgimg.UseDPI(dpi), vgimg.UseBackgroundColor(color.White))
	f.draw(draw.New(c))
	var b bytes.Buffer
	fast := png.Encoder{CompressionLevel: png.BestSpeed} // a few per cent larger than the default, in half the time
	if err := fast.Encode(&b, c.Image()); err != nil {
		return nil, fmt.Errorf("figure %s: %w", f.Name, err)
	}
	return b.Bytes(), nil
}

// CSV is the numbers behind the figure, all of them, with a header.
func (f *Figure) CSV() ([]byte, error) {
	var b bytes.Buffer
	w := csv.NewWriter(&b)
	if err := w.Write(f.header); err != nil {
		return nil, err
	}
	if err := w.WriteAll(f.rows); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

// Write writes the figure into a folder in the formats "svg" and "png", and always its CSV, atomically.
func (f *Figure) Write(dir string, formats []string) error {
	for _, format := range append([]string{"csv"}, formats...) {
		var b []byte
		var err error
		switch format {
		case "csv":
			b, err = f.CSV()
		case "svg":
			b, err = f.SVG()
		case "png":
			b, err = f.PNG()
		default:
			err = fmt.Errorf("figure %s: unknown format %q; choose from svg, png", f.Name, format)
		}
		if err != nil {
			return err
		}
		if err := atomicfile.Write(filepath.Join(dir, f.Name+"."+format), b); err != nil {
			return err
		}
	}
	return nil
}

func num(v float64) string { return strconv.FormatFloat(v, 'g', -1, 64) }

// record adds a row of the CSV.
func (f *Figure) record(series string, v ...float64) {
	row := make([]string, 0, len(v)+1)
	row = append(row, series)
	for _, x := range v {
		row = append(row, num(x))
	}
	f.rows = append(f.rows, row)
}
