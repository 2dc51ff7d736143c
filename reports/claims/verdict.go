package claims

import (
	"repro/cache/runs"
)

// Verdict is what became of a claim, or of one comparison.
type Verdict string

// The verdicts, the better ones last.
const (
	Fails          Verdict = "fails"           // the opposite is significant, or a value is out of bounds
	NotSignificant Verdict = "not significant" // noise could have made the difference
	NoData         Verdict = "no data"         // there is nothing to judge by
	Holds          Verdict = "holds"
)

// Result is a claim with its two judgements.
type Result struct {
	Claim     runs.Claim `json:"claim"`
	Ours      Judgement  `json:"ours"`
	Published Judgement  `json:"published"`
}

// Judgement is what one set of numbers says of a claim. It holds if all its
// evidence does, and fails if some does; else it is not significant if some is
// not, and has no data if that is all that keeps it from holding.
type Judgement struct {
	Verdict  Verdict    `json:"verdict"`
	Reason   string     `json:"reason"`             // a line: the evidence that decides
	Notes    []string   `json:"notes,omitempty"`    // what a reader has to know, full sentences
	Evidence []Evidence `json:"evidence,omitempty"` // in the order of the checks and of their reports' cells; none if no numbers were published
}

// Evidence is one comparison, one value against its bounds, or one count. What
// does not apply or cannot be known is nil, 0 or "".
type Evidence struct {
	Kind    runs.CheckKind `json:"kind"`
	At      string         `json:"at,omitempty"` // place of the check in the workflow
	Report  string         `json:"report"`
	Place   string         `json:"place,omitempty"` // of the cell: "dataset=facts, setting=multilingual"
	Verdict Verdict        `json:"verdict"`
	Note    string         `json:"note,omitempty"` // what keeps it from a better verdict

	Subject string   `json:"subject"`           // the cell that is claimed to be better, "hybrid", or what is counted
	Against string   `json:"against,omitempty"` // the cell that it is compared with, "x-y"
	Value   *float64 `json:"value,omitempty"`   // of Subject
	Other   *float64 `json:"other,omitempty"`   // of Against
	Digits  int      `json:"digits"`            // decimals to show of values
	AtLeast *float64 `json:"at_least,omitempty"`
	AtMost  *float64 `json:"at_most,omitempty"`

	Difference *float64 `json:"difference,omitempty"` // Value − Other
	Better     bool     `json:"better,omitempty"`     // whether Difference points where the check says
	Lo         *float64 `json:"lo,omitempty"`         // interval, with confidence 1 − level: of Difference, or without one of Value
	Hi         *float64 `json:"hi,omitempty"`
	P          *float64 `json:"p,omitempty"`        // two-sided
	Adjusted   *float64 `json:"adjusted,omitempty"` // P after the correction over all comparisons of the claim
	Level      float64  `json:"level,omitempty"`    // that Adjusted is compared with
	Test       string   `json:"test,omitempty"`     // how P came to be
	Units      int      `json:"units,omitempty"`    // pairs that the test has
	Unit       string   `json:"unit,omitempty"`     // what they are: "question", "query_lang"
	Missing    int      `json:"missing,omitempty"`  // results behind it that have yet to be made
	Seeds      [2]int   `json:"seeds,omitzero"`     // values of the report's over behind Value and Other; 0 of what has none, such as BM25
}
