// Package report writes report.html: one self-contained page on a run, readable without a network.
package report
