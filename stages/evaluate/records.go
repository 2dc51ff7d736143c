package evaluate

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"

	"repro/stages"
	"repro/stages/corpus"
)

// record is one mean over queries. Its string fields are dimensions.
type record struct {
	Setting   string  `json:"setting"`
	QueryLang string  `json:"query_lang"`
	DocLang   string  `json:"doc_lang"`
	Metric    string  `json:"metric"`
	Value     float64 `json:"value"`
	Queries   int     `json:"queries"` // how many the mean is over
}

// cell names a mean.
type cell struct{ setting, queryLang, docLang, metric string }

// mean sums in the order in which values are added, that of the queries.
type mean struct {
	sum   float64
	count int
}

// aggregate returns the means of all settings: by setting, query language,
// document language (all of them last) and metric. A mean over no query has no
// record.
func (e *evaluation) aggregate(results []result) []record {
	means := map[cell]mean{}
	add := func(c cell, value float64) {
		if !math.IsNaN(value) {
			m := means[c]
			means[c] = mean{m.sum + value, m.count + 1}
		}
	}
	names := slices.Concat(e.params.metricNames(), e.params.biasNames())
	for q, r := range results {
		lang := e.pool.queries[q].Lang
		for _, row := range r.rows {
			for i, value := range row.values {
				add(cell{row.setting, lang, row.docLang, names[i]}, value)
			}
		}
		for i, rank := range r.goldRank {
			docLang := e.pool.docs[e.pool.golds[q][i].doc].Lang
			add(cell{multilingual, lang, docLang, goldRank}, rank)
		}
	}
	records := []record{}
	for _, setting := range []string{monolingual, crossLingual, multilingual} {
		for _, queryLang := range e.pool.langs {
			for _, docLang := range append(slices.Clone(e.pool.langs), allLangs) {
				for _, metric := range append(names, goldRank) {
					m, ok := means[cell{setting, queryLang, docLang, metric}]
					if ok {
						records = append(records, record{setting, queryLang, docLang, metric, m.sum / float64(m.count), m.count})
					}
				}
			}
		}
	}
	return records
}

const goldRank = "gold-rank"

// writeMetrics writes a JSON array, one record a line.
func writeMetrics(name string, records []record) error {
	lines := make([][]byte, len(records))
	for i, r := range records {
		line, err := json.Marshal(r)
		if err != nil {
			return err
		}
		lines[i] = line
	}
	return corpus.Create(name, func(w io.Writer) error {
		_, err := fmt.Fprintf(w, "[\n%s\n]\n", bytes.Join(lines, []byte(",\n")))
		return err
	})
}

// writePerQuery writes one object for each query and setting, its values under
// the names of the metrics.
func (e *evaluation) writePerQuery(name string, results []result) error {
	names := slices.Concat(e.params.metricNames(), e.params.biasNames())
	return corpus.Create(name, func(w io.Writer) error {
		var line []byte
		for q, r := range results {
			for _, row := range r.rows {
				line = e.appendLine(line[:0], q, row, names)
				if _, err := w.Write(line); err != nil {
					return err
				}
			}
		}
		return nil
	})
}

func (e *evaluation) appendLine(line []byte, q int, r row, names []string) []byte {
	query := e.pool.queries[q]
	for _, field := range []struct{ name, value string }{
		{`{"query":`, query.ID},
		{`,"question":`, query.Question},
		{`,"setting":`, r.setting},
		{`,"query_lang":`, query.Lang},
		{`,"doc_lang":`, r.docLang},
	} {
		line = append(line, field.name...)
		line = appendText(line, field.value)
	}
	for i, value := range r.values {
		if math.IsNaN(value) {
			continue
		}
		line = append(line, ',')
		line = appendText(line, names[i])
		line = append(line, ':')
		line = strconv.AppendFloat(line, value, 'g', -1, 64)
	}
	return append(line, '}', '\n')
}

// appendText appends s as JSON. A string always has a JSON form.
func appendText(line []byte, s string) []byte {
	text, _ := json.Marshal(s)
	return append(line, text...)
}

// logSummary tells the means over languages and whom they leave out.
func (e *evaluation) logSummary(job *stages.Job, records []record) {
	none := 0
	for _, golds := range e.pool.golds {
		if len(golds) == 0 {
			none++
		}
	}
	if none > 0 {
		job.Logf("%d queries have no answer in any language", none)
	}
	for _, setting := range []string{monolingual, crossLingual, multilingual} {
		byLang := map[string]mean{} // map of each query language, over document languages
		for _, r := range records {
			if r.Setting == setting && r.Metric == "map" {
				m := byLang[r.QueryLang]
				byLang[r.QueryLang] = mean{m.sum + r.Value, m.count + 1}
			}
		}
		var over mean
		for _, lang := range e.pool.langs {
			if m, ok := byLang[lang]; ok {
				over = mean{over.sum + m.sum/float64(m.count), over.count + 1}
			}
		}
		if over.count > 0 {
			job.Logf("%s: map %.4f, the mean over %d query languages", setting, over.sum/float64(over.count), over.count)
		}
	}
}
