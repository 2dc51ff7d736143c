package reports_test

import (
	"errors"
	"strings"
	"testing"

	"repro/cache"
	"repro/cache/mem"
	"repro/cache/runs"
	"repro/reports"
)

// measured returns a snapshot of one stage with these metrics and values per
// query, and its report.
func measured(t *testing.T, metrics, perQuery string) *reports.Snapshot {
	t.Helper()
	store := mem.New()
	outputs := map[string]cache.Artifact{}
	for port, text := range map[string]string{"metrics": metrics, "per_query": perQuery} {
		d, err := cache.PutBytes(t.Context(), store, []byte(text))
		if err != nil {
			t.Fatal(err)
		}
		outputs[port] = cache.Artifact{Digest: d}
	}
	return reports.NewSnapshot("", &runs.Run{
		Stages:  []runs.Stage{{Addr: "evaluate.x", Outputs: outputs}},
		Reports: []runs.Report{{Name: "main", From: []runs.Source{{Stage: "evaluate.x", Port: "metrics"}}, Rows: []string{"metric"}, Columns: []string{"setting"}, Average: []string{"lang"}}},
	}, store)
}

func TestValuesAreThoseThatTheCellIsTheMeanOf(t *testing.T) {
	t.Parallel()
	const metrics = `[{"setting": "s", "lang": "de", "metric": "map", "value": 0.4}, {"setting": "s", "lang": "en", "metric": "map", "value": 1}]`
	s := measured(t, metrics, `
{"query": "2", "question": "q", "setting": "s", "lang": "de", "map": 0.6}
{"query": "1", "setting": "s", "lang": "de", "map": 0.2}
{"query": "1", "setting": "s", "lang": "en", "map": 1}
{"query": "1", "setting": "other", "lang": "en", "map": 7}`[1:])
	values, err := s.Values(t.Context(), &s.Reports[0], reports.Key{"map"}, reports.Key{"s"})
	if err != nil {
		t.Fatal(err)
	}
	de, en := values.Groups[0], values.Groups[1]
	if de.Weight != 0.5 || len(de.Queries) != 2 || de.Queries[0].Value != 0.2 || de.Queries[0].Question != "1" || de.Queries[1].Question != "q" {
		t.Errorf("de %+v", de)
	}
	if en.Weight != 0.5 || len(en.Queries) != 1 || en.Queries[0].Value != 1 {
		t.Errorf("en %+v", en)
	}
}

func TestValuesThatCannotBeUsed(t *testing.T) {
	t.Parallel()
	const metrics = `[{"setting": "s", "lang": "all", "metric": "map", "value": 0.5}]`
	for name, c := range map[string]struct{ perQuery, want string }{
		"another mean": {`{"query": "1", "setting": "s", "map": 0.9}`, "of which map of evaluate.x is the mean"},
		"twice":        {`{"query": "1", "setting": "s", "map": 0.4}` + "\n" + `{"query": "1", "setting": "s", "map": 0.6}`, "has one of them twice"},
		"none":         {``, "of which"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := measured(t, metrics, c.perQuery)
			_, err := s.Values(t.Context(), &s.Reports[0], reports.Key{"map"}, reports.Key{"s"})
			if !errors.Is(err, reports.ErrNoQueries) || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v", err)
			}
		})
	}
}

// The record does not tell the languages of its queries apart, but they are not
// one another's.
func TestEqualIDsInSeveralLanguagesArePairedWithinTheirs(t *testing.T) {
	t.Parallel()
	const metrics = `[{"setting": "s", "lang": "all", "metric": "map", "value": 0.5}]`
	perQuery := func(de, en string) string {
		return `{"query": "1", "setting": "s", "query_lang": "en", "map": ` + en + `}` + "\n" + `{"query": "1", "setting": "s", "query_lang": "de", "map": ` + de + `}`
	}
	values := func(text string) *reports.Values {
		s := measured(t, metrics, text)
		v, err := s.Values(t.Context(), &s.Reports[0], reports.Key{"map"}, reports.Key{"s"})
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	units, shared, err := reports.Pair(values(perQuery("0.2", "0.8")), values(perQuery("0.3", "0.7")))
	if err != nil || shared != 2 || len(units) != 1 || units[0].Flip > 1e-12 || units[0].Flip < -1e-12 {
		t.Errorf("units %+v, %d shared, error %v", units, shared, err)
	}
}
