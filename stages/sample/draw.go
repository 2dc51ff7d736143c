package sample

import (
	"context"
	"fmt"
	"slices"

	"repro/stages"
)

// Each hands the batches that s draws to yield, in the order of their steps,
// and reports progress in "steps". It ends with the first error.
func Each(ctx context.Context, s Sampler, pool *Pool, d Draw, job *stages.Job, yield func(Batch) error) error {
	if p, ok := s.(Preparer); ok {
		if err := p.Prepare(ctx, pool, job); err != nil {
			return err
		}
	}
	for number := range d.Steps {
		if err := ctx.Err(); err != nil {
			return err
		}
		b, err := s.Batch(pool, Step{Number: number, Total: d.Steps, Size: d.Size}, NewRand(d.Seed, number))
		if err != nil {
			return fmt.Errorf("step %d: %w", number, err)
		}
		if err := yield(b); err != nil {
			return err
		}
		job.Progress(int64(number+1), int64(d.Steps), "steps")
	}
	return nil
}

// check holds a third party's sampler to the format.
func check(pool *Pool, b Batch, size int) error {
	if b.Dataset == nil || len(b.Rows) != size {
		return fmt.Errorf("drew %d rows, want %d of one dataset", len(b.Rows), size)
	}
	type same struct {
		item                                   Item
		query, passage, queryText, passageText string
	}
	at := make(map[same]int, len(b.Rows))
	for i, r := range b.Rows {
		row := same{r.Item, r.Query, r.Passage, r.QueryText, r.PassageText}
		if first, twice := at[row]; twice && pool.has(b.Dataset, r.Item) {
			return fmt.Errorf("rows %d and %d are the same: item %s of %s in %s and %s. A model learns nothing from telling a row from itself",
				first, i, pool.ID(r.Item), b.Dataset.Name, r.Query, r.Passage)
		}
		at[row] = i
		if !pool.has(b.Dataset, r.Item) {
			return fmt.Errorf("item %d is not of dataset %s", r.Item, b.Dataset.Name)
		}
		if pool.version(r.Item, r.Query) == nil || pool.version(r.Item, r.Passage) == nil {
			return fmt.Errorf("item %s of %s is not in %q and %q", pool.ID(r.Item), b.Dataset.Name, r.Query, r.Passage)
		}
		if slices.Contains(r.NegativeTexts, "") {
			return fmt.Errorf("item %s of %s has a negative without text", pool.ID(r.Item), b.Dataset.Name)
		}
		for _, n := range r.Negatives {
			if !pool.has(b.Dataset, n.Item) {
				return fmt.Errorf("the negative item %d is not of dataset %s", n.Item, b.Dataset.Name)
			}
			if n.Item == r.Item || pool.version(n.Item, n.Lang) == nil {
				return fmt.Errorf("item %s of %s in %q is no negative of item %s", pool.ID(n.Item), b.Dataset.Name, n.Lang, pool.ID(r.Item))
			}
		}
	}
	return nil
}
