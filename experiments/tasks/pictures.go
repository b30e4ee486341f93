package tasks

import (
	"context"
	"fmt"
	"hash/fnv"
	"math"

	"github.com/costate-go/costate/experiments/config"
	"github.com/costate-go/costate/experiments/data"
)

// pictures is what tasks on labelled pictures share: the sets, and measures of a classifier.
type pictures struct {
	c            *config.Config
	images       *data.Images
	train, valid []int
	moved        [][]byte // pictures of the batch that were moved
	// logits gives those of pictures (classes×n, batch last), after use took a control.
	use    func(theta []float64) error
	logits func(ctx context.Context, rows [][]byte) ([]float64, error)
}

// chunkSize is how many pictures are measured at a time.
const chunkSize = 256

func newPictures(c *config.Config) (pictures, error) {
	images, err := data.ReadImages(c.Data.Folder)
	if err != nil {
		return pictures{}, err
	}
	p := pictures{c: c, images: images}
	split := data.SplitPoints(images.Train, c.Data.Validation, 0, c.Seed)
	p.train, p.valid = split.Train, split.Validation
	if n := len(p.train); c.Train.Batch < 2 || c.Train.Batch > n {
		return pictures{}, configError("train.batch", fmt.Sprintf("is %d: pictures are learnt in batches of 2 to %d, the number of those for training", c.Train.Batch, n))
	}
	return p, nil
}

// Phase implements Task.
func (p *pictures) Phase(int) int { return 0 }

// Enter implements Task.
func (p *pictures) Enter(int) error { return nil }

// Samples implements Task.
func (p *pictures) Samples() int { return len(p.train) }

// chosen are the pictures that a batch of training samples names.
func (p *pictures) chosen(index []int) []int {
	out := make([]int, len(index))
	for i, k := range index {
		out[i] = p.train[k]
	}
	return out
}

// batch gives the pixels of pictures for training, each moved by up to data.shift pixels in either direction. The moves follow from
// the seed and from which pictures stand together, so that a run that is resumed sees the same ones.
func (p *pictures) batch(chosen []int) [][]byte {
	rows := make([][]byte, len(chosen))
	for s, k := range chosen {
		rows[s] = p.images.Row(k)
	}
	shift := p.c.Data.Shift
	if shift == 0 {
		return rows
	}
	h := fnv.New64a()
	for _, k := range chosen {
		h.Write([]byte{byte(k), byte(k >> 8), byte(k >> 16), byte(k >> 24)}) // a hash never fails to write
	}
	r := data.Stream(p.c.Seed^h.Sum64(), "shifts")
	for len(p.moved) < len(rows) {
		p.moved = append(p.moved, make([]byte, p.images.Dim()))
	}
	for s, row := range rows {
		down, right := r.Intn(2*shift+1)-shift, r.Intn(2*shift+1)-shift
		move(p.moved[s], row, p.images.Width, down, right)
		rows[s] = p.moved[s]
	}
	return rows
}

// move stores a picture moved down and right; what comes in from outside is zero.
func move(dst, src []byte, width, down, right int) {
	clear(dst)
	if max(right, -right) >= width {
		return
	}
	height := len(src) / width
	for y := max(0, down); y < min(height, height+down); y++ {
		from := src[(y-down)*width : (y-down+1)*width]
		to := dst[y*width : (y+1)*width]
		copy(to[max(0, right):min(width, width+right)], from[max(0, -right):])
	}
}

// each calls f with the logits of pictures, some at a time.
func (p *pictures) each(ctx context.Context, theta []float64, index []int, f func(index []int, logits []float64)) error {
	if err := p.use(theta); err != nil {
		return err
	}
	for lo := 0; lo < len(index); lo += chunkSize {
		part := index[lo:min(lo+chunkSize, len(index))]
		rows := make([][]byte, len(part))
		for s, k := range part {
			rows[s] = p.images.Row(k)
		}
		logits, err := p.logits(ctx, rows)
		if err != nil {
			return err
		}
		f(part, logits)
	}
	return nil
}

// measure returns mean cross-entropy and accuracy of a control on pictures.
func (p *pictures) measure(ctx context.Context, theta []float64, index []int) (loss, accuracy float64, err error) {
	right := 0
	err = p.each(ctx, theta, index, func(part []int, logits []float64) {
		for s, k := range part {
			label, n := p.images.Labels[k], len(part)
			class, probability := top(logits, n, s)
			loss += logits[class*n+s] - logits[label*n+s] - math.Log(probability)
			if class == label {
				right++
			}
		}
	})
	n := float64(len(index))
	return loss / n, float64(right) / n, err
}

