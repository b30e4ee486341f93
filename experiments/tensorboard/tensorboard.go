// Package tensorboard writes event files that TensorBoard reads: records framed as TFRecord (length, checksum, content, checksum; the
// checksums are CRC-32C, masked), each an Event message of scalars (https://www.tensorflow.org/tutorials/load_data/tfrecord).
package tensorboard

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"time"
)

// Scalar is a named number.
type Scalar struct {
	Tag   string
	Value float64
}

// Writer appends to an event file. It belongs to one goroutine.
type Writer struct {
	f      *os.File
	record []byte
	now    func() time.Time
}

// Open begins a new event file in a folder, which is made. Steps from first on that earlier files of the folder hold are void:
// TensorBoard leaves them out.
func Open(dir string, first int) (*Writer, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	w := &Writer{now: time.Now}
	for k := 0; w.f == nil; k++ { // files are read in the order of their names
		name := fmt.Sprintf("events.out.tfevents.%010d.costate.%d.%d", w.now().Unix(), os.Getpid(), k)
		f, err := os.OpenFile(filepath.Join(dir, name), os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o644)
		if err != nil && !errors.Is(err, fs.ErrExist) {
			return nil, err
		}
		w.f = f
		if err != nil {
			w.f = nil
		}
	}
	w.begin(0)
	w.text(eventFileVersion, "brain.Event:2")
	err := w.end()
	if err == nil && first > 1 {
		w.begin(first)
		w.bytes(eventSessionLog, []byte{sessionStatus<<3 | varint, sessionStart})
		err = w.end()
	}
	if err != nil {
		return nil, errors.Join(err, w.f.Close())
	}
	return w, nil
}

// Add writes the scalars of a step.
func (w *Writer) Add(step int, scalars []Scalar) error {
	w.begin(step)
	for _, s := range scalars {
		// Summary{value: {tag, simple_value}}, inside out: lengths come first.
		value := 1 + uvarintLen(uint64(len(s.Tag))) + len(s.Tag) + 1 + 4
		summary := 1 + uvarintLen(uint64(value)) + value
		w.record = append(w.record, eventSummary<<3|delimited)
		w.record = binary.AppendUvarint(w.record, uint64(summary))
		w.record = append(w.record, summaryValue<<3|delimited)
		w.record = binary.AppendUvarint(w.record, uint64(value))
		w.text(valueTag, s.Tag)
		w.record = append(w.record, valueSimple<<3|fixed32)
		w.record = binary.LittleEndian.AppendUint32(w.record, math.Float32bits(float32(s.Value)))
	}
	return w.end()
}

// Close ends the file.
func (w *Writer) Close() error { return w.f.Close() }

// Field numbers of event.proto and summary.proto, and the wire types of protocol buffers.
const (
	eventTime, eventStep, eventFileVersion, eventSummary, eventSessionLog = 1, 2, 3, 5, 7
	summaryValue, valueTag, valueSimple                                   = 1, 1, 2
	sessionStatus, sessionStart                                           = 1, 1

	varint, fixed64, delimited, fixed32 = 0, 1, 2, 5
)

const headLen = 12 // length of a record and its checksum

// begin starts a record with an event of a step at this time. Summaries of one event may stand in several pieces, which readers of
// protocol buffers merge.
func (w *Writer) begin(step int) {
	w.record = append(w.record[:0], make([]byte, headLen)...)
	w.record = append(w.record, eventTime<<3|fixed64)
	w.record = binary.LittleEndian.AppendUint64(w.record, math.Float64bits(float64(w.now().UnixNano())/1e9))
	w.record = append(w.record, eventStep<<3|varint)
	w.record = binary.AppendUvarint(w.record, uint64(step))
}

func (w *Writer) bytes(field int, b []byte) {
	w.record = append(w.record, byte(field<<3|delimited))
	w.record = binary.AppendUvarint(w.record, uint64(len(b)))
	w.record = append(w.record, b...)
}

func (w *Writer) text(field int, s string) {
	w.record = append(w.record, byte(field<<3|delimited))
	w.record = binary.AppendUvarint(w.record, uint64(len(s)))
	w.record = append(w.record, s...)
}

// end writes the record in one piece, so that readers see whole ones.
func (w *Writer) end() error {
	content := w.record[headLen:]
	binary.LittleEndian.PutUint64(w.record, uint64(len(content)))
	binary.LittleEndian.PutUint32(w.record[8:], masked(w.record[:8]))
	w.record = binary.LittleEndian.AppendUint32(w.record, masked(content))
	_, err := w.f.Write(w.record)
	return err
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// masked is the checksum as TFRecord stores it.
func masked(b []byte) uint32 {
	c := crc32.Checksum(b, castagnoli)
	return (c>>15 | c<<17) + 0xa282ead8
}

func uvarintLen(v uint64) int {
	n := 1
	for v >= 0x80 {
		v >>= 7
		n++
	}
	return n
}
