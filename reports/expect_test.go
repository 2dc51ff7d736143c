package reports_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"repro/reports"
)

func TestExpectedColumnsAreThere(t *testing.T) {
	t.Parallel()
	records := []reports.Record{
		rec("map", 1, "s=x", "set=b", "setting=mono"), rec("map", 2, "s=x", "set=b", "setting=multi"),
		rec("mrr", 3, "s=x", "set=b", "setting=multi"),
		rec("map", 4, "s=x", "set=a", "setting=mono"),
	}
	b, a := []reports.Key{{"b", "mono", "map"}, {"b", "multi", "map"}, {"b", "multi", "mrr"}}, []reports.Key{{"a", "mono", "map"}}
	for name, tc := range map[string]struct {
		columns  []string
		where    map[string][]string
		expected map[string]string
		want     []reports.Key
	}{
		"like those that records have": {
			expected: map[string]string{"s": "x", "set": "c"},
			want:     append(append(b[:3:3], a...), reports.Key{"c", "mono", "map"}, reports.Key{"c", "multi", "map"}, reports.Key{"c", "multi", "mrr"}),
		},
		"grouped with equal outer values": {
			expected: map[string]string{"s": "x", "set": "b", "setting": "new"},
			want:     append(append(b[:3:3], reports.Key{"b", "new", "map"}, reports.Key{"b", "new", "mrr"}), a...),
		},
		"not where records show what a value has": {
			expected: map[string]string{"s": "y", "set": "a"},
			want:     append(b[:3:3], a...),
		},
		"not without a dimension of the columns": {
			expected: map[string]string{"s": "y"},
			want:     append(b[:3:3], a...),
		},
		"not if where excludes them": {
			where:    map[string][]string{"set": {"a", "b"}},
			expected: map[string]string{"s": "y", "set": "c"},
			want:     append(b[:3:3], a...),
		},
		"by inner dimensions": {
			columns:  []string{"metric", "setting", "set"},
			where:    map[string][]string{"metric": {"mrr"}},
			expected: map[string]string{"s": "x", "set": "c"},
			want:     []reports.Key{{"mrr", "multi", "b"}, {"mrr", "multi", "c"}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			spec := reports.Spec{Rows: []string{"s"}, Columns: tc.columns, Where: tc.where, Expected: []map[string]string{tc.expected, tc.expected}}
			if spec.Columns == nil {
				spec.Columns = []string{"set", "setting", "metric"}
			}
			table := build(t, spec, records, nil)
			if diff := cmp.Diff(tc.want, table.Columns); diff != "" {
				t.Errorf("columns (-want +got):\n%s", diff)
			}
			if _, excludes := tc.where["set"]; excludes && len(table.Rows) != 1 {
				t.Errorf("rows %v", table.Rows)
			}
			for j, column := range table.Columns {
				if c := table.Cells[0][j]; c.Missing() && c.Metric == "" {
					t.Errorf("missing cell %v has no metric", column)
				}
			}
		})
	}
}

// TestSeedsThatNoCellHasMakeCellsPartial has a seed that failed everywhere: no
// cell of the column has more values than another.
func TestSeedsThatNoCellHasMakeCellsPartial(t *testing.T) {
	t.Parallel()
	records := []reports.Record{
		rec("map", 1, "s=x", "seed=0"), rec("map", 2, "s=x", "seed=1"),
		rec("map", 3, "s=y", "seed=0"), rec("map", 4, "s=y", "seed=1"),
		rec("map", 5, "s=bm25"),
	}
	spec := reports.Spec{
		Rows: []string{"s"}, Columns: []string{"metric"}, Over: "seed", Present: 5,
		Expected: []map[string]string{{"s": "x", "seed": "2"}, {"s": "y", "seed": "2"}, {"s": "z", "seed": "0"}},
	}
	table := build(t, spec, records, nil)
	type state struct {
		N                          int
		Partial, Constant, Missing bool
	}
	var got []state
	for _, row := range table.Cells {
		got = append(got, state{row[0].N, row[0].Partial, row[0].Constant, row[0].Missing()})
	}
	want := []state{{N: 2, Partial: true}, {N: 2, Partial: true}, {N: 1, Constant: true}, {Missing: true}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("cells (-want +got):\n%s", diff)
	}
	wantNotes := []string{
		"± is half the 95 % confidence interval of the mean over seed (Student's t).",
		"1 of 4 cells has no value.",
		"3 of 8 results are missing.",
		"2 cells have fewer than all 3 values of seed (n).",
	}
	if diff := cmp.Diff(wantNotes, table.Notes); diff != "" {
		t.Errorf("notes (-want +got):\n%s", diff)
	}

	// A seed that where excludes is not expected.
	spec.Where = map[string][]string{"seed": {"0", "1", ""}}
	spec.Expected, spec.Present = spec.Expected[:1], 0
	for _, note := range build(t, spec, records, nil).Notes[1:] {
		t.Errorf("note %q", note)
	}
}

func TestMissingResultsAreNoted(t *testing.T) {
	t.Parallel()
	spec := reports.Spec{Rows: []string{"s"}, Columns: []string{"metric"}}
	records := []reports.Record{rec("map", 1, "s=x")}
	for _, tc := range []struct {
		expected, present int
		want              []string
	}{
		{0, 4, nil},
		{1, 4, []string{"1 of 5 results is missing."}},
		{1, 0, []string{"1 result is missing."}},
		{2, 0, []string{"2 results are missing."}},
	} {
		spec.Expected, spec.Present = make([]map[string]string, tc.expected), tc.present
		if diff := cmp.Diff(tc.want, build(t, spec, records, nil).Notes); diff != "" {
			t.Errorf("%d expected, %d present (-want +got):\n%s", tc.expected, tc.present, diff)
		}
	}
}
