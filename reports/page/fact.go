package page

import (
	"fmt"
	"strings"
	"time"

	"repro/cache/runs"
	"repro/reports"
	"repro/reports/plot"
)

// facts is the summary at the head of the page.
func facts(s *reports.Snapshot, blocks []reports.Block) []Fact {
	counts := reports.Block{Counts: map[runs.State]int{}}
	for _, b := range blocks {
		for state, n := range b.Counts {
			counts.Counts[state] += n
		}
		counts.Took += b.Took
	}
	var list []Fact
	if !s.Ended.IsZero() {
		list = append(list, Fact{"Run", string(s.Status), tone(s.Status)}, Fact{"Took", duration(s.Ended.Sub(s.Started)), ""})
	}
	list = append(list, Fact{"Stages", plot.Counts(&counts), ""})
	if n := s.Missing(); n > 0 {
		list = append(list, Fact{"Without result", fmt.Sprintf("%d", n), "warn"})
	}
	if counts.Took > 0 {
		list = append(list, Fact{"Computing time", duration(counts.Took), ""})
	}
	return append(list, Fact{"Commit", commit(&s.Header), ""})
}

// Styles of what is as one wishes, and of what is not.
const good, bad = "good", "bad"

func tone(status runs.Status) string {
	switch status {
	case runs.Done:
		return good
	case runs.Running:
		return ""
	default:
		return bad
	}
}

func commit(h *runs.Header) string {
	switch {
	case h.Commit == "":
		return "none"
	case h.Dirty != "":
		return short(h.Commit) + " with changes"
	default:
		return short(h.Commit)
	}
}

// short shortens a hash.
func short(hash string) string { return hash[:min(12, len(hash))] }

// duration writes a time as people say it.
func duration(d time.Duration) string {
	switch {
	case d <= 0:
		return "—"
	case d < 10*time.Millisecond:
		return fmt.Sprintf("%.1f ms", d.Seconds()*1e3)
	case d < time.Second:
		return fmt.Sprintf("%d ms", d.Milliseconds())
	case d < time.Minute:
		return fmt.Sprintf("%.1f s", d.Seconds())
	}
	d = d.Round(time.Second)
	var parts []string
	for _, unit := range []struct {
		of   time.Duration
		name string
	}{{time.Hour, "h"}, {time.Minute, "min"}, {time.Second, "s"}} {
		if n := d / unit.of; n > 0 && len(parts) < 2 {
			parts = append(parts, fmt.Sprintf("%d %s", n, unit.name))
		}
		d %= unit.of
	}
	return strings.Join(parts, " ")
}

// moment writes a time of day, in UTC: a page is read anywhere.
func moment(t time.Time) string {
	if t.IsZero() {
		return "—"
	}
	return t.UTC().Format("2006-01-02 15:04:05 UTC")
}
