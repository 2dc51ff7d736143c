package tokenize

import (
	"fmt"
	"math"
	"slices"
)

// The ids that fairseq gave XLM-R's special tokens. A piece has its number in
// the SentencePiece model plus one; that model begins with <unk>, <s> and </s>.
const (
	xlmrBOS = iota
	xlmrPad
	xlmrEOS
	xlmrUnknown
	xlmrOffset = 1
)

// loadXLMR reads a sentencepiece.bpe.model.
func loadXLMR(data []byte, c *config) (*pipeline, error) {
	m, err := parseSPModel(data)
	if err != nil {
		return nil, err
	}
	if err := checkXLMR(m); err != nil {
		return nil, err
	}
	n, err := newSPNormalizer(m)
	if err != nil {
		return nil, err
	}
	mask := int32(len(m.pieces) + xlmrOffset)
	tokens := c.added
	if c.AddedTokensDecoder == nil {
		tokens = append(slices.Clone(tokens),
			addedToken{ID: xlmrBOS, Content: c.BOS.or("<s>")},
			addedToken{ID: xlmrPad, Content: c.PAD.or("<pad>")},
			addedToken{ID: xlmrEOS, Content: c.EOS.or("</s>")},
			addedToken{ID: xlmrUnknown, Content: c.UNK.or("<unk>")},
			addedToken{ID: mask, Content: c.MASK.or("<mask>"), LStrip: true})
	}
	if err := c.checkAdditional(tokens); err != nil {
		return nil, err
	}
	return &pipeline{
		raw:        newAddedTokens(tokens),
		normalizer: n,
		model:      newSPUnigram(m),
		before:     []int32{xlmrBOS},
		after:      []int32{xlmrEOS},
		pad:        xlmrPad,
		size:       sizeOf(int(mask)+1, tokens),
	}, nil
}

// checkXLMR finds models to which fairseq's ids cannot be given, such as
// CamemBERT's, which has its own.
func checkXLMR(m *spModel) error {
	for i, want := range []struct {
		text string
		kind pieceKind
	}{{"<unk>", pieceUnknown}, {"<s>", pieceControl}, {"</s>", pieceControl}} {
		if i >= len(m.pieces) || m.pieces[i].text != want.text || m.pieces[i].kind != want.kind {
			return fmt.Errorf("not laid out as XLM-R's: piece %d has to be %s", i, want.text)
		}
	}
	return nil
}

// newSPUnigram returns the model of m with fairseq's ids.
func newSPUnigram(m *spModel) *unigram[float32] {
	u := &unigram[float32]{scores: make([]float64, len(m.pieces)), ids: make([]int32, len(m.pieces))}
	if m.byteFallback {
		u.bytes = make([]int32, 256)
	}
	lowest, highest := float32(math.MaxFloat32), float32(0x1p-126) // FLT_MAX and FLT_MIN, as in the reference
	for _, p := range m.pieces {
		if p.kind == pieceNormal {
			lowest, highest = min(lowest, p.score), max(highest, p.score)
		}
	}
	u.penalty = lowest - unknownPenalty
	var keys []key
	for i, p := range m.pieces {
		u.ids[i] = int32(i + xlmrOffset)
		u.scores[i] = float64(p.score)
		switch p.kind {
		case pieceNormal:
			keys = append(keys, key{p.text, int32(i)})
		case pieceUserDefined:
			keys = append(keys, key{p.text, int32(i)})
			u.scores[i] = float64(float32(len(p.text))*highest) - 0.1 // so that it is always taken
		case pieceUnknown:
			u.unknown = int32(i)
			u.ids[i] = xlmrUnknown
		}
	}
	if m.byteFallback {
		byText := make(map[string]int32)
		for i, p := range m.pieces {
			if p.kind == pieceByte {
				byText[p.text] = u.ids[i]
			}
		}
		for b := range u.bytes {
			u.bytes[b] = byText[bytePiece(byte(b))]
		}
	}
	u.pieces = newTrie(keys)
	return u
}

// sizeOf returns the number of ids: size, or more if tokens were added.
func sizeOf(size int, tokens []addedToken) int {
	for _, t := range tokens {
		size = max(size, int(t.ID)+1)
	}
	return size
}
