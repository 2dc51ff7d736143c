package evaluate

import (
	"context"
	"math"
	"slices"
	"sync"

	"golang.org/x/sync/errgroup"

	"repro/stages"
)

// queryBlock is how many queries are ranked at once: each tile of documents
// is then read once for all of them.
const queryBlock = 32

// allLangs is the doc_lang of the multilingual setting.
const allLangs = "all"

type evaluation struct {
	params params
	pool   *pool
	ranker ranker // nil for a random ranking
	chance chance // for a random ranking

	// unranked says that not every answer has a rank, so that there is no
	// rank-distance and no gold-rank.
	unranked bool
}

// result is what is kept of one query.
type result struct {
	rows     []row
	goldRank []float64 // in the order of pool.golds; only in the multilingual setting
	top      []hit
}

// row is the value of each metric of one query in one setting.
type row struct {
	setting string
	docLang string
	values  []float64 // metricNames, then biasNames in the multilingual setting; NaN where undefined
}

// run ranks and scores all queries.
func (e *evaluation) run(ctx context.Context, job *stages.Job) ([]result, error) {
	outcomes, err := e.rank(ctx, job)
	if err != nil {
		return nil, err
	}
	if n := unlisted(outcomes); n > 0 && e.ranker != nil {
		e.unranked = true
		job.Logf("%d of %d answers are not listed: they count as not found, and rank-distance and gold-rank are left out", n, len(e.pool.qrels))
	}
	results := make([]result, len(outcomes))
	for q, o := range outcomes {
		results[q] = e.score(q, o)
	}
	return results, nil
}

// rank ranks for all queries, in parallel and in any order; each writes to its
// own place, so that the number of threads changes nothing.
func (e *evaluation) rank(ctx context.Context, job *stages.Job) ([]outcome, error) {
	total := len(e.pool.queries)
	outcomes := make([]outcome, total)
	var mu sync.Mutex
	done := 0
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(max(job.Threads, 1))
	for from := 0; from < total; from += queryBlock {
		to := min(from+queryBlock, total)
		group.Go(func() error {
			if err := e.block(ctx, from, to, outcomes[from:to]); err != nil {
				return err
			}
			mu.Lock()
			defer mu.Unlock()
			done += to - from
			job.Progress(int64(done), int64(total), "queries")
			return nil
		})
	}
	return outcomes, group.Wait()
}

func (e *evaluation) block(ctx context.Context, from, to int, outcomes []outcome) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if e.ranker == nil {
		for q := from; q < to; q++ {
			outcomes[q-from] = e.expected(q)
		}
		return nil
	}
	ranked, err := e.ranker.rank(ctx, from, to)
	copy(outcomes, ranked)
	return err
}

// unlisted counts the answers that rankings do not list.
func unlisted(outcomes []outcome) int {
	n := 0
	for _, o := range outcomes {
		for _, g := range o.golds {
			if !g.found {
				n++
			}
		}
	}
	return n
}

// expected is the outcome that a random order has in expectation.
func (e *evaluation) expected(q int) outcome {
	var o outcome
	for _, g := range e.pool.golds[q] {
		o.golds = append(o.golds, placed{
			own:  expectedRank(e.pool.size[e.pool.docLang[g.doc]]),
			all:  expectedRank(len(e.pool.docs)),
			gain: g.gain,
		})
	}
	return o
}

// score computes the rows of query q in all settings.
func (e *evaluation) score(q int, o outcome) result {
	r := result{top: o.top}
	lang := e.pool.queryLang[q]
	if e.wants(monolingual) {
		r.rows = e.appendRow(r.rows, monolingual, q, lang, o)
	}
	if e.wants(crossLingual) {
		for target := range e.pool.langs {
			if target != lang {
				r.rows = e.appendRow(r.rows, crossLingual, q, target, o)
			}
		}
	}
	if e.wants(multilingual) {
		r.rows = e.appendMultilingual(r.rows, q, o)
		for _, g := range o.golds {
			if !e.unranked {
				r.goldRank = append(r.goldRank, g.all)
			}
		}
	}
	return r
}

func (e *evaluation) wants(setting string) bool {
	return slices.Contains(e.params.Settings, setting)
}

// appendRow scores the list of documents in the language target.
func (e *evaluation) appendRow(rows []row, setting string, q, target int, o outcome) []row {
	var golds []judged
	for i, g := range o.golds {
		if e.pool.docLang[e.pool.golds[q][i].doc] == target {
			golds = append(golds, judged{rank: g.own, found: g.found, gain: g.gain})
		}
	}
	if e.leaveOut(golds, e.pool.size[target]) {
		return rows
	}
	values := e.values(e.pool.size[target], golds)
	return append(rows, row{setting: setting, docLang: e.pool.langs[target], values: values})
}

// appendMultilingual scores the list of all documents.
func (e *evaluation) appendMultilingual(rows []row, q int, o outcome) []row {
	var golds []judged
	for _, g := range o.golds {
		golds = append(golds, judged{rank: g.all, found: g.found, gain: g.gain})
	}
	size := len(e.pool.docs)
	if e.leaveOut(golds, size) {
		return rows
	}
	lang := e.pool.queryLang[q]
	poolShare := float64(e.pool.size[lang]) / float64(size)
	distance, share := rankDistance(golds), poolShare
	switch {
	case e.ranker == nil:
		distance = expectedDistance(size, len(golds))
	case e.unranked:
		distance = math.NaN()
	}
	if e.ranker != nil {
		share = e.params.langShare(o.top, e.pool.docLang, lang)
	}
	bias := math.NaN()
	if poolShare > 0 {
		bias = share / poolShare
	}
	values := append(e.values(size, golds), distance, share, bias)
	return append(rows, row{setting: multilingual, docLang: allLangs, values: values})
}

// leaveOut reports whether a query does not take part in a setting.
func (e *evaluation) leaveOut(golds []judged, docs int) bool {
	return docs == 0 || len(golds) == 0 && e.params.Missing == missingSkip
}

func (e *evaluation) values(docs int, golds []judged) []float64 {
	if e.ranker == nil {
		return e.chance.expect(e.params, docs, golds)
	}
	return e.params.measure(golds)
}
