package engine

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/costate-go/costate/experiments/cli"
	"github.com/costate-go/costate/experiments/compare"
	"github.com/costate-go/costate/experiments/page"
	"github.com/costate-go/costate/experiments/pictures"
	"github.com/costate-go/costate/experiments/run"
	"github.com/costate-go/costate/experiments/rundir"
)

// Compare implements cli.Engine.
func (Engine) Compare(ctx context.Context, o cli.CompareOptions) error {
	ctx, cancel := stoppable(ctx, o.Options)
	defer cancel()
	dirs := make([]string, len(o.Items))
	for i, item := range o.Items {
		if dirs[i] = item.Run; item.Config != nil {
			continue
		}
		if _, err := compare.Read(item.Run); err != nil { // before anything is run
			return err
		}
	}
	out, err := rundir.Make("", "compare", o.Out)
	if err != nil {
		return err
	}
	for i, item := range o.Items {
		if item.Config == nil {
			continue
		}
		dirs[i] = filepath.Join(out, fmt.Sprintf("%d-%s", i+1, item.Config.Name))
		w := &watcher{o: o.Options}
		opts := run.Options{Out: dirs[i], Threads: threads(o.Threads), Observer: w, CommandLine: os.Args, Draw: pictures.Draw}
		if _, err := run.Run(ctx, item.Config, opts); err != nil {
			return err
		}
	}
	entries := make([]*compare.Entry, len(dirs))
	for i, dir := range dirs {
		if entries[i], err = compare.Read(dir); err != nil {
			return err
		}
	}
	compare.Label(entries)
	names, rows := compare.Columns(entries)
	if _, err := fmt.Fprint(o.Stdout, compare.Table(names, rows)); err != nil {
		return err
	}
	command := "costate compare"
	for _, dir := range dirs {
		command += " " + page.Quote(dir)
	}
	if err := compare.Write(out, command, entries, []string{"svg", "png"}); err != nil {
		return err
	}
	_, err = fmt.Fprintln(o.Stdout, filepath.Join(out, compare.PageFile))
	return err
}
