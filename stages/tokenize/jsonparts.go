package tokenize

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"unicode"

	"github.com/clipperhouse/uax29/v2/graphemes"
)

// normalizers is a Sequence.
type normalizers []normalizer

// appendNormal implements normalizer.
func (n normalizers) appendNormal(dst, text []byte) []byte {
	for _, step := range n {
		text = step.appendNormal(nil, text)
	}
	return append(dst, text...)
}

// normalizer returns the normalizer of a Unigram model.
func (p *jsonPart) normalizer() (normalizer, error) {
	switch {
	case p == nil:
		return normalizers{validUTF8{}}, nil
	case p.is("Precompiled"):
		var v struct {
			Charsmap string `json:"precompiled_charsmap"`
		}
		if err := p.decode(&v); err != nil {
			return nil, err
		}
		data, err := base64.StdEncoding.DecodeString(v.Charsmap)
		if err != nil {
			return nil, fmt.Errorf("precompiled_charsmap: %w", err)
		}
		rules, err := parseCharsmap(data)
		return precompiled{rules}, err
	case p.is("Strip"):
		var v struct {
			Left  bool `json:"strip_left"`
			Right bool `json:"strip_right"`
		}
		err := p.decode(&v)
		return strip{v.Left, v.Right}, err
	case p.is("Replace"):
		return p.replace()
	case p.is("Sequence"):
		var v struct{ Normalizers []*jsonPart }
		if err := p.decode(&v); err != nil {
			return nil, err
		}
		all := normalizers{validUTF8{}}
		for _, part := range v.Normalizers {
			if part == nil {
				return nil, errors.New("a null in a Sequence")
			}
			step, err := part.normalizer()
			if err != nil {
				return nil, err
			}
			all = append(all, step)
		}
		return all, nil
	}
	return nil, fmt.Errorf("%s is not supported with a Unigram model", p)
}

// bertNormalizer returns the normalizer of a WordPiece model.
func (p *jsonPart) bertNormalizer(classes classes) (*bertNormalizer, error) {
	if !p.is("BertNormalizer") {
		return nil, unsupported("with a WordPiece model, the normalizer", p)
	}
	var v struct {
		CleanText    bool  `json:"clean_text"`
		Ideographs   bool  `json:"handle_chinese_chars"`
		StripAccents *bool `json:"strip_accents"`
		Lowercase    bool  `json:"lowercase"`
	}
	if err := p.decode(&v); err != nil {
		return nil, err
	}
	if !v.CleanText {
		return nil, errors.New("BertNormalizer with clean_text = false is not supported")
	}
	return &bertNormalizer{v.Ideographs, isTrue(v.StripAccents, v.Lowercase), v.Lowercase, classes}, nil
}

// validUTF8 replaces every byte that is not UTF-8 by U+FFFD: the texts of
// Hugging Face's tokenizers have none.
type validUTF8 struct{}

func (validUTF8) appendNormal(dst, text []byte) []byte {
	for len(text) > 0 {
		size, char := decode(text)
		dst = append(dst, char...)
		text = text[size:]
	}
	return dst
}

// precompiled applies a charsmap as Hugging Face's tokenizers do, which is not
// quite as SentencePiece does: to a grapheme as a whole if it has less than six
// bytes, and then by the shortest rule that it begins with, else to its
// characters.
type precompiled struct{ rules *charsmap }

func (n precompiled) appendNormal(dst, text []byte) []byte {
	const shortGrapheme = 6
	for all := graphemes.FromBytes(validUTF8{}.appendNormal(nil, text)); all.Next(); {
		grapheme := all.Value()
		if len(grapheme) < shortGrapheme {
			if size, s := n.rules.match(grapheme, true); size > 0 {
				dst = append(dst, s...)
				continue
			}
		}
		for len(grapheme) > 0 {
			size, char := decode(grapheme)
			if found, s := n.rules.match(char, true); found > 0 {
				char = s
			}
			dst = append(dst, char...)
			grapheme = grapheme[size:]
		}
	}
	return dst
}

// strip takes spaces off the ends.
type strip struct{ left, right bool }

func (n strip) appendNormal(dst, text []byte) []byte {
	if n.left {
		text = bytes.TrimLeftFunc(text, unicode.IsSpace)
	}
	if n.right {
		text = bytes.TrimRightFunc(text, unicode.IsSpace)
	}
	return append(dst, text...)
}

