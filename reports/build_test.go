package reports_test

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"repro/internal/testkit"
	"repro/reports"
)

// rec makes a record from "dim=value" pairs.
func rec(metric string, value float64, dims ...string) reports.Record {
	r := reports.Record{Metric: metric, Value: value, Dims: map[string]string{}}
	for _, dim := range dims {
		name, v, _ := strings.Cut(dim, "=")
		r.Dims[name] = v
	}
	return r
}

func build(t *testing.T, spec reports.Spec, records, published []reports.Record) *reports.Table {
	t.Helper()
	table, err := reports.Build(spec, records, published)
	if err != nil {
		t.Fatal(err)
	}
	return table
}

var approx = cmpopts.EquateApprox(0, 1e-12)

func TestRowsAndColumnsKeepTheOrderOfTheRecords(t *testing.T) {
	t.Parallel()
	table := build(t, reports.Spec{Rows: []string{"init", "sampler"}, Columns: []string{"set", "metric"}}, []reports.Record{
		rec("map", 1, "init=xlmr", "sampler=x-y", "set=b"),
		rec("map", 2, "init=labse", "sampler=x-y", "set=b"),
		rec("map", 3, "init=xlmr", "sampler=hybrid", "set=a"),
		rec("mrr", 4, "init=xlmr", "sampler=x-y", "set=b"),
		rec("mrr", 5, "init=labse", "sampler=hybrid", "set=a"),
	}, nil)
	wantRows := []reports.Key{{"xlmr", "x-y"}, {"xlmr", "hybrid"}, {"labse", "x-y"}, {"labse", "hybrid"}}
	if diff := cmp.Diff(wantRows, table.Rows); diff != "" {
		t.Errorf("rows (-want +got):\n%s", diff)
	}
	wantColumns := []reports.Key{{"b", "map"}, {"b", "mrr"}, {"a", "map"}, {"a", "mrr"}}
	if diff := cmp.Diff(wantColumns, table.Columns); diff != "" {
		t.Errorf("columns (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"11 of 16 cells have no value."}, table.Notes); diff != "" {
		t.Errorf("notes (-want +got):\n%s", diff)
	}
	want := reports.Cell{Metric: "mrr"}
	if diff := cmp.Diff(want, table.Cells[1][1]); diff != "" {
		t.Errorf("missing cell (-want +got):\n%s", diff)
	}
}

// TestAverageIsInnermostLast has unequal groups, so that the order matters:
// the mean of (mean of 1, 2) and 6 is 3.75, that of all three is 3.
func TestAverageIsInnermostLast(t *testing.T) {
	t.Parallel()
	records := []reports.Record{
		rec("map", 1, "s=a", "q=de", "d=en"), rec("map", 2, "s=a", "q=de", "d=es"), rec("map", 6, "s=a", "q=en", "d=en"),
	}
	spec := reports.Spec{Rows: []string{"s"}, Columns: []string{"metric"}, Average: []string{"q", "d"}}
	if got := build(t, spec, records, nil).Cells[0][0]; got.Mean != 3.75 || got.Averaged != 3 || got.N != 1 {
		t.Errorf("cell %+v", got)
	}
	spec.Average = []string{"d", "q"} // d=en: (1+6)/2, d=es: 2
	if got := build(t, spec, records, nil).Cells[0][0].Mean; got != 2.75 {
		t.Errorf("mean %v", got)
	}
}

func TestIntervalIsStudents(t *testing.T) {
	t.Parallel()
	records := []reports.Record{
		rec("map", 1, "s=a", "seed=0"), rec("map", 2, "s=a", "seed=1"), rec("map", 3, "s=a", "seed=2"),
		rec("map", 5, "s=b", "seed=0"),
	}
	table := build(t, reports.Spec{Rows: []string{"s"}, Columns: []string{"metric"}, Over: "seed"}, records, nil)
	// t(.975, 2 degrees of freedom) = 4.302652729749464; s = 1.
	half := 4.302652729749464 / math.Sqrt(3)
	want := [][]reports.Cell{
		{{Metric: "map", N: 3, Mean: 2, Averaged: 1, Interval: &reports.Interval{Lo: 2 - half, Hi: 2 + half},
			Samples: []reports.Sample{{Over: "0", Value: 1}, {Over: "1", Value: 2}, {Over: "2", Value: 3}}}},
		{{Metric: "map", N: 1, Mean: 5, Averaged: 1, Partial: true, Samples: []reports.Sample{{Over: "0", Value: 5}}}},
	}
	if diff := cmp.Diff(want, table.Cells, cmpopts.EquateApprox(0, 1e-9)); diff != "" {
		t.Errorf("cells (-want +got):\n%s", diff)
	}
	wantNotes := []string{
		"± is half the 95 % confidence interval of the mean over seed (Student's t).",
		"1 cell has fewer than all 3 values of seed (n).",
	}
	if diff := cmp.Diff(wantNotes, table.Notes); diff != "" {
		t.Errorf("notes (-want +got):\n%s", diff)
	}
}

func TestBestIsExactAndByMetric(t *testing.T) {
	t.Parallel()
	records := []reports.Record{
		rec("map", 0.50001, "s=a"), rec("map", 0.50002, "s=b"), rec("map", 0.50002, "s=c"),
		rec("distance", 9, "s=a"), rec("distance", 3, "s=b"), rec("distance", 4, "s=c"),
		rec("size", 9, "s=a"), rec("size", 3, "s=b"), rec("size", 4, "s=c"),
		rec("alone", 1, "s=c"),
	}
	spec := reports.Spec{Columns: []string{"metric"}, Rows: []string{"s"}, Digits: 2, Best: map[string]string{"": "max", "distance": "min"}}
	best := func(table *reports.Table) string {
		var marks strings.Builder
		for _, row := range table.Cells {
			for _, cell := range row {
				fmt.Fprintf(&marks, "%t ", cell.Best)
			}
			marks.WriteString("\n")
		}
		return marks.String()
	}
	want := "false false true false \ntrue true false false \ntrue false false false \n"
	if diff := cmp.Diff(want, best(build(t, spec, records, nil))); diff != "" {
		t.Errorf("best (-want +got):\n%s", diff)
	}
	// Metrics that share a column do not compete.
	spec.Columns, spec.Rows = []string{"s"}, []string{"metric"}
	if got := best(build(t, spec, records, nil)); strings.Contains(got, "true") {
		t.Errorf("best across metrics:\n%s", got)
	}
}

func TestUnequalAveragesAreNoted(t *testing.T) {
	t.Parallel()
	records := []reports.Record{
		rec("map", 1, "s=a", "q=de"), rec("map", 3, "s=a", "q=en"), rec("map", 2, "s=b", "q=de"),
	}
	table := build(t, reports.Spec{Rows: []string{"s"}, Columns: []string{"metric"}, Average: []string{"q"}}, records, nil)
	want := []string{"Unweighted means over q.", "1 cell averages fewer records than others in the column, first (s=b, metric=map): 1, not 2."}
	if diff := cmp.Diff(want, table.Notes); diff != "" {
		t.Errorf("notes (-want +got):\n%s", diff)
	}
}

func TestAmbiguityIsAnError(t *testing.T) {
	t.Parallel()
	spec := reports.Spec{Name: "r", Rows: []string{"s"}, Columns: []string{"metric"}}
	for name, tc := range map[string]struct {
		spec               reports.Spec
		records, published []reports.Record
		want               []string
	}{
		"dimensions that are not named": {
			spec:    spec,
			records: []reports.Record{rec("map", 1, "s=a", "q=de", "seed=0", "x=1"), rec("map", 1, "s=a", "q=en", "seed=1", "x=1")},
			want:    []string{`report "r"`, "(s=a, metric=map)", `q ("de", "en" …) and seed ("0", "1" …)`, "rows, columns, average or where"},
		},
		"the same record twice": {
			spec:    spec,
			records: []reports.Record{rec("map", 1, "s=a"), rec("map", 1, "s=a")},
			want:    []string{"the same in all dimensions"},
		},
		"two metrics": {
			spec:    reports.Spec{Rows: []string{"s"}, Columns: []string{"q"}},
			records: []reports.Record{rec("map", 1, "s=a", "q=en"), rec("mrr", 1, "s=a", "q=en")},
			want:    []string{`metric ("map", "mrr" …)`},
		},
		"unknown dimension": {
			spec:    reports.Spec{Rows: []string{"sampler"}, Columns: []string{"metric"}},
			records: []reports.Record{rec("map", 1, "s=a")},
			want:    []string{`"sampler"`, "the dimensions are metric, s"},
		},
		"nothing left": {
			spec:    reports.Spec{Rows: []string{"s"}, Columns: []string{"metric"}, Where: map[string][]string{"s": {"z"}}},
			records: []reports.Record{rec("map", 1, "s=a")},
			want:    []string{"none of the 1 records"},
		},
		"no records": {spec: spec, want: []string{"there are no records"}},
		"no columns": {spec: reports.Spec{Rows: []string{"s"}}, want: []string{"at least one dimension"}},
		"a dimension with two roles": {
			spec: reports.Spec{Rows: []string{"s"}, Columns: []string{"metric"}, Over: "s"},
			want: []string{`"s" twice`},
		},
		"unknown best": {
			spec: reports.Spec{Rows: []string{"s"}, Columns: []string{"metric"}, Best: map[string]string{"map": "highest"}},
			want: []string{`"highest"`, `"min"`},
		},
		"published": {
			spec:      spec,
			records:   []reports.Record{rec("map", 1, "s=a")},
			published: []reports.Record{rec("map", 1, "s=a", "model=x"), rec("map", 1, "s=a", "model=y")},
			want:      []string{"published values", "model", "published_where"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := reports.Build(tc.spec, tc.records, tc.published)
			if err == nil {
				t.Fatal("no error")
			}
			for _, want := range tc.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("error %q does not say %q", err, want)
				}
			}
		})
	}
}

