package reports

import (
	"fmt"
	"slices"
)

// MetricDim is the name under which a record's metric is a dimension.
const MetricDim = "metric"

// Spec says how records become a table. A dimension that it does not name must
// have one value among the records of each cell.
type Spec struct {
	Name    string // identifies the table, "retrieval"
	Title   string
	Caption string

	Rows    []string // dimensions whose values make a row, outermost first
	Columns []string // dimensions whose values make a column, outermost first

	// Average lists dimensions that are averaged over, unweighted, innermost
	// last: with [query_lang, doc_lang] a cell is the mean over query languages
	// of the mean over document languages.
	Average []string
	// Over is a dimension, such as the seed, that after averaging gives mean and
	// 95 % confidence interval. It may be empty.
	Over string

	// Where keeps only records whose dimension has one of the values.
	Where map[string][]string
	// PublishedWhere is Where for the published records.
	PublishedWhere map[string][]string

	// Expected lists the dimensions of what should have given records but did
	// not, such as a stage that failed. Where they tell a row, the row is there,
	// with its cells missing. Where they tell dimensions of a column that no
	// column has, there are columns for them, with the other dimensions as in the
	// columns that records have. Their values of Over count as values that every
	// cell should have. Those that Where excludes do not count.
	Expected []map[string]string
	// Present is how many sources did give records; a note compares it with
	// Expected. 0 means unknown.
	Present int

	// Best says which value is best: metric → "max" or "min"; the metric "" is
	// for all others. The rows of a column compete; without an entry none is best.
	Best map[string]string
	// Digits is the number of decimals that renderers show.
	Digits int
}

// check refuses dimensions with two roles and unknown values of Best.
func (s *Spec) check() error {
	if len(s.Rows) == 0 || len(s.Columns) == 0 {
		return fmt.Errorf("report %q needs at least one dimension in rows and one in columns", s.Name)
	}
	named := slices.Concat(s.Rows, s.Columns, s.Average)
	if s.Over != "" {
		named = append(named, s.Over)
	}
	for i, dim := range named {
		if slices.Contains(named[:i], dim) {
			return fmt.Errorf("report %q names the dimension %q twice among rows, columns, average and over", s.Name, dim)
		}
	}
	for metric, which := range s.Best {
		if which != "max" && which != "min" {
			return fmt.Errorf(`report %q: best of %q is %q: use "max" or "min"`, s.Name, metric, which)
		}
	}
	return nil
}
