package neural

import (
	"fmt"

	"github.com/costate-go/costate/internal/kernel"
)

// Patches makes the first map of a Lifted one of the patches of pictures, the same for all of them: a convolution whose kernel moves by
// Stride pixels, so that the flow's first state is a picture, too, of as many channels as its dimension has room for.
type Patches struct {
	// Height and Width are those of the pictures, the features of a sample, row by row.
	Height, Width int
	// Stride is how many pixels there are between patches; it divides Height and Width. Size is the side of a patch, Stride or more in
	// steps of two; patches lie around those of size Stride, and pictures are continued by zeros. 0 means Stride.
	Stride, Size int
}

// grid is the number of rows and columns of patches.
func (p *Patches) grid() (rows, columns int) { return p.Height / p.Stride, p.Width / p.Stride }

// check fills in the size and returns the number of channels of a state of dimension d.
func (p *Patches) check(features, d int) (channels int, err error) {
	if p.Size == 0 {
		p.Size = p.Stride
	}
	if p.Stride < 1 || p.Height*p.Width != features || p.Height%p.Stride != 0 || p.Width%p.Stride != 0 || p.Size < p.Stride || (p.Size-p.Stride)%2 != 0 {
		return 0, fmt.Errorf("%w: patches of %d pixels every %d pixels of pictures of %d×%d with %d features; strides divide the sides, and sizes are as large or larger by an even number",
			ErrConfig, p.Size, p.Stride, p.Height, p.Width, features)
	}
	rows, columns := p.grid()
	if d%(rows*columns) != 0 {
		return 0, fmt.Errorf("%w: %d×%d patches do not fill a state of dimension %d", ErrConfig, rows, columns, d)
	}
	return d / (rows * columns), nil
}

// patched is an affine map of patches. As a batch of count patches for every sample, batch last, its images are pictures batch last.
type patched[T kernel.Float] struct {
	*affine[T]
	cfg   *Patches
	count int
}

func newPatched[T kernel.Float](cfg *Patches, channels, width int) *patched[T] {
	rows, columns := cfg.grid()
	return &patched[T]{newAffine[T](cfg.Size*cfg.Size, channels, width*rows*columns), cfg, rows * columns}
}

func (p *patched[T]) load(features []float32, n int) {
	if p.n == n*p.count {
		return
	}
	p.n, p.valid = n*p.count, false
	c := p.cfg
	rows, columns := c.grid()
	before, pixels := (c.Size-c.Stride)/2, c.Height*c.Width
	for ky := range c.Size {
		for kx := range c.Size {
			line := p.x[(ky*c.Size+kx)*p.n:][:p.n]
			for k := range rows * columns {
				y, x := k/columns*c.Stride+ky-before, k%columns*c.Stride+kx-before
				to := line[k*n : (k+1)*n]
				if y < 0 || y >= c.Height || x < 0 || x >= c.Width {
					clear(to)
					continue
				}
				at := y*c.Width + x
				for s := range to {
					to[s] = T(features[s*pixels+at])
				}
			}
		}
	}
}

func (p *patched[T]) apply(y []float64, n int) { p.affine.apply(y, n*p.count) }

func (p *patched[T]) pull(g, q []float64, n int, held bool) { p.affine.pull(g, q, n*p.count, held) }

func (p *patched[T]) push(y, dx, dtheta []float64, n int) { p.affine.push(y, dx, dtheta, n*p.count) }
