// Package words puts numbers into sentences.
package words

import "fmt"

// Count is a number of things, such as 1 state or 2 states; the plural takes an s.
func Count(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return fmt.Sprintf("%d %ss", n, thing)
}
