package engine

import (
	"context"
	"encoding/csv"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"

	"github.com/costate-go/costate/experiments/atomicfile"
	"github.com/costate-go/costate/experiments/cli"
	"github.com/costate-go/costate/experiments/data"
	"github.com/costate-go/costate/experiments/exit"
	"github.com/costate-go/costate/experiments/run"
	"github.com/costate-go/costate/experiments/tasks"

	gobytes "bytes"
)

// Predict implements cli.Engine.
func (Engine) Predict(ctx context.Context, o cli.PredictOptions) error {
	r, err := run.LoadModel(o.Run, threads(o.Threads))
	if err != nil {
		return err
	}
	passedOver(o.Options, r.Skipped)
	header, rows, err := predict(ctx, r, o)
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

// predict gives the rows asked for.
func predict(ctx context.Context, r *run.Trained, o cli.PredictOptions) (header []string, rows [][]float64, err error) {
	if o.Samples > 0 {
		t, ok := r.Model.(tasks.Sampler)
		if !ok {
			return nil, nil, exit.With(exit.Usage, fmt.Errorf("--samples: a run of task %s makes up no data; give it --input", r.Config.Task))
		}
		return t.Sample(ctx, r.Best, o.Samples, o.Seed)
	}
	if o.Input == "" {
		if t, ok := r.Model.(*tasks.Control); ok { // its solution needs no data
			return t.Predict(ctx, r.Best, nil)
		}
		return nil, nil, exit.With(exit.Usage, fmt.Errorf("predict needs --input CSV, or --samples N for the model of a density; the task of this run is %s", r.Config.Task))
	}
	in, err := data.ReadTable(o.Input)
	if err != nil {
		return nil, nil, err
	}
	return r.Model.Predict(ctx, r.Best, in)
}
