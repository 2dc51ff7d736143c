package figures_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"repro/cache/runs"
	"repro/internal/testkit"
	"repro/reports"
	"repro/reports/figures"
)

func snapshot(t *testing.T) *reports.Snapshot {
	run, store := testkit.Results(t)
	return reports.NewSnapshot("test", run, store)
}

func ofReport(t *testing.T, s *reports.Snapshot, name string) []reports.Figure {
	t.Helper()
	made, err := figures.OfReport(t.Context(), s, s.Report(name))
	if err != nil {
		t.Fatal(err)
	}
	return made
}

// outline says what figures there are: panels and their kinds.
func outline(all []reports.Figure) []string {
	var lines []string
	for _, f := range all {
		line := f.Name + ":"
		for _, panel := range f.Panels {
			line += fmt.Sprintf(" %T %s", panel.Plot, panel.Title)
		}
		lines = append(lines, line)
	}
	return lines
}

func TestFiguresFollowFromTheData(t *testing.T) {
	t.Parallel()
	s := snapshot(t)
	for name, want := range map[string][]string{
		"map": {
			"map-pairs: *reports.Heatmap none *reports.Heatmap mono *reports.Heatmap hybrid",
			"map-by-query_lang: *reports.Bars monolingual *reports.Bars cross-lingual",
		},
		"distance": {
			"distance-rows: *reports.Bars ",
			"distance-by-query_lang: *reports.Bars ",
		},
	} {
		if diff := cmp.Diff(want, outline(ofReport(t, s, name))); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
	for name, change := range map[string]func(*runs.Report){
		"languages in rows and columns": func(r *runs.Report) {
			r.Rows, r.Columns, r.Average = []string{"query_lang", "sampler"}, []string{"doc_lang"}, nil
		},
		"languages in rows, with a setting": func(r *runs.Report) {
			r.Rows, r.Columns, r.Average = []string{"query_lang", "sampler"}, []string{"setting", "doc_lang"}, nil
		},
	} {
		r := *s.Report("map")
		change(&r)
		made, err := figures.OfReport(t.Context(), s, &r)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(outline(ofReport(t, s, "map"))[:1], outline(made)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func TestAHeatMapHasTheMeansOverSeeds(t *testing.T) {
	t.Parallel()
	h := ofReport(t, snapshot(t), "map")[0].Panels[2].Plot.(*reports.Heatmap)
	if diff := cmp.Diff([]string{"de", "en", "sw"}, h.Rows); diff != "" {
		t.Error(diff)
	}
	var got []string
	for _, row := range h.Cells {
		for _, c := range row {
			got = append(got, fmt.Sprintf("%.3f n=%d", c.Mean, c.N))
		}
	}
	want := strings.Split("0.620 n=2,0.500 n=2,0.490 n=2,0.520 n=2,0.620 n=2,0.500 n=2,0.530 n=2,0.520 n=2,0.620 n=2", ",")
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if h.Scale.Lo != 0 || h.Scale.Hi < .61 || h.Scale.Hi > .63 {
		t.Errorf("scale %v", h.Scale)
	}
	const text = "Heat map, query language by passage language. Lowest 0.49 (de → sw), highest 0.62"
	if !strings.HasPrefix(h.Describe(), text) {
		t.Errorf("described as %q", h.Describe())
	}
}

func TestBarsHaveIntervalsAndOneScale(t *testing.T) {
	t.Parallel()
	f := ofReport(t, snapshot(t), "map")[1]
	mono, cross := f.Panels[0].Plot.(*reports.Bars), f.Panels[1].Plot.(*reports.Bars)
	if mono.Scale != cross.Scale || mono.Scale.Lo > 0 || mono.Scale.Hi < .62 {
		t.Errorf("scales %v and %v", mono.Scale, cross.Scale)
	}
	if diff := cmp.Diff([]string{"none", "mono", "hybrid"}, cross.Series); diff != "" {
		t.Error(diff)
	}
	hybrid := cross.Cells[1][2] // en: de 0.51, 0.53 and sw 0.49, 0.51
	if hybrid.Interval == nil || fmt.Sprintf("%.3f", hybrid.Mean) != "0.510" {
		t.Errorf("hybrid in en: %+v", hybrid)
	}
	if none := cross.Cells[1][0]; none.Interval != nil || none.Missing() {
		t.Errorf("none in en: %+v", none)
	}
}

func TestRankDistancesAreBarsOfRows(t *testing.T) {
	t.Parallel()
	b := ofReport(t, snapshot(t), "distance")[0].Panels[0].Plot.(*reports.Bars)
	var got []string
	for i, group := range b.Groups {
		got = append(got, fmt.Sprintf("%s %.1f", group, b.Cells[i][0].Mean))
	}
	if diff := cmp.Diff([]string{"none 91.0", "mono 81.5", "hybrid 51.5"}, got); diff != "" {
		t.Error(diff)
	}
}

func TestCurvesHaveALineForEachSeed(t *testing.T) {
	t.Parallel()
	s := snapshot(t)
	made, err := figures.Curves(t.Context(), s)
	if err != nil || len(made) != 1 || len(made[0].Panels) != 1 {
		t.Fatalf("%v, %v", outline(made), err)
	}
	l := made[0].Panels[0].Plot.(*reports.Lines)
	var got []string
	for _, series := range l.Series {
		for _, line := range series.Lines {
			got = append(got, fmt.Sprintf("%s %s %d", series.Name, line.Name, len(line.Points)))
		}
	}
	if diff := cmp.Diff([]string{"mono seed 0 10", "mono seed 1 10", "hybrid seed 0 10", "hybrid seed 1 10"}, got); diff != "" {
		t.Error(diff)
	}
	if want := (reports.Point{X: 10, Y: 2.6}); l.Series[0].Lines[0].Points[0] != want || l.XScale.Hi != 100 {
		t.Errorf("first point %v, scale %v", l.Series[0].Lines[0].Points[0], l.XScale)
	}
}

func TestManyArmsAreCutAndCounted(t *testing.T) {
	t.Parallel()
	run, store := testkit.Results(t)
	for i := range 30 {
		stage := *reports.NewSnapshot("", run, store).Stage("train.encoder[sampler=mono,seed=0]")
		stage.Axes = map[string]string{"sampler": fmt.Sprint(i), "seed": "0"}
		run.Stages = append(run.Stages, stage)
	}
	made, err := figures.Curves(t.Context(), reports.NewSnapshot("", run, store))
	if err != nil {
		t.Fatal(err)
	}
	if n := len(made[0].Panels[0].Plot.(*reports.Lines).Series); n != 12 || made[0].Caption != "The first 12 of 32 arms." {
		t.Errorf("%d series; %q", n, made[0].Caption)
	}
}

func TestTheGraphFoldsInstances(t *testing.T) {
	t.Parallel()
	g := figures.Graph(snapshot(t))
	var names []string
	for _, b := range g.Blocks {
		names = append(names, fmt.Sprintf("%s %d", b.Name, len(b.Stages)))
	}
	if diff := cmp.Diff([]string{"evaluate.retrieval 5", "train.encoder 4"}, names); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([][2]int{{1, 0}}, g.Edges); diff != "" {
		t.Error(diff)
	}
}

func TestBadCurvesNameTheStageAndTheLine(t *testing.T) {
	t.Parallel()
	s := snapshot(t)
	for i := range s.Stages {
		if stage := &s.Stages[i]; stage.Kind == "train" {
			stage.Outputs["curve"] = s.Stage("evaluate.retrieval[sampler=none]").Outputs["metrics"]
		}
	}
	_, err := figures.Curves(t.Context(), s)
	if err == nil || !strings.Contains(err.Error(), "curve of train.encoder[sampler=mono,seed=0]: line 1") {
		t.Errorf("error %v", err)
	}
}

func TestADiagonalIsNoHeatMap(t *testing.T) {
	t.Parallel()
	s := snapshot(t)
	r := *s.Report("map")
	r.Where = map[string][]string{"metric": {"map"}, "setting": {"monolingual"}}
	made, err := figures.OfReport(t.Context(), s, &r)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"map-by-query_lang: *reports.Bars "}, outline(made)); diff != "" {
		t.Error(diff)
	}
}
