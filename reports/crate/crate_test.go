package crate_test

import (
	"strings"
	"testing"
	"time"

	"repro/cache"
	"repro/cache/runs"
	"repro/internal/testkit"
	"repro/reports/crate"
)

// input is a run with all that a crate can tell: a matrix, a folder, a stage
// that failed, one that was never tried, one whose output is left out.
func input() (crate.Input, map[string]cache.Digest) {
	files := map[string]cache.Digest{}
	var entries []crate.Entry
	file := func(path, name, format string) cache.Digest {
		d := cache.Of([]byte(path))
		files[path] = d
		entries = append(entries, crate.Entry{Path: path, Name: name, Format: format, Digest: d})
		return d
	}
	file("workflow/a flow.hcl", "", "")
	file("workflow/LICENSE", "", "")
	file("README.md", "", "text/markdown")
	file("tables/map.csv", "mAP", "text/csv")
	data := cache.Artifact{Digest: file("workflow/data/en.txt", "", "")}
	inside := file("blobs/sha256/aa/aa", "weights", "")
	tree := cache.Tree{{Path: "weights", Digest: inside}}
	folder := cache.Artifact{Digest: cache.Of(tree.Encode()), Tree: true}
	files["blobs/sha256/bb/bb"] = folder.Digest
	entries = append(entries,
		crate.Entry{Path: "blobs/sha256/bb/bb", Name: "names of the files", Digest: folder.Digest},
		crate.Entry{Path: "logs/train.m/seed=0.txt", Digest: file("logs/x.txt", "", ""), LogOf: "train.m[seed=0]"})
	files["logs/train.m/seed=0.txt"] = files["logs/x.txt"]
	pairs := cache.Artifact{Digest: cache.Of([]byte("left out"))}

	ended := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	result := func(port string, a cache.Artifact) *cache.Result {
		return &cache.Result{Outputs: map[string]cache.Artifact{port: a}, Took: time.Minute, Recorded: ended}
	}
	run := &runs.Run{
		Header: runs.Header{ID: "20260102T030405.000Z-00000000", Workflow: "a flow.hcl", Commit: strings.Repeat("a", 40), Dirty: strings.Repeat("b", 64), Started: ended.Add(-time.Hour), Ended: ended, Status: runs.FailedRun},
		Vars:   map[string]string{"scale": `"smoke"`, "seeds": "[0]", "digits": "4", "alpha": "0.5", "fast": "true"},
		Host:   runs.Host{OS: "linux", Arch: "amd64", CPUs: 2, Go: "go1.26", Repro: "0.1.0"},
		Stages: []runs.Stage{
			{Addr: "collect.pairs", Kind: "collect", State: runs.Hit},
			{Addr: "train.m[seed=0]", Kind: "train", State: runs.Ran},
			{Addr: "train.m[seed=1]", Kind: "train", State: runs.Failed, Error: "out of memory", Started: ended, Took: time.Second},
			{Addr: "evaluate.m", Kind: "evaluate", State: runs.Skipped},
		},
		Reports: []runs.Report{{Name: "map", Title: "Mean average precision"}, {Name: "empty"}},
	}
	return crate.Input{
		Run: run, Name: "a flow", Description: "A flow for tests.", Agent: "Ada",
		Workflow: "workflow/a flow.hcl", License: "workflow/LICENSE", Readme: "README.md",
		Stages: map[string]crate.Stage{
			"collect.pairs": {Action: &cache.Action{Kind: "collect", Version: "1"}, Result: result("pairs", pairs)},
			"train.m[seed=0]": {
				Action: &cache.Action{Kind: "train", Version: "3", Params: map[string]string{"seed": "0"}, Tools: map[string]string{"plugin p files": "h1:x"}, Inputs: []cache.Input{{Port: "pairs", Artifact: pairs}, {Port: "extra", Artifact: data}}},
				Result: result("model", folder),
			},
		},
		Trees: map[cache.Digest]cache.Tree{folder.Digest: tree}, Files: entries,
		Tables: map[string][]string{"map": {"tables/map.csv"}}, Sources: map[cache.Artifact]bool{data: true},
	}, files
}

func TestACrateConformsToItsProfile(t *testing.T) {
	t.Parallel()
	in, files := input()
	metadata, err := crate.Metadata(in)
	if err != nil {
		t.Fatal(err)
	}
	testkit.Crate(t, metadata, files)
	testkit.Golden(t, "ro-crate-metadata.json", string(metadata))
}

func TestWhatNobodyKnowsIsNotMadeUp(t *testing.T) {
	t.Parallel()
	in, files := input()
	in.Agent, in.License, in.Run.Commit = "", "", ""
	metadata, err := crate.Metadata(in)
	if err != nil {
		t.Fatal(err)
	}
	testkit.Crate(t, metadata, files)
	text := string(metadata)
	if strings.Contains(text, `"agent"`) || strings.Contains(text, "Person") {
		t.Error("an agent out of nothing")
	}
	if !strings.Contains(text, "The project states no licence") {
		t.Error("nothing is said of the licence")
	}
}
