package tokenize

import (
	"errors"
	"fmt"
	"math"

	"google.golang.org/protobuf/encoding/protowire"
)

// spModel is what is read of a SentencePiece ModelProto. Fields have the names
// of sentencepiece_model.proto.
type spModel struct {
	pieces []spPiece

	// Of TrainerSpec:
	modelType               int
	treatWhitespaceAsSuffix bool
	byteFallback            bool

	// Of NormalizerSpec:
	precompiledCharsmap    []byte
	addDummyPrefix         bool
	removeExtraWhitespaces bool
	escapeWhitespaces      bool
}

type spPiece struct {
	text  string
	score float32
	kind  pieceKind
}

// pieceKind is ModelProto.SentencePiece.Type.
type pieceKind int

const (
	pieceNormal pieceKind = iota + 1
	pieceUnknown
	pieceControl
	pieceUserDefined
	pieceUnused
	pieceByte
)

// The values of TrainerSpec.ModelType. Only unigram models are read.
const typeUnigram = 1

func modelTypeName(t int) string {
	if names := [...]string{1: "unigram", 2: "BPE", 3: "word", 4: "char"}; t > 0 && t < len(names) {
		return names[t]
	}
	return fmt.Sprintf("type %d", t)
}

// parseSPModel reads a ModelProto and checks it as the reference
// implementation does on loading. Strings of the result are copies, the
// charsmap is a part of data.
func parseSPModel(data []byte) (*spModel, error) {
	m := &spModel{modelType: typeUnigram, addDummyPrefix: true, removeExtraWhitespaces: true, escapeWhitespaces: true}
	size := 0
	err := eachField(data, func(f field) error {
		switch f.number {
		case 1:
			p, err := parsePiece(f.bytes)
			if err != nil {
				return fmt.Errorf("piece %d: %w", len(m.pieces), err)
			}
			if size += len(p.text); size > maxPieceBytes {
				return fmt.Errorf("the pieces hold more than %d bytes", maxPieceBytes)
			}
			m.pieces = append(m.pieces, p)
		case 2:
			return wrap("trainer_spec", eachField(f.bytes, m.trainerField))
		case 3:
			return wrap("normalizer_spec", eachField(f.bytes, m.normalizerField))
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	if m.modelType != typeUnigram {
		return nil, fmt.Errorf("a %s model, only unigram models are supported", modelTypeName(m.modelType))
	}
	return m, m.check()
}

func (m *spModel) trainerField(f field) error {
	switch f.number {
	case 3:
		m.modelType = int(f.varint)
	case 24:
		m.treatWhitespaceAsSuffix = f.varint != 0
	case 35:
		m.byteFallback = f.varint != 0
	}
	return nil
}

func (m *spModel) normalizerField(f field) error {
	switch f.number {
	case 2:
		m.precompiledCharsmap = f.bytes
	case 3:
		m.addDummyPrefix = f.varint != 0
	case 4:
		m.removeExtraWhitespaces = f.varint != 0
	case 5:
		m.escapeWhitespaces = f.varint != 0
	}
	return nil
}

func parsePiece(data []byte) (spPiece, error) {
	p := spPiece{kind: pieceNormal}
	err := eachField(data, func(f field) error {
		switch f.number {
		case 1:
			p.text = string(f.bytes)
		case 2:
			p.score = math.Float32frombits(uint32(f.varint))
		case 3:
			p.kind = pieceKind(f.varint)
		}
		return nil
	})
	switch {
	case err != nil:
		return p, err
	case p.text == "":
		return p, errors.New("it is empty")
	case p.kind < pieceNormal || p.kind > pieceByte:
		return p, fmt.Errorf("%q is of the unknown type %d", p.text, p.kind)
	case math.IsNaN(float64(p.score)) || math.IsInf(float64(p.score), 0):
		return p, fmt.Errorf("%q has the score %v", p.text, p.score)
	}
	return p, nil
}

// check is ModelInterface::InitializePieces.
func (m *spModel) check() error {
	// Text pieces and symbols are two dictionaries: a control symbol may be
	// spelled like a piece.
	pieces, symbols := make(map[string]int), make(map[string]int)
	unknown, bytes := 0, 0
	for i, p := range m.pieces {
		dictionary := symbols
		switch p.kind {
		case pieceNormal, pieceUserDefined, pieceUnused:
			dictionary = pieces
		case pieceUnknown:
			unknown++
		case pieceByte:
			if !m.byteFallback {
				return fmt.Errorf("piece %d: the byte piece %q in a model without byte_fallback", i, p.text)
			}
			if !isBytePiece(p.text) {
				return fmt.Errorf("piece %d: %q is not a byte piece like <0x0A>", i, p.text)
			}
			bytes++
		}
		if first, ok := dictionary[p.text]; ok {
			return fmt.Errorf("pieces %d and %d are both %q", first, i, p.text)
		}
		dictionary[p.text] = i
	}
	switch {
	case unknown != 1:
		return fmt.Errorf("%d unknown pieces, exactly 1 is needed", unknown)
	case m.byteFallback && bytes != 256:
		return fmt.Errorf("%d byte pieces in a model with byte_fallback, 256 are needed", bytes)
	case len(pieces) == 0:
		return errors.New("no pieces")
	}
	return nil
}

// bytePiece returns the piece that stands for the byte b.
func bytePiece(b byte) string { return fmt.Sprintf("<0x%02X>", b) }

func isBytePiece(text string) bool {
	var b byte
	_, err := fmt.Sscanf(text, "<0x%02X>", &b)
	return err == nil && text == bytePiece(b)
}

// field is one field of a message: a number in varint (also of the fixed
// types) or the content in bytes, as its type has it; the other is zero.
type field struct {
	number protowire.Number
	varint uint64
	bytes  []byte
}

// eachField calls visit for each field of a message.
func eachField(data []byte, visit func(field) error) error {
	for at := 0; at < len(data); {
		number, kind, n := protowire.ConsumeTag(data[at:])
		if n < 0 {
			return fmt.Errorf("byte %d: %w", at, protowire.ParseError(n))
		}
		at += n
		f := field{number: number}
		switch rest := data[at:]; kind {
		case protowire.VarintType:
			f.varint, n = protowire.ConsumeVarint(rest)
		case protowire.Fixed32Type:
			var v uint32
			v, n = protowire.ConsumeFixed32(rest)
			f.varint = uint64(v)
		case protowire.Fixed64Type:
			f.varint, n = protowire.ConsumeFixed64(rest)
		case protowire.BytesType:
			f.bytes, n = protowire.ConsumeBytes(rest)
		default:
			n = protowire.ConsumeFieldValue(number, kind, rest)
		}
		if n < 0 {
			return fmt.Errorf("byte %d, field %d: %w", at, number, protowire.ParseError(n))
		}
		at += n
		if err := visit(f); err != nil {
			return err
		}
	}
	return nil
}

func wrap(what string, err error) error {
	if err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	return nil
}