// Validate implements Task.
func (p *pictures) Validate(ctx context.Context, theta []float64) (float64, error) {
	if len(p.valid) == 0 {
		return math.NaN(), nil
	}
	loss, _, err := p.measure(ctx, theta, p.valid)
	return loss, err
}

// test lists the pictures of the test set.
func (p *pictures) test() []int {
	index := make([]int, p.images.Len()-p.images.Train)
	for i := range index {
		index[i] = p.images.Train + i
	}
	return index
}

// Metrics implements Task: cross-entropy and accuracy by set.
func (p *pictures) Metrics(ctx context.Context, theta []float64) (map[string]float64, error) {
	m := map[string]float64{}
	for name, index := range map[string][]int{"train": p.train, "validation": p.valid, "test": p.test()} {
		if len(index) == 0 {
			continue
		}
		loss, accuracy, err := p.measure(ctx, theta, index)
		if err != nil {
			return m, err
		}
		m[name+"_cross_entropy"], m[name+"_accuracy"] = loss, accuracy
	}
	return m, nil
}

// Confusion counts the pictures of the test set by class and by the class that a control gives them.
func (p *pictures) Confusion(ctx context.Context, theta []float64) (classes []string, count [][]int, err error) {
	count = make([][]int, len(p.images.Classes))
	for i := range count {
		count[i] = make([]int, len(p.images.Classes))
	}
	err = p.each(ctx, theta, p.test(), func(part []int, logits []float64) {
		for s, k := range part {
			class, _ := top(logits, len(part), s)
			count[p.images.Labels[k]][class]++
		}
	})
	return p.images.Classes, count, err
}

// top returns the class of the largest logit of sample s of n and its probability.
func top(logits []float64, n, s int) (class int, probability float64) {
	largest := math.Inf(-1)
	for c := range len(logits) / n {
		if v := logits[c*n+s]; v > largest {
			class, largest = c, v
		}
	}
	sum := 0.0
	for c := range len(logits) / n {
		sum += math.Exp(logits[c*n+s] - largest)
	}
	return class, 1 / sum
}

// about describes the data; what is missing is the model's.
func (p *pictures) about() About {
	m := p.images
	return About{
		Data: fmt.Sprintf("%s: %d pictures of %d×%d in %d classes, %d for training, %d for validation, %d for the test",
			m.Source, m.Len(), m.Height, m.Width, len(m.Classes), len(p.train), len(p.valid), m.Len()-m.Train),
		Samples: len(p.train), Validation: len(p.valid), HeldOut: m.Len() - m.Train, Hashes: m.Hashes,
	}
}

// Predict implements Task: as many columns as a picture has pixels, row by row and from 0 to 255; the answer has class number and
// probability.
func (p *pictures) Predict(ctx context.Context, theta []float64, in *data.Table) ([]string, [][]float64, error) {
	d := p.images.Dim()
	if len(in.Names) != d {
		return nil, nil, fmt.Errorf("%w: %s: has %d columns, and the model takes the %d pixels of pictures of %d×%d", data.ErrData, in.File, len(in.Names), d, p.images.Height, p.images.Width)
	}
	if err := p.use(theta); err != nil {
		return nil, nil, err
	}
	row := make([]byte, d)
	var rows [][]float64
	for r := range in.Cells {
		for i := range row {
			v, err := in.Number(r, i)
			if err != nil {
				return nil, nil, err
			}
			if !(v >= 0 && v <= 255) {
				return nil, nil, &data.Error{File: in.File, Line: in.Lines[r], Column: in.Names[i], Text: fmt.Sprintf("%g is no pixel; they go from 0 to 255", v)}
			}
			row[i] = byte(math.Round(v))
		}
		logits, err := p.logits(ctx, [][]byte{row})
		if err != nil {
			return nil, nil, err
		}
		class, probability := top(logits, 1, 0)
		rows = append(rows, []float64{float64(class), probability})
	}
	return []string{"class", "probability"}, rows, nil
}

// labels are those of pictures.
func (p *pictures) labels(dst []int, index []int) []int {
	dst = dst[:0]
	for _, k := range index {
		dst = append(dst, p.images.Labels[k])
	}
	return dst
}
