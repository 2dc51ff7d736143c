package reports

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"

	"repro/cache"
	"repro/cache/runs"
)

// ErrNoRecords: nothing that a report reads has been made yet.
var ErrNoRecords = errors.New("no results yet")

// Snapshot is the results of a workflow at one moment: the record of a run, or
// what the cache holds for some state of the files, and the bytes that it
// names. It is not safe for concurrent use.
type Snapshot struct {
	*runs.Run
	Label string   // for people: "HEAD (1a2b3c4)", "working tree", "run 2026…"
	Notes []string // what of it is not as Label says
	Blobs cache.Blobs

	// Planned has the actions, as far as they are known, of stages whose inputs
	// have yet to be made: by address. Those of all others are in Blobs.
	Planned map[string]*cache.Action

	stages  map[string]*runs.Stage
	queries map[cache.Digest]*queryTable
	places  map[*runs.Report]map[place][]Record
}

// NewSnapshot returns the snapshot of a record.
func NewSnapshot(label string, r *runs.Run, blobs cache.Blobs) *Snapshot {
	s := &Snapshot{
		Run: r, Label: label, Blobs: blobs,
		stages:  make(map[string]*runs.Stage, len(r.Stages)),
		queries: map[cache.Digest]*queryTable{},
		places:  map[*runs.Report]map[place][]Record{},
	}
	for i := range r.Stages {
		s.stages[r.Stages[i].Addr] = &r.Stages[i]
	}
	return s
}

// Stage returns what became of a stage, nil if the snapshot does not have it.
func (s *Snapshot) Stage(addr string) *runs.Stage { return s.stages[addr] }

// Action returns what decided the result of a stage. The error wraps
// cache.ErrMiss if it is not known any more.
func (s *Snapshot) Action(ctx context.Context, stage *runs.Stage) (*cache.Action, error) {
	if planned, ok := s.Planned[stage.Addr]; ok {
		return planned, nil
	}
	encoded, err := cache.ReadBlob(ctx, s.Blobs, stage.Key)
	if err != nil {
		return nil, err
	}
	return cache.ParseAction(encoded)
}

// Report returns the named report, nil if there is none.
func (s *Snapshot) Report(name string) *runs.Report {
	i := slices.IndexFunc(s.Reports, func(r runs.Report) bool { return r.Name == name })
	if i < 0 {
		return nil
	}
	return &s.Reports[i]
}

// Missing returns how many stages have no result.
func (s *Snapshot) Missing() int {
	n := 0
	for i := range s.Stages {
		if s.Stages[i].Outputs == nil {
			n++
		}
	}
	return n
}

// Table makes the table of a report from the results that there are. The error
// wraps ErrNoRecords if there is none.
func (s *Snapshot) Table(ctx context.Context, r *runs.Report) (*Table, error) {
	records, err := s.Records(ctx, r)
	if err != nil {
		return nil, err
	}
	published, err := s.Published(ctx, r)
	if err != nil {
		return nil, err
	}
	return Build(s.spec(r), records, published)
}

// spec returns what Build is asked for.
func (s *Snapshot) spec(r *runs.Report) Spec {
	spec := Spec{
		Name: r.Name, Title: r.Title, Caption: r.Caption,
		Rows: r.Rows, Columns: r.Columns, Average: r.Average, Over: r.Over,
		Where: r.Where, PublishedWhere: r.PublishedWhere, Best: r.Best, Digits: r.Digits,
	}
	for _, source := range r.From {
		if s.has(source) {
			spec.Present++
		} else if stage := s.stages[source.Stage]; stage != nil {
			spec.Expected = append(spec.Expected, stage.Axes)
		}
	}
	return spec
}

func (s *Snapshot) has(source runs.Source) bool {
	stage := s.stages[source.Stage]
	if stage == nil {
		return false
	}
	_, ok := stage.Outputs[source.Port]
	return ok
}

// Records returns the records of all sources of a report that have a result,
// before Where. The coordinates of a stage are dimensions of its records,
// unless they have their own. The error wraps ErrNoRecords if there are none.
func (s *Snapshot) Records(ctx context.Context, r *runs.Report) ([]Record, error) {
	var records []Record
	for _, source := range r.From {
		if !s.has(source) {
			continue
		}
		stage := s.stages[source.Stage]
		more, err := s.readRecords(ctx, source.Port, stage)
		if err != nil {
			return nil, fmt.Errorf("%s of %s: %w", source.Port, source.Stage, err)
		}
		records = append(records, more...)
	}
	if len(records) == 0 {
		return nil, ErrNoRecords
	}
	return records, nil
}

func (s *Snapshot) readRecords(ctx context.Context, port string, stage *runs.Stage) (records []Record, err error) {
	err = s.read(ctx, stage.Outputs[port], func(r io.Reader) error {
		records, err = ParseMetrics(r)
		return err
	})
	for i := range records {
		records[i].Source, records[i].Port = stage.Addr, port
		for name, value := range stage.Axes {
			if _, own := records[i].Dims[name]; !own {
				records[i].Dims[name] = value
			}
		}
	}
	return records, err
}

// Published returns the published numbers that belong to a report, before
// PublishedWhere, and none if it has none.
func (s *Snapshot) Published(ctx context.Context, r *runs.Report) (records []Record, err error) {
	if r.Published.IsZero() {
		return nil, nil
	}
	err = s.read(ctx, cache.Artifact{Digest: r.Published}, func(in io.Reader) error {
		records, err = ParseCSV(r.PublishedFile, in)
		return err
	})
	return records, err
}

// read calls do with the bytes of a file.
func (s *Snapshot) read(ctx context.Context, a cache.Artifact, do func(io.Reader) error) (err error) {
	if a.Tree {
		return errors.New("is a folder, not a file")
	}
	r, err := s.Blobs.Open(ctx, a.Digest)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	return do(r)
}