func TestPublishedValuesMatchByTheDimensionsTheyHave(t *testing.T) {
	t.Parallel()
	records := []reports.Record{
		rec("map", 0.5, "sampler=x-y", "seed=0", "set=a", "doc_lang=all", "query_lang=en"),
		rec("map", 0.6, "sampler=x-y", "seed=0", "set=b", "doc_lang=all", "query_lang=en"),
		rec("map", 0.7, "sampler=hybrid", "seed=0", "set=b", "doc_lang=all", "query_lang=en"),
	}
	published := []reports.Record{
		rec("map", 0.1, "sampler=hybrid", "set=a", "query_lang=en", "model=m"),
		rec("map", 0.3, "sampler=hybrid", "set=a", "query_lang=de", "model=m"),
		rec("map", 0.9, "sampler=x-y", "model=m"),
		rec("mrr", 0.8, "sampler=x-y", "model=m"),
		rec("map", 0.0, "sampler=x-y", "model=other"),
	}
	table := build(t, reports.Spec{
		Rows: []string{"sampler"}, Columns: []string{"set"}, Average: []string{"query_lang", "doc_lang"}, Over: "seed",
		Where: map[string][]string{"metric": {"map", "nothing"}}, PublishedWhere: map[string][]string{"model": {"m"}},
	}, records, published)
	got := map[string]float64{}
	for i, row := range table.Rows {
		for j, column := range table.Columns {
			if p := table.Cells[i][j].Published; p != nil {
				got[row[0]+" "+column[0]] = *p
			}
		}
	}
	want := map[string]float64{"x-y a": 0.9, "x-y b": 0.9, "hybrid a": 0.2}
	if diff := cmp.Diff(want, got, approx); diff != "" {
		t.Errorf("published (-want +got):\n%s", diff)
	}
	wantNotes := []string{
		"Published values are in brackets.",
		"Unweighted means over doc_lang, then query_lang.",
		"1 of 4 cells has no value.",
		`No record has metric = "nothing".`,
	}
	if diff := cmp.Diff(wantNotes, table.Notes); diff != "" {
		t.Errorf("notes (-want +got):\n%s", diff)
	}
	none := build(t, reports.Spec{Rows: []string{"sampler"}, Columns: []string{"set"}}, records, []reports.Record{rec("map", 1, "sampler=x")})
	if diff := cmp.Diff([]string{"1 of 4 cells has no value.", "No published value matches a cell of this table."}, none.Notes); diff != "" {
		t.Errorf("notes (-want +got):\n%s", diff)
	}
}

