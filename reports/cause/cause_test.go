package cause_test

import (
	"strconv"
	"testing"

	"github.com/google/go-cmp/cmp"

	"repro/cache"
	"repro/cache/mem"
	"repro/cache/runs"
	"repro/reports"
	"repro/reports/cause"
)

// workflow is collect.data → train.model[seed] → evaluate.main[seed], made by
// hand. Outputs are a function of the action unless salted.
type workflow struct {
	data, temperature string
	seeds             []string
	salt              string // of what train gives, as if it were not deterministic
	plugin            string // bytes of the plugin's file
}

func (w workflow) snapshot(t *testing.T, store *mem.Store) *reports.Snapshot {
	t.Helper()
	r := &runs.Run{Plugins: []runs.Plugin{{Name: "mine", Files: map[string]string{"mine.py": w.plugin, "same.py": "1"}}}}
	add := func(addr string, axes map[string]string, action *cache.Action, inputs []runs.Input, salt string) cache.Artifact {
		encoded := action.Encode()
		key, err := cache.PutBytes(t.Context(), store, encoded)
		if err != nil {
			t.Fatal(err)
		}
		out := cache.Artifact{Digest: cache.Of(append(encoded, salt...))}
		r.Stages = append(r.Stages, runs.Stage{Addr: addr, Axes: axes, Key: key, Inputs: inputs, Outputs: map[string]cache.Artifact{"out": out}})
		return out
	}
	data := add("collect.data", nil, &cache.Action{
		Kind: "collect", Inputs: []cache.Input{{Port: "source", Name: "0", Artifact: cache.Artifact{Digest: cache.Of([]byte(w.data))}}},
	}, []runs.Input{{Port: "source", Name: "0", Path: "data/en.jsonl"}}, "")
	for _, seed := range w.seeds {
		axes, index := map[string]string{"seed": seed}, "[seed="+seed+"]"
		model := add("train.model"+index, axes, &cache.Action{
			Kind: "train", Params: map[string]string{"temperature": w.temperature, "seed": seed},
			Inputs: []cache.Input{{Port: "data", Artifact: data}},
			Tools:  map[string]string{"plugin mine files": "h1:" + w.plugin},
		}, []runs.Input{{Port: "data", Stage: "collect.data", Output: "out"}}, w.salt)
		add("evaluate.main"+index, axes, &cache.Action{
			Kind: "evaluate", Inputs: []cache.Input{{Port: "model", Artifact: model}},
		}, []runs.Input{{Port: "model", Stage: "train.model" + index, Output: "out"}}, "")
	}
	return reports.NewSnapshot("", r, store)
}

func TestFirstCauses(t *testing.T) {
	t.Parallel()
	base := workflow{data: "a", temperature: "0.05", seeds: []string{"0", "1"}, plugin: "1"}
	change := func(do func(w *workflow)) workflow {
		w := base
		do(&w)
		return w
	}
	cases := map[string]struct {
		now  workflow
		want []string // the causes' lines, each followed by its way
	}{
		"nothing":   {base, nil},
		"parameter": {change(func(w *workflow) { w.temperature = "1" }), []string{"train.model (2 stages): temperature: 0.05 → 1", ""}},
		"file":      {change(func(w *workflow) { w.data = "b" }), []string{"collect.data: data/en.jsonl changed", "by way of train.model"}},
		"plugin":    {change(func(w *workflow) { w.plugin = "2" }), []string{"train.model (2 stages): plugin mine: mine.py changed", ""}},
		"both": {change(func(w *workflow) { w.data, w.temperature = "b", "1" }), []string{
			"collect.data: data/en.jsonl changed", "by way of train.model",
			"train.model (2 stages): temperature: 0.05 → 1", "",
		}},
		"seed": {change(func(w *workflow) { w.seeds = []string{"0", "1", "2"} }), []string{"evaluate.main[seed=2] appeared: seed = 2", ""}},
		"gone": {change(func(w *workflow) { w.seeds = []string{"0"} }), []string{"evaluate.main[seed=1] vanished: seed = 1", ""}},
		"not deterministic": {change(func(w *workflow) { w.salt = "x" }), []string{
			"train.model (2 stages): the same action gave another result", "",
		}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			store := mem.New()
			addrs := []string{"evaluate.main[seed=0]", "evaluate.main[seed=1]", "evaluate.main[seed=2]"}
			causes, err := cause.Explain(t.Context(), base.snapshot(t, store), c.now.snapshot(t, store), addrs)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for i := range causes {
				line, way := causes[i].Text()
				got = append(got, line, way)
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestAnActionThatIsGoneIsSaidSo(t *testing.T) {
	t.Parallel()
	store := mem.New()
	base := workflow{data: "a", temperature: "0.05", seeds: []string{"0"}}
	other := base
	other.temperature = "1"
	old := base.snapshot(t, mem.New())
	old.Blobs = store // which does not have what it was made of
	causes, err := cause.Explain(t.Context(), old, other.snapshot(t, store), []string{"evaluate.main[seed=0]"})
	if err != nil || len(causes) != 1 || causes[0].Kind != cause.Lost {
		t.Errorf("causes %+v, error %v", causes, err)
	}
}

// A list is paired by where its elements come from, whatever their positions.
func TestListsArePairedBySource(t *testing.T) {
	t.Parallel()
	snapshot := func(store *mem.Store, suffix, output string, names ...string) *reports.Snapshot {
		r := &runs.Run{}
		sample := &cache.Action{Kind: "sample"}
		var given []runs.Input
		for i, name := range names {
			action := &cache.Action{Kind: "convert", Params: map[string]string{"name": name, "suffix": suffix}}
			key, err := cache.PutBytes(t.Context(), store, action.Encode())
			if err != nil {
				t.Fatal(err)
			}
			addr := "convert.c[name=" + name + "]"
			out := cache.Artifact{Digest: cache.Of([]byte(name + suffix + output))}
			r.Stages = append(r.Stages, runs.Stage{
				Addr: addr, Axes: map[string]string{"name": name}, Key: key, Outputs: map[string]cache.Artifact{output: out},
			})
			position := strconv.Itoa(i)
			sample.Inputs = append(sample.Inputs, cache.Input{Port: "input", Name: position, Artifact: out})
			given = append(given, runs.Input{Port: "input", Name: position, Stage: addr, Output: output})
		}
		key, err := cache.PutBytes(t.Context(), store, sample.Encode())
		if err != nil {
			t.Fatal(err)
		}
		r.Stages = append(r.Stages, runs.Stage{Addr: "sample.b", Key: key, Inputs: given, Outputs: map[string]cache.Artifact{}})
		return reports.NewSnapshot("", r, store)
	}
	cases := map[string]struct {
		suffix, output string
		names          []string
		want           []string
	}{
		"one in front, and a parameter": {"!", "pairs", []string{"a", "b", "c"}, []string{
			`convert.c (2 stages): suffix:  → !`, `sample.b: input: pairs of convert.c[name=a] is new`,
		}},
		"another order": {"", "pairs", []string{"c", "b"}, []string{"sample.b: inputs in another order"}},
		"another output": {"", "texts", []string{"b", "c"}, []string{
			"sample.b: input: texts of convert.c[name=b] is new, input: texts of convert.c[name=c] is new, input: pairs of convert.c[name=b] is gone, input: pairs of convert.c[name=c] is gone",
		}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			store := mem.New()
			causes, err := cause.Explain(t.Context(), snapshot(store, "", "pairs", "b", "c"), snapshot(store, c.suffix, c.output, c.names...), []string{"sample.b"})
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for i := range causes {
				line, _ := causes[i].Text()
				got = append(got, line)
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}
