package search

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"path/filepath"
	"sync/atomic"

	"golang.org/x/sync/errgroup"
	"gonum.org/v1/gonum/blas/blas32"

	"repro/stages"
	"repro/stages/tensor"
)

const (
	// lanes is the multiple that rows are padded to. The dot product sums in an
	// order that depends on a row's alignment and tail; with padding it is the
	// same for all rows, so that equal texts get equal scores.
	lanes = 16
	// most queries that are compared with a tile of documents before the next
	// tile is read.
	queryBlock = 256
	// tileFloats is about how many values of documents are in memory of each
	// thread: they stay in the processor's cache.
	tileFloats = 64 << 10
)

// none is the document that a query without a twin leaves out.
const none = -1

// Index is what is searched: the vectors of queries and documents, which have
// equally many columns.
type Index struct {
	Queries, Docs *tensor.NPYFile

	stride int
	self   []int // query → the document with its identifier, or none
}

// Skips reports whether a document is to be left out for a query.
func (x *Index) Skips(query, doc int) bool { return x.self[query] == doc }

// openIndex opens the embeddings folder dir of a retrieval set with so many
// queries and documents.
func openIndex(dir string, queries, docs int) (_ *Index, err error) {
	x := &Index{}
	defer func() {
		if err != nil {
			x.close()
		}
	}()
	if x.Queries, err = openRows(dir, "queries.npy", queries); err != nil {
		return nil, err
	}
	if x.Docs, err = openRows(dir, "corpus.npy", docs); err != nil {
		return nil, err
	}
	if x.Queries.Cols != x.Docs.Cols {
		return nil, fmt.Errorf("%w: %s: queries have %d dimensions and documents %d: embed both with one model", stages.ErrInput, dir, x.Queries.Cols, x.Docs.Cols)
	}
	if int64(docs) > math.MaxUint32 {
		return nil, fmt.Errorf("%w: %s: %d documents are more than 2³²", stages.ErrInput, dir, docs)
	}
	x.stride = (x.Docs.Cols + lanes - 1) / lanes * lanes
	return x, nil
}

func openRows(dir, file string, want int) (*tensor.NPYFile, error) {
	m, err := tensor.OpenNPY(filepath.Join(dir, file))
	if err != nil {
		return nil, err
	}
	if m.Rows != want {
		_ = m.Close()
		return nil, fmt.Errorf("%w: %s has %d rows and the retrieval set %d: embed the set that is searched", stages.ErrInput, filepath.Join(dir, file), m.Rows, want)
	}
	return m, nil
}

// close closes the files, which are open for reading only.
func (x *Index) close() {
	for _, m := range []*tensor.NPYFile{x.Queries, x.Docs} {
		if m != nil {
			_ = m.Close()
		}
	}
}

// searchGo is the built-in backend.
func searchGo(ctx context.Context, x *Index, _ json.RawMessage, job *stages.Job, k int) ([][]Key, error) {
	best := make([][]Key, x.Queries.Rows)
	threads := max(1, job.Threads)
	size := min(queryBlock, (len(best)+threads-1)/threads)
	var done atomic.Int64
	total := int64(len(best)) * int64(x.Docs.Rows)
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(threads)
	for from := 0; from < len(best); from += size {
		to := min(from+size, len(best))
		group.Go(func() error {
			return x.block(ctx, from, k, best[from:to], func(scores int) {
				job.Progress(done.Add(int64(scores)), total, "scores")
			})
		})
	}
	return best, group.Wait()
}

// block searches for the queries from first on, one for each element of best.
func (x *Index) block(ctx context.Context, first, k int, best [][]Key, tell func(scores int)) error {
	queries := make([]float32, len(best)*x.stride)
	if err := x.Queries.Reader().Read(queries, x.stride, first, len(best)); err != nil {
		return err
	}
	tops := make([]*Top, len(best))
	for q := range tops {
		tops[q] = NewTop(k)
	}
	rows := max(1, tileFloats/max(1, x.stride))
	tile, docs := make([]float32, rows*x.stride), x.Docs.Reader()
	for from := 0; from < x.Docs.Rows; from += rows {
		if err := ctx.Err(); err != nil {
			return err
		}
		n := min(rows, x.Docs.Rows-from)
		if err := docs.Read(tile, x.stride, from, n); err != nil {
			return err
		}
		for q, top := range tops {
			query := x.vector(queries, q)
			for i := range n {
				score := blas32.Dot(query, x.vector(tile, i))
				if score != score {
					return fmt.Errorf("%w: the score of query %d and document %d (from 0) is not a number: check the embeddings of both", stages.ErrInput, first+q, from+i)
				}
				if !x.Skips(first+q, from+i) {
					top.Add(NewKey(score, uint32(from+i)))
				}
			}
		}
		tell(n * len(best))
	}
	for q, top := range tops {
		best[q] = append([]Key(nil), top.Best()...)
	}
	return nil
}

func (x *Index) vector(rows []float32, i int) blas32.Vector {
	return blas32.Vector{N: x.stride, Inc: 1, Data: rows[i*x.stride : (i+1)*x.stride]}
}
