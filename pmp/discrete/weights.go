package discrete

import (
	"encoding/binary"
	"math/bits"
	"slices"

	"github.com/costate-go/costate/internal/kernel"
)

// Codes of weights: a byte each, so that eight zeros are one word.
const (
	zero  = 0
	plus  = 1
	minus = 255
)

const (
	blockRows = 32   // rows of a matrix that are worked on together
	crowded   = 0.25 // density from which products with a packed dense matrix are faster
)

// weights is a matrix with entries −1, 0 and 1. Products with few entries walk along lists of the entries; with many they use packed
// matrices of blockRows rows of W and of Wᵀ, which follow every change of an entry, and there are no lists.
type weights struct {
	rows, cols   int
	code         []uint8 // rows×cols
	count        []int   // entries of a row that are not zero
	changed      []bool  // rows
	byRow, byCol signed
	spare        []int32 // takes the place of byRow's index
	dense        bool
	pack, packT  []*kernel.Weights[float32]
	bias         []float32 // zeros
	scratch      []float32
}

// signed lists entries line by line: those of line r that are one at index[start[r]:split[r]], those that are minus one from there
// to start[r+1].
type signed struct {
	start, split []int32
	index        []int32
}

func newWeights(rows, cols int) *weights {
	w := &weights{rows: rows, cols: cols, code: make([]uint8, rows*cols), count: make([]int, rows), changed: make([]bool, rows)}
	w.byRow = signed{start: make([]int32, rows+1), split: make([]int32, rows)}
	w.byCol = signed{start: make([]int32, cols+1), split: make([]int32, cols)}
	return w
}

// load takes the weights of a control.
func (w *weights) load(theta []float64) {
	clear(w.count)
	for i, v := range theta {
		if v != 0 {
			w.count[i/w.cols]++
		}
		switch {
		case v > 0:
			w.code[i] = plus
		case v < 0:
			w.code[i] = minus
		default:
			w.code[i] = zero
		}
	}
	for r := range w.changed {
		w.changed[r] = true
	}
	w.dense = false
	w.arrange()
}

// set changes the entry at row r, column j. Different rows may be set at once, each followed by a call of arrange.
func (w *weights) set(r, j int, c uint8) {
	at := &w.code[r*w.cols+j]
	if *at == zero {
		w.count[r]++
	}
	if c == zero {
		w.count[r]--
	}
	*at, w.changed[r] = c, true
	if w.dense {
		w.pack[r/blockRows].Set(r%blockRows, j, value(c))
		w.packT[j/blockRows].Set(j%blockRows, r, value(c))
	}
}

// nonzero is how many entries are not zero.
func (w *weights) nonzero() (n int) {
	for _, c := range w.count {
		n += c
	}
	return n
}

func value(code uint8) float32 { return float32(int8(code)) }

// arrange makes the products ready after codes changed in the rows that are marked.
func (w *weights) arrange() {
	if !slices.Contains(w.changed, true) {
		return
	}
	if float64(w.nonzero()) > crowded*float64(len(w.code)) {
		if !w.dense {
			w.dense = true
			w.packAll()
		}
		clear(w.changed)
		return
	}
	if w.dense { // there are no lists yet
		w.dense = false
		for r := range w.changed {
			w.changed[r] = true
		}
	}
	old, s := w.byRow.index, &w.byRow
	index := w.spare[:0]
	end := s.start[0]
	for r := range w.rows {
		begin := end
		end = s.start[r+1]
		at := int32(len(index))
		if w.changed[r] {
			code := w.code[r*w.cols : (r+1)*w.cols]
			index = collect(index, code, plus)
			s.split[r] = int32(len(index))
			index = collect(index, code, minus)
			w.changed[r] = false
		} else {
			index = append(index, old[begin:end]...)
			s.split[r] += at - begin
		}
		s.start[r+1] = int32(len(index))
	}
	s.index, w.spare = index, old
	w.transpose()
}

// collect appends the places of a code.
func collect(index []int32, code []uint8, want uint8) []int32 {
	i := 0
	for ; i+8 <= len(code); i += 8 {
		word := binary.LittleEndian.Uint64(code[i:])
		for word != 0 {
			k := bits.TrailingZeros64(word) >> 3
			if uint8(word>>(8*k)) == want {
				index = append(index, int32(i+k))
			}
			word &^= 255 << (8 * k)
		}
	}
	for ; i < len(code); i++ {
		if code[i] == want {
			index = append(index, int32(i))
		}
	}
	return index
}