// TestPublishedTablesOfThePaper recomputes the means that the paper prints.
func TestPublishedTablesOfThePaper(t *testing.T) {
	t.Parallel()
	name := filepath.Join(testkit.Datasets(t), "..", "paper", "published.csv")
	f, err := os.Open(name)
	if err != nil {
		t.Skipf("no published values: %v", err)
	}
	defer f.Close() //nolint:errcheck // opened for reading only
	records, err := reports.ParseCSV("published.csv", f)
	if err != nil {
		t.Fatal(err)
	}
	if len(records) != 936 {
		t.Errorf("%d records", len(records))
	}
	table := build(t, reports.Spec{
		Rows: []string{"model", "sampler"}, Columns: []string{"dataset", "metric", "setting"}, Average: []string{"query_lang"},
		Where: map[string][]string{"metric": {"map"}, "model": {"XLM-R"}},
	}, records, nil)
	var got []string
	for i, row := range table.Rows {
		line := row[1]
		for _, cell := range table.Cells[i] {
			line += fmt.Sprintf(" %.4f", cell.Mean)
		}
		got = append(got, line)
	}
	want := []string{
		"x-x-mono 0.7918 0.6737 0.5479 0.6475 0.5843 0.4731",
		"x-y 0.7554 0.6997 0.5934 0.6256 0.6200 0.5076",
		"hybrid 0.7977 0.7053 0.5927 0.6481 0.6234 0.5121",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("means (-paper +got):\n%s", diff)
	}
}
