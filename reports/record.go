package reports

import (
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
)

// Record is one value of one metric, with the dimensions that tell it from
// the other values.
type Record struct {
	Dims    map[string]string // "sampler" → "hybrid"; without the metric
	Metric  string            // "map", "recall@10" …
	Value   float64
	Queries int    // how many queries the value is a mean over; 0 if unknown
	Source  string // address of the stage that measured it, "" if unknown
	Port    string // output of that stage that it stands in
}

// Dim returns the value of a dimension, MetricDim included, and "" if the
// record does not have it.
func (r *Record) Dim(name string) string {
	if name == MetricDim {
		return r.Metric
	}
	return r.Dims[name]
}

// has reports whether the record has the dimension at all.
func (r *Record) has(name string) bool {
	_, ok := r.Dims[name]
	return ok || name == MetricDim
}

// ParseMetrics reads what the evaluate stage writes: a JSON array of flat
// objects in which metric and value are given, queries may be, and all other
// fields are dimensions, which are strings.
func ParseMetrics(r io.Reader) ([]Record, error) {
	var objects []map[string]any
	if err := json.NewDecoder(r).Decode(&objects); err != nil {
		return nil, fmt.Errorf("this is not a JSON array of metrics: %w", err)
	}
	records := make([]Record, len(objects))
	for i, object := range objects {
		if err := records[i].fill(object); err != nil {
			return nil, fmt.Errorf("metrics: record %d: %w", i+1, err)
		}
	}
	return records, nil
}

func (r *Record) fill(object map[string]any) error {
	r.Dims = map[string]string{}
	hasValue := false
	for name, field := range object {
		switch v := field.(type) {
		case string:
			if name == MetricDim {
				r.Metric = v
				continue
			}
			r.Dims[name] = v
		case float64:
			switch name {
			case "value":
				r.Value, hasValue = v, true
			case "queries":
				r.Queries = int(v)
			default:
				return fmt.Errorf("the dimension %q is a number: write it as a string", name)
			}
		default:
			return fmt.Errorf("the field %q is neither a string nor a number", name)
		}
	}
	if r.Metric == "" || !hasValue {
		return errors.New(`it needs a string "metric" and a number "value"`)
	}
	return nil
}

// ParseCSV reads tidy values: a header, the columns metric and value, and a
// column for each dimension. A record does not have a dimension whose field is
// empty. Errors carry name and line.
func ParseCSV(name string, r io.Reader) ([]Record, error) {
	rows := csv.NewReader(r)
	header, err := rows.Read()
	if errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("%s: the file is empty: it needs a header with metric and value", name)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	for i, column := range header {
		if slices.Contains(header[:i], column) {
			return nil, fmt.Errorf("%s:1: the column %q occurs twice", name, column)
		}
	}
	for _, needed := range []string{MetricDim, "value"} {
		if !slices.Contains(header, needed) {
			return nil, fmt.Errorf("%s:1: there is no column %q", name, needed)
		}
	}
	var records []Record
	for {
		fields, err := rows.Read()
		if errors.Is(err, io.EOF) {
			return records, nil
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		record, err := parseRow(header, fields)
		if err != nil {
			line, _ := rows.FieldPos(0)
			return nil, fmt.Errorf("%s:%d: %w", name, line, err)
		}
		records = append(records, record)
	}
}

func parseRow(header, fields []string) (Record, error) {
	r := Record{Dims: map[string]string{}}
	for i, field := range fields {
		switch column := header[i]; {
		case column == "value":
			value, err := strconv.ParseFloat(field, 64)
			if err != nil || math.IsNaN(value) || math.IsInf(value, 0) {
				return r, fmt.Errorf("value %q is not a number", field)
			}
			r.Value = value
		case column == MetricDim:
			r.Metric = field
		case field != "":
			r.Dims[column] = field
		}
	}
	if r.Metric == "" {
		return r, errors.New("the metric is empty")
	}
	return r, nil
}
