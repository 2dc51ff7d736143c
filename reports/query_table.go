package reports

import (
	"bufio"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
)

// queryTable is a file of values per query, split by dimensions: of those, few
// combinations occur.
type queryTable struct {
	blocks []*queryBlock
	byID   map[string]*queryBlock
}

// queryBlock is the queries that share all dimensions.
type queryBlock struct {
	id        string
	dims      map[string]string
	ids       []string
	questions []string
	values    map[string][]float64 // metric → a value for each query, NaN where there is none
}

// find returns the queries, by ID, of all blocks that agree with a record in
// the dimensions that both have, with their values of its metric.
func (t *queryTable) find(r *Record) []Query {
	var queries []Query
	blocks := 0
	for _, block := range t.blocks {
		values, ok := block.values[r.Metric]
		if !ok || !block.agrees(r) {
			continue
		}
		blocks++
		for i, value := range values {
			if !math.IsNaN(value) {
				queries = append(queries, Query{ID: block.ids[i], Question: block.questions[i], Value: value, block: block.id})
			}
		}
	}
	slices.SortFunc(queries, func(a, b Query) int {
		return cmp.Or(strings.Compare(a.ID, b.ID), strings.Compare(a.block, b.block))
	})
	if blocks > 1 && twice(queries) { // the same query in several languages, say
		for i := range queries { // they stay in order, but for their blocks'
			queries[i].ID += " " + queries[i].block
		}
	}
	return queries
}

// twice reports whether an ID stands in sorted queries twice.
func twice(queries []Query) bool {
	for i := 1; i < len(queries); i++ {
		if queries[i].ID == queries[i-1].ID {
			return true
		}
	}
	return false
}

func (b *queryBlock) agrees(r *Record) bool {
	for name, value := range b.dims {
		if own, ok := r.Dims[name]; ok && own != value {
			return false
		}
	}
	return true
}

// parseQueries reads JSON Lines: query, question, a text for each dimension and
// a number for each metric. Without question, every query is one of its own.
func parseQueries(r io.Reader) (*queryTable, error) {
	t := &queryTable{byID: map[string]*queryBlock{}}
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, 1<<24)
	for n := 1; lines.Scan(); n++ {
		var object map[string]any
		if err := json.Unmarshal(lines.Bytes(), &object); err != nil {
			return nil, fmt.Errorf("line %d: %w", n, err)
		}
		if err := t.add(object); err != nil {
			return nil, fmt.Errorf("line %d: %w", n, err)
		}
	}
	return t, lines.Err()
}

func (t *queryTable) add(object map[string]any) error {
	dims, values := map[string]string{}, map[string]float64{}
	for name, field := range object {
		switch v := field.(type) {
		case float64:
			values[name] = v
		case string:
			dims[name] = v
		}
	}
	id, question := dims["query"], dims["question"]
	if id == "" {
		return errors.New(`it needs a text "query"`)
	}
	if question == "" {
		question = id
	}
	delete(dims, "query")
	delete(dims, "question")
	b := t.block(dims)
	b.ids, b.questions = append(b.ids, id), append(b.questions, question)
	for metric, value := range values {
		b.put(metric, value)
	}
	return nil
}

// put stores a value of the last query.
func (b *queryBlock) put(metric string, value float64) {
	column := b.values[metric]
	for len(column) < len(b.ids)-1 {
		column = append(column, math.NaN())
	}
	b.values[metric] = append(column, value)
}

func (t *queryTable) block(dims map[string]string) *queryBlock {
	id := fmt.Sprintf("%q", dims) // in the order of names
	b := t.byID[id]
	if b == nil {
		b = &queryBlock{id: id, dims: dims, values: map[string][]float64{}}
		t.blocks, t.byID[id] = append(t.blocks, b), b
	}
	return b
}
