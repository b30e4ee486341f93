package digits_test

import (
	"bytes"
	"testing"

	"github.com/costate-go/costate/experiments/data"
	"github.com/costate-go/costate/experiments/internal/digits"
)

// What is made up is read as what it should be.
func TestMake(t *testing.T) {
	dir := t.TempDir()
	digits.Make(t, dir, 300, 20)
	m, err := data.ReadImages(dir)
	if err != nil {
		t.Fatal(err)
	}
	if m.Len() != 320 || m.Train != 300 || m.Height != 28 || m.Width != 28 || len(m.Classes) != 10 || m.Labels[313] != 3 {
		t.Errorf("%d pictures, %d for training, %d×%d, classes %v", m.Len(), m.Train, m.Height, m.Width, m.Classes)
	}
	if bytes.Equal(m.Row(0), m.Row(1)) {
		t.Error("pictures of different labels are the same")
	}
}
