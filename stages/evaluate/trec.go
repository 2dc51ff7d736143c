package evaluate

import (
	"bufio"
	"cmp"
	"context"
	"fmt"
	"io"
	"math"
	"os"
	"slices"
	"strconv"
	"strings"

	"repro/stages"
	"repro/stages/corpus"
)

// runTag is the last column of the runs that the stage writes.
const runTag = "repro"

// trecRun ranks documents as a TREC run file lists them.
type trecRun struct {
	pool  *pool
	lists [][]hit // query → its documents, best first
}

// loadRun reads "QUERY Q0 DOCUMENT RANK SCORE TAG" lines. As in trec_eval, the
// score orders the documents and the rank is not looked at.
func loadRun(name string, p *pool) (*trecRun, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close() //nolint:errcheck // opened for reading only
	r := &trecRun{pool: p, lists: make([][]hit, len(p.queries))}
	lines := bufio.NewScanner(f)
	for n := 1; lines.Scan(); n++ {
		fields := strings.Fields(lines.Text())
		if len(fields) == 0 {
			continue
		}
		if err := r.addLine(fields); err != nil {
			return nil, fmt.Errorf("%w: %s:%d: %w", stages.ErrInput, name, n, err)
		}
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("%w: %s: %w", stages.ErrInput, name, err)
	}
	for q, list := range r.lists {
		slices.SortFunc(list, func(a, b hit) int {
			return cmp.Or(cmp.Compare(b.score, a.score), cmp.Compare(p.tie[a.doc], p.tie[b.doc]))
		})
		if err := r.checkOnce(list); err != nil {
			return nil, fmt.Errorf("%w: %s: query %q: %w", stages.ErrInput, name, p.queries[q].ID, err)
		}
	}
	return r, nil
}

func (r *trecRun) addLine(fields []string) error {
	if len(fields) != 6 {
		return fmt.Errorf("want QUERY Q0 DOCUMENT RANK SCORE TAG, have %d fields", len(fields))
	}
	q, ok := r.pool.queryOf[fields[0]]
	if !ok {
		return fmt.Errorf("unknown query %q", fields[0])
	}
	doc, ok := r.pool.docIndex[fields[2]]
	if !ok {
		return fmt.Errorf("query %q: unknown document %q", fields[0], fields[2])
	}
	score, err := strconv.ParseFloat(fields[4], 64)
	if err != nil || math.IsNaN(score) {
		return fmt.Errorf("query %q: score %q is not a number", fields[0], fields[4])
	}
	r.lists[q] = append(r.lists[q], hit{doc: doc, score: score})
	return nil
}

func (r *trecRun) checkOnce(list []hit) error {
	seen := make(map[int]bool, len(list))
	for _, h := range list {
		if seen[h.doc] {
			return fmt.Errorf("document %q is listed twice", r.pool.docs[h.doc].ID)
		}
		seen[h.doc] = true
	}
	return nil
}

// rank implements ranker.
func (r *trecRun) rank(ctx context.Context, from, to int) ([]outcome, error) {
	outcomes := make([]outcome, 0, to-from)
	for q := from; q < to; q++ {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		outcomes = append(outcomes, r.outcome(q))
	}
	return outcomes, nil
}

func (r *trecRun) outcome(q int) outcome {
	golds := r.pool.golds[q]
	o := outcome{top: r.lists[q], golds: make([]placed, len(golds))}
	place := make(map[int]int, len(golds)) // document → index in golds
	for i, g := range golds {
		place[g.doc] = i
	}
	listed := make([]int, len(r.pool.langs))
	for i, h := range r.lists[q] {
		lang := r.pool.docLang[h.doc]
		listed[lang]++
		if g, ok := place[h.doc]; ok {
			o.golds[g] = placed{own: float64(listed[lang]), all: float64(i + 1), found: true}
		}
	}
	for i, g := range golds {
		o.golds[i].gain = g.gain
	}
	return o
}

// writeRun writes the first depth documents of each query. A score has the
// fewest digits that give the same number back.
func writeRun(name string, p *pool, results []result, depth int) error {
	return corpus.Create(name, func(w io.Writer) error {
		for q, r := range results {
			for i, h := range r.top[:min(depth, len(r.top))] {
				score := strconv.FormatFloat(h.score, 'g', -1, 64)
				if _, err := fmt.Fprintf(w, "%s Q0 %s %d %s %s\n", p.queries[q].ID, p.docs[h.doc].ID, i+1, score, runTag); err != nil {
					return err
				}
			}
		}
		return nil
	})
}

// writeQrels writes "QUERY 0 DOCUMENT SCORE" lines in the order of the set.
func writeQrels(name string, p *pool) error {
	return corpus.Create(name, func(w io.Writer) error {
		for _, r := range p.qrels {
			if _, err := fmt.Fprintf(w, "%s 0 %s %d\n", r.Query, r.Doc, r.Score); err != nil {
				return err
			}
		}
		return nil
	})
}
