package runs

import "repro/cache"

// Report is a report block as the workflow had it: which records make a table,
// and how it looks. With it a record's tables can be made at any later time,
// whatever became of the workflow's file.
type Report struct {
	Name    string `json:"name"`
	Title   string `json:"title,omitempty"`
	Caption string `json:"caption,omitempty"`
	At      string `json:"at,omitempty"` // place of the block, "workflows/paper.hcl:420"

	From    []Source            `json:"from"`              // metrics files
	Rows    []string            `json:"rows"`              // dimensions that make the rows
	Columns []string            `json:"columns"`           // dimensions that make the columns; "metric" is one
	Average []string            `json:"average,omitempty"` // dimensions that a cell is the unweighted mean over, innermost last
	Over    string              `json:"over,omitempty"`    // dimension that intervals are computed over, such as seed
	Where   map[string][]string `json:"where,omitempty"`   // keep only records that have one of these values
	Best    map[string]string   `json:"best,omitempty"`    // metric → "max" or "min"; "" stands for all others
	Digits  int                 `json:"digits"`            // decimals shown

	// Tolerance is by how much a value may differ and still count as equal, by
	// metric; "" stands for all others.
	Tolerance map[string]float64 `json:"tolerance,omitempty"`

	PublishedFile  string              `json:"published_file,omitempty"` // CSV with published numbers, as the workflow names it
	Published      cache.Digest        `json:"published,omitzero"`       // its bytes, in the cache
	PublishedWhere map[string][]string `json:"published_where,omitempty"`
}

// ForMetric returns what a table of metrics, such as Best or Tolerance, says of
// one: its own entry, or else that of "", which stands for all others.
func ForMetric[V any](table map[string]V, metric string) V {
	if value, ok := table[metric]; ok {
		return value
	}
	return table[""]
}

// Source is one output with metrics. The coordinates of its stage become
// dimensions of its records.
type Source struct {
	Stage string `json:"stage"` // address
	Port  string `json:"port"`
}

// Claim is a claim block as the workflow had it: a sentence about results and
// the checks that it stands or falls with, all of which have to hold.
type Claim struct {
	Name   string  `json:"name"`
	Text   string  `json:"text"`
	Source string  `json:"source,omitempty"` // where the sentence is from, "arXiv 2408.10536, section 4"
	At     string  `json:"at,omitempty"`
	Checks []Check `json:"checks"`

	// Published numbers that the claim is judged on too, which need not be of the
	// data that its reports are of; without them, those of the reports.
	PublishedFile string       `json:"published_file,omitempty"` // CSV, as the workflow names it
	Published     cache.Digest `json:"published,omitzero"`       // its bytes, in the cache
}

// CheckKind says what a Check asks for.
type CheckKind string

// The kinds of checks.
const (
	Compare   CheckKind = "compare"   // one value of a dimension is better than others
	Threshold CheckKind = "threshold" // values are within bounds
	Trend     CheckKind = "trend"     // values rise or fall along a dimension
	Count     CheckKind = "count"     // how many combinations of values there are
)

// Check is one thing that a claim needs. It looks at the cells of a report that
// Where admits; dimensions of rows and columns that it does not name are gone
// through: a comparison is made for each combination of their values.
type Check struct {
	Kind   CheckKind           `json:"kind"`
	At     string              `json:"at,omitempty"`
	Report string              `json:"report"`
	Where  map[string][]string `json:"where,omitempty"`

	// Compare: in the dimension Dim, Better is better than each of Than by more
	// than By; with NotWorse it only has to be no worse than By below them.
	Dim      string   `json:"dim,omitempty"`
	Better   string   `json:"better,omitempty"`
	Than     []string `json:"than,omitempty"`
	NotWorse bool     `json:"not_worse,omitempty"`
	By       float64  `json:"by,omitempty"`

	// Threshold and Count: the bounds, themselves included; nil for none.
	AtLeast *float64 `json:"at_least,omitempty"`
	AtMost  *float64 `json:"at_most,omitempty"`
	// Count: the dimensions whose combinations are counted, among the records of
	// the report, not its cells.
	Of []string `json:"of,omitempty"`

	// Trend: the dimension, its values in order, and "rising" or "falling".
	Along     string   `json:"along,omitempty"`
	Order     []string `json:"order,omitempty"`
	Direction string   `json:"direction,omitempty"`

	// Compare and Trend: how a difference is told from noise.
	Test       string  `json:"test,omitempty"`       // over questions: "randomisation" or "bootstrap"
	Unit       string  `json:"unit,omitempty"`       // what is independent: "question", or a dimension that is averaged over, such as query_lang
	Correction string  `json:"correction,omitempty"` // "holm" or "none", over all comparisons of the claim
	Level      float64 `json:"level,omitempty"`      // of significance, 0.05
}
