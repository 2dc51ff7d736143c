// Package tensor reads and writes arrays of float32 in the formats that the
// rest of the world reads: NumPy's .npy for embeddings and Hugging Face's
// .safetensors for weights. Weights of other float types are converted as they
// are read.
//
// In come slices, out come the bytes that numpy.save and safetensors.save_file
// would write, and the reverse. What a reader returns has been checked against
// the size of the file first, so that a damaged header cannot ask for more
// memory than there are bytes.
package tensor

import (
	"encoding/binary"
	"io"
	"math"
	"slices"
)

// floats decodes little-endian float32 values; len(b) is a multiple of 4.
func floats(b []byte) []float32 {
	values := make([]float32, len(b)/4)
	for i := range values {
		values[i] = math.Float32frombits(binary.LittleEndian.Uint32(b[4*i:]))
	}
	return values
}

// appendFloats appends the little-endian bytes of values to b.
func appendFloats(b []byte, values []float32) []byte {
	for _, v := range values {
		b = binary.LittleEndian.AppendUint32(b, math.Float32bits(v))
	}
	return b
}

// WriteFloats writes the little-endian bytes of values, through little memory.
func WriteFloats(w io.Writer, values []float32) error {
	var chunk []byte
	for part := range slices.Chunk(values, 16<<10) {
		chunk = appendFloats(chunk[:0], part)
		if _, err := w.Write(chunk); err != nil {
			return err
		}
	}
	return nil
}
