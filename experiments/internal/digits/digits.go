// Package digits makes up pictures for tests, in the form of MNIST.
package digits

import (
	"encoding/binary"
	"os"
	"path/filepath"
	"testing"
)

// Make writes the four files of MNIST with so many pictures of 28×28 pixels for training and for the test into a folder. Labels go
// from 0 to 9, and pictures of different labels differ.
func Make(t testing.TB, dir string, train, test int) {
	t.Helper()
	const side = 28
	for part, n := range map[string]int{"train": train, "t10k": test} {
		images, labels := head(3, n, side, side), head(1, n)
		for s := range n {
			labels = append(labels, byte(s%10))
			for i := range side * side {
				images = append(images, byte(i*(s%10+3)+s))
			}
		}
		for name, b := range map[string][]byte{part + "-images-idx3-ubyte": images, part + "-labels-idx1-ubyte": labels} {
			if err := os.WriteFile(filepath.Join(dir, name), b, 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// head is how an IDX file of bytes begins.
func head(dimensions byte, sizes ...int) []byte {
	b := []byte{0, 0, 8, dimensions}
	for _, n := range sizes {
		b = binary.BigEndian.AppendUint32(b, uint32(n))
	}
	return b
}
