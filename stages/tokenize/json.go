package tokenize

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
)

// tokenizerJSON is tokenizer.json of Hugging Face's tokenizers. Truncation and
// padding in it are the caller's business, the decoder is nobody's here.
type tokenizerJSON struct {
	AddedTokens   []addedToken `json:"added_tokens"`
	Normalizer    *jsonPart    `json:"normalizer"`
	PreTokenizer  *jsonPart    `json:"pre_tokenizer"`
	PostProcessor *jsonPart    `json:"post_processor"`
	Model         *jsonPart    `json:"model"`
	Padding       *struct {
		ID int32 `json:"pad_id"`
	} `json:"padding"`
}

// jsonPart is an object that names its type.
type jsonPart struct {
	kind string
	data []byte
}

// UnmarshalJSON implements json.Unmarshaler.
func (p *jsonPart) UnmarshalJSON(data []byte) error {
	var object struct{ Type string }
	if err := json.Unmarshal(data, &object); err != nil {
		return err
	}
	p.kind, p.data = object.Type, slices.Clone(data)
	return nil
}

// decode fills v from the object. An empty part is an error.
func (p *jsonPart) decode(v any) error { return json.Unmarshal(p.data, v) }

// is tells whether the part is there and of the type kind.
func (p *jsonPart) is(kind string) bool { return p != nil && p.kind == kind }

func (p *jsonPart) String() string {
	if p == nil {
		return "null"
	}
	return p.kind
}

// unsupported is the error about a part that this package has no code for.
func unsupported(what string, p *jsonPart) error {
	return fmt.Errorf("%s %s is not supported", what, p)
}

// loadJSON reads a tokenizer.json.
func loadJSON(data []byte, c *config) (*pipeline, error) {
	var file tokenizerJSON
	if err := json.Unmarshal(data, &file); err != nil {
		return nil, err
	}
	if file.Model == nil {
		return nil, errors.New("no model")
	}
	var p *pipeline
	var err error
	switch {
	case file.Model.is("Unigram"):
		p, err = file.unigram()
	case file.Model.is("WordPiece"):
		p, err = file.wordPiece()
	default:
		err = unsupported("the model", file.Model)
	}
	if err != nil {
		return nil, err
	}
	if p.before, p.after, err = file.PostProcessor.template(); err != nil {
		return nil, fmt.Errorf("post_processor: %w", err)
	}
	for _, t := range file.AddedTokens {
		if t.ID < 0 {
			return nil, fmt.Errorf("added_tokens: %q has the id %d", t.Content, t.ID)
		}
	}
	p.setAdded(file.AddedTokens)
	p.size = sizeOf(p.size, file.AddedTokens)
	for _, id := range slices.Concat(p.before, p.after) {
		if id < 0 || int(id) >= p.size {
			return nil, fmt.Errorf("post_processor: the id %d is not in the vocabulary", id)
		}
	}
	p.pad, err = file.pad(c, p.size)
	return p, err
}

// pad returns the id that fills up: padding's, or that of the pad token.
func (f *tokenizerJSON) pad(c *config, size int) (int32, error) {
	if f.Padding != nil {
		if id := f.Padding.ID; id < 0 || int(id) >= size {
			return 0, fmt.Errorf("padding: the id %d is not in the vocabulary", id)
		}
		return f.Padding.ID, nil
	}
	for _, text := range []string{string(c.PAD), "<pad>", bertPad} {
		for _, t := range f.AddedTokens {
			if text != "" && t.Content == text {
				return t.ID, nil
			}
		}
	}
	return 0, errors.New("no pad token: neither padding nor an added token <pad> or [PAD]")
}

// template returns the ids that a post-processor puts around a single text.
func (p *jsonPart) template() (before, after []int32, err error) {
	switch {
	case p == nil:
		return nil, nil, nil
	case p.is("BertProcessing"), p.is("RobertaProcessing"):
		var v struct{ Sep, Cls tokenAndID }
		if err := p.decode(&v); err != nil {
			return nil, nil, err
		}
		return []int32{v.Cls.id}, []int32{v.Sep.id}, nil
	case p.is("TemplateProcessing"):
		return p.templateProcessing()
	}
	return nil, nil, fmt.Errorf("%s is not supported", p)
}

func (p *jsonPart) templateProcessing() (before, after []int32, err error) {
	var v struct {
		Single []struct {
			SpecialToken *struct{ ID string }
			Sequence     *struct{ ID string }
		} `json:"single"`
		SpecialTokens map[string]struct{ IDs []int32 } `json:"special_tokens"`
	}
	if err := p.decode(&v); err != nil {
		return nil, nil, err
	}
	sequences := 0
	for _, part := range v.Single {
		switch {
		case part.Sequence != nil:
			sequences++
			before, after = after, nil
		case part.SpecialToken != nil:
			token, ok := v.SpecialTokens[part.SpecialToken.ID]
			if !ok {
				return nil, nil, fmt.Errorf("no special token %q", part.SpecialToken.ID)
			}
			after = append(after, token.IDs...)
		}
	}
	if sequences != 1 {
		return nil, nil, fmt.Errorf("a template with %d sequences is not supported", sequences)
	}
	return before, after, nil
}

