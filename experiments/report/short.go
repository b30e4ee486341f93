package report

import "github.com/costate-go/costate/experiments/page"

// What is written on every line of a report, by short names.
var (
	number  = page.Number
	percent = page.Percent
	seconds = page.Seconds
	count   = page.Count
	phrase  = page.Phrase
	quote   = page.Quote
)
