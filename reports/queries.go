package reports

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"slices"

	"repro/cache"
	"repro/cache/runs"
)

// ErrNoQueries: there are no values per query behind a cell.
var ErrNoQueries = errors.New("no values per query")

// queriesPort is the output in which a stage with metrics gives the values of
// every query, as evaluate does.
const queriesPort = "per_query"

// Values are the values per query behind a cell, which is the mean over groups,
// by weight, of the mean over each group's queries.
type Values struct{ Groups []Group }

// Group is the queries of one combination of the dimensions that a cell
// averages over, such as a query language and a document language.
type Group struct {
	Key     Key // values of the report's Average
	Weight  float64
	Queries []Query // by ID
}

// Query is one query with its value, the mean over the runs (seeds) of a cell.
type Query struct {
	ID       string
	Question string // what all translations of the query share
	Value    float64

	block string // its dimensions
}

// Values returns the values per query behind a cell of a report's table. The
// error wraps ErrNoQueries if a stage of the cell has none, or if they are not
// what its metrics are means of.
func (s *Snapshot) Values(ctx context.Context, r *runs.Report, row, column Key) (*Values, error) {
	placed, err := s.placed(ctx, r)
	if err != nil {
		return nil, err
	}
	records := placed[place{row.ID(), column.ID()}]
	if len(records) == 0 {
		return nil, ErrNoQueries
	}
	perRun := [][]Record{records}
	if r.Over != "" {
		perRun = groups(records, r.Over)
	}
	var first *Values
	for _, run := range perRun {
		values := &Values{}
		weigh(run, r.Average, 1, func(record Record, weight float64) {
			values.Groups = append(values.Groups, Group{Key: keyOf(&record, r.Average), Weight: weight})
			if err == nil {
				last := &values.Groups[len(values.Groups)-1]
				last.Queries, err = s.recordQueries(ctx, &record)
			}
		})
		if err != nil {
			return nil, err
		}
		slices.SortFunc(values.Groups, func(a, b Group) int { return slices.Compare(a.Key, b.Key) })
		if first == nil {
			first = values
		} else if err := first.add(values); err != nil {
			return nil, err
		}
	}
	first.scale(1 / float64(len(perRun)))
	return first, nil
}

// ForgetLost leaves out the values per query that are not in the cache any more,
// and returns how many stages had them: they are as stages that never gave any.
func (s *Snapshot) ForgetLost(ctx context.Context) (int, error) {
	lost := 0
	for i := range s.Stages {
		stage := &s.Stages[i]
		artifact, ok := stage.Outputs[queriesPort]
		if !ok {
			continue
		}
		missing, err := s.Blobs.Missing(ctx, []cache.Digest{artifact.Digest})
		if err != nil {
			return 0, err
		}
		if len(missing) > 0 {
			stage.Outputs = maps.Clone(stage.Outputs)
			delete(stage.Outputs, queriesPort)
			lost++
		}
	}
	return lost, nil
}

// placed returns the records of a report by the cell that they belong to.
func (s *Snapshot) placed(ctx context.Context, r *runs.Report) (map[place][]Record, error) {
	if known, ok := s.places[r]; ok {
		return known, nil
	}
	all, err := s.Records(ctx, r)
	if err != nil {
		return nil, err
	}
	spec := s.spec(r)
	s.places[r] = byPlace(Admitted(all, r.Where), &spec)
	return s.places[r], nil
}

// weigh calls do with each record and its weight in the nested unweighted mean
// over the dimensions.
func weigh(records []Record, dims []string, weight float64, do func(Record, float64)) {
	if len(dims) == 0 {
		for _, r := range records {
			do(r, weight/float64(len(records)))
		}
		return
	}
	split := groups(records, dims[0])
	for _, group := range split {
		weigh(group, dims[1:], weight/float64(len(split)), do)
	}
}

// add adds the values of another run to v, which must have the same queries.
func (v *Values) add(other *Values) error {
	same := func(a, b Group) bool {
		return slices.Equal(a.Key, b.Key) && slices.EqualFunc(a.Queries, b.Queries, func(x, y Query) bool { return x.ID == y.ID })
	}
	if !slices.EqualFunc(v.Groups, other.Groups, same) {
		return fmt.Errorf("%w that all runs share", ErrNoQueries)
	}
	for i, group := range other.Groups {
		for j, q := range group.Queries {
			v.Groups[i].Queries[j].Value += q.Value
		}
	}
	return nil
}

func (v *Values) scale(factor float64) {
	for i := range v.Groups {
		for j := range v.Groups[i].Queries {
			v.Groups[i].Queries[j].Value *= factor
		}
	}
}

// recordQueries returns the values per query that a record is the mean of.
func (s *Snapshot) recordQueries(ctx context.Context, r *Record) ([]Query, error) {
	table, err := s.queryTable(ctx, r.Source)
	if err != nil {
		return nil, err
	}
	queries := table.find(r)
	if twice(queries) {
		return nil, fmt.Errorf("%w that can be told apart: %s of %s has one of them twice", ErrNoQueries, queriesPort, r.Source)
	}
	sum := 0.0
	for _, q := range queries {
		sum += q.Value
	}
	// Values that are not what the record is a mean of would test something else.
	mean := sum / float64(len(queries)) // NaN for none
	if !(math.Abs(mean-r.Value) <= 1e-6*max(1, math.Abs(r.Value))) {
		return nil, fmt.Errorf("%w of which %s of %s is the mean", ErrNoQueries, r.Metric, r.Source)
	}
	return queries, nil
}

// queryTable returns the values per query of a stage.
func (s *Snapshot) queryTable(ctx context.Context, addr string) (*queryTable, error) {
	stage := s.stages[addr]
	if stage == nil {
		return nil, ErrNoQueries
	}
	artifact, ok := stage.Outputs[queriesPort]
	if !ok {
		return nil, fmt.Errorf("%w: %s has no output %s", ErrNoQueries, addr, queriesPort)
	}
	if known, ok := s.queries[artifact.Digest]; ok {
		return known, nil
	}
	var table *queryTable
	err := s.read(ctx, artifact, func(r io.Reader) (err error) {
		table, err = parseQueries(r)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("%s of %s: %w", queriesPort, addr, err)
	}
	s.queries[artifact.Digest] = table
	return table, nil
}
