package sample

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"

	"repro/stages"
	"repro/stages/tensor"
)

// imageFormat names the pool format, docs/formats.md.
const imageFormat = "repro pool 1"

// Save writes the pool to the new file name in the pool format, which
// OpenPool reads.
func (p *Pool) Save(name string) error {
	meta := map[string]string{"format": imageFormat, "weight": weightSize}
	if p.equal {
		meta["weight"] = weightEqual
	}
	names := make([]string, len(p.datasets))
	for i, d := range p.datasets {
		names[i] = d.Name
	}
	for key, list := range map[string][]string{"datasets": names, "langs": p.langs, "origins": p.origins} {
		raw, err := json.Marshal(list)
		if err != nil {
			return err
		}
		meta[key] = string(raw)
	}
	text, negatives := p.textColumn()
	columns := []tensor.Column{
		p.offsetsColumn(), text,
		numbers("first", tensor.DtypeU32, p.first),
		perPair(p, "origin", tensor.DtypeU32, func(v pair) uint32 { return v.origin }),
		perPair(p, "dataset", tensor.DtypeU16, func(v pair) uint16 { return v.dataset }),
		perPair(p, "lang", tensor.DtypeU16, func(v pair) uint16 { return v.lang }),
	}
	for d, dataset := range p.datasets {
		columns = append(columns, numbers("multilingual."+strconv.Itoa(d), tensor.DtypeU32, dataset.multi))
		for l, lang := range p.langs {
			if items := dataset.byLang[lang]; len(items) > 0 {
				columns = append(columns, numbers(fmt.Sprintf("items.%d.%d", d, l), tensor.DtypeU32, items))
			}
		}
	}
	return tensor.SaveColumns(name, meta, append(columns, p.negativesColumns(negatives)...))
}

// writeChunk is how many values are encoded at once.
const writeChunk = 1 << 15

func numbers[T ~int32 | ~uint32](name, dtype string, values []T) tensor.Column {
	return tensor.Column{Name: name, Dtype: dtype, Shape: []int{len(values)}, Write: func(w io.Writer) error {
		for chunk := range slices.Chunk(values, writeChunk) {
			if err := binary.Write(w, binary.LittleEndian, chunk); err != nil {
				return err
			}
		}
		return nil
	}}
}

func perPair[T uint16 | uint32](p *Pool, name, dtype string, value func(pair) T) tensor.Column {
	return tensor.Column{Name: name, Dtype: dtype, Shape: []int{len(p.pairs)}, Write: func(w io.Writer) error {
		chunk := make([]T, 0, writeChunk)
		for i, v := range p.pairs {
			chunk = append(chunk, value(v))
			if len(chunk) == writeChunk || i == len(p.pairs)-1 {
				if err := binary.Write(w, binary.LittleEndian, chunk); err != nil {
					return err
				}
				chunk = chunk[:0]
			}
		}
		return nil
	}}
}

func (p *Pool) offsetsColumn() tensor.Column {
	return tensor.Column{Name: "offsets", Dtype: tensor.DtypeU64, Shape: []int{3*len(p.pairs) + 1}, Write: func(w io.Writer) error {
		at := uint64(0)
		chunk := binary.LittleEndian.AppendUint64(make([]byte, 0, 8*3*writeChunk+8), 0)
		for i, v := range p.pairs {
			for _, r := range [...]ref{v.id, v.query, v.passage} {
				at += uint64(r.n)
				chunk = binary.LittleEndian.AppendUint64(chunk, at)
			}
			if i%writeChunk == writeChunk-1 {
				if _, err := w.Write(chunk); err != nil {
					return err
				}
				chunk = chunk[:0]
			}
		}
		_, err := w.Write(chunk)
		return err
	}}
}

// textColumn also returns where in it the texts of pairs end and those of
// negatives begin.
func (p *Pool) textColumn() (_ tensor.Column, negatives uint64) {
	size := 0
	for _, v := range p.pairs {
		size += int(v.id.n) + int(v.query.n) + int(v.passage.n)
	}
	negatives = uint64(size)
	for _, r := range p.eachNegative {
		size += int(r.n)
	}
	return tensor.Column{Name: "text", Dtype: tensor.DtypeU8, Shape: []int{size}, Write: func(w io.Writer) error {
		for _, v := range p.pairs {
			for _, r := range [...]ref{v.id, v.query, v.passage} {
				if _, err := w.Write(p.text.get(r)); err != nil {
					return err
				}
			}
		}
		for _, r := range p.eachNegative {
			if _, err := w.Write(p.text.get(r)); err != nil {
				return err
			}
		}
		return nil
	}}, negatives
}

// OpenPool opens a file that Save wrote. Its texts stay in the file, which must
// not change, until they are looked at. A damaged file is an error that wraps
// stages.ErrInput.
func OpenPool(name string) (*Pool, error) {
	m, err := tensor.Map(name)
	if err != nil {
		return nil, err
	}
	// The mapping lives as long as the process: texts of the pool point into it.
	p, err := readImage(m)
	if err != nil {
		return nil, fmt.Errorf("%w: %s: %w", stages.ErrInput, name, err)
	}
	return p, nil
}

