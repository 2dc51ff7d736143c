//go:build gotch

package trainer

import (
	"cmp"
	"context"
	"iter"
	"slices"

	"repro/stages/hf"
	"repro/stages/tokenize"
	"repro/stages/train"
)

// tokens is a batch as ids: the questions, then the passages.
type tokens struct {
	texts   [][]int32
	queries int
	masked  func(i, j int) bool // as train.Batch has it
}

// passages returns how many passages each question is scored against.
func (b *tokens) passages() int { return len(b.texts) - b.queries }

// lexer turns batches into ids.
type lexer struct {
	tokenizer                  tokenize.Tokenizer
	queryLength, passageLength int
	queryPrefix, passagePrefix string
}

func newLexer(t tokenize.Tokenizer, m *hf.Model, o *params) *lexer {
	l := &lexer{
		tokenizer: t, queryLength: m.MaxLength, passageLength: m.MaxLength,
		queryPrefix: m.Prompts[promptQuery], passagePrefix: m.Prompts[promptPassage],
	}
	if o.QueryLength != nil {
		l.queryLength = min(l.queryLength, *o.QueryLength)
	}
	if o.PassageLength != nil {
		l.passageLength = min(l.passageLength, *o.PassageLength)
	}
	return l
}

func (l *lexer) batch(b train.Batch) *tokens {
	t := &tokens{queries: len(b.Queries), masked: b.Masked}
	for _, q := range b.Queries {
		t.texts = append(t.texts, l.tokenizer.Encode(l.queryPrefix+q, l.queryLength))
	}
	for _, p := range b.Passages {
		t.texts = append(t.texts, l.tokenizer.Encode(l.passagePrefix+p, l.passageLength))
	}
	return t
}

// ahead returns the batches as ids, made while the batch before is computed.
func (l *lexer) ahead(ctx context.Context, batches iter.Seq2[train.Batch, error]) iter.Seq2[*tokens, error] {
	type made struct {
		tokens *tokens
		err    error
	}
	return func(yield func(*tokens, error) bool) {
		ctx, cancel := context.WithCancel(ctx)
		out := make(chan made, 2)
		done := make(chan struct{})
		go func() {
			defer close(done)
			defer close(out)
			for b, err := range batches {
				m := made{err: err}
				if err == nil {
					m.tokens = l.batch(b)
				}
				select {
				case out <- m:
				case <-ctx.Done():
					return
				}
			}
		}()
		defer func() { cancel(); <-done }()
		for m := range out {
			if !yield(m.tokens, m.err) {
				return
			}
		}
	}
}

// A chunk is padded to its longest text. Where that fills up more than this
// share of it, and there are texts enough to keep the device busy, the shorter
// ones get a chunk of their own.
const (
	maxPadding = 0.08
	minChunk   = 16
)

// chunks divides the numbers of texts into groups of at most limit (0: any
// number), each in order of length, that waste little on padding.
func chunks(texts [][]int32, limit int) [][]int {
	order := make([]int, len(texts))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(len(texts[b]), len(texts[a])) })
	var all [][]int
	for len(order) > 0 {
		longest, used, n := len(texts[order[0]]), 0, 0
		for n < len(order) && (limit == 0 || n < limit) {
			used += len(texts[order[n]])
			if n >= minChunk && len(order)-n >= minChunk && float64(used) < (1-maxPadding)*float64(longest*(n+1)) {
				break
			}
			n++
		}
		all = append(all, order[:n])
		order = order[n:]
	}
	return all
}
