package data

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"strings"
)

// maxIDX caps how many bytes an IDX file may say it holds.
const maxIDX = 1<<31 - 1

// IDX is an array of bytes in the format of the MNIST files.
type IDX struct {
	Shape []int
	Bytes []byte
	Hash  string // SHA-256 of the file, hexadecimal
}

// ReadIDX reads a file of unsigned bytes in IDX format: two zeros, the type 8, the number of dimensions, the dimensions as
// big-endian 32-bit numbers, then the bytes, last dimension fastest (LeCun, Cortes & Burges, The MNIST database). A name
// that ends in ".gz" is decompressed.
func ReadIDX(file string) (*IDX, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, &Error{File: file, Text: "cannot be read", Err: err}
	}
	defer f.Close()
	sum := sha256.New()
	var r io.Reader = io.TeeReader(bufio.NewReader(f), sum)
	raw := r
	if strings.HasSuffix(file, ".gz") {
		z, err := gzip.NewReader(r)
		if err != nil {
			return nil, &Error{File: file, Text: "is not gzip, as its name says", Err: err}
		}
		defer z.Close()
		r = z
	}
	x, err := decodeIDX(file, r)
	if err != nil {
		return nil, err
	}
	if _, err := io.Copy(io.Discard, raw); err != nil {
		return nil, &Error{File: file, Text: "cannot be read", Err: err}
	}
	x.Hash = hex.EncodeToString(sum.Sum(nil))
	return x, nil
}

func decodeIDX(file string, r io.Reader) (*IDX, error) {
	at := 0
	bad := func(format string, args ...any) error {
		return &Error{File: file, Text: fmt.Sprintf("byte %d: ", at) + fmt.Sprintf(format, args...)}
	}
	var head [4]byte
	if n, err := io.ReadFull(r, head[:]); err != nil {
		at = n
		return nil, bad("the file ends inside the magic number (%v)", err)
	}
	if head[0] != 0 || head[1] != 0 {
		return nil, bad("an IDX file begins with two zero bytes, got % x", head[:2])
	}
	if at = 2; head[2] != 8 {
		return nil, bad("holds numbers of type 0x%02x; only unsigned bytes, 0x08, are read", head[2])
	}
	if at = 3; head[3] == 0 || head[3] > 4 {
		return nil, bad("has %d dimensions; 1 to 4 are read", head[3])
	}
	x := &IDX{Shape: make([]int, head[3])}
	size := 1
	for i := range x.Shape {
		at = 4 + 4*i
		if _, err := io.ReadFull(r, head[:]); err != nil {
			return nil, bad("the file ends inside dimension %d (%v)", i+1, err)
		}
		x.Shape[i] = int(binary.BigEndian.Uint32(head[:]))
		if x.Shape[i] <= 0 || size > maxIDX/x.Shape[i] {
			return nil, bad("the shape begins with %v, which is empty or more than %d bytes", x.Shape[:i+1], maxIDX)
		}
		size *= x.Shape[i]
	}
	at = 4 + 4*len(x.Shape)
	// What the file says it holds is believed up to a point; beyond, the buffer grows with what is really there.
	buffer := bytes.NewBuffer(make([]byte, 0, min(size+bytes.MinRead, 1<<26)))
	_, err := buffer.ReadFrom(io.LimitReader(r, int64(size)+1))
	b := buffer.Bytes()
	switch {
	case err != nil:
		at += len(b)
		return nil, bad("%v", err)
	case len(b) < size:
		at += len(b)
		return nil, bad("the file ends here, and the shape %v asks for %d bytes of data", x.Shape, size)
	case len(b) > size:
		at += size
		return nil, bad("more data than the shape %v says", x.Shape)
	}
	x.Bytes = b
	return x, nil
}
