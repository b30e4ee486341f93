package page

import (
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/costate-go/costate/experiments/rundir"
)

// Number writes five digits; a dash where there is no number.
func Number(f rundir.Float) string {
	v := float64(f)
	switch {
	case math.IsNaN(v):
		return "–"
	case math.IsInf(v, 1):
		return "∞"
	case math.IsInf(v, -1):
		return "−∞"
	case v == 0: // and not −0
		return "0"
	}
	return Minus(fmt.Sprintf("%.5g", v))
}

// Percent of a share.
func Percent(share float64) string {
	if share > 0 && share < 1e-4 {
		return "less than 0.01\u00a0%"
	}
	return fmt.Sprintf("%.3g\u00a0%%", 100*share)
}

// Seconds writes a duration.
func Seconds(f rundir.Float) string {
	v := float64(f)
	switch {
	case math.IsNaN(v) || math.IsInf(v, 0) || math.Abs(v) > 1e9:
		return Number(f)
	case v < 1:
		return fmt.Sprintf("%.3g ms", 1000*v)
	case v < 120:
		return fmt.Sprintf("%.1f s", v)
	}
	return time.Duration(v * float64(time.Second)).Round(time.Second).String()
}

// Count groups the digits of a whole number by thin spaces.
func Count(n int64) string {
	s := fmt.Sprint(n)
	for i := len(s) - 3; i > 0 && s[i-1] != '-'; i -= 3 {
		s = s[:i] + "\u2009" + s[i:]
	}
	return Minus(s)
}

// Minus writes the sign as it should be.
func Minus(s string) string { return strings.ReplaceAll(s, "-", "−") }

const maxPhrase = 1000

// Phrase is a text that may come from anywhere, as valid UTF-8 of bounded length.
func Phrase(s string) string {
	s = strings.ToValidUTF8(s, "\uFFFD")
	if r := []rune(s); len(r) > maxPhrase {
		return string(r[:maxPhrase]) + " …"
	}
	return s
}

// Quote protects an argument for a POSIX shell.
func Quote(s string) string {
	if s != "" && strings.Trim(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./:=+,@%") == "" {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}

// superscript writes a whole number raised.
func superscript(n int) string {
	return strings.NewReplacer("-", "⁻", "0", "⁰", "1", "¹", "2", "²", "3", "³", "4", "⁴", "5", "⁵", "6", "⁶", "7", "⁷", "8", "⁸", "9", "⁹").Replace(fmt.Sprint(n))
}
