package sample

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"

	"repro/stages/tensor"
)

// The tensors of negatives, which only a pool that has any has.
const (
	negativesFirst   = "negatives.first"
	negativesOffsets = "negatives.offsets"
)

// eachNegative yields the negatives in the order of pairs, each with the place
// of its pair.
func (p *Pool) eachNegative(yield func(pair int, r ref) bool) {
	for i, v := range p.pairs {
		if v.negatives == 0 {
			continue
		}
		for _, r := range p.lists[v.negatives-1] {
			if !yield(i, r) {
				return
			}
		}
	}
}

// negativesColumns returns the tensors of negatives; their texts begin at the
// given offset of the column "text".
func (p *Pool) negativesColumns(at uint64) []tensor.Column {
	if len(p.lists) == 0 {
		return nil
	}
	first, offsets := make([]uint32, len(p.pairs)+1), []uint64{at}
	for i, r := range p.eachNegative {
		first[i+1]++
		at += uint64(r.n)
		offsets = append(offsets, at)
	}
	for i := range p.pairs {
		first[i+1] += first[i]
	}
	return []tensor.Column{
		numbers(negativesFirst, tensor.DtypeU32, first),
		{Name: negativesOffsets, Dtype: tensor.DtypeU64, Shape: []int{len(offsets)}, Write: func(w io.Writer) error {
			return binary.Write(w, binary.LittleEndian, offsets)
		}},
	}
}

// readNegatives fills in the lists of pairs that have been read.
func (p *Pool) readNegatives(m *tensor.Mapped) error {
	first := readNumbers[uint32](m, negativesFirst)
	if len(first) == 0 {
		return nil
	}
	offsets, text := m.Bytes(negativesOffsets, tensor.DtypeU64), m.Bytes("text", tensor.DtypeU8)
	if len(first) != len(p.pairs)+1 || first[0] != 0 || len(offsets) != 8*(int(first[len(p.pairs)])+1) {
		return errors.New("negatives do not fit the pairs")
	}
	for i := range p.pairs {
		if first[i] > first[i+1] || first[i+1] > first[len(p.pairs)] {
			return fmt.Errorf("pair %d has no list of negatives", i)
		}
		if first[i] == first[i+1] {
			continue
		}
		list := make([]ref, 0, first[i+1]-first[i])
		for k := int(first[i]); k < int(first[i+1]); k++ {
			from, to := binary.LittleEndian.Uint64(offsets[8*k:]), binary.LittleEndian.Uint64(offsets[8*k+8:])
			if to < from || to > uint64(len(text)) || to-from > math.MaxUint32 {
				return fmt.Errorf("negative %d lies outside of the text", k)
			}
			list = append(list, refAt(from, uint32(to-from)))
		}
		p.lists = append(p.lists, list)
		p.pairs[i].negatives = uint32(len(p.lists))
	}
	return nil
}
