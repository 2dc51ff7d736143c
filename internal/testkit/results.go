package testkit

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"repro/cache"
	"repro/cache/mem"
	"repro/cache/runs"
)

// Results makes up the results of a small study: the arms none (without seeds),
// mono and hybrid, in the languages de, en and sw, with loss curves, published
// numbers, parameters and logs. They are the same every time.
func Results(t testing.TB) (*runs.Run, cache.Store) {
	t.Helper()
	r := &results{t: t, store: mem.New(), run: &runs.Run{Header: runs.Header{
		ID: "20260102T030405.000Z-00000001", Workflow: "workflows/study.hcl", Commit: strings.Repeat("c0ffee", 6) + "c0ff",
		Started: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), Ended: time.Date(2026, 1, 2, 3, 6, 10, 0, time.UTC), Status: runs.Done,
	}}}
	r.run.Vars = map[string]string{"scale": `"small"`, "seeds": "[0,1]"}
	r.run.Host = runs.Host{OS: "linux", Arch: "amd64", CPUs: 2, Go: "go1.26", Repro: "0.1.0"}
	r.run.Plugins = []runs.Plugin{{Name: "codeswitch", Identity: map[string]string{"files": "ab12"}, Files: map[string]string{"codeswitch.py": "cd34"}}}
	r.arm("none", -1, .1, .1)
	for seed := range 2 {
		r.arm("mono", seed, .6, .2)
		r.arm("hybrid", seed, .61, .5)
	}
	report := runs.Report{
		Name: "map", Title: "Mean average precision", Rows: []string{"sampler"}, Columns: []string{"setting"},
		Average: []string{"query_lang", "doc_lang"}, Over: "seed", Where: map[string][]string{"metric": {"map"}},
		Best: map[string]string{"": "max"}, Digits: 3, From: r.metrics,
		PublishedFile: "published.csv", Published: r.put([]byte("sampler,setting,metric,value\nhybrid,cross-lingual,map,0.47\n")),
	}
	distance := report
	distance.Name, distance.Title, distance.Average = "distance", "Rank distance", []string{"query_lang"}
	distance.Where, distance.Best, distance.Digits = map[string][]string{"metric": {"rank-distance"}}, map[string]string{"": "min"}, 1
	distance.PublishedFile, distance.Published = "", cache.Digest{}
	r.run.Reports = []runs.Report{report, distance}
	return r.run, r.store
}

type results struct {
	t       testing.TB
	store   cache.Store
	run     *runs.Run
	metrics []runs.Source
}

func (r *results) put(b []byte) cache.Digest {
	r.t.Helper()
	d, err := cache.PutBytes(r.t.Context(), r.store, b)
	if err != nil {
		r.t.Fatal(err)
	}
	return d
}

// arm adds the training and the evaluation of an arm; a seed below zero stands
// for an arm that is not trained.
func (r *results) arm(sampler string, seed int, own, other float64) {
	axes, inputs := map[string]string{"sampler": sampler}, []runs.Input(nil)
	at := fmt.Sprintf("[sampler=%s]", sampler)
	if seed >= 0 {
		axes["seed"] = fmt.Sprint(seed)
		at = fmt.Sprintf("[sampler=%s,seed=%d]", sampler, seed)
		var curve strings.Builder
		for step := 10; step <= 100; step += 10 {
			fmt.Fprintf(&curve, `{"step":%d,"loss":%g,"lr":0.1}`+"\n", step, 20/float64(step+10*seed)+own)
		}
		r.stage("train.encoder"+at, axes, runs.Ran, 42*time.Second, nil, map[string][]byte{"curve": []byte(curve.String()), "model": []byte("weights" + at)})
		inputs = []runs.Input{{Port: "model", Stage: "train.encoder" + at, Output: "model"}}
	}
	var records []map[string]any
	langs := []string{"de", "en", "sw"}
	for i, query := range langs {
		records = append(records, map[string]any{"setting": "multilingual", "query_lang": query, "metric": "rank-distance", "value": 100*(1-other) + float64(i+max(seed, 0))})
		for j, doc := range langs {
			setting, value := "cross-lingual", other
			if i == j {
				setting, value = "monolingual", own
			}
			value += float64(i-j)/100 + float64(max(seed, 0))/50
			records = append(records, map[string]any{"setting": setting, "query_lang": query, "doc_lang": doc, "metric": "map", "value": value})
		}
	}
	encoded, err := json.Marshal(records)
	if err != nil {
		r.t.Fatal(err)
	}
	r.stage("evaluate.retrieval"+at, axes, runs.Hit, 3*time.Second, inputs, map[string][]byte{"metrics": encoded})
	r.metrics = append(r.metrics, runs.Source{Stage: "evaluate.retrieval" + at, Port: "metrics"})
}

func (r *results) stage(addr string, axes map[string]string, state runs.State, took time.Duration, inputs []runs.Input, outputs map[string][]byte) {
	kind, _, _ := strings.Cut(addr, ".")
	action := cache.Action{Kind: kind, Version: "1", Params: map[string]string{"sampler": fmt.Sprintf("%q", axes["sampler"])}}
	stage := runs.Stage{
		Addr: addr, Axes: axes, Kind: kind, State: state, Reason: "never run", Took: took, Started: r.run.Started,
		Class: cache.Deterministic, Inputs: inputs, Outputs: map[string]cache.Artifact{}, Log: r.put([]byte("a line\nwrote " + addr + "\n")),
	}
	for _, in := range inputs {
		action.Inputs = append(action.Inputs, cache.Input{Port: in.Port, Artifact: cache.Artifact{Digest: cache.Of([]byte(in.Stage))}})
	}
	for port, b := range outputs {
		action.Outputs = append(action.Outputs, cache.Output{Port: port})
		stage.Outputs[port] = cache.Artifact{Digest: r.put(b)}
	}
	stage.Key = r.put(action.Encode())
	r.run.Stages = append(r.run.Stages, stage)
}
