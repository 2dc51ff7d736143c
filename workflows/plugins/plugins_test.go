package plugins_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"repro/internal/testkit"
	"repro/stages"
	"repro/stages/corpus"
	"repro/stages/embed"
	"repro/stages/plugin/build"
	"repro/stages/plugin/host"
	"repro/stages/sample"
	"repro/stages/stagetest"
	"repro/stages/train"
)

// open builds and opens the plugin in a folder as the engine does.
func open(t *testing.T, name string) *host.Plugin {
	t.Helper()
	m, err := build.LoadManifest(name)
	if err != nil {
		t.Fatal(err)
	}
	if m.Language == build.Python && exec.Command(m.Interpreter, "-c", "import grpc, google.protobuf").Run() != nil {
		t.Skip("Debian's Python has no gRPC: apt-get install python3-grpcio python3-protobuf")
	}
	built, err := build.Build(t.Context(), name, name, build.Options{Root: t.TempDir(), SDK: os.DirFS(testkit.Root())})
	if err != nil {
		t.Fatal(err)
	}
	p, err := host.Open(t.Context(), built.Program, host.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := p.Close(); err != nil {
			t.Error(err)
		}
	})
	return p
}

func kind(t *testing.T, p *host.Plugin, name string) stages.Stage {
	t.Helper()
	for _, s := range p.Kinds() {
		if s.Spec().Kind == name {
			return s
		}
	}
	t.Fatalf("no kind %s", name)
	return nil
}

// facts is the bundled corpus in the languages that people wrote it in.
func facts(t *testing.T) stagetest.Input {
	t.Helper()
	var lines strings.Builder
	enc := json.NewEncoder(&lines)
	for _, lang := range []string{"de", "en", "sw"} {
		type line struct{ ID, Question, Passage string }
		if err := corpus.ReadLines(filepath.Join("..", "data", "facts", "train", lang+".jsonl"), func(l line) error {
			return enc.Encode(corpus.Pair{Dataset: "facts", ID: l.ID, Lang: lang, Query: l.Question, Passage: l.Passage})
		}); err != nil {
			t.Fatal(err)
		}
	}
	return stagetest.Input{Port: "input", Content: lines.String()}
}

// output runs a stage and returns what it made as the input of another.
func output(t *testing.T, s stages.Stage, params, port, as string, inputs ...stagetest.Input) stagetest.Input {
	t.Helper()
	job := stagetest.NewJob(t, s, params, inputs...)
	if err := s.Run(t.Context(), job); err != nil {
		t.Fatal(err)
	}
	return stagetest.Input{Port: as, From: job.Out[port]}
}

// trained draws batches with the plugin's sampler of that name, trains on them
// and returns the model. The loss must fall.
func trained(t *testing.T, p *host.Plugin, inputs ...stagetest.Input) stagetest.Input {
	t.Helper()
	s := train.New()
	job := stagetest.NewJob(t, s, `{"static.dim": 64, "static.buckets": 16384, "learning_rate": 0.1, "temperature": 0.2, "log_every": 10}`,
		output(t, sample.New(p.Samplers()...), `{"sampler": "`+p.Name()+`", "steps": 60, "batch_size": 30}`, "batches", "batches", inputs...))
	if err := s.Run(t.Context(), job); err != nil {
		t.Fatal(err)
	}
	curve, err := corpus.LoadLines[struct{ Loss float64 }](job.Out["curve"])
	if err != nil {
		t.Fatal(err)
	}
	first, last := curve[0].Loss, curve[len(curve)-1].Loss
	t.Logf("the loss went from %.3f to %.3f", first, last)
	if last > .8*first { // a curriculum gets harder
		t.Errorf("the loss went from %.3f to %.3f", first, last)
	}
	return stagetest.Input{Port: "model", From: job.Out["model"]}
}

func TestModelsLearnFromTheBatchesOfPlugins(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"codeswitch", "temperature", "curriculum-alpha"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			trained(t, open(t, name), facts(t))
		})
	}
}

// Negatives of BM25, then those of the model that was trained with them: the
// round that a workflow takes.
func TestModelsLearnFromHardNegatives(t *testing.T) {
	t.Parallel()
	p, pairs := open(t, "hardneg"), facts(t)
	mine := kind(t, p, "hardneg-mine")
	model := trained(t, p, pairs, output(t, mine, ``, "negatives", "hardneg.negatives", pairs))
	set := output(t, kind(t, p, "hardneg-set"), ``, "retrieval", "retrieval", pairs)
	vectors := output(t, embed.New(), ``, "embeddings", "embeddings", model, set)
	again := output(t, mine, `{"method": "model"}`, "negatives", "hardneg.negatives", pairs, set, vectors)
	trained(t, p, pairs, again)
	lines, err := corpus.LoadLines[json.RawMessage](again.From)
	if err != nil || len(lines) != 3*160 {
		t.Errorf("%d of 480 pairs have negatives, %v", len(lines), err)
	}
}
