package cli

import (
	"errors"
	"strings"

	"repro/cache"
	"repro/engine/run"
)

// The exit codes of all commands. docs/cli.md shows this table.
const (
	exitOK          = 0
	exitFailed      = 1   // anything that has no code of its own
	exitMoved       = 1   // diff: something moved beyond noise
	exitUsage       = 2   // the command line is wrong
	exitWorkflow    = 3   // the workflow file, or a file that it names, is wrong
	exitStage       = 4   // a stage failed, or a program that it needs is missing
	exitCache       = 6   // the cache cannot be used
	exitClaim       = 7   // claims: one of them fails
	exitNoDiff      = 8   // diff: the two states cannot be compared
	exitStale       = 9   // paper: a number has no result for the workflow as it is now
	exitInterrupted = 130 // stopped by a signal; the next run goes on from there
)

var (
	// errReported marks an error that the screen has shown already.
	errReported    = errors.New("reported")
	errInterrupted = errors.New("interrupted")
)

// codedError is an error with an exit code of its own.
type codedError struct {
	code int
	err  error
}

func (e *codedError) Error() string { return e.err.Error() }
func (e *codedError) Unwrap() error { return e.err }

func withCode(code int, err error) error { return &codedError{code: code, err: err} }

// reported gives an error that was shown already its exit code.
func reported(code int) error { return withCode(code, errReported) }

// unreported returns the errors joined in err that the screen has not shown.
func unreported(err error) []error {
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		var list []error
		for _, e := range joined.Unwrap() {
			list = append(list, unreported(e)...)
		}
		return list
	}
	if err == nil || errors.Is(err, errReported) {
		return nil
	}
	return []error{err}
}

func exitCode(err error) int {
	var coded *codedError
	switch {
	case err == nil:
		return exitOK
	case errors.Is(err, errInterrupted):
		return exitInterrupted
	case errors.As(err, &coded):
		return coded.code
	case errors.Is(err, run.ErrFailed), errors.Is(err, run.ErrBlocked):
		return exitStage
	case errors.Is(err, cache.ErrBusy), errors.Is(err, cache.ErrCorrupt):
		return exitCache
	case strings.HasPrefix(err.Error(), "unknown command"):
		return exitUsage
	default:
		return exitFailed
	}
}
