//go:build ignore

package main

import (
	"bytes"
	"fmt"
	"go/format"
	"log"
	"math"
	"os"
	"strings"
)

// What gensmall.go and genunrolled.go have in common.

// norm writes the end of an attempt: the mean square of the error s0, s1 … over the tolerance.
func norm(b *bytes.Buffer, n int) {
	fmt.Fprintf(b, "const root = %v\n", math.Sqrt(1/float64(n)))
	for i := range n {
		fmt.Fprintf(b, "s%d = weigh(s%d, x[%d], next[%d], root, rtol, atol)\n", i, i, i, i)
	}
	fmt.Fprintf(b, "return %s\n}\n", []string{"s0 + s1", "s0 + s1 + s2", "(s0 + s1) + (s2 + s3)"}[n-2])
}

// list is a format for 0, 1 … n − 1, with commas.
func list(n int, format string) string {
	var s []string
	for i := range n {
		s = append(s, fmt.Sprintf(format, i))
	}
	return strings.Join(s, ", ")
}

// write writes a file of Go.
func write(name string, b *bytes.Buffer) {
	out, err := format.Source(b.Bytes())
	if err != nil {
		log.Fatalf("%v\n%s", err, b.Bytes())
	}
	if err := os.WriteFile(name, out, 0o644); err != nil {
		log.Fatal(err)
	}
}
