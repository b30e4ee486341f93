package engine

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
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
		if o.Tolerance > 0 {
			if missed := c.Failed(o.Tolerance); len(missed) > 0 {
				faults = append(faults, fmt.Sprintf("not optimal to %g: %s", o.Tolerance, strings.Join(missed, ", ")))
			}
		}
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
		return exit.About(exit.TopicCheckpoint, exit.With(exit.Checkpoint, fmt.Errorf("%d of %d files are not what they should be: %s", len(bad), len(files), strings.Join(bad, "; "))))
	case loadErr != nil:
		return loadErr
	case len(faults) > 0:
		return exit.About(exit.TopicCertificate, exit.With(exit.Numerical, errors.New(strings.Join(faults, "; "))))
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
	fmt.Fprintln(out, "\ncertificate of the best control")
	text, err := json.Marshal(rundir.Plain(cert))
	if err != nil {
		return err
	}
	rows, err := verify.Rows(text)
	if err != nil {
		return err
	}
	for _, row := range rows {
		meaning := row.Meaning
		if len(row.Value) > 14 { // lists
			meaning = ""
		}
		if _, err := fmt.Fprintln(out, strings.TrimRight(fmt.Sprintf("%-22s %-14s %s", row.Name, row.Value, meaning), " ")); err != nil {
			return err
		}
	}
	return nil
}
