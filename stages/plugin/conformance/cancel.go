package conformance

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"sync/atomic"
	"time"
)

const (
	// endless is how many steps a sampler is given that will be cancelled.
	endless = 1_000_000
	// latest is when work is cancelled that has reported no progress by then, and
	// latestByHand if it was started by hand: a program that is cancelled before
	// it has begun shows nothing.
	latest       = 2 * time.Second
	latestByHand = 10 * time.Second
	// midway is how long after its first progress a program is cancelled that was
	// started by hand: it tells of the second only a second later.
	midway = 400 * time.Millisecond
	// promised is how soon a plugin ends; tolerated is far above it, so that a
	// busy machine fails no plugin.
	promised  = time.Second
	tolerated = 5 * time.Second
)

// errDeaf is the end of a program that had to be killed.
var errDeaf = fmt.Errorf("it did not end within %v of SIGTERM and was killed", tolerated)

// cancel cancels the work in its middle, once under the engine, which kills
// what does not listen, and once by hand, which shows whether it does.
func (s *suite) cancel(ctx context.Context, w *work) (string, error) {
	const hint = "End soon after ctx is done (Go), or let the exception of job.progress pass (Python)"
	before := processes(s.mark)
	seen, err := s.cancelled(ctx, w, variation{})
	if err != nil {
		return "", problemf(hint, "%v", err)
	}
	if s.noHand == nil {
		byHand, err := s.cancelled(ctx, w, variation{byHand: true})
		if err != nil {
			return "", problemf(hint, "started by hand: %v", err)
		}
		seen += "; by hand " + byHand
	}
	if left := slices.DeleteFunc(processes(s.mark), func(pid int) bool { return slices.Contains(before, pid) }); len(left) > 0 {
		return "", problemf("Wait for every process that the plugin starts", "processes are left behind: %v", left)
	}
	return seen + "; no process left", nil
}

// cancelled does the work once, cancels it and says how long it took to end.
func (s *suite) cancelled(ctx context.Context, w *work, v variation) (string, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var at atomic.Int64 // when it was cancelled, in nanoseconds of the epoch
	stop := func() {
		if at.CompareAndSwap(0, time.Now().UnixNano()) {
			cancel()
		}
	}
	when := latest
	if v.byHand {
		when = latestByHand
		v.onLine = func() { time.AfterFunc(midway, stop) }
	} else {
		v.checkpoint = w.checkpoint
		v.onProgress = func(r report) {
			if !w.draws() || r.unit == unitSteps && r.done > 1 {
				stop()
			}
		}
	}
	if w.draws() {
		v.params = w.with("steps", strconv.Itoa(endless))
	}
	timer := time.AfterFunc(when, stop)
	defer timer.Stop()
	_, err := s.once(ctx, w, v)
	took := time.Since(time.Unix(0, at.Load()))
	switch {
	case err == nil:
		return "done before it could be cancelled", nil
	case !errors.Is(err, context.Canceled):
		return "", fmt.Errorf("cancelled, it ended with: %w", err)
	case took > tolerated:
		return "", fmt.Errorf("it took %v to end, want at most %v", took.Round(time.Millisecond), promised)
	}
	return fmt.Sprintf("ended after %d ms", took.Milliseconds()), nil
}
