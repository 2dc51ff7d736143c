package reports

import (
	"cmp"
	"slices"

	"repro/cache/runs"
)

// Table is a finished report: data only. Renderers decide how it looks.
type Table struct {
	Name    string
	Title   string
	Caption string

	RowDims    []string // names of the parts of each row's Key
	ColumnDims []string // names of the parts of each column's Key
	Rows       []Key
	Columns    []Key
	Cells      [][]Cell // row → column

	Over   string   // the dimension that intervals are over, "" if none
	Digits int      // decimals to show
	Notes  []string // what a reader must know: missing, unequal or partial values; full sentences
}

// Key is the values of a row's or a column's dimensions, in their order.
type Key []string

// Cell is one place of a Table.
type Cell struct {
	Metric    string    // "" if the cell is missing and its place does not tell the metric
	N         int       // values of Over that Mean is over, 1 without Over, 0 if there is no value
	Mean      float64   // meaningless if N is 0
	Interval  *Interval // of the mean; nil with fewer than two values of Over
	Partial   bool      // whether it lacks values of Over that the table has or expects
	Constant  bool      // whether its records do not have the dimension Over at all: N is 1 by right
	Averaged  int       // records that one value of Over averages
	Best      bool      // whether it is the best of its column and metric; several may be, if equal
	Published *float64  // the published value, if there is one

	Samples []Sample      // the values that Mean is over, in order of appearance; one without Over
	Sources []string      // addresses of the stages that it comes from, in order of appearance
	Outputs []runs.Source // their outputs that it comes from, in order of appearance
}

// Sample is the value of a cell for one value of Over, such as a seed.
type Sample struct {
	Over  string // "" without Over, and of a constant cell
	Value float64
}

// Missing reports whether there is no value.
func (c *Cell) Missing() bool { return c.N == 0 }

// ByOver returns the samples in the order of their names: seeds may be given in
// any order.
func (c *Cell) ByOver() []Sample {
	return slices.SortedStableFunc(slices.Values(c.Samples), func(a, b Sample) int { return cmp.Compare(a.Over, b.Over) })
}

// Values returns the values of the samples, ByOver.
func (c *Cell) Values() []float64 {
	var list []float64
	for _, s := range c.ByOver() {
		list = append(list, s.Value)
	}
	return list
}

// SameDraws reports whether the samples of two cells of one snapshot are of the
// same draws, one by one, as those of two settings are that one stage evaluates
// for each seed: what one of them gains by chance the other may lose.
func (c *Cell) SameDraws(other *Cell) bool {
	sameOver := slices.EqualFunc(c.ByOver(), other.ByOver(), func(a, b Sample) bool { return a.Over == b.Over })
	return sameOver && len(c.Sources) > 0 && slices.Equal(slices.Sorted(slices.Values(c.Sources)), slices.Sorted(slices.Values(other.Sources)))
}

// Interval is a 95 % confidence interval.
type Interval struct {
	Lo float64 `json:"lo"`
	Hi float64 `json:"hi"`
}

// Half returns half its width: what follows the ±.
func (i *Interval) Half() float64 { return (i.Hi - i.Lo) / 2 }