// transpose lists the entries by columns, by counting.
func (w *weights) transpose() {
	r, c := &w.byRow, &w.byCol
	clear(c.start)
	clear(c.split)
	for i := range w.rows {
		for _, j := range r.index[r.start[i]:r.split[i]] {
			c.split[j]++
		}
		for _, j := range r.index[r.start[i]:r.start[i+1]] {
			c.start[j+1]++
		}
	}
	for j := range w.cols {
		c.start[j+1] += c.start[j]
		c.split[j] += c.start[j]
	}
	if n := len(r.index); cap(c.index) < n {
		c.index = make([]int32, n, n+n/4)
	} else {
		c.index = c.index[:n]
	}
	// start and split serve as cursors, and are moved back afterwards.
	for i := range w.rows {
		for _, j := range r.index[r.start[i]:r.split[i]] {
			c.index[c.start[j]] = int32(i)
			c.start[j]++
		}
		for _, j := range r.index[r.split[i]:r.start[i+1]] {
			c.index[c.split[j]] = int32(i)
			c.split[j]++
		}
	}
	// Now start[j] is where the minus ones of column j begin, and split[j] where column j+1 does.
	for j := w.cols - 1; j >= 0; j-- {
		c.start[j+1], c.split[j] = c.split[j], c.start[j]
	}
	c.start[0] = 0
}

// packAll packs W and Wᵀ in blocks of rows.
func (w *weights) packAll() {
	if w.pack == nil {
		for r := 0; r < w.rows; r += blockRows {
			w.pack = append(w.pack, kernel.NewWeights[float32](min(blockRows, w.rows-r), w.cols))
		}
		for c := 0; c < w.cols; c += blockRows {
			w.packT = append(w.packT, kernel.NewWeights[float32](min(blockRows, w.cols-c), w.rows))
		}
		w.bias = make([]float32, blockRows)
		w.scratch = make([]float32, blockRows*max(w.rows, w.cols))
	}
	for b, p := range w.pack {
		code := w.code[b*blockRows*w.cols:][:p.Out()*w.cols]
		for i, c := range code {
			w.scratch[i] = value(c)
		}
		p.Pack(w.scratch[:len(code)], w.bias[:p.Out()])
	}
	for b, p := range w.packT {
		for r := range w.rows {
			for k := range p.Out() {
				w.scratch[k*w.rows+r] = value(w.code[r*w.cols+b*blockRows+k])
			}
		}
		p.Pack(w.scratch[:p.Out()*w.rows], w.bias[:p.Out()])
	}
}

// blocks is how many blocks of rows a product with W has; mulBlock computes the rows of y = W x that block b holds, for a batch of n.
func (w *weights) blocks() int { return (w.rows + blockRows - 1) / blockRows }

func (w *weights) mulBlock(y, x []float32, n, b int) {
	if w.dense {
		w.pack[b].Mul(y[b*blockRows*n:], x, n)
		return
	}
	for r := b * blockRows; r < min((b+1)*blockRows, w.rows); r++ {
		w.byRow.sum(y[r*n:(r+1)*n], x, n, r)
	}
}

// blocksT and mulTBlock are the same for y = Wᵀ x.
func (w *weights) blocksT() int { return (w.cols + blockRows - 1) / blockRows }

func (w *weights) mulTBlock(y, x []float32, n, b int) {
	if w.dense {
		w.packT[b].Mul(y[b*blockRows*n:], x, n)
		return
	}
	for c := b * blockRows; c < min((b+1)*blockRows, w.cols); c++ {
		w.byCol.sum(y[c*n:(c+1)*n], x, n, c)
	}
}

// sum adds up the rows of x that line r lists, with their signs.
func (s *signed) sum(y, x []float32, n, r int) {
	clear(y)
	for _, k := range s.index[s.start[r]:s.split[r]] {
		kernel.Add(y, x[int(k)*n:(int(k)+1)*n])
	}
	for _, k := range s.index[s.split[r]:s.start[r+1]] {
		kernel.Axpy(y, -1, x[int(k)*n:(int(k)+1)*n])
	}
}
