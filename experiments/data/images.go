package data

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// Images is a set of N labelled pictures of bytes, with a part for training and one for the test.
type Images struct {
	Source        string
	Hashes        map[string]string // SHA-256 by file, hexadecimal
	Height, Width int
	pixels        [2][]byte // those for training and those for the test, Height×Width each
	Labels        []int     // N class numbers from 0
	Classes       []string  // their names
	Train         int       // the first Train pictures are for training, the others for the test
}

// Len is N.
func (m *Images) Len() int { return len(m.Labels) }

// Dim is the number of pixels of a picture.
func (m *Images) Dim() int { return m.Height * m.Width }

// Row is picture s, which must not be changed.
func (m *Images) Row(s int) []byte {
	part := m.pixels[0]
	if s >= m.Train {
		part, s = m.pixels[1], s-m.Train
	}
	d := m.Dim()
	return part[s*d : (s+1)*d : (s+1)*d]
}

// Bytes is the memory that the set takes.
func (m *Images) Bytes() int64 {
	return int64(len(m.pixels[0])+len(m.pixels[1])) + 8*int64(len(m.Labels))
}

// ReadImages reads the four files of MNIST, or of data in their form, from a folder: images and labels, "train" and "t10k".
// Each may be compressed, its name ending in ".gz".
func ReadImages(folder string) (*Images, error) {
	m := &Images{Source: folder, Hashes: map[string]string{}}
	for k, part := range []string{"train", "t10k"} {
		images, file, err := readPart(folder, part+"-images-idx3-ubyte")
		if err != nil {
			return nil, err
		}
		if len(images.Shape) != 3 {
			return nil, &Error{File: file, Text: fmt.Sprintf("has the shape %v; images have three dimensions: number, height, width", images.Shape)}
		}
		m.Hashes[file] = images.Hash
		if part == "train" {
			m.Train, m.Height, m.Width = images.Shape[0], images.Shape[1], images.Shape[2]
		} else if images.Shape[1] != m.Height || images.Shape[2] != m.Width {
			return nil, &Error{File: file, Text: fmt.Sprintf("images are %d×%d, and those for training %d×%d", images.Shape[1], images.Shape[2], m.Height, m.Width)}
		}
		labels, file, err := readPart(folder, part+"-labels-idx1-ubyte")
		if err != nil {
			return nil, err
		}
		if len(labels.Shape) != 1 || labels.Shape[0] != images.Shape[0] {
			return nil, &Error{File: file, Text: fmt.Sprintf("has the shape %v, and there are %d images", labels.Shape, images.Shape[0])}
		}
		m.Hashes[file] = labels.Hash
		m.pixels[k] = images.Bytes
		for _, c := range labels.Bytes {
			m.Labels = append(m.Labels, int(c))
			for len(m.Classes) <= int(c) {
				m.Classes = append(m.Classes, fmt.Sprint(len(m.Classes)))
			}
		}
	}
	return m, nil
}

// readPart reads a file, plain or compressed.
func readPart(folder, name string) (*IDX, string, error) {
	file := filepath.Join(folder, name)
	if _, err := os.Stat(file); errors.Is(err, fs.ErrNotExist) {
		if _, err := os.Stat(file + ".gz"); err != nil {
			return nil, file, &Error{File: file, Text: "is missing, plain and with .gz; data.folder says where the files lie (MNIST is offered by many mirrors)", Err: fs.ErrNotExist}
		}
		file += ".gz"
	}
	x, err := ReadIDX(file)
	return x, file, err
}
