package engine

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"reflect"
	"strings"
	"text/tabwriter"

	"github.com/costate-go/costate/experiments/cli"
	"github.com/costate-go/costate/experiments/exit"
	"github.com/costate-go/costate/experiments/run"
	"github.com/costate-go/costate/experiments/rundir"
	"github.com/costate-go/costate/experiments/verify"
	"github.com/costate-go/costate/pmp"
)

// Verify implements cli.Engine: the files first, then the certificate, which it also writes into the run directory.
func (Engine) Verify(ctx context.Context, o cli.VerifyOptions) error {
	files, err := verify.Files(o.Run)
	if err != nil {
		return err
	}
	r, loadErr := run.Load(o.Run, threads(o.Threads))
	if loadErr == nil {
		files = append(files, verify.Model(o.Run, r.Task.Tensors(r.Best)))
	}
	var cert *pmp.Certificate
	var faults []string
	if loadErr == nil && r.Task.Problem() != nil { // discrete time has no certificate
		c, err := run.Certify(ctx, r.Task, r.Settings, r.Best)
		if ctx.Err() != nil {
			return err
		}
		faults = run.Faults(r.Config, c)
		if err != nil {
			faults = append([]string{err.Error()}, faults...)
		}
		cert = &c
		if err := r.Dir.WriteCertificate(c); err != nil {
			return err
		}
	}
	if o.JSON {
		err = verifiedJSON(o, files, cert, faults)
	} else {
		err = verifiedText(o.Stdout, files, cert)
	}
	if err != nil {
		return err
	}
	var bad []string
	for _, f := range files {
		if !f.OK {
			bad = append(bad, f.Name+" "+f.Text)
		}
	}
	switch {
	case len(bad) > 0:
		return exit.With(exit.Checkpoint, fmt.Errorf("%d of %d files are not what they should be: %s", len(bad), len(files), strings.Join(bad, "; ")))
	case loadErr != nil:
		return loadErr
	case len(faults) > 0:
		return exit.With(exit.Numerical, errors.New(strings.Join(faults, "; ")))
	}
	return nil
}

func verifiedJSON(o cli.VerifyOptions, files []verify.File, cert *pmp.Certificate, faults []string) error {
	if faults == nil {
		faults = []string{}
	}
	enc := json.NewEncoder(o.Stdout)
	enc.SetIndent("", "  ")
	return enc.Encode(map[string]any{"run": o.Run, "files": files, "certificate": rundir.Plain(cert), "faults": faults})
}

func verifiedText(out io.Writer, files []verify.File, cert *pmp.Certificate) error {
	w := tabwriter.NewWriter(out, 0, 8, 2, ' ', 0)
	for _, f := range files {
		word := "ok"
		if !f.OK {
			word = "BAD"
		}
		fmt.Fprintf(w, "%s\t%s\t%s\n", word, f.Name, f.Text)
	}
	if err := w.Flush(); err != nil || cert == nil {
		return err
	}
	fmt.Fprintln(w, "\ncertificate of the best control\t\t")
	for _, row := range certificateRows(*cert) {
		fmt.Fprintf(w, "%s\t%s\t%s\n", row[0], row[1], row[2])
	}
	return w.Flush()
}

// certified says in words what the entries of a certificate are.
var certified = map[string]string{
	"loss":                 "J, the control's own cost included",
	"residual":             "∫ max H − H dt; 0 where the maximum principle holds",
	"exact":                "whether that maximum is a closed form, or one to first order with a proximal term",
	"hamiltonian_drift":    "variation of H along the path; 0 where nothing depends on time",
	"projected_gradient":   "size of a unit gradient step inside the bounds",
	"on_bounds":            "share of the time that the control is on a bound",
	"violation":            "largest miss of the constraints",
	"autonomous":           "whether f and L are free of time, so that H has to be constant",
	"final_hamiltonian":    "H(t1) = −∂J/∂t1",
	"stationarity":         "largest slope of H where no bound holds the control, relative",
	"complementarity":      "largest slope of H from an active bound to the inside, relative",
	"transversality":       "p(t1) against the multipliers of the end conditions, relative",
	"path_complementarity": "Σ w μ |g| of the constraints along the way",
	"least_multiplier":     "smallest multiplier of an inequality; not negative",
	"costate_error":        "∇J by the costate against central differences, relative",
}

// certificateRows are name, value and meaning of the numbers of a certificate.
func certificateRows(c pmp.Certificate) [][3]string {
	var out [][3]string
	v := reflect.ValueOf(c)
	for i := range v.NumField() {
		name, _, _ := strings.Cut(v.Type().Field(i).Tag.Get("json"), ",")
		text := ""
		switch f := v.Field(i); f.Kind() {
		case reflect.Float64:
			text = fmt.Sprintf("%.6g", f.Float())
		case reflect.Bool, reflect.Int, reflect.String:
			text = fmt.Sprint(f.Interface())
		default: // lists are in the file
			continue
		}
		out = append(out, [3]string{name, text, certified[name]})
	}
	return out
}
