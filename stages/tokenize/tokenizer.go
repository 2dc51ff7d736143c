package tokenize

import "sync"

// Tokenizer turns texts into the ids of a model's vocabulary. It is safe for
// concurrent use.
type Tokenizer interface {
	// Encode returns the ids of text between those that the model wants at its
	// ends, such as <s> and </s>. At most maxLen ids come back, ends included:
	// what is too long loses its last pieces, as with Hugging Face's
	// truncation=True. A maxLen of 0 or less is no limit; the ends are always
	// there, also when maxLen is less than they are.
	Encode(text string, maxLen int) []int32
	// Pad returns the id that fills up short sequences of a batch.
	Pad() int32
	// Size returns how many rows the model's embedding matrix needs: ids are
	// less than it.
	Size() int
}

// normalizer brings a text into the form that a vocabulary was made of.
type normalizer interface {
	// appendNormal appends the normal form of text, which is not empty and may
	// not be UTF-8, to dst.
	appendNormal(dst, text []byte) []byte
}

// model turns normalized text into ids.
type model interface {
	appendIDs(ids []int32, text []byte) []int32
}

// pipeline is the one Tokenizer: added tokens are cut out, what is between
// them is normalized and goes through the model, and the ends are put on.
type pipeline struct {
	raw        *addedTokens // matched in the text as it is
	normalizer normalizer
	normal     *addedTokens // matched in the normalized text
	model      model
	before     []int32 // ids at the beginning of every sequence
	after      []int32 // and at its end
	pad        int32
	size       int
	kept       sync.Pool // of *scratch
}

type scratch struct {
	text, normal []byte
	ids          []int32
}

// Encode implements Tokenizer.
func (p *pipeline) Encode(text string, maxLen int) []int32 {
	s, _ := p.kept.Get().(*scratch)
	if s == nil {
		s = &scratch{}
	}
	defer p.kept.Put(s)

	s.text = append(s.text[:0], text...)
	s.ids = s.ids[:0]
	found := func(id int32) { s.ids = append(s.ids, id) }
	p.raw.split(s.text, func(text []byte) {
		s.normal = p.normalizer.appendNormal(s.normal[:0], text)
		p.normal.split(s.normal, func(text []byte) { s.ids = p.model.appendIDs(s.ids, text) }, found)
	}, found)

	ids := s.ids
	if room := max(0, maxLen-len(p.before)-len(p.after)); maxLen > 0 && len(ids) > room {
		ids = ids[:room]
	}
	all := make([]int32, 0, len(p.before)+len(ids)+len(p.after))
	all = append(all, p.before...)
	all = append(all, ids...)
	return append(all, p.after...)
}

// Pad implements Tokenizer.
func (p *pipeline) Pad() int32 { return p.pad }

// Size implements Tokenizer.
func (p *pipeline) Size() int { return p.size }
