package report

import (
	"bytes"
	"encoding/base64"
	"encoding/xml"
	"html/template"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// picture is a file of the figures folder. It becomes an image with a data address: as such it can run no scripts, and
// cannot disturb the page, whatever the file holds.
type picture struct {
	Name, Title, Caption string
	File                 string       // the picture, relative to the report
	CSV                  string       // the numbers behind it, likewise; empty where there are none
	Data                 template.URL // empty where the file is too large
}

// order of the figures on the page; others follow by name.
var order = []string{"trajectory", "regression", "phase", "decision", "control", "states", "costates", "constraints", "multipliers", "loss", "pmp_residual", "hamiltonian_iterations", "hamiltonian", "steps"}

// charted are the figures whose numbers the charts show too.
var charted = []string{"loss", "pmp_residual", "hamiltonian_iterations"}

// captions of figures that bring none.
var captions = map[string]string{
	"trajectory":             "Model (line) and observations (dots) over time.",
	"regression":             "Data and the network's output.",
	"phase":                  "Model (line) and observations (dots) over the learned vector field.",
	"decision":               "The class that the model assigns, and the data.",
	"control":                "The control over time.",
	"states":                 "States along the horizon.",
	"costates":               "Costates along the horizon.",
	"constraints":            "The constraints g ≤ 0 or g = 0 along the horizon.",
	"multipliers":            "The multipliers of the constraints.",
	"loss":                   "Loss over the iterations.",
	"pmp_residual":           "What the Hamiltonian could still gain by another control.",
	"hamiltonian_iterations": "The average of the Hamiltonian along the trajectories, over the iterations.",
	"hamiltonian":            "The Hamiltonian along the trajectory, constant along an extremal where nothing depends on time explicitly.",
	"steps":                  "Size of every step of the solver over the time where it begins.",
}

// readPictures reads the SVG files of a folder, and the PNG files of those figures that have no SVG of a suitable size.
// Without the folder there are none.
func readPictures(dir string) ([]picture, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	files := map[string]map[string]int64{} // name → extension → size
	var names []string
	for _, e := range entries {
		ext := filepath.Ext(e.Name())
		name := strings.TrimSuffix(e.Name(), ext)
		if !slices.Contains([]string{".svg", ".png", ".csv"}, ext) || name == "" || strings.HasPrefix(name, ".") || e.IsDir() {
			continue
		}
		info, err := e.Info()
		if err != nil {
			continue // gone since
		}
		if files[name] == nil {
			files[name] = map[string]int64{}
			names = append(names, name)
		}
		files[name][ext] = info.Size()
	}
	rank := func(name string) int {
		if i := slices.Index(order, name); i >= 0 {
			return i
		}
		return len(order)
	}
	slices.Sort(names)
	slices.SortStableFunc(names, func(a, b string) int { return rank(a) - rank(b) })
	var out []picture
	left := int64(maxFigures)
	for _, n := range names {
		p := picture{Name: n, Title: n, Caption: captions[n]}
		svg, hasSVG := files[n][".svg"]
		png, hasPNG := files[n][".png"]
		if !hasSVG && !hasPNG {
			continue
		}
		if _, has := files[n][".csv"]; has {
			p.CSV = "figures/" + url.PathEscape(n) + ".csv"
		}
		ext, kind, size := ".svg", "image/svg+xml", svg
		if !hasSVG || hasPNG && svg > maxFigures/3 && png < svg {
			ext, kind, size = ".png", "image/png", png
		}
		p.File = "figures/" + url.PathEscape(n) + ext
		if hasSVG {
			f, err := os.Open(filepath.Join(dir, n+".svg"))
			if err != nil {
				return out, err
			}
			title, caption := labels(f)
			f.Close()
			if title != "" {
				p.Title = title
			}
			if caption != "" {
				p.Caption = caption
			}
		}
		if size <= left {
			b, err := os.ReadFile(filepath.Join(dir, n+ext))
			if err != nil {
				return out, err
			}
			if int64(len(b)) <= left { // it may have grown
				left -= int64(len(b))
				p.Data = template.URL("data:" + kind + ";base64," + base64.StdEncoding.EncodeToString(b)) //nolint:gosec // base64 has no markup
			}
		}
		out = append(out, p)
	}
	return out, nil
}

// labels reads title and description at the top of an SVG document.
func labels(r io.Reader) (title, caption string) {
	head, _ := io.ReadAll(io.LimitReader(r, 16<<10))
	d := xml.NewDecoder(bytes.NewReader(head))
	for range 16 {
		t, err := d.Token()
		if err != nil {
			break
		}
		e, isElement := t.(xml.StartElement)
		if !isElement {
			continue
		}
		var into *string
		switch e.Name.Local {
		case "title":
			into = &title
		case "desc":
			into = &caption
		default:
			continue
		}
		if d.DecodeElement(into, &e) != nil {
			break
		}
	}
	return phrase(strings.TrimSpace(title)), phrase(strings.TrimSpace(caption))
}
