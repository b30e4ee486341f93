package engine

import (
	"context"
	"encoding/csv"
	"io"
	"os"
	"path/filepath"
	"strconv"

	"github.com/costate-go/costate/experiments/atomicfile"
	"github.com/costate-go/costate/experiments/cli"
	"github.com/costate-go/costate/experiments/data"
	"github.com/costate-go/costate/experiments/run"

	gobytes "bytes"
)

// Predict implements cli.Engine.
func (Engine) Predict(ctx context.Context, o cli.PredictOptions) error {
	r, err := run.Load(o.Run, threads(o.Threads))
	if err != nil {
		return err
	}
	in, err := data.ReadTable(o.Input)
	if err != nil {
		return err
	}
	header, rows, err := r.Task.Predict(ctx, r.Best, in)
	if err != nil {
		return err
	}
	var b gobytes.Buffer
	w := csv.NewWriter(&b)
	record := append([]string(nil), header...)
	if err := w.Write(record); err != nil {
		return err
	}
	for _, row := range rows {
		record = record[:0]
		for _, v := range row {
			record = append(record, strconv.FormatFloat(v, 'g', -1, 64))
		}
		if err := w.Write(record); err != nil {
			return err
		}
	}
	w.Flush()
	if err := w.Error(); err != nil {
		return err
	}
	if o.Output == "" {
		_, err = io.Copy(o.Stdout, &b)
		return err
	}
	if err := os.MkdirAll(filepath.Dir(o.Output), 0o755); err != nil {
		return err
	}
	return atomicfile.Write(o.Output, b.Bytes())
}
