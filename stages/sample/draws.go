package sample

import (
	"encoding/json"
	"fmt"
	"io"

	"repro/stages"
	"repro/stages/corpus"
)

// drawLine is one batch of a file of draws: what a sampler in another process
// answers. A field has an element for each row.
type drawLine struct {
	Draw        string       `json:"draw"`
	Items       []Item       `json:"items"`
	Query       []string     `json:"query"`
	Passage     []string     `json:"passage"`
	QueryText   []string     `json:"query_text,omitempty"`
	PassageText []string     `json:"passage_text,omitempty"`
	Negatives   [][]negative `json:"negatives,omitempty"`
}

// negative is a Passage as [item, language].
type negative Passage

// MarshalJSON implements json.Marshaler.
func (n negative) MarshalJSON() ([]byte, error) { return json.Marshal([]any{n.Item, n.Lang}) }

// UnmarshalJSON implements json.Unmarshaler.
func (n *negative) UnmarshalJSON(raw []byte) error {
	fields := []any{&n.Item, &n.Lang}
	if err := json.Unmarshal(raw, &fields); err != nil || len(fields) != 2 {
		return fmt.Errorf("a negative is [item, language], not %s", raw)
	}
	return nil
}

// WriteDraws writes the new file name with every batch that draw yields.
func WriteDraws(name string, draw func(yield func(Batch) error) error) error {
	return corpus.Create(name, func(w io.Writer) error {
		enc := newEncoder(w)
		return draw(func(b Batch) error { return enc.Encode(newDrawLine(b)) })
	})
}

func newDrawLine(b Batch) drawLine {
	l := drawLine{
		Draw:  b.Draw,
		Items: make([]Item, len(b.Rows)), Query: make([]string, len(b.Rows)), Passage: make([]string, len(b.Rows)),
	}
	for i, r := range b.Rows {
		l.Items[i], l.Query[i], l.Passage[i] = r.Item, r.Query, r.Passage
		setColumn(&l.QueryText, len(b.Rows), i, r.QueryText)
		setColumn(&l.PassageText, len(b.Rows), i, r.PassageText)
		if len(r.Negatives) == 0 {
			continue
		}
		if l.Negatives == nil {
			l.Negatives = make([][]negative, len(b.Rows))
		}
		for _, n := range r.Negatives {
			l.Negatives[i] = append(l.Negatives[i], negative(n))
		}
	}
	return l
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
	return corpus.ReadLines(name, func(l drawLine) error {
		b, err := l.batch(pool)
		if err != nil {
			return err
		}
		return yield(b)
	})
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
		r := Row{Item: item, Query: l.Query[i], Passage: l.Passage[i]}
		if l.QueryText != nil {
			r.QueryText = l.QueryText[i]
		}
		if l.PassageText != nil {
			r.PassageText = l.PassageText[i]
		}
		if l.Negatives != nil {
			for _, n := range l.Negatives[i] {
				r.Negatives = append(r.Negatives, Passage(n))
			}
		}
		b.Rows[i] = r
	}
	return b, nil
}
