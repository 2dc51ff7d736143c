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

// Methods returns the methods of arXiv 2408.10536, of LAReQA (arXiv
// 2004.05484), from which it takes the first three, and of SimCSE (arXiv
// 2104.08821). All draw the dataset once a batch, in proportion to the number of
// its items that the batch could take, and items without replacement.
func Methods() []Method {
	return append([]Method{
		{
			Name: xx,
			Doc:  "Each row is in one language, drawn for the row; the batch mixes languages.",
			New:  func(json.RawMessage) (Sampler, error) { return XX{}, nil },
		},
		{
			Name: xxMono,
			Doc:  "The whole batch is in one language, drawn uniformly for the batch.",
			New:  func(json.RawMessage) (Sampler, error) { return XXMono{}, nil },
		},
		{
			Name: xy,
			Doc:  "Each row's question and passage are in two different languages, drawn for the row.",
			New:  func(json.RawMessage) (Sampler, error) { return XY{}, nil },
		},
		{
			Name: hybrid,
			Doc:  "Each batch is x-x-mono with probability alpha and x-y otherwise.",
			Params: []stages.Param{{
				Name: "alpha", Type: "number", Default: "0.5",
				Doc: "Probability of a monolingual batch, 0 to 1.",
			}},
			New: newHybrid,
		},
	}, simCSEMethods()...)
}

// XX is the method x-x.
type XX struct{}

// Batch implements Sampler.
func (XX) Batch(pool *Pool, step Step, rng *Rand) (Batch, error) {
	d, items, err := pool.Pick(step.Size, rng, "", (*Dataset).Items)
	if err != nil {
		return Batch{}, err
	}
	rows := Rows(items, step.Size, rng, func(i Item) Row {
		langs := pool.LangsOf(i)
		lang := langs[rng.IntN(len(langs))]
		return Row{Item: i, Query: lang, Passage: lang}
	})
	return Batch{Draw: xx, Dataset: d, Rows: rows}, nil
}

// XXMono is the method x-x-mono.
type XXMono struct{}

// Batch implements Sampler.
func (XXMono) Batch(pool *Pool, step Step, rng *Rand) (Batch, error) {
	lang := pool.Langs()[rng.IntN(len(pool.Langs()))]
	d, items, err := pool.Pick(step.Size, rng, " in "+lang, func(d *Dataset) []Item { return d.In(lang) })
	if err != nil {
		return Batch{}, err
	}
	rows := Rows(items, step.Size, rng, func(i Item) Row { return Row{Item: i, Query: lang, Passage: lang} })
	return Batch{Draw: xxMono, Dataset: d, Rows: rows}, nil
}

// XY is the method x-y.
type XY struct{}

// Batch implements Sampler.
func (XY) Batch(pool *Pool, step Step, rng *Rand) (Batch, error) {
	d, items, err := pool.Pick(step.Size, rng, " in two languages", (*Dataset).Multilingual)
	if err != nil {
		return Batch{}, err
	}
	rows := Rows(items, step.Size, rng, func(i Item) Row {
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

// Hybrid is the method hybrid: a batch is XXMono with probability Alpha and XY
// otherwise.
type Hybrid struct{ Alpha float64 }

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
	return Hybrid{Alpha: p.Alpha}, nil
}

// Batch implements Sampler.
func (h Hybrid) Batch(pool *Pool, step Step, rng *Rand) (Batch, error) {
	if rng.Float64() < h.Alpha {
		return XXMono{}.Batch(pool, step, rng)
	}
	return XY{}.Batch(pool, step, rng)
}

// Pick draws a dataset among those whose eligible items fill a batch of size
// rows, in proportion to its size or, if the workflow says so, uniformly, and
// returns it with those items. what completes "items" in the error that none
// has enough, " in de".
func (p *Pool) Pick(size int, rng *Rand, what string, eligible func(*Dataset) []Item) (*Dataset, []Item, error) {
	weights := make([]int, len(p.datasets))
	largest, enough := 0, false
	for k, d := range p.datasets {
		n := len(eligible(d))
		largest = max(largest, n)
		if n >= size {
			weights[k], enough = len(d.Items()), true
			if p.equal {
				weights[k] = 1
			}
		}
	}
	if !enough {
		return nil, nil, tooFew(size, largest, what)
	}
	d := p.datasets[rng.Weighted(weights)]
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

// Rows makes one row of each of size different items, drawn uniformly; there
// must be so many.
func Rows(items []Item, size int, rng *Rand, row func(Item) Row) []Row {
	rows := make([]Row, size)
	for k, n := range rng.Sample(len(items), size) {
		rows[k] = row(items[n])
	}
	return rows
}
