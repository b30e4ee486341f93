package pmp

// arena holds records of the same length in chunks. It grows without moving or wasting what it has, and is reused from
// sweep to sweep.
type arena struct {
	size   int // numbers of a record
	shift  uint
	chunks [][]float64
}

// reset makes the arena hold records of another length, whose contents are arbitrary. It keeps chunks that are large enough.
func (a *arena) reset(size int) {
	a.size = size
	if len(a.chunks) > 0 && len(a.chunks[0]) >= size<<a.shift {
		return
	}
	a.chunks = a.chunks[:0]
	a.shift = 4
	for size > 0 && size<<a.shift < 1<<11 {
		a.shift++ // short records are looked up faster in long chunks
	}
	if size >= 1<<13 {
		a.shift = 2 // few records of long ones: the last chunk is half empty on average
	}
}

// at is record r, for which there is room afterwards.
func (a *arena) at(r int) []float64 {
	c := r >> a.shift
	for c >= len(a.chunks) {
		size := a.size << a.shift
		if len(a.chunks) > 0 {
			size = len(a.chunks[0]) // that it was made for before
		}
		a.chunks = append(a.chunks, make([]float64, size))
	}
	lo := (r & (1<<a.shift - 1)) * a.size
	return a.chunks[c][lo : lo+a.size : lo+a.size]
}

// bytes is what the arena needs for a number of records.
func (a *arena) bytes(records int) int64 {
	chunks := (records + 1<<a.shift - 1) >> a.shift
	return 8 * int64(chunks) * int64(a.size<<a.shift)
}
