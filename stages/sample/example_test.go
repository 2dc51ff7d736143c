package sample_test

import (
	"fmt"

	"repro/stages/corpus"
	"repro/stages/sample"
)

// english draws English pairs only.
type english struct{}

func (english) Batch(pool *sample.Pool, step sample.Step, rng *sample.Rand) (sample.Batch, error) {
	d, items, err := pool.Pick(step.Size, rng, " in English", func(d *sample.Dataset) []sample.Item { return d.In("en") })
	if err != nil {
		return sample.Batch{}, err
	}
	rows := sample.Rows(items, step.Size, rng, func(item sample.Item) sample.Row {
		return sample.Row{Item: item, Query: "en", Passage: "en"}
	})
	return sample.Batch{Draw: "english", Dataset: d, Rows: rows}, nil
}

// A sampler is one method. All chance comes from rng, so that a batch is the
// same whenever it is drawn.
func ExampleSampler() {
	pool, err := sample.NewPool([]corpus.Pair{
		{Dataset: "facts", ID: "1", Lang: "en", Query: "How many legs has a spider?", Passage: "A spider has eight legs."},
		{Dataset: "facts", ID: "1", Lang: "de", Query: "Wie viele Beine hat eine Spinne?", Passage: "Eine Spinne hat acht Beine."},
		{Dataset: "facts", ID: "2", Lang: "en", Query: "What do bees make?", Passage: "Bees make honey."},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	batch, err := english{}.Batch(pool, sample.Step{Total: 1, Size: 2}, sample.NewRand(0, 0))
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, row := range batch.Rows {
		query, passage, _ := pool.Text(row.Item, row.Query)
		fmt.Println(query, passage)
	}
	// Unordered output:
	// How many legs has a spider? A spider has eight legs.
	// What do bees make? Bees make honey.
}