// tokenAndID is ["[SEP]", 102].
type tokenAndID struct {
	text string
	id   int32
}

// UnmarshalJSON implements json.Unmarshaler.
func (t *tokenAndID) UnmarshalJSON(data []byte) error {
	return json.Unmarshal(data, &[]any{&t.text, &t.id})
}

// scoredPiece is ["▁the", -3.28].
type scoredPiece struct {
	text  string
	score float64
}

// UnmarshalJSON implements json.Unmarshaler.
func (p *scoredPiece) UnmarshalJSON(data []byte) error {
	return json.Unmarshal(data, &[]any{&p.text, &p.score})
}

// unigram returns the pipeline of a Unigram model, without its ends.
func (f *tokenizerJSON) unigram() (*pipeline, error) {
	var v struct {
		Unknown      *int32        `json:"unk_id"`
		ByteFallback bool          `json:"byte_fallback"`
		Vocab        []scoredPiece `json:"vocab"`
	}
	if err := f.Model.decode(&v); err != nil {
		return nil, fmt.Errorf("model: %w", err)
	}
	if v.Unknown == nil || *v.Unknown < 0 || int(*v.Unknown) >= len(v.Vocab) {
		return nil, errors.New("model: a unigram model without an unk_id in its vocabulary is not supported")
	}
	u := &unigram[float64]{unknown: *v.Unknown}
	lowest := math.MaxFloat64
	var keys []key
	ids := make(map[string]int32)
	for i, p := range v.Vocab {
		if p.text == "" {
			return nil, fmt.Errorf("model: piece %d is empty", i)
		}
		keys = append(keys, key{p.text, int32(i)})
		ids[p.text] = int32(i)
		u.ids = append(u.ids, int32(i))
		u.scores = append(u.scores, p.score)
		lowest = min(lowest, p.score)
	}
	if err := checkPieces(keys); err != nil {
		return nil, fmt.Errorf("model: %w", err)
	}
	u.penalty = lowest - unknownPenalty
	u.pieces = newTrie(keys)
	if v.ByteFallback {
		for b := range 256 {
			id, ok := ids[bytePiece(byte(b))]
			if !ok {
				return nil, fmt.Errorf("model: byte_fallback without the piece %s is not supported", bytePiece(byte(b)))
			}
			u.bytes = append(u.bytes, id)
		}
	}
	normalizer, err := f.Normalizer.normalizer()
	if err != nil {
		return nil, fmt.Errorf("normalizer: %w", err)
	}
	words, err := f.PreTokenizer.metaspace(u)
	if err != nil {
		return nil, fmt.Errorf("pre_tokenizer: %w", err)
	}
	return &pipeline{normalizer: normalizer, model: words, size: len(v.Vocab)}, nil
}

// wordPiece returns the pipeline of a WordPiece model, without its ends.
func (f *tokenizerJSON) wordPiece() (*pipeline, error) {
	v := struct {
		Unknown  string           `json:"unk_token"`
		Prefix   string           `json:"continuing_subword_prefix"`
		MaxChars int              `json:"max_input_chars_per_word"`
		Vocab    map[string]int32 `json:"vocab"`
	}{bertUnknown, continuation, maxWordChars, nil}
	if err := f.Model.decode(&v); err != nil {
		return nil, fmt.Errorf("model: %w", err)
	}
	unknown, ok := v.Vocab[v.Unknown]
	if !ok {
		return nil, fmt.Errorf("model: the unk_token %q is not in the vocabulary", v.Unknown)
	}
	if v.Prefix != continuation {
		return nil, fmt.Errorf("model: the continuing_subword_prefix %q is not supported", v.Prefix)
	}
	if !f.PreTokenizer.is("BertPreTokenizer") {
		return nil, unsupported("with a WordPiece model, the pre_tokenizer", f.PreTokenizer)
	}
	classes := newClasses()
	normalizer, err := f.Normalizer.bertNormalizer(classes)
	if err != nil {
		return nil, fmt.Errorf("normalizer: %w", err)
	}
	var keys []key
	size := 0
	for text, id := range v.Vocab {
		if id < 0 || id == math.MaxInt32 {
			return nil, fmt.Errorf("model: %q has the id %d", text, id)
		}
		size = max(size, int(id)+1)
		if text != "" {
			keys = append(keys, key{text, id})
		}
	}
	if err := checkPieces(keys); err != nil {
		return nil, fmt.Errorf("model: %w", err)
	}
	return &pipeline{normalizer: normalizer, model: newWordPiece(keys, unknown, v.MaxChars, classes), size: size}, nil
}
