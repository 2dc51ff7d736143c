package tokenize

import (
	"fmt"
	"slices"
	"strings"
)

// BERT's special tokens.
const (
	bertPad       = "[PAD]"
	bertUnknown   = "[UNK]"
	bertClass     = "[CLS]"
	bertSeparator = "[SEP]"
	bertMask      = "[MASK]"
)

// loadBERT reads a vocab.txt: one piece a line, whose number from 0 on is the
// id.
func loadBERT(data []byte, c *config) (*pipeline, error) {
	if !isTrue(c.DoBasicTokenize, true) {
		return nil, fmt.Errorf("do_basic_tokenize = false in %s is not supported", fileConfig)
	}
	var vocabulary []key
	ids := make(map[string]int32)
	lines := strings.Split(strings.TrimSuffix(string(data), "\n"), "\n")
	for i, line := range lines {
		if line = strings.TrimSuffix(line, "\r"); line != "" {
			vocabulary = append(vocabulary, key{line, int32(i)})
			ids[line] = int32(i)
		}
	}
	if err := checkPieces(vocabulary); err != nil {
		return nil, err
	}
	tokens := slices.Clone(c.added)
	special := make(map[string]int32)
	for _, t := range []struct {
		name     string
		text     string
		optional bool
	}{
		{"pad", c.PAD.or(bertPad), false},
		{"unk", c.UNK.or(bertUnknown), false},
		{"cls", c.CLS.or(bertClass), false},
		{"sep", c.SEP.or(bertSeparator), false},
		{"mask", c.MASK.or(bertMask), true}, // an encoder works without it
	} {
		id, ok := ids[t.text]
		if !ok && !t.optional {
			return nil, fmt.Errorf("the %s_token %q is not in it", t.name, t.text)
		}
		if special[t.name] = id; ok && c.AddedTokensDecoder == nil {
			tokens = append(tokens, addedToken{ID: id, Content: t.text})
		}
	}
	for _, text := range c.Additional {
		if id, ok := ids[string(text)]; ok && c.AddedTokensDecoder == nil {
			tokens = append(tokens, addedToken{ID: id, Content: string(text)})
		}
	}
	if err := c.checkAdditional(tokens); err != nil {
		return nil, err
	}
	lowercase := isTrue(c.DoLowerCase, true)
	p := &pipeline{
		before: []int32{special["cls"]},
		after:  []int32{special["sep"]},
		pad:    special["pad"],
		size:   sizeOf(len(lines), tokens),
	}
	classes := newClasses()
	p.model = newWordPiece(vocabulary, special["unk"], maxWordChars, classes)
	p.normalizer = &bertNormalizer{
		ideographs:   isTrue(c.TokenizeChineseChars, true),
		lowercase:    lowercase,
		stripAccents: isTrue(c.StripAccents, lowercase),
		classes:      classes,
	}
	p.setAdded(tokens)
	return p, nil
}

// maxPieceBytes bounds what all pieces of a vocabulary hold together, and so
// the memory of its tries. The largest published vocabularies have 4 MiB.
const maxPieceBytes = 16 << 20

func checkPieces(vocabulary []key) error {
	size := 0
	for _, k := range vocabulary {
		if size += len(k.text); size > maxPieceBytes {
			return fmt.Errorf("the pieces hold more than %d bytes", maxPieceBytes)
		}
	}
	return nil
}

// setAdded puts every token to those matched before or after normalizing. The
// latter are normalized themselves.
func (p *pipeline) setAdded(tokens []addedToken) {
	var raw, normal []addedToken
	for _, t := range tokens {
		if t.Normalized {
			t.Content = string(p.normalizer.appendNormal(nil, []byte(t.Content)))
			normal = append(normal, t)
		} else {
			raw = append(raw, t)
		}
	}
	p.raw, p.normal = newAddedTokens(raw), newAddedTokens(normal)
}

// checkAdditional finds additional special tokens that no file gives an id.
func (c *config) checkAdditional(tokens []addedToken) error {
	for _, text := range c.Additional {
		if !slices.ContainsFunc(tokens, func(t addedToken) bool { return t.Content == string(text) }) {
			return fmt.Errorf("additional_special_tokens in %s or %s: %q without an id is not supported", fileConfig, fileSpecial, text)
		}
	}
	return nil
}
