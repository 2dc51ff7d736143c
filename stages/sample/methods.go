package sample

import (
	"encoding/json"
	"fmt"
	"math"

	"repro/stages"
)

// The names of the paper's methods.
const (
	xx     = "x-x"
	xxMono = "x-x-mono"
	xy     = "x-y"
	hybrid = "hybrid"
)

// Methods returns the methods of arXiv 2408.10536 and of LAReQA (arXiv
// 2004.05484), from which it takes the first three. All draw the dataset once
// a batch, in proportion to the number of its items that the batch could take,
// and items without replacement.
func Methods() []Method {
	return []Method{
		{
			Name: xx,
			Doc:  "Each row is in one language, drawn for the row; the batch mixes languages.",
			New:  func(json.RawMessage) (Sampler, error) { return sampleXX{}, nil },
		},
		{
			Name: xxMono,
			Doc:  "The whole batch is in one language, drawn uniformly for the batch.",
			New:  func(json.RawMessage) (Sampler, error) { return sampleXXMono{}, nil },
		},
		{
			Name: xy,
			Doc:  "Each row's question and passage are in two different languages, drawn for the row.",
			New:  func(json.RawMessage) (Sampler, error) { return sampleXY{}, nil },
		},
		{
			Name: hybrid,
			Doc:  "Each batch is x-x-mono with probability alpha and x-y otherwise.",
			Params: []stages.Param{{
				Name: "alpha", Type: "number", Default: "0.5",
				Doc: "Probability of a monolingual batch, for hybrid only, 0 to 1.",
			}},
			New: newHybrid,
		},
	}
}

type sampleXX struct{}

func (sampleXX) Batch(pool *Pool, size int, rng *Rand) (Batch, error) {
	d, items, err := pick(pool, size, rng, "", (*Dataset).Items)
	if err != nil {
		return Batch{}, err
	}
	rows := draw(items, size, rng, func(i Item) Row {
		langs := pool.LangsOf(i)
		lang := langs[rng.IntN(len(langs))]
		return Row{Item: i, Query: lang, Passage: lang}
	})
	return Batch{Draw: xx, Dataset: d, Rows: rows}, nil
}

type sampleXXMono struct{}

func (sampleXXMono) Batch(pool *Pool, size int, rng *Rand) (Batch, error) {
	lang := pool.Langs()[rng.IntN(len(pool.Langs()))]
	d, items, err := pick(pool, size, rng, " in "+lang, func(d *Dataset) []Item { return d.In(lang) })
	if err != nil {
		return Batch{}, err
	}
	rows := draw(items, size, rng, func(i Item) Row { return Row{Item: i, Query: lang, Passage: lang} })
	return Batch{Draw: xxMono, Dataset: d, Rows: rows}, nil
}

type sampleXY struct{}

func (sampleXY) Batch(pool *Pool, size int, rng *Rand) (Batch, error) {
	d, items, err := pick(pool, size, rng, " in two languages", (*Dataset).Multilingual)
	if err != nil {
		return Batch{}, err
	}
	rows := draw(items, size, rng, func(i Item) Row {
		langs := pool.LangsOf(i)
		x := rng.IntN(len(langs))
		y := rng.IntN(len(langs) - 1)
		if y >= x {
			y++ // all languages but x, uniformly
		}
		return Row{Item: i, Query: langs[x], Passage: langs[y]}
	})
	return Batch{Draw: xy, Dataset: d, Rows: rows}, nil
}

type sampleHybrid struct{ alpha float64 }

func newHybrid(params json.RawMessage) (Sampler, error) {
	var p struct {
		Alpha float64 `json:"alpha"`
	}
	if err := stages.DecodeParams(params, &p); err != nil {
		return nil, err
	}
	if math.IsNaN(p.Alpha) || p.Alpha < 0 || p.Alpha > 1 {
		return nil, &stages.ParamError{Param: "alpha", Problem: fmt.Sprintf("%v is no probability", p.Alpha), Hint: "Give a number from 0 to 1"}
	}
	return sampleHybrid{alpha: p.Alpha}, nil
}

func (s sampleHybrid) Batch(pool *Pool, size int, rng *Rand) (Batch, error) {
	if rng.Float64() < s.alpha {
		return sampleXXMono{}.Batch(pool, size, rng)
	}
	return sampleXY{}.Batch(pool, size, rng)
}

// pick draws a dataset among those whose eligible items fill a batch, in
// proportion to its size or, if the pool says so, uniformly. what completes "items" in the error.
func pick(pool *Pool, size int, rng *Rand, what string, eligible func(*Dataset) []Item) (*Dataset, []Item, error) {
	weights := make([]int, len(pool.Datasets()))
	largest, enough := 0, false
	for k, d := range pool.Datasets() {
		n := len(eligible(d))
		largest = max(largest, n)
		if n >= size {
			weights[k], enough = len(d.Items()), true
			if pool.equal {
				weights[k] = 1
			}
		}
	}
	if !enough {
		return nil, nil, tooFew(size, largest, what)
	}
	d := pool.Datasets()[rng.Weighted(weights)]
	return d, eligible(d), nil
}

func tooFew(size, largest int, what string) error {
	if largest == 0 {
		return fmt.Errorf("%w: no dataset has items%s. Give translated pairs too, or choose another sampler", stages.ErrInput, what)
	}
	return &stages.ParamError{
		Param:   "batch_size",
		Problem: fmt.Sprintf("%d, but the largest dataset has %d items%s", size, largest, what),
		Hint:    "A batch takes no item twice: make it smaller, or give more pairs",
	}
}

// draw makes one row of each of size different items.
func draw(items []Item, size int, rng *Rand, row func(Item) Row) []Row {
	rows := make([]Row, size)
	for k, n := range rng.Sample(len(items), size) {
		rows[k] = row(items[n])
	}
	return rows
}
