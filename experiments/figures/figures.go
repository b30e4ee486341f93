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
	"image"
	"image/color"
	"image/png"
	"path/filepath"
	"strconv"
	"strings"
	"sync"

	"github.com/costate-go/costate/experiments/atomicfile"

	"git.sr.ht/~sbinet/gg"
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
	rows    []row
	values  []float64 // of all rows
	series  []string  // of the last one
}

// row of the CSV: names, and how many values follow.
type row struct {
	names []string
	n     int
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
	strokePoints = 256  // points that are painted in one stroke, whose edges are in memory at once
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
	paper.Lock()
	defer paper.Unlock()
	c := paper.canvas(w, h)
	f.draw(draw.New(c))
	var b bytes.Buffer
	fast := png.Encoder{CompressionLevel: png.BestSpeed} // a few per cent larger than the default, in half the time
	if err := fast.Encode(&b, c.Image()); err != nil {
		return nil, fmt.Errorf("figure %s: %w", f.Name, err)
	}
	return b.Bytes(), nil
}

// paper is what figures are painted on, one after the other: a picture has millions of pixels.
var paper sheet

type sheet struct {
	sync.Mutex
	pixels []byte
}

// planeHeight is the height of figures in the plane, the largest of a single panel.
const planeHeight = 6.6 * vg.Inch

func dots(l vg.Length) int { return int(l/vg.Inch*dpi + 0.5) }

// Canvas is how many bytes the pixels of a PNG take while it is painted: of a figure with panels above each other, or of one in the plane.
func Canvas(panels int) int64 {
	_, h := (&Figure{panels: make([]*plot.Plot, min(panels, maxPanels))}).size()
	return 4 * int64(dots(width)) * int64(dots(max(h, planeHeight)))
}

// canvas is a white one of the size.
func (s *sheet) canvas(w, h vg.Length) *vgimg.Canvas {
	x, y := dots(w), dots(h)
	if cap(s.pixels) < 4*x*y {
		s.pixels = nil // to be collected first
		s.pixels = make([]byte, 4*x*max(y, dots(planeHeight)))
	}
	m := &image.RGBA{Pix: s.pixels[:4*x*y], Stride: 4 * x, Rect: image.Rect(0, 0, x, y)}
	g := gg.NewContextForRGBA(m)
	g.SetLineCapButt()
	g.InvertY()
	return vgimg.NewWith(vgimg.UseImageWithContext(m, g), vgimg.UseDPI(dpi)) // paints it white
}

// CSV is the numbers behind the figure, all of them, with a header.
func (f *Figure) CSV() ([]byte, error) {
	var b bytes.Buffer
	w := csv.NewWriter(&b)
	if err := w.Write(f.header); err != nil {
		return nil, err
	}
	var cells []string
	at := 0
	for _, r := range f.rows {
		cells = append(cells[:0], r.names...)
		for _, v := range f.values[at : at+r.n] {
			cells = append(cells, num(v))
		}
		at += r.n
		if err := w.Write(cells); err != nil {
			return nil, err
		}
	}
	w.Flush()
	return b.Bytes(), w.Error()
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
	if f.series == nil || f.series[0] != series { // rows of a series follow each other
		f.series = []string{series}
	}
	f.rows, f.values = append(f.rows, row{f.series, len(v)}), append(f.values, v...)
}
