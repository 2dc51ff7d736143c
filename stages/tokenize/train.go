package tokenize

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// TrainOptions are the options of TrainWordPiece. The zero value makes a
// vocabulary without case and accents.
type TrainOptions struct {
	// Cased keeps case and accents apart.
	Cased bool
	// Accents keeps marks such as accents where case is not kept. In Hindi and
	// Thai they are vowels.
	Accents bool
	// MinCount is how often two pieces have to stand side by side to become
	// one; 0 means 2.
	MinCount int
	// Characters is how many different characters are kept, the most frequent
	// ones; 0 means a quarter of the vocabulary. A word with another one is
	// unknown.
	Characters int
}

// Vocabulary is a vocabulary of BERT's kind.
type Vocabulary struct {
	Pieces  []string // the place of a piece is its id
	Cased   bool
	Accents bool // kept, as with Cased
}

// TrainWordPiece makes a vocabulary of at most size pieces for BERT's tokenizer
// from texts: the special tokens, the characters, and what byte pair encoding
// merges from them, as WordPieceTrainer of Hugging Face's tokenizers does it.
// The result depends on the texts only, not on their order. Ties, which are
// left to chance there, go to the pieces that came first. Memory is linear in
// the distinct words.
func TrainWordPiece(ctx context.Context, texts iter.Seq[string], size int, o TrainOptions) (*Vocabulary, error) {
	specials := []string{bertPad, bertUnknown, bertClass, bertSeparator, bertMask}
	o.MinCount = cmp.Or(o.MinCount, 2)
	o.Characters = cmp.Or(o.Characters, size/4)
	words, err := countWords(ctx, texts, o)
	if err != nil {
		return nil, err
	}
	if len(words) == 0 {
		return nil, errors.New("train a vocabulary: the texts have no words")
	}
	t := newTrainer(specials, words, o.Characters)
	if len(t.pieces) > size {
		return nil, fmt.Errorf("train a vocabulary: %d pieces have no room for %d special tokens and %d characters: raise the size or lower the characters",
			size, len(specials), len(t.pieces)-len(specials))
	}
	if err := t.train(ctx, size, int64(o.MinCount)); err != nil {
		return nil, err
	}
	return &Vocabulary{Pieces: t.pieces, Cased: o.Cased, Accents: o.Accents}, nil
}

// countWords returns how often each word is in texts.
func countWords(ctx context.Context, texts iter.Seq[string], o TrainOptions) (map[string]int64, error) {
	classes := newClasses()
	n := &bertNormalizer{ideographs: true, stripAccents: !o.Cased && !o.Accents, lowercase: !o.Cased, classes: classes}
	counts := make(map[string]*int64)
	var normal []byte
	for text := range texts {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		normal = n.appendNormal(normal[:0], []byte(text))
		eachWord(classes, normal, func(word []byte) {
			if count := counts[string(word)]; count != nil { // without an allocation for a known word
				*count++
				return
			}
			one := int64(1)
			counts[string(word)] = &one
		})
	}
	words := make(map[string]int64, len(counts))
	for word, count := range counts {
		words[word] = *count
	}
	return words, nil
}

// Save writes vocab.txt and tokenizer_config.json into the folder dir: what
// Load reads, and BertTokenizer in Python.
func (v *Vocabulary) Save(dir string) error {
	config, err := json.MarshalIndent(map[string]any{
		"tokenizer_class": "BertTokenizer",
		"do_lower_case":   !v.Cased,
		"strip_accents":   !v.Cased && !v.Accents,

		"tokenize_chinese_chars": true,
		"pad_token":              bertPad,
		"unk_token":              bertUnknown,
		"cls_token":              bertClass,
		"sep_token":              bertSeparator,
		"mask_token":             bertMask,
	}, "", "  ")
	if err != nil {
		return err
	}
	for name, content := range map[string]string{
		fileVocabulary: strings.Join(v.Pieces, "\n") + "\n",
		fileConfig:     string(config) + "\n",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o644); err != nil {
			return fmt.Errorf("save a vocabulary: %w", err)
		}
	}
	return nil
}

// characters returns the characters of words, the most frequent ones if there
// are more than limit, in their own order.
func characters(words map[string]int64, limit int) []rune {
	counts := make(map[rune]int64)
	for word, n := range words {
		for _, r := range word {
			counts[r] += n
		}
	}
	kept := slices.SortedFunc(maps.Keys(counts), func(a, b rune) int {
		return cmp.Or(cmp.Compare(counts[b], counts[a]), cmp.Compare(a, b))
	})
	kept = kept[:min(len(kept), limit)]
	slices.Sort(kept)
	return kept
}