func readImage(m *tensor.Mapped) (*Pool, error) {
	if m.Metadata["format"] != imageFormat {
		return nil, fmt.Errorf("format %q, want %q", m.Metadata["format"], imageFormat)
	}
	if w := m.Metadata["weight"]; w != weightSize && w != weightEqual {
		return nil, fmt.Errorf("weight %q", w)
	}
	p := &Pool{equal: m.Metadata["weight"] == weightEqual, text: arenaOf(m.Bytes("text", tensor.DtypeU8))}
	var datasets []string
	for key, list := range map[string]*[]string{"datasets": &datasets, "langs": &p.langs, "origins": &p.origins} {
		if err := json.Unmarshal([]byte(m.Metadata[key]), list); err != nil {
			return nil, fmt.Errorf("%s: %w", key, err)
		}
	}
	if err := p.readPairs(m, len(datasets)); err != nil {
		return nil, err
	}
	for d, dataset := range datasets {
		set := &Dataset{Name: dataset, byLang: map[string][]Item{}}
		p.datasets = append(p.datasets, set)
		var err error
		if set.multi, err = p.readItems(m, "multilingual."+strconv.Itoa(d), d); err != nil {
			return nil, err
		}
		for l, lang := range p.langs {
			items, err := p.readItems(m, fmt.Sprintf("items.%d.%d", d, l), d)
			if err != nil {
				return nil, err
			}
			if len(items) > 0 {
				set.byLang[lang] = items
			}
		}
	}
	for i := range Item(p.Items()) {
		set := p.dataset(i)
		set.items = append(set.items, i)
	}
	return p, nil
}

func (p *Pool) readPairs(m *tensor.Mapped, datasets int) error {
	offsets, text := m.Bytes("offsets", tensor.DtypeU64), m.Bytes("text", tensor.DtypeU8)
	dataset, lang, origin := m.Bytes("dataset", tensor.DtypeU16), m.Bytes("lang", tensor.DtypeU16), m.Bytes("origin", tensor.DtypeU32)
	n := len(lang) / 2
	if len(offsets) != 8*(3*n+1) || len(dataset) != 2*n || len(origin) != 4*n {
		return fmt.Errorf("columns of different lengths")
	}
	p.first = readNumbers[uint32](m, "first")
	if len(p.first) == 0 || p.first[0] != 0 || int(p.first[len(p.first)-1]) != n {
		return fmt.Errorf("the items do not cover the %d pairs", n)
	}
	for i := range p.first[1:] {
		if p.first[i] >= p.first[i+1] {
			return fmt.Errorf("item %d has no pairs", i)
		}
	}
	p.pairs = make([]pair, n)
	at := binary.LittleEndian.Uint64(offsets)
	next := func(k int) (ref, bool) {
		end := binary.LittleEndian.Uint64(offsets[8*(k+1):])
		if end < at || end > uint64(len(text)) || end-at > math.MaxUint32 {
			return ref{}, false
		}
		r := refAt(at, uint32(end-at))
		at = end
		return r, true
	}
	for i := range p.pairs {
		v := &p.pairs[i]
		var ok [3]bool
		v.id, ok[0] = next(3 * i)
		v.query, ok[1] = next(3*i + 1)
		v.passage, ok[2] = next(3*i + 2)
		if !ok[0] || !ok[1] || !ok[2] {
			return fmt.Errorf("pair %d lies outside of the text", i)
		}
		v.dataset, v.lang = binary.LittleEndian.Uint16(dataset[2*i:]), binary.LittleEndian.Uint16(lang[2*i:])
		v.origin = binary.LittleEndian.Uint32(origin[4*i:])
		if int(v.dataset) >= datasets || int(v.lang) >= len(p.langs) || int(v.origin) >= len(p.origins) {
			return fmt.Errorf("pair %d has a dataset, language or origin without a name", i)
		}
	}
	return p.readNegatives(m)
}

// readItems returns a list of items of a dataset.
func (p *Pool) readItems(m *tensor.Mapped, name string, dataset int) ([]Item, error) {
	items := readNumbers[Item](m, name)
	for _, i := range items {
		if i < 0 || int(i) >= p.Items() || int(p.versions(i)[0].dataset) != dataset {
			return nil, fmt.Errorf("%s: item %d is not of the dataset", name, i)
		}
	}
	return items, nil
}

func readNumbers[T ~int32 | ~uint32](m *tensor.Mapped, name string) []T {
	raw := m.Bytes(name, tensor.DtypeU32)
	values := make([]T, len(raw)/4)
	for i := range values {
		values[i] = T(binary.LittleEndian.Uint32(raw[4*i:]))
	}
	return values
}