// replace returns a Replace: of a string, or of two and more spaces, the one
// regular expression in the tokenizers of this family.
func (p *jsonPart) replace() (normalizer, error) {
	var v struct {
		Pattern struct{ String, Regex string }
		Content string
	}
	if err := p.decode(&v); err != nil {
		return nil, err
	}
	switch {
	case v.Pattern.Regex == " {2,}":
		return replaceSpaces(v.Content), nil
	case v.Pattern.Regex == "" && v.Pattern.String != "":
		return replace{[]byte(v.Pattern.String), []byte(v.Content)}, nil
	}
	return nil, fmt.Errorf("a Replace of the regular expression %q is not supported", v.Pattern.Regex)
}

type replace struct{ pattern, content []byte }

func (n replace) appendNormal(dst, text []byte) []byte {
	return append(dst, bytes.ReplaceAll(text, n.pattern, n.content)...)
}

// replaceSpaces is what two and more spaces become.
type replaceSpaces string

func (n replaceSpaces) appendNormal(dst, text []byte) []byte {
	for len(text) > 0 {
		rest := bytes.TrimLeft(text, " ")
		switch spaces := len(text) - len(rest); {
		case spaces > 1:
			dst = append(dst, n...)
			text = rest
		default:
			dst = append(dst, text[0])
			text = text[1:]
		}
	}
	return dst
}

// metaspace is a Metaspace pre-tokenizer, with a WhitespaceSplit before it or
// not, and the model for the words that it makes.
type metaspace struct {
	whitespaceSplit bool
	prepend         bool // a ▁ before what has none
	split           bool // before every ▁
	replacement     []byte
	model           model
}

// metaspace returns the pre-tokenizer of a Unigram model, before that model.
func (p *jsonPart) metaspace(m model) (*metaspace, error) {
	var v struct {
		Pretokenizers  []*jsonPart
		Replacement    string
		AddPrefixSpace *bool  `json:"add_prefix_space"`
		PrependScheme  string `json:"prepend_scheme"`
		Split          *bool
	}
	if p != nil {
		if err := p.decode(&v); err != nil {
			return nil, err
		}
	}
	switch {
	case p.is("Metaspace"):
		prepend := isTrue(v.AddPrefixSpace, true)
		switch v.PrependScheme {
		case "":
		case "always":
			prepend = true
		case "never":
			prepend = false
		default:
			return nil, fmt.Errorf("a Metaspace with prepend_scheme = %q is not supported", v.PrependScheme)
		}
		if v.Replacement == "" {
			return nil, errors.New("a Metaspace without a replacement")
		}
		return &metaspace{prepend: prepend, split: isTrue(v.Split, true), replacement: []byte(v.Replacement), model: m}, nil
	case p.is("Sequence") && len(v.Pretokenizers) == 2 &&
		v.Pretokenizers[0].is("WhitespaceSplit") && v.Pretokenizers[1].is("Metaspace"):
		words, err := v.Pretokenizers[1].metaspace(m)
		if err != nil {
			return nil, err
		}
		words.whitespaceSplit = true
		return words, nil
	}
	return nil, fmt.Errorf("%s is not supported with a Unigram model: Metaspace, or WhitespaceSplit and Metaspace, is", p)
}

// appendIDs implements model.
func (w *metaspace) appendIDs(ids []int32, text []byte) []int32 {
	if !w.whitespaceSplit {
		return w.appendWord(ids, text)
	}
	for _, word := range bytes.FieldsFunc(text, unicode.IsSpace) {
		ids = w.appendWord(ids, word)
	}
	return ids
}

func (w *metaspace) appendWord(ids []int32, word []byte) []int32 {
	if len(word) == 0 {
		return ids
	}
	word = bytes.ReplaceAll(word, []byte(" "), w.replacement)
	if w.prepend && !bytes.HasPrefix(word, w.replacement) {
		word = append(w.replacement[:len(w.replacement):len(w.replacement)], word...)
	}
	if !w.split {
		return w.model.appendIDs(ids, word)
	}
	for len(word) > 0 {
		next := len(word)
		if from := min(len(w.replacement), len(word)); bytes.HasPrefix(word, w.replacement) {
			if i := bytes.Index(word[from:], w.replacement); i >= 0 {
				next = from + i
			}
		} else if i := bytes.Index(word, w.replacement); i >= 0 {
			next = i
		}
		ids = w.model.appendIDs(ids, word[:next])
		word = word[next:]
	}
	return ids
}
