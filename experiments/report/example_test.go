package report_test

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/costate-go/costate/experiments/report"
	"github.com/costate-go/costate/experiments/rundir"
)

// A report can be written at any time, even right after the run began.
func Example() {
	root, err := os.MkdirTemp("", "runs")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(root)
	d, err := rundir.Create(root, "spiral", "")
	if err != nil {
		panic(err)
	}
	defer d.Close()
	if err := d.SetStatus(rundir.Running, "", 0); err != nil {
		panic(err)
	}
	if err := report.Write(d.Path(), report.Options{Refresh: 10}); err != nil {
		panic(err)
	}
	_, err = os.Stat(filepath.Join(d.Path(), rundir.ReportFile))
	fmt.Println(err)
	// Output: <nil>
}
