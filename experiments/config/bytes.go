package config

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

var byteUnits = []struct {
	suffix string
	factor float64
}{{"kib", 1 << 10}, {"mib", 1 << 20}, {"gib", 1 << 30}, {"tib", 1 << 40}, {"kb", 1e3}, {"mb", 1e6}, {"gb", 1e9}, {"tb", 1e12}, {"b", 1}}

// Bytes reads a memory budget such as "512MiB", "1.5 GB" or "65536"; "auto" is 0.
func Bytes(s string) (int64, error) {
	text := strings.ToLower(strings.TrimSpace(s))
	if text == "auto" {
		return 0, nil
	}
	factor := 1.0
	for _, u := range byteUnits {
		if rest, ok := strings.CutSuffix(text, u.suffix); ok {
			text, factor = strings.TrimSpace(rest), u.factor
			break
		}
	}
	v, err := strconv.ParseFloat(text, 64)
	if err != nil || math.IsNaN(v) || v <= 0 || v*factor < 1 || v*factor > 1<<60 {
		return 0, fmt.Errorf("%q is not a size; write auto, or a number with B, kB, MB, GB, KiB, MiB or GiB, such as \"1GiB\"", s)
	}
	return int64(v * factor), nil
}
