package verify

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/costate-go/costate/experiments/rundir"
)

// Row is an entry of a certificate as people read it.
type Row struct{ Name, Value, Meaning string }

// entries of certificate.json in the order of their weight, with what they mean.
var entries = []struct{ name, meaning string }{
	{"loss", "J, the control's own cost included"},
	{"residual", "∫ max H − H dt; 0 where the maximum principle holds"},
	{"exact", "whether that maximum is a closed form, or one to first order with a proximal term"},
	{"hamiltonian_drift", "variation of H along the path; 0 where nothing depends on time"},
	{"projected_gradient", "size of a unit gradient step inside the bounds"},
	{"on_bounds", "share of the time that the control is on a bound"},
	{"violation", "largest miss of the constraints"},
	{"autonomous", "whether f and L are free of time, so that H has to be constant"},
	{"final_hamiltonian", "H(t1) = −∂J/∂t1"},
	{"stationarity", "largest slope of H where no bound holds the control, over what slopes are where nothing is fitted and nothing cancels; 0 where stationary"},
	{"complementarity", "largest slope of H from an active bound to the inside, relative to the same"},
	{"transversality", "p(t1) against the multipliers of the end conditions, relative"},
	{"path_complementarity", "Σ w μ |g| of the constraints along the way"},
	{"least_multiplier", "smallest multiplier of an inequality; not negative"},
	{"costate_error", "∇J by the costate against central differences, relative"},
	{"p0", "p(t0) of a problem with one initial state"},
	{"switches", "times at which the control goes from one arc to the next"},
	{"arcs", "pieces of the control, component after component"},
}

// Rows reads certificate.json. Entries that this version does not know follow the others by name.
func Rows(certificate []byte) ([]Row, error) {
	var all map[string]json.RawMessage
	if err := json.Unmarshal(certificate, &all); err != nil {
		return nil, fmt.Errorf("%s: %w", rundir.CertificateFile, err)
	}
	var out []Row
	for _, e := range entries {
		if raw, has := all[e.name]; has {
			out = append(out, Row{e.name, inWords(raw), e.meaning})
			delete(all, e.name)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(all)) {
		out = append(out, Row{name, inWords(all[name]), ""})
	}
	return slices.DeleteFunc(out, func(r Row) bool { return r.Value == "" }), nil
}

// inWords writes a value of JSON: numbers with six digits, lists with commas, objects by their values.
func inWords(raw json.RawMessage) string {
	var f rundir.Float
	if f.UnmarshalJSON(raw) == nil && string(raw) != "null" {
		return fmt.Sprintf("%.6g", float64(f))
	}
	var list []json.RawMessage
	var arc struct {
		Kind      string
		From, To  rundir.Float
		Component int
	}
	var v any
	switch {
	case json.Unmarshal(raw, &list) == nil:
		parts := make([]string, len(list))
		for i, e := range list {
			parts[i] = inWords(e)
		}
		return strings.Join(parts, ", ")
	case json.Unmarshal(raw, &arc) == nil:
		return fmt.Sprintf("u%d %s on [%.4g, %.4g]", arc.Component+1, arc.Kind, float64(arc.From), float64(arc.To))
	case json.Unmarshal(raw, &v) == nil && v != nil:
		return fmt.Sprint(v)
	}
	return ""
}
