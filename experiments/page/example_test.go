package page_test

import (
	"fmt"
	"strings"

	"github.com/costate-go/costate/experiments/page"
)

// A page with one chart.
func Example() {
	chart, visible := page.Draw(page.Plan{ID: "loss", Title: "Loss", Lines: []page.Line{{Name: "training", X: []float64{1, 2, 3}, Y: []float64{1, 0.1, 0.02}}}, Log: true})
	tmpl := page.Template("page", `<!doctype html><title>x</title>{{.Policy}}{{.Style}}{{template "chart" .Chart}}{{.Script}}`)
	var b strings.Builder
	err := tmpl.Execute(&b, struct {
		page.Head
		Chart page.Chart
	}{page.NewHead("", ""), chart})
	fmt.Println(visible, err, strings.Contains(b.String(), `aria-label="Loss over iteration 1 to 3, from 0.02 to 1"`))
	// Output: true <nil> true
}
