package conformance

import (
	"errors"
	"fmt"
	"time"
)

// Status is how a check ended.
type Status string

// The ways in which a check ends.
const (
	Passed  Status = "passed"
	Failed  Status = "failed"
	Skipped Status = "skipped" // it says nothing of this plugin, or another check has to pass first
)

// Result is one check and how it ended.
type Result struct {
	Of     string        `json:"of"`             // "plugin demo", "sampler demo", "kind demo-copy"
	Case   string        `json:"case,omitempty"` // the case block of the manifest; "" for the suite's own job
	Check  string        `json:"check"`          // what was checked: "same seed"
	Status Status        `json:"status"`
	Detail string        `json:"detail"`         // what was seen; of a failure, the first line says what is wrong
	Hint   string        `json:"hint,omitempty"` // of a failure: what to do about it
	Took   time.Duration `json:"took"`           // nanoseconds
}

// problem is a failed check.
type problem struct {
	what string
	hint string
}

func (p *problem) Error() string { return p.what }

func problemf(hint, format string, args ...any) error {
	return &problem{what: fmt.Sprintf(format, args...), hint: hint}
}

// skip is a check that was not made, and why.
type skip string

func (s skip) Error() string { return string(s) }

// settle says in r how the check ended that returned err.
func (r *Result) settle(detail string, err error) {
	var (
		failure *problem
		skipped skip
	)
	switch {
	case err == nil:
		r.Status, r.Detail = Passed, detail
	case errors.As(err, &skipped):
		r.Status, r.Detail = Skipped, string(skipped)
	case errors.As(err, &failure):
		r.Status, r.Detail, r.Hint = Failed, failure.what, failure.hint
	default:
		r.Status, r.Detail = Failed, err.Error()
	}
}
