package reports_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"repro/reports"
)

func TestParseMetrics(t *testing.T) {
	t.Parallel()
	got, err := reports.ParseMetrics(strings.NewReader(`[
{"setting":"monolingual","query_lang":"中文","metric":"map","value":0.25,"queries":3},
{"metric":"mrr","value":0}
]`))
	if err != nil {
		t.Fatal(err)
	}
	want := []reports.Record{
		{Dims: map[string]string{"setting": "monolingual", "query_lang": "中文"}, Metric: "map", Value: 0.25, Queries: 3},
		{Dims: map[string]string{}, Metric: "mrr"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	for input, want := range map[string]string{
		``:                 "metrics:",
		`{"metric":"map"}`: "metrics:",
		`[{"metric":"map","value":1},{"metric":"map"}]`: "record 2",
		`[{"value":1}]`:                       `"metric"`,
		`[{"metric":"map","value":"1"}]`:      `"value"`,
		`[{"metric":"m","value":1,"seed":0}]`: `"seed" is a number`,
		`[{"metric":"m","value":1,"x":null}]`: `"x" is neither`,
	} {
		if _, err := reports.ParseMetrics(strings.NewReader(input)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v does not say %s", input, err, want)
		}
	}
}

func TestParseCSV(t *testing.T) {
	t.Parallel()
	got, err := reports.ParseCSV("p.csv", strings.NewReader("set,metric,lang,value\r\n\"a, b\",map,,0.5\r\nc,map,ελ,1e-3\r\n"))
	if err != nil {
		t.Fatal(err)
	}
	want := []reports.Record{rec("map", 0.5, "set=a, b"), rec("map", 0.001, "set=c", "lang=ελ")}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	for input, want := range map[string]string{
		"":                                "p.csv: the file is empty",
		"metric,x\n":                      `p.csv:1: there is no column "value"`,
		"value,x\n":                       `p.csv:1: there is no column "metric"`,
		"metric,value,value\n":            `p.csv:1: the column "value" occurs twice`,
		"metric,value\nmap,1\nmap,.5x\n":  `p.csv:3: value ".5x"`,
		"metric,value\n\"m\nap\",1\n,1\n": "p.csv:4: the metric is empty",
		"metric,value\nmap,NaN\n":         `p.csv:2: value "NaN"`,
		"metric,value\nmap\n":             "p.csv: record on line 2",
	} {
		if _, err := reports.ParseCSV("p.csv", strings.NewReader(input)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: error %v does not say %s", input, err, want)
		}
	}
}
