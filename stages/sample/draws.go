package sample

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"repro/stages"
	"repro/stages/corpus"
)

// drawLine is one batch of a file of draws: what a sampler in another process
// answers. A field has an element for each row.
type drawLine struct {
	Draw        string       `json:"draw"`
	Items       []Item       `json:"items"`
	Query       []int        `json:"query"` // numbers of languages
	Passage     []int        `json:"passage"`
	QueryText   []string     `json:"query_text,omitempty"`
	PassageText []string     `json:"passage_text,omitempty"`
	Negatives   [][]negative `json:"negatives,omitempty"`

	NegativeTexts [][]string `json:"negative_texts,omitempty"`
}

// negative is the number of an item and of a language: always two.
type negative []int64

// WriteDraws writes the new file name with every batch of the pool that draw
// yields.
func WriteDraws(name string, pool *Pool, draw func(yield func(Batch) error) error) error {
	return corpus.Create(name, func(w io.Writer) error {
		enc := newEncoder(w)
		step := 0
		return draw(func(b Batch) error {
			l, err := newDrawLine(pool, b)
			if err != nil {
				return fmt.Errorf("step %d: %w", step, err)
			}
			step++
			return enc.Encode(l)
		})
	})
}

func newDrawLine(pool *Pool, b Batch) (*drawLine, error) {
	l := &drawLine{
		Draw:  b.Draw,
		Items: make([]Item, len(b.Rows)), Query: make([]int, len(b.Rows)), Passage: make([]int, len(b.Rows)),
	}
	for i, r := range b.Rows {
		var err error
		l.Items[i] = r.Item
		if l.Query[i], err = pool.langNumber(r.Query); err != nil {
			return nil, err
		}
		if l.Passage[i], err = pool.langNumber(r.Passage); err != nil {
			return nil, err
		}
		setColumn(&l.QueryText, len(b.Rows), i, r.QueryText)
		setColumn(&l.PassageText, len(b.Rows), i, r.PassageText)
		if len(r.NegativeTexts) > 0 {
			if l.NegativeTexts == nil {
				l.NegativeTexts = make([][]string, len(b.Rows))
			}
			l.NegativeTexts[i] = r.NegativeTexts
		}
		if len(r.Negatives) == 0 {
			continue
		}
		if l.Negatives == nil {
			l.Negatives = make([][]negative, len(b.Rows))
		}
		for _, n := range r.Negatives {
			lang, err := pool.langNumber(n.Lang)
			if err != nil {
				return nil, err
			}
			l.Negatives[i] = append(l.Negatives[i], negative{int64(n.Item), int64(lang)})
		}
	}
	return l, nil
}

func (p *Pool) langNumber(lang string) (int, error) {
	n := slices.Index(p.langs, lang)
	if n < 0 {
		return 0, fmt.Errorf("the pool has no language %q; it has %s", lang, strings.Join(p.langs, ", "))
	}
	return n, nil
}

func (p *Pool) langName(number int) (string, error) {
	if number < 0 || number >= len(p.langs) {
		return "", fmt.Errorf("%w: language %d of %d", stages.ErrInput, number, len(p.langs))
	}
	return p.langs[number], nil
}

// setColumn sets an element of a column that exists only if something is in it.
func setColumn(column *[]string, rows, i int, text string) {
	if text == "" {
		return
	}
	if *column == nil {
		*column = make([]string, rows)
	}
	(*column)[i] = text
}

// ReadDraws hands the batches in a file of draws to yield, as they are: whether
// they fit the pool is for the reader to check. A file that is not in the
// format is an error that names the line.
func ReadDraws(name string, pool *Pool, yield func(Batch) error) error {
	var refused error // by who takes the batch: no fault of the file's
	err := corpus.ReadLines(name, func(l drawLine) error {
		b, err := l.batch(pool)
		if err != nil {
			return err
		}
		refused = yield(b)
		return refused
	})
	if refused != nil {
		return refused
	}
	return err
}

func (l *drawLine) batch(pool *Pool) (Batch, error) {
	n := len(l.Items)
	for name, length := range map[string]int{"query": len(l.Query), "passage": len(l.Passage)} {
		if length != n {
			return Batch{}, fmt.Errorf("%w: %d items but %d elements of %s", stages.ErrInput, n, length, name)
		}
	}
	for name, length := range map[string]int{
		"query_text": len(l.QueryText), "passage_text": len(l.PassageText), "negatives": len(l.Negatives),
		"negative_texts": len(l.NegativeTexts),
	} {
		if length != n && length != 0 {
			return Batch{}, fmt.Errorf("%w: %d items but %d elements of %s", stages.ErrInput, n, length, name)
		}
	}
	b := Batch{Draw: l.Draw, Rows: make([]Row, n)}
	for i, item := range l.Items {
		if item < 0 || int(item) >= pool.Items() {
			return Batch{}, fmt.Errorf("%w: item %d of %d", stages.ErrInput, item, pool.Items())
		}
		if i == 0 {
			b.Dataset = pool.dataset(item)
		}
		r := Row{Item: item}
		var err error
		if r.Query, err = pool.langName(l.Query[i]); err != nil {
			return Batch{}, err
		}
		if r.Passage, err = pool.langName(l.Passage[i]); err != nil {
			return Batch{}, err
		}
		if len(l.QueryText) > 0 {
			r.QueryText = l.QueryText[i]
		}
		if len(l.PassageText) > 0 {
			r.PassageText = l.PassageText[i]
		}
		if len(l.NegativeTexts) > 0 {
			r.NegativeTexts = l.NegativeTexts[i]
		}
		if len(l.Negatives) > 0 {
			for _, n := range l.Negatives[i] {
				if len(n) != 2 || n[0] < 0 || n[0] >= int64(pool.Items()) {
					return Batch{}, fmt.Errorf("%w: %v is no negative: want the number of an item of %d and of a language", stages.ErrInput, n, pool.Items())
				}
				lang, err := pool.langName(int(n[1]))
				if err != nil {
					return Batch{}, err
				}
				r.Negatives = append(r.Negatives, Passage{Item: Item(n[0]), Lang: lang})
			}
		}
		b.Rows[i] = r
	}
	return b, nil
}
